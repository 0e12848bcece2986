/* The JSON documents, as docs/reference/show.schema.json has them. */

#include "base/json.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "view/faces.h"
#include "view/release_view.h"

json_t *time_json(struct arena *arena, int64_t at_ms)
{
    return at_ms > 0 ? json_string(time_text(arena, at_ms)) : json_null();
}

static json_t *time_of(const struct release_view *view, const json_t *row, const char *key)
{
    return time_json(view->arena, json_get_int(row, key, 0));
}

/* The column, or JSON null when the row does not have it. New reference. */
static json_t *column(const json_t *row, const char *key)
{
    json_t *value = json_object_get(row, key);

    return value ? json_incref(value) : json_null();
}

static void set_columns(json_t *object, const json_t *row, const char *const *keys)
{
    for (; *keys; keys++)
        json_object_set_new(object, *keys, column(row, *keys));
}

json_t *release_row_json(struct arena *arena, const json_t *row)
{
    static const char *const keys[] = {"id",      "environment", "kind",  "pipeline", "unit",   "old_unit", "branch",
                                       "subject", "requester",   "state", "end",      "reason", "actor",    NULL};
    json_t *out = json_object();

    set_columns(out, row, keys);
    json_object_set_new(out, "commit", column(row, "commit_id"));
    json_object_set_new(out, "pivot", json_boolean(json_get_flag(row, "pivot")));
    json_object_set_new(out, "since", time_json(arena, json_get_int(row, "state_ms", 0)));
    json_object_set_new(out, "created", time_json(arena, json_get_int(row, "created_ms", 0)));
    json_object_set_new(out, "ended", time_json(arena, json_get_int(row, "ended_ms", 0)));
    json_object_set_new(out, "review", review_json(arena, row));
    return out;
}

static json_t *stages_json(const struct release_view *view)
{
    static const char *const keys[] = {"name", "kind", "track", "state", "steps", "steps_over", NULL};
    json_t *list = json_array();
    size_t index;
    const json_t *stage;

    json_array_foreach(view->stages, index, stage)
    {
        const json_t *running = view_has_ended(view) ? NULL : view_stage_running(view, stage);
        json_t *out = json_object();

        set_columns(out, stage, keys);
        json_object_set_new(out, "began", time_of(view, stage, "started_ms"));
        json_object_set_new(out, "ended", time_of(view, stage, "ended_ms"));
        json_object_set_new(out, "now", running ? json_string(view_text(running, "title")) : json_null());
        json_array_append_new(list, out);
    }
    return list;
}

static json_t *steps_json(const struct release_view *view)
{
    static const char *const keys[] = {"ordinal", "stage",  "verb",  "track",  "target",  "title",
                                       "state",   "reason", "error", "detail", "attempt", NULL};
    json_t *list = json_array();
    size_t index;
    const json_t *step;

    json_array_foreach(view->steps, index, step)
    {
        json_t *out = json_object();

        set_columns(out, step, keys);
        json_object_set_new(out, "began", time_of(view, step, "started_ms"));
        json_object_set_new(out, "ended", time_of(view, step, "ended_ms"));
        json_array_append_new(list, out);
    }
    return list;
}

static json_t *instances_json(const struct release_view *view, const char *stamp)
{
    static const char *const keys[] = {"name", "state", "address", "pid", "log", NULL};
    json_t *list = json_array();
    size_t index;
    const json_t *row;

    json_array_foreach(view->instances, index, row)
    {
        json_t *out;

        if (!text_is(view_text(row, "stamp"), stamp))
            continue;
        out = json_object();
        set_columns(out, row, keys);
        json_array_append_new(list, out);
    }
    return list;
}

static json_t *stamps_json(const struct release_view *view)
{
    static const char *const keys[] = {"name", "unit", "region", "side", "state", NULL};
    json_t *list = json_array();
    size_t index;
    const json_t *row;

    json_array_foreach(view->stamps, index, row)
    {
        json_t *out = json_object();

        set_columns(out, row, keys);
        json_object_set_new(out, "instances", instances_json(view, view_text(row, "name")));
        json_array_append_new(list, out);
    }
    return list;
}

/* {pool: {unit: basis points}} */
static json_t *shares_json(const struct release_view *view)
{
    json_t *out = json_object();
    size_t index;
    const json_t *row;

    json_array_foreach(view->shares, index, row)
    {
        json_t *pool = json_object_get(out, view_text(row, "pool"));

        if (!pool) {
            pool = json_object();
            json_object_set_new(out, view_text(row, "pool"), pool);
        }
        json_object_set_new(pool, view_text(row, "unit"), column(row, "basis_points"));
    }
    return out;
}

static json_t *prober_json(const struct release_view *view)
{
    return json_pack("{s:I, s:I, s:o}", "sent", (json_int_t)json_get_int(view->prober, "sent", 0), "failed",
                     (json_int_t)json_get_int(view->prober, "failed", 0), "p99_ms", column(view->prober, "p99_ms"));
}

static json_t *ledger_json(const json_t *row)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:o}", "seen", (json_int_t)json_get_int(row, "seen", 0), "ended",
                     (json_int_t)json_get_int(row, "ended", 0), "forced", (json_int_t)json_get_int(row, "forced", 0),
                     "lost", (json_int_t)json_get_int(row, "lost", 0), "left",
                     row ? column(row, "left") : json_integer(0));
}

/* Sums a probe; rooms and recordings are always there, so that a program need not ask whether they were counted. */
static json_t *drain_json(const struct release_view *view)
{
    static const char *const always[] = {"rooms", "recordings", NULL};
    json_t *out = json_object();
    size_t index;
    const json_t *row;

    for (int i = 0; always[i]; i++)
        json_object_set_new(out, always[i], ledger_json(NULL));
    json_array_foreach(view->drains, index, row)
    {
        json_object_set_new(out, view_text(row, "probe"), ledger_json(row));
    }
    return out;
}

static json_t *decisions_json(const struct release_view *view)
{
    static const char *const keys[] = {"seq",  "decision", "person",  "comment", "gate",
                                       "step", "subject",  "refused", NULL};
    json_t *list = json_array();
    size_t index;
    const json_t *row;

    json_array_foreach(view->decisions, index, row)
    {
        json_t *out = json_object();

        set_columns(out, row, keys);
        json_object_set_new(out, "at", time_of(view, row, "at_ms"));
        json_object_set_new(out, "used", json_boolean(json_is_integer(json_object_get(row, "used_seq"))));
        json_array_append_new(list, out);
    }
    return list;
}

json_t *waiting_json(const struct release_view *view)
{
    json_t *waiting = view_waiting(view);

    if (!json_is_object(waiting))
        return waiting;
    json_object_set_new(waiting, "since", time_of(view, waiting, "since_ms"));
    json_object_del(waiting, "since_ms");
    if (json_object_get(waiting, "expires_ms")) {
        json_object_set_new(waiting, "expires", time_of(view, waiting, "expires_ms"));
        json_object_del(waiting, "expires_ms");
    }
    return waiting;
}

static void drop_time(const struct release_view *view, json_t *failures)
{
    size_t index;
    json_t *failure;

    json_array_foreach(failures, index, failure)
    {
        json_object_set_new(failure, "at", time_of(view, failure, "at_ms"));
        json_object_del(failure, "at_ms");
    }
}

struct error *show_document(const struct release_view *view, json_t **out)
{
    const json_t *release = view->release;
    json_t *failures;
    json_t *own;

    TRY(view_failures(view, &failures));
    drop_time(view, failures);
    own = release_row_json(view->arena, release);
    json_object_set_new(own, "plan", column(release, "plan"));
    *out = json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o}", "schema_version", 1, "kind", "release", "release", own,
                     "plan", column(release, "plan"), "why", column(release, "reason"), "reason",
                     column(release, "reason"), "actor", column(release, "actor"));
    json_object_set_new(*out, "since", time_of(view, release, "state_ms"));
    json_object_set_new(*out, "runner_alive", json_boolean(view->runner_alive));
    json_object_set_new(*out, "waiting", waiting_json(view));
    json_object_set_new(*out, "failures", failures);
    json_object_set_new(*out, "terms", terms_json(view));
    json_object_set_new(*out, "stages", stages_json(view));
    json_object_set_new(*out, "steps", steps_json(view));
    json_object_set_new(*out, "stamps", stamps_json(view));
    json_object_set_new(*out, "shares", shares_json(view));
    json_object_set_new(*out, "prober", prober_json(view));
    json_object_set_new(*out, "drain", drain_json(view));
    json_object_set_new(*out, "decisions", decisions_json(view));
    json_object_set_new(*out, "next", view_next(view));
    return NULL;
}

json_t *event_json(struct arena *arena, const json_t *row)
{
    json_t *out = json_copy((json_t *)row);

    json_object_set_new(out, "at", time_json(arena, json_get_int(row, "at_ms", 0)));
    json_object_del(out, "at_ms");
    json_object_del(out, "boot_ms");
    return out;
}
