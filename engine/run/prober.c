/*
 * The engine's own open-loop client: requests leave by the clock, never by the last answer, through the front door that
 * users take. What it saw is tallied into the journal in slices.
 */

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "run/runner.h"

#define TALLY_EVERY_MS 5000
#define OUTSTANDING_MOST 1000

static const int64_t bucket_ms[] = {1,  2,   3,   5,   7,   10,   15,   20,   30,    50,
                                    70, 100, 200, 300, 500, 1000, 2000, 5000, 10000, 60000};
#define BUCKETS ((int)(sizeof(bucket_ms) / sizeof(*bucket_ms)))

struct request {
    struct request *next;
    struct prober *prober;
    struct effect effect;
    struct io_effect *under_way;
};

struct prober {
    struct runner *runner;
    struct arena *arena;
    const struct plan_monitor *monitor;
    const char *url;
    int64_t every_ms, next_ms;
    struct io_timer *timer;
    struct request *requests; /* under way */
    int outstanding;
    int64_t sent, failed; /* answered since the last tally */
    int64_t answers[BUCKETS];
    int64_t tallied_ms;
    void (*settled)(void *context);
    void *context;
};

static void prober_tally(struct prober *p)
{
    struct runner *r = p->runner;
    json_t *buckets = json_object();
    struct queued *queued;

    if (p->sent == 0) {
        json_decref(buckets);
        return;
    }
    for (int i = 0; i < BUCKETS; i++) {
        char key[24];

        if (p->answers[i] == 0)
            continue;
        snprintf(key, sizeof(key), "%lld", (long long)bucket_ms[i]);
        json_object_set_new(buckets, key, json_integer(p->answers[i]));
    }
    queued = runner_queue(r, EVENT_PROBER_TALLIED, -1, "the prober's answers");
    queued->event.number = r->state.prober_failed + p->failed;
    queued->event.body = json_in_arena(queued->arena, json_pack("{s:s, s:I, s:I, s:o}", "stage", p->monitor->target,
                                                                "sent", (json_int_t)p->sent, "failed",
                                                                (json_int_t)p->failed, "buckets", buckets));
    /* The next slice must count on from here even before the tick has folded this one. */
    r->state.prober_failed += p->failed;
    p->sent = p->failed = 0;
    memset(p->answers, 0, sizeof(p->answers));
    p->tallied_ms = io_boot_ms(r->io);
}

static void request_drop(struct request *request)
{
    struct request **link = &request->prober->requests;

    while (*link != request)
        link = &(*link)->next;
    *link = request->next;
    request->prober->outstanding--;
    free(request);
}

static void prober_answered(void *context, const struct reply *reply)
{
    struct request *request = context;
    struct prober *p = request->prober;
    bool good = reply->transport == TRANSPORT_OK && reply->status >= 200 && reply->status < 400;
    int bucket = 0;

    while (bucket < BUCKETS - 1 && reply->elapsed_ms > bucket_ms[bucket])
        bucket++;
    p->sent++;
    p->answers[bucket]++;
    if (!good)
        p->failed++;
    request_drop(request);
    if (!good || io_boot_ms(p->runner->io) - p->tallied_ms >= TALLY_EVERY_MS)
        prober_tally(p);
    if (p->settled && p->outstanding == 0) {
        prober_tally(p);
        p->settled(p->context);
        p->settled = NULL;
    }
}

static void prober_send(struct prober *p)
{
    struct request *request;

    if (p->outstanding >= OUTSTANDING_MOST) {
        p->sent++;
        p->failed++; /* the front door answers nothing at all: not sending would hide it */
        return;
    }
    request = heap_alloc(sizeof(*request));
    *request = (struct request){
        .next = p->requests,
        .prober = p,
        .effect = {.kind = EFFECT_HTTP,
                   .method = "GET",
                   .url = p->url,
                   .timeout_ms = json_get_int(p->monitor->params, "timeout_ms", 5000)},
    };
    p->requests = request;
    p->outstanding++;
    request->under_way = io_start(p->runner->io, &request->effect, prober_answered, request);
}

static void prober_tick(void *context)
{
    struct prober *p = context;
    int64_t now = io_boot_ms(p->runner->io);

    p->timer = NULL;
    if (p->settled)
        return;
    prober_send(p);
    p->next_ms += p->every_ms;
    if (p->next_ms < now)
        p->next_ms = now; /* we were late: go on from here, in step with the clock again */
    p->timer = io_timer_start(p->runner->io, p->next_ms - now, prober_tick, p);
}

void prober_start(struct runner *r, const struct plan_monitor *monitor)
{
    struct prober *p = heap_alloc(sizeof(*p));
    const char *url = json_get_text(r->plan->door, "url");

    *p = (struct prober){.runner = r, .monitor = monitor, .arena = arena_new()};
    p->url = arena_printf(p->arena, "%s%s", url ? url : "", json_get_text(monitor->params, "path"));
    p->every_ms = json_get_int(monitor->params, "every_ms", 100);
    p->next_ms = p->tallied_ms = io_boot_ms(r->io);
    r->prober = p;
    p->timer = io_timer_start(r->io, 0, prober_tick, p);
}

void prober_stop(struct runner *r)
{
    struct prober *p = r->prober;

    if (!p)
        return;
    r->prober = NULL;
    prober_tally(p);
    io_timer_stop(p->timer);
    while (p->requests) {
        io_cancel(p->requests->under_way);
        request_drop(p->requests);
    }
    arena_free(p->arena);
    free(p);
}

void prober_settle(struct runner *r, void (*settled)(void *context), void *context)
{
    struct prober *p = r->prober;

    if (p) {
        io_timer_stop(p->timer);
        p->timer = NULL;
    }
    if (p && p->outstanding) {
        p->settled = settled;
        p->context = context;
        return;
    }
    if (p)
        prober_tally(p);
    settled(context);
}

void prober_unsettle(struct runner *r)
{
    if (r->prober)
        r->prober->settled = NULL;
}
