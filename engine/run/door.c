/*
 * Drift of the front door: a load balancer that restarts forgets the shift, and a person may change a weight by hand.
 * What we asked for is compared with what it shows, once a tick. A door that was restarted, or is gone, is put right
 * again; a foreign change is never overwritten without a person's word.
 */

#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "run/runner.h"

/* One question to the door, and what must be done about the answer. One at a time per pool. */
struct look {
    struct look *next;
    struct runner *runner;
    const struct plan_monitor *monitor;
    int traffic_epoch; /* when it was asked */
    json_t *before;    /* who answered the last time, as far as this pool knows; NULL = nobody yet */
    struct call_run *call;
    void (*done)(void *context);
    void *context;
};

/* The repair of one drift: calls one after another, all pools. */
struct repair_call {
    advance_fn advance;
    const char *verb, *target;
    json_t *params;
};

struct door {
    struct look *looks;
    json_t *seen; /* {pool: who answered last}; each pool finds a restart for itself */
    struct call_run *repair;
    struct repair_call *calls;
    int count, capacity, at;
    struct arena *arena;
    struct io_timer *retry;
};

static struct door *door_of(struct runner *r)
{
    if (!r->door)
        r->door = ARENA_NEW(r->arena, struct door);
    return r->door;
}

static const char *pool_of(const struct plan_monitor *monitor)
{
    return json_get_text(monitor->params, "pool");
}

static const json_t *wanted_weights(const struct runner *r, const struct plan_monitor *monitor)
{
    int step = machine_shares_step(&r->state, pool_of(monitor));

    return json_object_get(step < 0 ? monitor->params : r->plan->steps[step].params, "weights");
}

/* What differs, in words; NULL when the door shows what we asked for. */
static const char *difference(const struct runner *r, const struct plan_monitor *monitor, const json_t *servers,
                              struct arena *arena, bool *missing)
{
    const json_t *weights = wanted_weights(r, monitor);
    const char *pool = pool_of(monitor), *found = NULL;

    for (int i = 0; i < r->plan->instance_count; i++) {
        const struct plan_instance *instance = &r->plan->instances[i];
        const json_t *server = json_object_get(servers, instance->name);
        int64_t weight = json_get_int(weights, instance->name, 0);
        struct known known = machine_known(&r->state, i, pool);

        if (!known.added)
            continue;
        if (!server) {
            *missing = true;
            found = arena_printf(arena, "%s is not known to it", instance->name);
        } else if (!known.drained && json_get_int(server, "weight", -1) != weight && !found) {
            found = arena_printf(arena, "%s has weight %lld, not %lld", instance->name,
                                 (long long)json_get_int(server, "weight", -1), (long long)weight);
        } else if (known.drained && text_is(json_get_text(server, "state"), "ready") && !found) {
            found = arena_printf(arena, "%s is not draining", instance->name);
        } else if (!known.drained && !text_is(json_get_text(server, "state"), "ready") && !found) {
            found = arena_printf(arena, "%s is in state %s", instance->name, json_get_text(server, "state"));
        }
    }
    return found;
}

static bool is_quiet(const struct runner *r, const struct look *look)
{
    if (look->traffic_epoch != r->traffic_epoch || r->state.drift_open || r->repairing)
        return false;
    for (int i = 0; i < r->plan->step_count; i++) {
        enum verb verb = r->plan->steps[i].verb;

        if (r->state.steps[i].status == STEP_RUNNING && verb >= VERB_TRAFFIC_ADD && verb <= VERB_TRAFFIC_REMOVE)
            return false;
    }
    return true;
}

/*
 * Somebody has users of whom this release knows nothing: a server that was added by hand, or a whole unit when the record
 * is an older copy. To put the shares right would take them from it. NULL: there is none.
 */
static const char *stranger(const struct runner *r, const json_t *servers, struct arena *arena)
{
    const char *name;
    json_t *server;

    json_object_foreach((json_t *)(uintptr_t)servers, name, server)
    {
        int64_t weight = json_get_int(server, "weight", 0);

        if (weight > 0 && text_is(json_get_text(server, "state"), "ready") && !plan_instance(r->plan, name))
            return arena_printf(arena, "%s has weight %lld, and this release does not know it", name,
                                (long long)weight);
    }
    return NULL;
}

/* What happened to the front door, for people. */
static const char *cause_text(const char *cause)
{
    static const char *const texts[][2] = {
        {"foreign", "was changed by somebody else"},
        {"restart", "was restarted"},
        {"missing", "does not know all servers any more"},
        {"gone", "is gone"},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        if (text_is(texts[i][0], cause))
            return texts[i][1];
    }
    BUG("cause '%s'", cause);
}

static void drifted(struct runner *r, const struct look *look, const char *cause, const char *found)
{
    struct queued *queued = runner_queue(r, EVENT_TRAFFIC_DRIFTED, -1, "");

    queued->event.reason =
        runner_keep(queued, arena_printf(queued->arena, "the front door %s: %s", cause_text(cause), found));
    queued->event.body =
        json_in_arena(queued->arena, json_pack("{s:s, s:s, s:s, s:O}", "pool", pool_of(look->monitor), "cause", cause,
                                               "found", found, "wanted", wanted_weights(r, look->monitor)));
}

/* Another process, or the same number begun at another time: what was set at run time is forgotten. */
static bool was_restarted(const json_t *before, const json_t *now)
{
    return before && (json_get_int(before, "pid", 0) != json_get_int(now, "pid", 0) ||
                      json_get_int(before, "start_s", 0) != json_get_int(now, "start_s", 0));
}

static void look_at_answer(struct runner *r, struct look *look, struct call *call, enum call_status status)
{
    const json_t *identity, *servers;
    const char *found, *other = NULL;
    bool missing = false, restarted;

    if (!is_quiet(r, look))
        return;
    if (status == CALL_FAILED) {
        drifted(r, look, "gone", call->error->text);
        return;
    }
    identity = json_object_get(call->detail, "identity");
    restarted = was_restarted(look->before, identity);
    if (!door_of(r)->seen)
        door_of(r)->seen = json_object();
    json_object_set(door_of(r)->seen, pool_of(look->monitor), (json_t *)(uintptr_t)identity);
    servers = json_object_get(call->detail, "servers");
    found = difference(r, look->monitor, servers, call->arena, &missing);
    /* Nothing is taken from him on the way back, as long as our own servers are as they should be. */
    if (!restarted && (found || r->state.mode == MODE_FORWARD))
        other = stranger(r, servers, call->arena);
    if (other) {
        drifted(r, look, "foreign", other);
    } else if (found) {
        drifted(r, look, restarted ? "restart" : missing ? "missing" : "foreign", found);
    } else if (restarted) {
        struct queued *queued =
            runner_queue(r, EVENT_TRAFFIC_REPAIRED, -1, "the front door was restarted and came back as it should be");

        queued->event.body =
            json_in_arena(queued->arena, json_pack("{s:s, s:O}", "pool", pool_of(look->monitor), "identity", identity));
    }
    if (!r->door_identity)
        r->door_identity = json_incref((json_t *)(uintptr_t)identity);
}

static void look_end(struct look *look)
{
    struct look **link = &door_of(look->runner)->looks;

    while (*link != look)
        link = &(*link)->next;
    *link = look->next;
    json_decref(look->before);
    free(look);
}

static void look_answered(void *context, struct call_run *run, enum call_status status)
{
    struct look *look = context;
    void (*done)(void *) = look->done;
    void *done_context = look->context;

    look_at_answer(look->runner, look, call_of(run), status);
    look_end(look);
    done(done_context);
}

void door_watch(struct runner *r, const struct plan_monitor *monitor, void (*done)(void *context), void *context)
{
    struct look *look = heap_alloc(sizeof(*look));
    json_t *seen = json_object_get(door_of(r)->seen, pool_of(monitor));

    *look = (struct look){.next = door_of(r)->looks,
                          .runner = r,
                          .monitor = monitor,
                          .traffic_epoch = r->traffic_epoch,
                          .before = json_incref(seen ? seen : r->door_identity),
                          .done = done,
                          .context = context};
    door_of(r)->looks = look;
    look->call = call_start(r, &(struct call_spec){.advance = runner_traffic(r)->observe,
                                                   .verb = "traffic.observe",
                                                   .target = monitor->target,
                                                   .params = monitor->params,
                                                   .timeout_ms = 5000,
                                                   .ended = look_answered,
                                                   .context = look});
}

static void repair_add(struct runner *r, advance_fn advance, const char *verb, const char *target, json_t *params)
{
    *ARENA_PUSH(door_of(r)->arena, door_of(r)->calls, door_of(r)->count, door_of(r)->capacity) =
        (struct repair_call){advance, verb, target, json_in_arena(door_of(r)->arena, params)};
}

static json_t *check_of(const struct runner *r, const struct plan_instance *instance)
{
    const struct plan_unit *unit = instance->side == SIDE_NEW ? &r->plan->unit : &r->plan->old_unit;
    const json_t *health = json_object_get(unit->contract, "health");

    return json_pack("{s:O, s:O, s:O, s:O, s:O}", "path", json_object_get(health, "get"), "every_ms",
                     json_object_get(health, "every_ms"), "timeout_ms", json_object_get(health, "timeout_ms"),
                     "healthy", json_object_get(health, "healthy"), "unhealthy", json_object_get(health, "unhealthy"));
}

/*
 * A server that drains has no share, and one that was taken out is not named, whatever the last shares were: on the way
 * back from a first release these are the only ones.
 */
static json_t *repair_weights(const struct runner *r, const struct plan_monitor *monitor)
{
    json_t *weights = json_copy((json_t *)(uintptr_t)wanted_weights(r, monitor));

    for (int i = 0; i < r->plan->instance_count; i++) {
        struct known known = machine_known(&r->state, i, pool_of(monitor));

        if (!known.added)
            json_object_del(weights, r->plan->instances[i].name);
        else if (known.drained)
            json_object_set_new(weights, r->plan->instances[i].name, json_integer(0));
    }
    return weights;
}

static void repair_pool(struct runner *r, const struct plan_monitor *monitor)
{
    const struct traffic_driver *traffic = runner_traffic(r);
    const char *pool = pool_of(monitor);
    json_t *weights CLEANUP(json_cleanup) = repair_weights(r, monitor);

    for (int i = 0; i < r->plan->instance_count; i++) {
        const struct plan_instance *instance = &r->plan->instances[i];

        if (machine_known(&r->state, i, pool).added)
            repair_add(r, traffic->add, "traffic.add", instance->name,
                       json_pack("{s:s, s:s, s:s?, s:o, s:i}", "pool", pool, "server", instance->name, "address",
                                 runner_address(r, instance->name), "check", check_of(r, instance), "wait_ms", 10000));
        /* A server that somebody drained by hand could have no share. */
        if (machine_known(&r->state, i, pool).added && !machine_known(&r->state, i, pool).drained)
            repair_add(r, traffic->undrain, "traffic.undrain", instance->name,
                       json_pack("{s:s, s:s}", "pool", pool, "server", instance->name));
    }
    if (json_object_size(weights) > 0)
        repair_add(r, traffic->set_shares, "traffic.shares", pool,
                   json_pack("{s:s, s:O}", "pool", pool, "weights", weights));
    for (int i = 0; i < r->plan->instance_count; i++) {
        const char *name = r->plan->instances[i].name;
        struct known known = machine_known(&r->state, i, pool);

        if (known.added && known.drained)
            repair_add(r, traffic->drain, "traffic.drain", name, json_pack("{s:s, s:s}", "pool", pool, "server", name));
    }
}

static void repair_next(struct runner *r);

/* Who answered the repair is who is known from here on. */
static void forget_seen(struct runner *r)
{
    json_decref(door_of(r)->seen);
    door_of(r)->seen = NULL;
}

static void repair_end(struct runner *r)
{
    struct door *door = door_of(r);

    call_cancel(door->repair);
    io_timer_stop(door->retry);
    arena_free(door->arena);
    *door = (struct door){.looks = door->looks, .seen = door->seen};
    r->repairing = false;
}

static void repair_retry(void *context)
{
    struct runner *r = context;

    door_of(r)->retry = NULL;
    door_of(r)->at = 0;
    repair_next(r);
}

static void repair_ended(void *context, struct call_run *run, enum call_status status)
{
    struct runner *r = context;
    struct call *call = call_of(run);

    door_of(r)->repair = NULL;
    r->traffic_epoch++;
    /* It is known to the front door, which gives it nothing as long as it is not healthy; the others need their shares. */
    if (status == CALL_FAILED && call->error->code == ERR_UNHEALTHY && call->error->kind == KIND_TRANSIENT) {
        door_of(r)->at++;
        repair_next(r);
        return;
    }
    if (status == CALL_FAILED) {
        /* Traffic stays as it is; we look again soon, and the drift stays open meanwhile. */
        if (r->options->notice) {
            char *line CLEANUP(heap_cleanup) = error_line(call->error);

            r->options->notice(r->options->context, line);
        }
        door_of(r)->retry = io_timer_start(r->io, 1000, repair_retry, r);
        return;
    }
    if (json_object_get(call->detail, "identity")) {
        json_decref(r->door_identity);
        r->door_identity = json_incref(json_object_get(call->detail, "identity"));
    }
    door_of(r)->at++;
    repair_next(r);
}

static void repair_next(struct runner *r)
{
    const struct repair_call *call;
    struct queued *queued;

    if (door_of(r)->at < door_of(r)->count) {
        call = &door_of(r)->calls[door_of(r)->at];
        door_of(r)->repair = call_start(r, &(struct call_spec){.advance = call->advance,
                                                               .verb = call->verb,
                                                               .target = call->target,
                                                               .params = call->params,
                                                               .instance = call->target,
                                                               .ended = repair_ended,
                                                               .context = r});
        return;
    }
    queued = runner_queue(r, EVENT_TRAFFIC_REPAIRED, -1, "the front door shows again what was asked for");
    queued->event.body = json_in_arena(queued->arena, json_pack("{s:O?}", "identity", r->door_identity));
    forget_seen(r);
    repair_end(r);
}

void door_repair(struct runner *r)
{
    if (r->repairing)
        return;
    r->repairing = true;
    r->traffic_epoch++;
    door_of(r)->arena = arena_new();
    door_of(r)->count = door_of(r)->capacity = door_of(r)->at = 0;
    door_of(r)->calls = NULL;
    repair_add(r, runner_traffic(r)->ensure, "door.ensure", r->plan->environment, json_object());
    for (int i = 0; i < r->plan->monitor_count; i++) {
        const struct plan_monitor *monitor = &r->plan->monitors[i];

        if (monitor->kind == MONITOR_TRAFFIC)
            repair_pool(r, monitor);
    }
    repair_next(r);
}

void door_stop(struct runner *r)
{
    while (door_of(r)->looks) {
        call_cancel(door_of(r)->looks->call);
        look_end(door_of(r)->looks);
    }
    forget_seen(r);
    repair_end(r);
}
