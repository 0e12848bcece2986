/*
 * The plan's stored form: canonical JSON, hashed. What plan_encode() writes, plan_decode() reads back field by field,
 * so that decode(encode(plan)) gives the same bytes again; anything else is a damaged record.
 */

#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "plan/plan.h"

#define PLAN_FORMAT 1

static const char *const monitor_texts[] = {
    [MONITOR_TRAFFIC] = "traffic", [MONITOR_HEALTH] = "health", [MONITOR_PROBER] = "prober", [MONITOR_LIMIT] = "limit"};

/* Writing: straight into the text. It is canonical because the members of each object are put in the order of their keys. */

static void put_comma(struct strbuf *out)
{
    char last = out->bytes[out->length - 1];

    if (last != '{' && last != '[')
        strbuf_char(out, ',');
}

static void put_key(struct strbuf *out, const char *key)
{
    put_comma(out);
    strbuf_char(out, '"');
    strbuf_text(out, key);
    strbuf_text(out, "\":");
}

static void put_text(struct strbuf *out, const char *key, const char *text)
{
    if (!text)
        return;
    put_key(out, key);
    json_add_text(out, text, strlen(text));
}

static void put_int(struct strbuf *out, const char *key, int64_t value)
{
    put_key(out, key);
    json_add_int(out, value);
}

static void put_bool(struct strbuf *out, const char *key, bool value)
{
    put_key(out, key);
    strbuf_text(out, value ? "true" : "false");
}

static void put_json(struct strbuf *out, const char *key, const json_t *value)
{
    if (!value)
        return;
    put_key(out, key);
    json_add_canonical(out, value);
}

static void put_unit(struct strbuf *out, const char *key, const struct plan_unit *unit)
{
    put_key(out, key);
    strbuf_char(out, '{');
    put_text(out, "commit", unit->commit);
    put_json(out, "contract", unit->contract);
    put_text(out, "name", unit->name);
    strbuf_char(out, '}');
}

static void put_stage(struct strbuf *out, const struct plan_stage *stage)
{
    put_int(out, "first_step", stage->first_step);
    put_text(out, "kind", stage->kind);
    put_int(out, "last_step", stage->last_step);
    put_text(out, "name", stage->name);
    put_int(out, "timeout_ms", stage->timeout_ms);
}

static void put_step(struct strbuf *out, const struct plan_step *step)
{
    put_bool(out, "cleanup", step->cleanup);
    put_text(out, "key", step->key);
    put_key(out, "needs");
    strbuf_char(out, '[');
    for (int i = 0; i < step->need_count; i++) {
        put_comma(out);
        json_add_int(out, step->needs[i]);
    }
    strbuf_char(out, ']');
    put_json(out, "params", step->params);
    put_bool(out, "pivots", step->pivots);
    put_int(out, "proof", step->proof);
    put_bool(out, "repeatable", step->repeatable);
    put_int(out, "retries", step->retries);
    put_int(out, "stage", step->stage);
    put_text(out, "target", step->target);
    put_int(out, "timeout_ms", step->timeout_ms);
    put_text(out, "title", step->title);
    put_text(out, "track", track_text(step->track));
    put_text(out, "undo_text", step->undo_text);
    put_int(out, "undoes", step->undoes);
    put_text(out, "verb", verb_text(step->verb));
}

static void put_instance(struct strbuf *out, const struct plan_instance *instance)
{
    put_text(out, "address", instance->address);
    put_text(out, "dir", instance->dir);
    put_json(out, "identity", instance->identity);
    put_text(out, "log", instance->log);
    put_text(out, "name", instance->name);
    put_text(out, "region", instance->region);
    put_text(out, "side", side_text(instance->side));
    put_text(out, "stamp", instance->stamp);
    put_text(out, "unit", instance->unit);
}

static void put_monitor(struct strbuf *out, const struct plan_monitor *monitor)
{
    put_int(out, "first_step", monitor->first_step);
    put_text(out, "kind", monitor_texts[monitor->kind]);
    put_int(out, "last_step", monitor->last_step);
    put_json(out, "params", monitor->params);
    put_text(out, "target", monitor->target);
}

/* A list of objects: `put` writes the members of one. */
#define PUT_LIST(out, key, put, items, count)    \
    do {                                         \
        put_key((out), (key));                   \
        strbuf_char((out), '[');                 \
        for (int i_ = 0; i_ < (count); i_++) {   \
            strbuf_text((out), i_ ? ",{" : "{"); \
            put((out), &(items)[i_]);            \
            strbuf_char((out), '}');             \
        }                                        \
        strbuf_char((out), ']');                 \
    } while (0)

static void put_plan(struct strbuf *out, const struct plan *plan)
{
    strbuf_char(out, '{');
    put_text(out, "branch", plan->branch);
    put_text(out, "commit", plan->commit);
    put_json(out, "door", plan->door);
    put_text(out, "environment", plan->environment);
    put_int(out, "format", PLAN_FORMAT);
    PUT_LIST(out, "instances", put_instance, plan->instances, plan->instance_count);
    put_text(out, "kind", plan_kind_text(plan->kind));
    PUT_LIST(out, "monitors", put_monitor, plan->monitors, plan->monitor_count);
    put_unit(out, "old_unit", &plan->old_unit);
    put_text(out, "pipeline", plan->pipeline);
    put_text(out, "project", plan->project);
    put_text(out, "release", plan->release);
    put_text(out, "requester", plan->requester);
    put_bool(out, "rollback", plan->rollback);
    PUT_LIST(out, "stages", put_stage, plan->stages, plan->stage_count);
    PUT_LIST(out, "steps", put_step, plan->steps, plan->step_count);
    put_text(out, "subject", plan->subject);
    put_json(out, "terms", plan->terms.json);
    put_unit(out, "unit", &plan->unit);
    strbuf_char(out, '}');
}

void plan_encode(struct arena *arena, struct plan *plan)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(SIZE_MAX);
    struct digest digest;
    char *hex = arena_alloc(arena, DIGEST_HEX);

    put_plan(&text, plan);
    plan->text = arena_text_n(arena, strbuf_view(&text), text.length);
    digest = digest_of(text.bytes, text.length);
    digest_hex(&digest, hex);
    plan->digest = hex;
}

/* Reading: `ok` turns false at the first thing that plan_encode() would not have written. */
struct reader {
    struct arena *arena;
    bool ok;
};

static const char *get_text(struct reader *r, const json_t *object, const char *key, bool required)
{
    const json_t *value = json_object_get(object, key);

    if (value ? !json_is_string(value) : required) {
        r->ok = false;
        return "";
    }
    return value ? arena_text(r->arena, json_string_value(value)) : NULL;
}

static int64_t get_int(struct reader *r, const json_t *object, const char *key, int64_t least, int64_t most)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most) {
        r->ok = false;
        return least;
    }
    return json_integer_value(value);
}

static bool get_bool(struct reader *r, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_boolean(value))
        r->ok = false;
    return json_is_true(value);
}

/* What the plan keeps as JSON. The rest of the tree goes when it is decoded: of a thousand instances it is 50 MB. */
static const json_t *get_json(struct reader *r, const json_t *object, const char *key, bool required)
{
    const json_t *value = json_object_get(object, key);

    if (value ? !json_is_object(value) : required)
        r->ok = false;
    return value ? json_in_arena(r->arena, json_incref((json_t *)(uintptr_t)value)) : NULL;
}

static void decode_unit(struct reader *r, const json_t *object, bool required, struct plan_unit *out)
{
    if (!json_is_object(object)) {
        r->ok = false;
        return;
    }
    out->name = get_text(r, object, "name", required);
    out->commit = get_text(r, object, "commit", required);
    out->contract = get_json(r, object, "contract", out->name != NULL);
    if (!out->name && json_object_size(object) > 0)
        r->ok = false;
}

static void decode_stage(struct reader *r, const json_t *object, int steps, struct plan_stage *out)
{
    out->name = get_text(r, object, "name", true);
    out->kind = get_text(r, object, "kind", true);
    out->timeout_ms = get_int(r, object, "timeout_ms", 0, INT64_MAX);
    out->first_step = (int)get_int(r, object, "first_step", 0, steps);
    out->last_step = (int)get_int(r, object, "last_step", -1, steps - 1);
}

static void decode_needs(struct reader *r, const json_t *array, struct plan_step *out)
{
    int *needs;

    if (!json_is_array(array)) {
        r->ok = false;
        return;
    }
    out->need_count = (int)json_array_size(array);
    needs = arena_array(r->arena, (size_t)out->need_count + 1, sizeof(*needs));
    for (int i = 0; i < out->need_count; i++) {
        const json_t *value = json_array_get(array, (size_t)i);

        /* A need always stands before its step: that is what makes the graph free of circles. */
        if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) >= out->ordinal)
            r->ok = false;
        else
            needs[i] = (int)json_integer_value(value);
    }
    out->needs = needs;
}

static void decode_step(struct reader *r, const json_t *object, const struct plan *plan, struct plan_step *out)
{
    const char *track;

    decode_needs(r, json_object_get(object, "needs"), out);
    out->stage = (int)get_int(r, object, "stage", 0, plan->stage_count - 1);
    if (!verb_parse(get_text(r, object, "verb", true), &out->verb))
        r->ok = false;
    track = get_text(r, object, "track", true);
    out->track = text_is(track, track_text(TRACK_UNDO)) ? TRACK_UNDO : TRACK_FORWARD;
    if (!text_is(track, track_text(out->track)))
        r->ok = false;
    out->target = get_text(r, object, "target", true);
    out->undoes = (int)get_int(r, object, "undoes", -1, out->ordinal - 1);
    out->cleanup = get_bool(r, object, "cleanup");
    out->repeatable = get_bool(r, object, "repeatable");
    out->retries = (int)get_int(r, object, "retries", 0, 1000000);
    out->timeout_ms = get_int(r, object, "timeout_ms", 0, INT64_MAX);
    out->proof = (int)get_int(r, object, "proof", -1, out->ordinal - 1);
    out->pivots = get_bool(r, object, "pivots");
    out->key = get_text(r, object, "key", true);
    out->title = get_text(r, object, "title", true);
    out->undo_text = get_text(r, object, "undo_text", false);
    out->params = get_json(r, object, "params", true);
}

static void decode_instance(struct reader *r, const json_t *object, struct plan_instance *out)
{
    const char *side = get_text(r, object, "side", true);

    out->name = get_text(r, object, "name", true);
    out->stamp = get_text(r, object, "stamp", true);
    out->region = get_text(r, object, "region", true);
    out->unit = get_text(r, object, "unit", true);
    out->side = text_is(side, side_text(SIDE_OLD)) ? SIDE_OLD : SIDE_NEW;
    if (!text_is(side, side_text(out->side)))
        r->ok = false;
    out->dir = get_text(r, object, "dir", true);
    out->log = get_text(r, object, "log", true);
    out->address = get_text(r, object, "address", false);
    out->identity = get_json(r, object, "identity", false);
}

static void decode_monitor(struct reader *r, const json_t *object, int steps, struct plan_monitor *out)
{
    const char *kind = get_text(r, object, "kind", true);
    bool known = false;

    for (int i = 0; i < (int)(sizeof(monitor_texts) / sizeof(*monitor_texts)); i++) {
        if (text_is(monitor_texts[i], kind)) {
            out->kind = (enum monitor_kind)i;
            known = true;
        }
    }
    if (!known)
        r->ok = false;
    out->target = get_text(r, object, "target", true);
    out->first_step = (int)get_int(r, object, "first_step", 0, steps - 1);
    out->last_step = (int)get_int(r, object, "last_step", -1, steps - 1);
    out->params = get_json(r, object, "params", true);
}

static void *get_array(struct reader *r, const json_t *root, const char *key, size_t size, int *count)
{
    const json_t *array = json_object_get(root, key);

    if (!json_is_array(array))
        r->ok = false;
    *count = (int)json_array_size(array);
    return arena_array(r->arena, (size_t)*count + 1, size);
}

static void decode_head(struct reader *r, const json_t *root, struct plan *plan)
{
    const char *kind = get_text(r, root, "kind", true);
    bool release;

    get_int(r, root, "format", PLAN_FORMAT, PLAN_FORMAT);
    while (plan->kind < PLAN_DESTROY && !text_is(kind, plan_kind_text(plan->kind)))
        plan->kind++;
    if (!text_is(kind, plan_kind_text(plan->kind)))
        r->ok = false;
    release = plan->kind != PLAN_DESTROY;
    plan->release = get_text(r, root, "release", true);
    plan->project = get_text(r, root, "project", true);
    plan->environment = get_text(r, root, "environment", true);
    plan->pipeline = get_text(r, root, "pipeline", true);
    plan->commit = get_text(r, root, "commit", release);
    plan->branch = get_text(r, root, "branch", release);
    plan->subject = get_text(r, root, "subject", release);
    plan->requester = get_text(r, root, "requester", true);
    plan->rollback = get_bool(r, root, "rollback");
    decode_unit(r, json_object_get(root, "unit"), release, &plan->unit);
    decode_unit(r, json_object_get(root, "old_unit"), false, &plan->old_unit);
    plan->terms.json = get_json(r, root, "terms", release);
    if (!plan_read_terms(r->arena, &plan->terms))
        r->ok = false;
    plan->door = get_json(r, root, "door", false);
}

/* A pipeline of commands and gates alone has no front door, and no step that asks one. */
static bool asks_door(enum verb verb)
{
    return (verb >= VERB_DOOR_ENSURE && verb <= VERB_DOOR_REMOVE) ||
           (verb >= VERB_TRAFFIC_ADD && verb <= VERB_TRAFFIC_REMOVE);
}

static void decode_lists(struct reader *r, const json_t *root, struct plan *plan)
{
    plan->stages = get_array(r, root, "stages", sizeof(*plan->stages), &plan->stage_count);
    plan->steps = get_array(r, root, "steps", sizeof(*plan->steps), &plan->step_count);
    plan->instances = get_array(r, root, "instances", sizeof(*plan->instances), &plan->instance_count);
    plan->monitors = get_array(r, root, "monitors", sizeof(*plan->monitors), &plan->monitor_count);
    for (int i = 0; r->ok && i < plan->stage_count; i++)
        decode_stage(r, json_array_get(json_object_get(root, "stages"), (size_t)i), plan->step_count, &plan->stages[i]);
    for (int i = 0; r->ok && i < plan->step_count; i++) {
        plan->steps[i].ordinal = i;
        decode_step(r, json_array_get(json_object_get(root, "steps"), (size_t)i), plan, &plan->steps[i]);
        if (!plan->door && asks_door(plan->steps[i].verb))
            r->ok = false;
    }
    for (int i = 0; r->ok && i < plan->instance_count; i++)
        decode_instance(r, json_array_get(json_object_get(root, "instances"), (size_t)i), &plan->instances[i]);
    for (int i = 0; r->ok && i < plan->monitor_count; i++)
        decode_monitor(r, json_array_get(json_object_get(root, "monitors"), (size_t)i), plan->step_count,
                       &plan->monitors[i]);
}

struct error *plan_decode(struct arena *arena, const char *text, size_t length, struct plan **out)
{
    struct reader r = {arena, true};
    struct plan *plan = ARENA_NEW(arena, struct plan);
    json_t *root CLEANUP(json_cleanup) = NULL;
    struct error *error = json_parse(text, length, "plan", &root);

    if (error) {
        error = error_wrap(error, "while reading the stored plan");
        error->code = ERR_RECORD_DAMAGED; /* it is our own text, not an answer of the world */
        return error;
    }
    decode_head(&r, root, plan);
    if (r.ok)
        decode_lists(&r, root, plan);
    if (!r.ok)
        return error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "the stored plan is not one that this version wrote");
    plan_encode(arena, plan);
    if (strlen(plan->text) != length || memcmp(plan->text, text, length) != 0)
        return error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "the stored plan is not in its canonical form");
    *out = plan;
    return NULL;
}
