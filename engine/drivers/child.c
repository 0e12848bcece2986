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
#define MASK "***"

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
        env_add(arena, &list, CHILD_PATH);
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

/* The values that were fetched, the longest first: a short one may stand in a long one. Returns how many. */
static size_t find_secrets(struct call *call, const char ***out)
{
    const json_t *declared = json_object_get(call->params, "env");
    const char **secrets = arena_array(call->arena, json_array_size(declared) + 1, sizeof(*secrets));
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(declared); i++) {
        const char *name = json_get_text(json_array_get(declared, i), "name");
        const char *secret = name ? json_get_text(call->env, name) : NULL;
        size_t at = count;

        if (!secret || strlen(secret) < SECRET_LEAST || is_literal(call, name))
            continue;
        for (; at > 0 && strlen(secrets[at - 1]) < strlen(secret); at--)
            secrets[at] = secrets[at - 1];
        secrets[at] = secret;
        count++;
    }
    *out = secrets;
    return count;
}

struct bytes {
    const char *at;
    size_t length;
};

static void skip(struct bytes *text, size_t length)
{
    text->at += length;
    text->length -= length;
}

/* How much of the secret's end the text begins with, where the cut went through it. */
static size_t half_before(struct bytes text, struct bytes secret)
{
    for (size_t size = secret.length - 1; size >= SECRET_LEAST; size--) {
        if (size <= text.length && memcmp(text.at, secret.at + secret.length - size, size) == 0)
            return size;
    }
    return 0;
}

/* How much of its beginning the text ends with. */
static size_t half_behind(struct bytes text, struct bytes secret)
{
    for (size_t size = secret.length - 1; size >= SECRET_LEAST; size--) {
        if (size <= text.length && memcmp(text.at + text.length - size, secret.at, size) == 0)
            return size;
    }
    return 0;
}

static struct bytes mask_whole(struct arena *arena, struct bytes text, struct bytes secret)
{
    struct strbuf masked CLEANUP(strbuf_release) = STRBUF_INIT(SIZE_MAX);
    const char *found;

    while ((found = memmem(text.at, text.length, secret.at, secret.length))) {
        strbuf_add(&masked, text.at, (size_t)(found - text.at));
        strbuf_text(&masked, MASK);
        skip(&text, (size_t)(found - text.at) + secret.length);
    }
    if (masked.length == 0)
        return text;
    strbuf_add(&masked, text.at, text.length);
    return (struct bytes){arena_text_n(arena, strbuf_view(&masked), masked.length), masked.length};
}

/* What is left of a secret at the ends of a text that was cut out of a longer one. */
static struct bytes mask_halves(struct arena *arena, struct bytes text, struct bytes secret)
{
    struct strbuf masked CLEANUP(strbuf_release) = STRBUF_INIT(SIZE_MAX);
    size_t before, behind;

    if (text.length >= SECRET_LEAST && memmem(secret.at, secret.length, text.at, text.length))
        return (struct bytes){MASK, strlen(MASK)};
    before = half_before(text, secret);
    skip(&text, before);
    behind = half_behind(text, secret);
    if (before == 0 && behind == 0)
        return text;
    strbuf_text(&masked, before > 0 ? MASK : "");
    strbuf_add(&masked, text.at, text.length - behind);
    strbuf_text(&masked, behind > 0 ? MASK : "");
    return (struct bytes){arena_text_n(arena, strbuf_view(&masked), masked.length), masked.length};
}

static struct bytes mask_all(struct call *call, struct bytes text)
{
    const char **secrets;
    size_t count = find_secrets(call, &secrets);

    for (size_t i = 0; i < count; i++)
        text = mask_whole(call->arena, text, (struct bytes){secrets[i], strlen(secrets[i])});
    for (size_t i = 0; i < count; i++)
        text = mask_halves(call->arena, text, (struct bytes){secrets[i], strlen(secrets[i])});
    return text;
}

const char *child_evidence(struct call *call, const char *text, size_t length, size_t most)
{
    struct bytes kept = mask_all(call, (struct bytes){text ? text : "", text ? length : 0});

    /* Once more when it is clean: a colour may have stood in the middle of a secret. And all that before it is cut. */
    kept.at = evidence_end(call->arena, kept.at, kept.length, SIZE_MAX);
    kept.length = strlen(kept.at);
    kept = mask_all(call, kept);
    return evidence_end(call->arena, kept.at, kept.length, most);
}
