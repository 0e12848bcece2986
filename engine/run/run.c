#include "run/run.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "run/runner.h"

#define ORPHAN_WAIT_MS 200
#define ORPHANS_MOST 64

static json_t *planned_stages(const struct plan *plan)
{
    json_t *stages = json_array();

    for (int i = 0; i < plan->stage_count; i++) {
        const struct plan_stage *stage = &plan->stages[i];

        json_array_append_new(stages, json_pack("{s:s, s:s, s:I, s:i, s:i}", "name", stage->name, "kind", stage->kind,
                                                "timeout_ms", (json_int_t)stage->timeout_ms, "first_step",
                                                stage->first_step, "last_step", stage->last_step));
    }
    return stages;
}

static json_t *planned_steps(const struct plan *plan)
{
    json_t *steps = json_array();

    for (int i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];

        json_array_append_new(steps, json_pack("{s:i, s:s, s:s, s:s, s:s, s:s}", "stage", step->stage, "verb",
                                               verb_text(step->verb), "track", track_text(step->track), "target",
                                               step->target, "title", step->title, "key", step->key));
    }
    return steps;
}

/* The mark that a created instance will carry stands in its create step. */
static const char *mark_of(const struct plan *plan, const struct plan_instance *instance)
{
    for (int i = 0; i < plan->step_count; i++)
        if (plan->steps[i].verb == VERB_INSTANCE_CREATE && text_is(plan->steps[i].target, instance->name))
            return json_get_text(plan->steps[i].params, "mark");
    return NULL;
}

static json_t *planned_instances(const struct plan *plan)
{
    json_t *instances = json_array();

    for (int i = 0; i < plan->instance_count; i++) {
        const struct plan_instance *instance = &plan->instances[i];

        if (instance->side == SIDE_NEW)
            json_array_append_new(instances,
                                  json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "name", instance->name, "stamp",
                                            instance->stamp, "region", instance->region, "dir", instance->dir, "log",
                                            instance->log, "mark", mark_of(plan, instance)));
    }
    return instances;
}

static json_t *shared(const json_t *json)
{
    return json_incref((json_t *)(uintptr_t)json);
}

/* The body of release.planned: what the projections need; the whole plan is evidence. */
static json_t *planned_body(const struct plan *plan, const char *digest, int unit_number)
{
    json_t *body = json_object();

    json_object_set_new(body, "plan", json_string(digest));
    json_object_set_new(body, "kind", json_string(plan_kind_text(plan->kind)));
    json_object_set_new(body, "environment", json_string(plan->environment));
    json_object_set_new(body, "pipeline", json_string(plan->pipeline));
    json_object_set_new(body, "project", json_string(plan->project));
    json_object_set_new(body, "unit", plan->unit.name ? json_string(plan->unit.name) : json_null());
    json_object_set_new(body, "unit_number", json_integer(unit_number));
    json_object_set_new(body, "old_unit", plan->old_unit.name ? json_string(plan->old_unit.name) : json_null());
    json_object_set_new(body, "commit", plan->commit ? json_string(plan->commit) : json_null());
    json_object_set_new(body, "branch", json_string(plan->branch ? plan->branch : ""));
    json_object_set_new(body, "subject", json_string(plan->subject ? plan->subject : ""));
    json_object_set_new(body, "requester", json_string(plan->requester));
    json_object_set_new(body, "contract", shared(plan->unit.contract));
    json_object_set_new(body, "door", shared(plan->door));
    json_object_set_new(body, "terms", shared(plan->terms.json));
    json_object_set_new(body, "stages", planned_stages(plan));
    json_object_set_new(body, "steps", planned_steps(plan));
    json_object_set_new(body, "instances", planned_instances(plan));
    return body;
}

static int unit_number(const struct plan *plan)
{
    const char *dash = plan->unit.name ? strrchr(plan->unit.name, '-') : NULL;

    return dash ? atoi(dash + 1) : 0;
}

struct error *run_begin(struct record *record, struct arena *arena, const struct plan *plan, int64_t facts_seq)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    json_t *body CLEANUP(json_cleanup) = NULL;
    const char *digest;
    struct event event;

    TRY(tx_begin(record, &tx));
    TRY(facts_unchanged(&tx, plan->environment, facts_seq));
    TRY(evidence_put(&tx, arena, plan->text, strlen(plan->text), &digest));
    MUST(text_is(digest, plan->digest));
    body = planned_body(plan, digest, unit_number(plan));
    event = (struct event){.kind = EVENT_RELEASE_PLANNED,
                           .release = plan->release,
                           .at_ms = clock_wall_ms(),
                           .boot_ms = clock_boot_ms(),
                           .actor = plan->requester,
                           .reason = arena_printf(arena, "asked for by %s", plan->requester),
                           .step = -1,
                           .body = body};
    TRY(journal_append(&tx, &event));
    return tx_commit(&tx);
}

static struct error *load_plan(struct runner *r)
{
    json_t *row CLEANUP(json_cleanup) = NULL;
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s}", "id", r->release);
    struct arena *scratch CLEANUP(arena_cleanup) = arena_new();
    const char *text;
    size_t length;

    TRY(query_row(r->record, "release_show", params, &row));
    if (!json_is_object(row))
        return error_hint(error_new(ERR_NOT_FOUND, KIND_PERMANENT, "there is no release '%s'", r->release),
                          "penstock history");
    if (json_is_integer(json_object_get(row, "ended_ms")))
        return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT, "release %s has ended: %s", r->release,
                                    text_spaced(r->arena, json_get_text(row, "end"))),
                          "penstock show %s", r->release);
    TRY(evidence_get(r->record, scratch, json_get_text(row, "plan"), &text, &length));
    return plan_decode(r->arena, text, length, &r->plan);
}

static void kill_orphans(struct runner *r)
{
    struct arena *scratch CLEANUP(arena_cleanup) = arena_new();
    int64_t pids[ORPHANS_MOST];
    size_t count = lease_orphans(r->record, scratch, r->plan->environment, pids, ORPHANS_MOST);

    for (size_t i = 0; i < count; i++)
        io_kill_orphan(pids[i]);
}

static struct error *wait_for_orphans(struct runner *r)
{
    const struct timespec pause = {0, ORPHAN_WAIT_MS * 1000000L};
    bool said = false;

    for (;;) {
        struct error *error =
            lease_take(r->record, r->arena, r->plan->environment, r->release, r->options->person, &r->lease);

        /* Transient: the runner is gone, and a child of it still holds the lock. It ends by itself, or is killed. A record
           that cannot be written is not waited for. */
        if (!error || error->code != ERR_LEASE_HELD || error->kind != KIND_TRANSIENT)
            return error;
        if (!said && r->options->notice) {
            char *line CLEANUP(heap_cleanup) = error_line(error);

            r->options->notice(r->options->context, line);
        }
        if (r->options->takeover)
            kill_orphans(r);
        said = true;
        error_free(error);
        nanosleep(&pause, NULL);
    }
}

/* What the record does not tell about this release's own two units, the plan does: a destroy may have more of them. */
static void fill_from_plan(json_t *known, const char *key, const char *text)
{
    if (text && !json_object_get(known, key))
        json_object_set_new(known, key, json_string(text));
}

static struct error *load_instances(struct runner *r)
{
    TRY(instances_read(r->record, r->release, &r->instances));
    for (int i = 0; i < r->plan->instance_count; i++) {
        const struct plan_instance *instance = &r->plan->instances[i];
        json_t *known = json_object_get(r->instances, instance->name);

        if (!known) {
            json_object_set_new(r->instances, instance->name, known = json_object());
            json_object_set_new(known, "name", json_string(instance->name));
        }
        if (instance->identity)
            json_object_update_missing(known, (json_t *)(uintptr_t)instance->identity);
        fill_from_plan(known, "address", instance->address);
        fill_from_plan(known, "dir", instance->dir);
        fill_from_plan(known, "log", instance->log);
        json_object_set_new(known, "stamp", json_string(instance->stamp));
        json_object_set_new(known, "region", json_string(instance->region));
        json_object_set_new(known, "unit", json_string(instance->unit));
    }
    return NULL;
}

static const char *own_path(struct arena *arena)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    return length > 0 ? arena_text_n(arena, path, (size_t)length) : "penstock";
}

static struct error *run_in(struct runner *r)
{
    const char *bell;

    TRY(load_plan(r));
    TRY(wait_for_orphans(r));
    machine_init(&r->state, r->arena, r->plan);
    r->activities = arena_array(r->arena, (size_t)r->plan->step_count + 1, sizeof(struct activity *));
    r->ledgers = json_object();
    r->forced = json_object();
    r->lost = json_object();
    TRY(load_instances(r));
    TRY(runner_read_journal(r));
    malloc_trim(0); /* what planning and reading needed; a release may wait for days */
    TRY(io_open(r->lease.lock_fd, &r->io));
    bell = arena_printf(r->arena, "%s/bells/%s.sock", record_directory(r->record), r->plan->environment);
    return runner_loop(r, bell);
}

struct error *run_release(struct record *record, const char *release, const struct run_options *options,
                          struct run_outcome *out)
{
    struct runner r = {.record = record, .release = release, .options = options, .outcome = out, .lease = LEASE_INIT};
    struct error *error;

    *out = (struct run_outcome){.result = RUN_STOPPED};
    r.arena = arena_new();
    r.self = own_path(r.arena);
    error = run_in(&r);
    if (r.io) {
        runner_close(&r);
        io_close(r.io);
    }
    if (!error) {
        error = r.error;
        r.error = NULL;
    }
    error_free(r.error);
    lease_release(&r.lease);
    json_decref(r.instances);
    json_decref(r.ledgers);
    json_decref(r.forced);
    json_decref(r.lost);
    json_decref(r.door_identity);
    arena_free(r.arena);
    return error;
}
