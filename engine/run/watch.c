/*
 * The watch over a live release: every monitor of the plan that is live now asks its question again and again. A change of
 * an answer becomes an event; what follows from it is the machine's business.
 */

#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "run/runner.h"

struct watch {
    struct runner *runner;
    const struct plan_monitor *monitor;
    bool live;
    bool under_way; /* the door's questions are asked by door.c */
    struct call_run *call;
    struct io_timer *timer;
    json_t *params;     /* of the call; owned */
    int good, bad;      /* in a row */
    bool well;          /* as far as we saw */
    bool said;          /* the trouble is in the journal */
    const char *answer; /* the last one, in `arena` */
    struct arena *arena;
};

static void watch_ask(struct watch *w);

static void watch_timer(void *context)
{
    struct watch *w = context;

    w->timer = NULL;
    watch_ask(w);
}

static void watch_again(struct watch *w)
{
    w->timer = io_timer_start(w->runner->io, json_get_int(w->monitor->params, "every_ms", 1000), watch_timer, w);
}

static void remember(struct watch *w, const char *answer)
{
    arena_free(w->arena);
    w->arena = arena_new();
    w->answer = arena_text(w->arena, answer);
}

static void say(struct watch *w, enum event_kind kind, const char *reason)
{
    struct queued *queued = runner_queue(w->runner, kind, -1, "");

    queued->event.reason = runner_keep(queued, reason);
    queued->event.body =
        json_in_arena(queued->arena, json_pack("{s:s, s:s?}", "instance", w->monitor->target, "answer", w->answer));
}

static enum side side_of(const struct watch *w)
{
    const struct plan_instance *instance = plan_instance(w->runner->plan, w->monitor->target);

    return instance ? instance->side : SIDE_NEW;
}

/* So many bad answers in a row: a new instance is sick; of an old one people are told, and holds stand still. */
static void count(struct watch *w, bool good, int good_enough, int bad_enough)
{
    w->good = good ? w->good + 1 : 0;
    w->bad = good ? 0 : w->bad + 1;
    if (!good)
        w->well = false;
    if (w->bad >= bad_enough && !w->said) {
        w->said = true;
        say(w, side_of(w) == SIDE_NEW ? EVENT_INSTANCE_SICK : EVENT_FINDING,
            arena_printf(w->arena, "%s is not healthy: %s", w->monitor->target, w->answer ? w->answer : "no answer"));
    }
    if (w->good < good_enough)
        return;
    w->well = true;
    if (w->said) {
        w->said = false;
        say(w, side_of(w) == SIDE_NEW ? EVENT_INSTANCE_WELL : EVENT_FINDING,
            arena_printf(w->arena, "%s is healthy again", w->monitor->target));
    }
}

static void health_observed(void *context, struct call_run *run, enum call_status status)
{
    struct watch *w = context;
    struct runner *r = w->runner;

    w->call = NULL;
    if (status == CALL_DONE && !json_get_bool(call_of(run)->detail, "alive", true) &&
        !json_object_get(r->lost, w->monitor->target)) {
        json_object_set_new(r->lost, w->monitor->target, json_true());
        say(w, EVENT_INSTANCE_LOST, arena_printf(w->arena, "%s ended without being asked", w->monitor->target));
    }
    watch_again(w);
}

static void health_answered(void *context, struct call_run *run, enum call_status status)
{
    struct watch *w = context;
    const struct call *call = call_of(run);
    const json_t *params = w->monitor->params;
    bool good = status == CALL_DONE && json_get_bool(call->detail, "healthy", false);

    w->call = NULL;
    remember(w, status == CALL_DONE ? json_get_text(call->detail, "answer") : call->error->text);
    count(w, good, (int)json_get_int(params, "healthy", 1), (int)json_get_int(params, "unhealthy", 3));
    if (good) {
        watch_again(w);
        return;
    }
    w->call = call_start(w->runner, &(struct call_spec){.advance = runner_stamp(w->runner, w->monitor->target)->observe,
                                                        .verb = "instance.observe",
                                                        .target = w->monitor->target,
                                                        .params = params,
                                                        .instance = w->monitor->target,
                                                        .ended = health_observed,
                                                        .context = w});
}

static void limit_answered(void *context, struct call_run *run, enum call_status status)
{
    struct watch *w = context;
    const struct call *call = call_of(run);
    const json_t *params = w->monitor->params;
    const char *probe = json_get_text(params, "probe");
    int64_t most = json_get_int(params, "max", 0), value = -1;

    w->call = NULL;
    if (status == CALL_DONE)
        value = json_get_int(json_object_get(call->detail, "values"), probe, -1);
    remember(w, NULL);
    if (value < 0) {
        w->well = false; /* unknown is neither good nor bad: holds stand still, nothing is decided */
    } else {
        w->answer = arena_printf(w->arena, "%s is %lld, the limit is %lld", probe, (long long)value, (long long)most);
        count(w, value <= most, 1, (int)json_get_int(params, "failures", 1));
    }
    watch_again(w);
}

static void door_answered(void *context)
{
    struct watch *w = context;

    w->under_way = false;
    watch_again(w);
}

static void watch_ask(struct watch *w)
{
    struct runner *r = w->runner;
    bool limit = w->monitor->kind == MONITOR_LIMIT;

    switch (w->monitor->kind) {
    case MONITOR_TRAFFIC:
        w->under_way = true;
        door_watch(r, w->monitor, door_answered, w);
        return;
    case MONITOR_HEALTH:
    case MONITOR_LIMIT:
        if (!w->params)
            w->params = limit ? json_pack("{s:s?, s:O}", "address", runner_address(r, w->monitor->target), "probes",
                                          json_object_get(w->monitor->params, "probes"))
                              : runner_health_params(r, w->monitor->target, w->monitor->params);
        w->call = call_start(
            r, &(struct call_spec){.advance = limit ? registry_probe("http")->sample : registry_probe("http")->health,
                                   .verb = limit ? "probe.sample" : "instance.health",
                                   .target = w->monitor->target,
                                   .params = w->params,
                                   .instance = w->monitor->target,
                                   .ended = limit ? limit_answered : health_answered,
                                   .context = w});
        return;
    case MONITOR_PROBER:
        return;
    }
}

static void watch_end(struct watch *w)
{
    call_cancel(w->call);
    io_timer_stop(w->timer);
    json_decref(w->params);
    arena_free(w->arena);
    w->call = NULL;
    w->timer = NULL;
    w->params = NULL;
    w->arena = NULL;
    w->answer = NULL;
    w->live = w->said = w->under_way = false;
    w->good = w->bad = 0;
}

static void watch_begin(struct watch *w)
{
    w->live = true;
    w->well = true; /* it was healthy a moment ago: its first step is done */
    w->arena = arena_new();
    if (w->monitor->kind == MONITOR_PROBER)
        prober_start(w->runner, w->monitor);
    else
        watch_ask(w);
}

void watch_update(struct runner *r)
{
    if (!r->watches) {
        r->watches = arena_array(r->arena, (size_t)r->plan->monitor_count + 1, sizeof(*r->watches));
        for (int i = 0; i < r->plan->monitor_count; i++)
            r->watches[i] = (struct watch){.runner = r, .monitor = &r->plan->monitors[i]};
    }
    for (int i = 0; i < r->plan->monitor_count; i++) {
        struct watch *w = &r->watches[i];
        bool live = machine_monitor_live(&r->state, w->monitor);

        if (live && !w->live)
            watch_begin(w);
        if (live || !w->live)
            continue;
        if (w->monitor->kind == MONITOR_PROBER)
            prober_stop(r);
        if (w->monitor->kind == MONITOR_TRAFFIC)
            door_stop(r);
        watch_end(w);
    }
}

void watch_stop(struct runner *r)
{
    prober_stop(r);
    door_stop(r);
    for (int i = 0; r->watches && i < r->plan->monitor_count; i++) {
        if (r->watches[i].live)
            watch_end(&r->watches[i]);
    }
}

/* An old instance that is lost will not get well again, and people have been asked about it: time goes on without it. */
static bool is_given_up(const struct watch *w)
{
    return w->monitor->kind == MONITOR_HEALTH && side_of(w) == SIDE_OLD &&
           json_object_get(w->runner->lost, w->monitor->target);
}

bool watch_all_well(const struct runner *r)
{
    for (int i = 0; r->watches && i < r->plan->monitor_count; i++) {
        if (r->watches[i].live && !r->watches[i].well && !is_given_up(&r->watches[i]))
            return false;
    }
    return true;
}
