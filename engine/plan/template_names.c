#include "plan/template_names.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/template.h"
#include "base/text.h"
#include "spec/diagnostics.h"

struct scope {
    struct builder *b;
    const struct plan_instance *instance; /* NULL: names of the release only */
    bool again;                           /* the driver expands it once more: late names stay, and so must dollars */
};

static const char *early_of_release(const struct builder *b, const char *name)
{
    const struct {
        const char *name, *value;
    } rows[] = {
        {"release.id", b->plan->release},      {"release.commit", b->plan->commit}, {"release.branch", b->plan->branch},
        {"unit.name", b->plan->unit.name},     {"unit.version", b->plan->commit},   {"unit.out", b->out_dir},
        {"environment", b->plan->environment}, {"project", b->plan->project},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (text_is(rows[i].name, name))
            return rows[i].value ? rows[i].value : "";
    }
    return NULL;
}

static const char *early_of_instance(const struct plan_instance *instance, const char *name)
{
    const struct {
        const char *name, *value;
    } rows[] = {
        {"stamp.name", instance->stamp},
        {"stamp.region", instance->region},
        {"stamp.dir", instance->dir},
        {"instance.name", instance->name},
        {"instance.dir", instance->dir},
        /* late: handed on as they are */
        {"stamp.url", "${stamp.url}"},
        {"instance.address", "${instance.address}"},
        {"instance.url", "${instance.url}"},
        {"instance.port", "${instance.port}"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (text_is(rows[i].name, name))
            return rows[i].value;
    }
    return NULL;
}

/* A text that is expanded twice must keep its doubled dollars the first time. */
static const char *double_dollars(struct arena *arena, const char *text)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if (!strstr(text, "$$"))
        return text;
    for (const char *p = text; *p; p++) {
        if (p[0] == '$' && p[1] == '$') {
            strbuf_text(&out, "$$$$");
            p++;
        } else {
            strbuf_char(&out, *p);
        }
    }
    return arena_text(arena, strbuf_view(&out));
}

/* A value with dollars in it (a branch, a directory) must come out of the second time as it is. */
static const char *double_every_dollar(struct arena *arena, const char *value)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if (!strchr(value, '$'))
        return value;
    for (const char *p = value; *p; p++) {
        strbuf_char(&out, *p);
        if (*p == '$')
            strbuf_char(&out, *p);
    }
    return arena_text(arena, strbuf_view(&out));
}

static const char *look_up(const void *context, const char *name)
{
    const struct scope *scope = context;
    const char *value = early_of_release(scope->b, name);
    const char *own = value || !scope->instance ? NULL : early_of_instance(scope->instance, name);

    if (own && text_starts(own, "${"))
        return scope->again ? own : NULL;
    value = own ? own : value;
    return value && scope->again ? double_every_dollar(scope->b->arena, value) : value;
}

static const char *expand_text(const struct scope *scope, const char *text, struct mark mark)
{
    struct builder *b = scope->b;
    struct template_values values = {TEMPLATE_ARGV, look_up, scope};
    const char *result = text;
    struct error *error;

    if (!strchr(text, '$'))
        return text;
    if (scope->again)
        text = double_dollars(b->arena, text);
    error = template_expand(b->arena, &values, text, mark, &result);
    if (error) {
        diagnostics_add(b->problems, error->code, mark, "%s", error->text)->hint = arena_text(b->arena, error->hint);
        error_free(error);
    }
    return result;
}

json_t *template_list(struct builder *b, const struct text_list *list, const struct plan_instance *instance)
{
    struct scope scope = {b, instance, instance != NULL};
    json_t *array = json_array();

    for (int i = 0; i < list->count; i++)
        json_array_append_new(array, json_string(expand_text(&scope, list->items[i], list->mark)));
    return array;
}

json_t *template_json(struct builder *b, const json_t *list, const struct plan_instance *instance)
{
    struct scope scope = {b, instance, true};
    json_t *array = json_array();

    for (size_t i = 0; i < json_array_size(list); i++)
        json_array_append_new(
            array, json_string(expand_text(&scope, json_string_value(json_array_get(list, i)), (struct mark){0})));
    return array;
}

json_t *template_env(struct builder *b, const struct env_entry *env, int count, const struct plan_instance *instance)
{
    static const char *const sources[] = {
        [SECRET_LITERAL] = "literal", [SECRET_FROM_ENV] = "from_env", [SECRET_FROM_FILE] = "from_file"};
    json_t *array = json_array();

    for (int i = 0; i < count; i++) {
        /* A file is opened where it is named here; nobody expands its path again. */
        struct scope scope = {b, instance, env[i].source == SECRET_LITERAL};

        json_array_append_new(array, json_pack("{s:s, s:s, s:s}", "name", env[i].name, "source", sources[env[i].source],
                                               "value", expand_text(&scope, env[i].value, env[i].mark)));
    }
    return array;
}

const char *instance_mark(struct builder *b, const char *instance)
{
    return arena_printf(b->arena, "PENSTOCK_INSTANCE=%s/%s", b->facts->record, instance);
}

const char *source_cwd(struct builder *b)
{
    return arena_printf(b->arena, "%s/src", b->unit_dir);
}

const char *stamps_cwd(struct builder *b)
{
    return b->pipeline->unit.build.count ? b->out_dir : source_cwd(b);
}
