#include "drivers/child.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/template.h"
#include "base/text.h"
#include "drivers/call.h"
#include "drivers/evidence.h"

/* Shorter values are masked nowhere: hiding every "1" would hide the output, and protect nothing. */
#define SECRET_LEAST 4

void child_place_init(struct arena *arena, const char *address, struct child_place *out)
{
    const char *colon = address ? strrchr(address, ':') : NULL;

    *out = (struct child_place){0};
    if (!colon)
        return;
    out->address = arena_text(arena, address);
    out->port = arena_text(arena, colon + 1);
    out->url = arena_printf(arena, "http://%s", address);
}

static const char *place_lookup(const void *context, const char *name)
{
    const struct child_place *place = context;

    if (text_is(name, "instance.address"))
        return place->address;
    if (text_is(name, "instance.port"))
        return place->port;
    if (text_is(name, "instance.url") || text_is(name, "stamp.url"))
        return place->url;
    return NULL;
}

static struct error *place_expand(struct call *call, const struct child_place *place, const char *text,
                                  const char **out)
{
    struct template_values values = {TEMPLATE_ARGV, place_lookup, place};

    return template_expand(call->arena, &values, text, (struct mark){0}, out);
}

struct error *child_argv(struct call *call, const struct child_place *place, const char *const **out)
{
    const json_t *list = json_object_get(call->params, "argv");
    size_t count = json_array_size(list);
    const char **argv = arena_array(call->arena, count + 1, sizeof(*argv));

    if (count == 0)
        return error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "'argv' of '%s' is not a list of texts", call->target);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));

        if (!text)
            return error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "element %zu of 'argv' of '%s' is not a text", i + 1,
                             call->target);
        argv[i] = text;
        if (place->address)
            TRY(place_expand(call, place, text, &argv[i]));
    }
    *out = argv;
    return NULL;
}

/* Is the value of this declared name written in the pipeline, and not fetched from a secret place? */
static bool is_literal(const struct call *call, const char *name)
{
    const json_t *declared = json_object_get(call->params, "env");

    for (size_t i = 0; i < json_array_size(declared); i++) {
        const json_t *entry = json_array_get(declared, i);

        if (text_is(json_get_text(entry, "name"), name))
            return text_is(json_get_text(entry, "source"), "literal");
    }
    return false;
}

/* "NAME=value". What was written in the pipeline may still have `${instance.*}` in it; what was fetched is taken as it is. */
static struct error *declared_entry(struct call *call, const struct child_place *place, const char *name,
                                    const json_t *value, const char **out)
{
    const char *text = json_string_value(value);

    if (text_starts(name, "PENSTOCK_"))
        return error_hint(error_new(ERR_SPEC_INVALID, KIND_PERMANENT,
                                    "environment name '%s' of '%s' is kept for penstock", name, call->target),
                          "take a name that does not start with PENSTOCK_");
    if (!text || strchr(name, '=') || !*name)
        return error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "environment name '%s' of '%s' has no text", name,
                         call->target);
    if (place->address && is_literal(call, name))
        TRY(place_expand(call, place, text, &text));
    *out = arena_printf(call->arena, "%s=%s", name, text);
    return NULL;
}

/* A growing list of "NAME=value". */
struct env_list {
    const char **entries;
    size_t count, capacity;
};

static void env_add(struct arena *arena, struct env_list *list, const char *entry)
{
    const char **place = ARENA_PUSH(arena, list->entries, list->count, list->capacity);

    *place = entry;
}

struct error *child_env(struct call *call, const struct child_place *place, const char *home, const char *const *extra,
                        const char *const **out)
{
    /* jansson's iterators do not write; they only lack the const. */
    json_t *declared = (json_t *)(uintptr_t)call->env;
    struct arena *arena = call->arena;
    struct env_list list = {0};
    const char *entry = NULL;
    const char *name;
    json_t *value;

    if (!json_object_get(declared, "PATH"))
        env_add(arena, &list, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    if (!json_object_get(declared, "LANG"))
        env_add(arena, &list, "LANG=C.UTF-8");
    if (home && !json_object_get(declared, "HOME"))
        env_add(arena, &list, arena_printf(arena, "HOME=%s", home));
    json_object_foreach(declared, name, value)
    {
        TRY(declared_entry(call, place, name, value, &entry));
        env_add(arena, &list, entry);
    }
    if (place->address) {
        env_add(arena, &list, arena_printf(arena, "PENSTOCK_ADDRESS=%s", place->address));
        env_add(arena, &list, arena_printf(arena, "PENSTOCK_PORT=%s", place->port));
        env_add(arena, &list, arena_printf(arena, "PENSTOCK_URL=%s", place->url));
    }
    env_add(arena, &list, arena_printf(arena, "PENSTOCK_EPOCH=%lld", (long long)call->epoch));
    for (; extra && *extra; extra++)
        env_add(arena, &list, *extra);
    env_add(arena, &list, NULL);
    *out = list.entries;
    return NULL;
}

/* Replaces every occurrence of `secret` in the text; returns the new text, in the arena. */
static const char *mask(struct arena *arena, const char *text, const char *secret)
{
    struct strbuf masked CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const char *found;

    if (strlen(secret) < SECRET_LEAST || !strstr(text, secret))
        return text;
    while ((found = strstr(text, secret))) {
        strbuf_add(&masked, text, (size_t)(found - text));
        strbuf_text(&masked, "***");
        text = found + strlen(secret);
    }
    strbuf_text(&masked, text);
    return arena_text_n(arena, strbuf_view(&masked), masked.length);
}

const char *child_evidence(struct call *call, const char *text, size_t length, size_t most)
{
    const json_t *declared = json_object_get(call->params, "env");
    const char *shown = evidence_end(call->arena, text, length, SIZE_MAX);

    /* Masked before it is cut, so that no half of a secret is left over. */
    for (size_t i = 0; i < json_array_size(declared); i++) {
        const char *name = json_get_text(json_array_get(declared, i), "name");
        const char *secret = name ? json_get_text(call->env, name) : NULL;

        if (secret && !is_literal(call, name))
            shown = mask(call->arena, shown, secret);
    }
    return evidence_end(call->arena, shown, strlen(shown), most);
}
