#include "view/release_view.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/lease.h"
#include "view/rows.h"

const char *view_text(const json_t *row, const char *key)
{
    const char *text = json_get_text(row, key);

    return text ? text : "";
}

static struct error *read_lists(struct release_view *view)
{
    const struct {
        const char *query;
        json_t **out;
    } lists[] = {
        {"stages", &view->stages},       {"steps", &view->steps},
        {"stamps", &view->stamps},       {"instances", &view->instances},
        {"decisions", &view->decisions}, {"gates", &view->gates},
        {"drains", &view->drains},       {"drain_instances", &view->drain_instances},
        {"authors", &view->authors},     {"rules", &view->rules},
        {"picks", &view->picks},         {"shortened", &view->shortened},
        {"closures", &view->closures},
    };

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        TRY(rows_of(view->record, lists[i].query, view->id, lists[i].out));
    /* What the environment has today says nothing of a release of years ago. */
    if (view_has_ended(view))
        return rows_of(view->record, "shares_then", view->id, &view->shares);
    return rows_shares(view->record, view->environment, &view->shares);
}

static struct error *read_prober(struct release_view *view)
{
    json_t *rows CLEANUP(json_cleanup) = NULL;

    TRY(rows_of(view->record, "prober", view->id, &rows));
    view->prober = json_incref(json_array_size(rows) ? json_array_get(rows, 0) : json_null());
    return NULL;
}

/* When the last thing was written down: since then nobody works on it. */
static struct error *read_last_time(struct release_view *view)
{
    json_t *rows CLEANUP(json_cleanup) = NULL;
    int64_t seq;

    TRY(rows_last_seq(view->record, view->id, &seq));
    TRY(rows_events(view->record, view->id, seq - 1, &rows));
    view->last_ms = json_get_int(json_array_get(rows, 0), "at_ms", view->now_ms);
    return NULL;
}

static struct error *read_runner(struct release_view *view)
{
    struct lease_holder holder = {0};
    bool found = false;
    bool locked = false;

    TRY(lease_holder(view->record, view->arena, view->environment, &holder, &found, &locked));
    view->runner_alive = found && locked && holder.alive && text_is(holder.release, view->id);
    return view->runner_alive ? NULL : read_last_time(view);
}

struct error *release_view_read(struct record *record, struct arena *arena, const char *release, const char *program,
                                struct release_view *out)
{
    *out = (struct release_view){.record = record, .arena = arena, .program = program, .now_ms = clock_wall_ms()};
    TRY(rows_release(record, release, &out->release));
    if (!json_is_object(out->release))
        return error_new(ERR_NOT_FOUND, KIND_PERMANENT, "there is no release '%s'", release);
    out->id = view_text(out->release, "id");
    out->environment = view_text(out->release, "environment");
    out->state = view_text(out->release, "state");
    TRY(read_lists(out));
    TRY(read_prober(out));
    return view_has_ended(out) ? NULL : read_runner(out);
}

void release_view_release(struct release_view *view)
{
    json_t **owned[] = {&view->release,   &view->stages, &view->steps,           &view->stamps,
                        &view->instances, &view->shares, &view->gates,           &view->decisions,
                        &view->prober,    &view->drains, &view->drain_instances, &view->authors,
                        &view->rules,     &view->picks,  &view->shortened,       &view->closures};

    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
        json_cleanup(owned[i]);
}

bool view_has_ended(const struct release_view *view)
{
    return text_is(view->state, "ended");
}

const json_t *view_stage_running(const struct release_view *view, const json_t *stage)
{
    const json_t *found = NULL;
    size_t index;
    const json_t *step;

    json_array_foreach(view->steps, index, step)
    {
        const char *state = view_text(step, "state");

        if (json_get_int(step, "stage_ordinal", -1) != json_get_int(stage, "ordinal", -2))
            continue;
        if (!text_is(state, "running") && !text_is(state, "backoff"))
            continue;
        if (!found || json_get_int(step, "started_ms", 0) >= json_get_int(found, "started_ms", 0))
            found = step;
    }
    return found;
}

static bool is_lost(const struct release_view *view, const char *name)
{
    size_t index;
    const json_t *row;

    json_array_foreach(view->instances, index, row)
    {
        if (text_is(view_text(row, "name"), name))
            return text_is(view_text(row, "state"), "lost");
    }
    return false;
}

bool view_asks_person(const struct release_view *view, const json_t *step)
{
    const char *verb = view_text(step, "verb");

    if (!text_is(verb, "drain.wait") && !text_is(verb, "drain.prove"))
        return false;
    return text_is(view_text(step, "state"), "running") &&
           (json_get_flag(json_object_get(step, "detail"), "overdue") || is_lost(view, view_text(step, "target")));
}

json_t *view_left_on(const struct release_view *view, const char *instance)
{
    const char *column = "left";
    json_t *left = json_object();
    size_t index;
    const json_t *row;

    /* An instance that died took its work with it: that is `lost`, and nothing is left any more. */
    json_array_foreach(view->drain_instances, index, row)
    {
        if (text_is(view_text(row, "instance"), instance) && json_get_int(row, "lost", 0) > 0)
            column = "lost";
    }
    json_array_foreach(view->drain_instances, index, row)
    {
        if (text_is(view_text(row, "instance"), instance))
            json_object_set(left, view_text(row, "probe"), json_object_get(row, column));
    }
    return left;
}
