/*
 * The engine's io over the virtual clock. It stands in for engine/io/: linked first, the archive's own is never taken.
 *
 * An effect that acts happens at one moment and is answered at a later one; a runner that dies in between leaves it
 * done, and one that dies before leaves it done or not, as the seed says.
 */

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "io/io.h"
#include "model/sim.h"

struct io_effect {
    struct io_effect *next;
    struct io *io;
    struct happening happening;
    io_reply_fn done;
    void *context;
    struct sim_event *event;
    int64_t began;
    bool happened;
};

struct io_timer {
    struct io_timer *next;
    struct io *io;
    struct sim_event *event;
    io_fn fire;
    void *context;
    bool fired;
};

struct io {
    struct io_effect *effects;
    struct io_timer *timers;
    io_signal_fn on_signal;
    void *signal_context;
    io_fn on_bell;
    void *bell_context;
    char *bell_path;
    bool stopped;
    bool dead;   /* its runner was killed: nothing begins any more */
    bool frozen; /* its runner stands still */
    struct io *outer;
    int64_t epoch;
};

struct error *io_open(int lock_fd, struct io **out)
{
    (void)lock_fd;
    *out = heap_alloc(sizeof(**out));
    (*out)->outer = sim.io;
    (*out)->dead = sim.killed;
    (*out)->epoch = watcher.opened ? watcher.opened() : 0;
    sim.io = *out;
    return NULL;
}

static void effect_gone(struct io_effect *effect)
{
    struct io_effect **link = &effect->io->effects;

    while (*link != effect)
        link = &(*link)->next;
    *link = effect->next;
    sim_forget(effect->event);
    free(effect->happening.text);
    free(effect);
}

static void timer_gone(struct io_timer *timer)
{
    struct io_timer **link = &timer->io->timers;

    while (*link != timer)
        link = &(*link)->next;
    *link = timer->next;
    sim_forget(timer->event);
    free(timer);
}

void io_close(struct io *io)
{
    while (io->effects)
        io_cancel(io->effects);
    while (io->timers)
        timer_gone(io->timers);
    if (sim.io == io)
        sim.io = io->outer;
    free(io->bell_path);
    free(io);
}

static void happen(struct io_effect *effect, int64_t *after)
{
    bool acts = effect_acts(effect->happening.effect);

    if (acts)
        WATCH(happens, effect->happening.effect);
    *after = effect_happen(&effect->happening);
    effect->happened = true;
    if (acts)
        WATCH(happened, effect->happening.effect);
}

static void answer(void *context)
{
    struct io_effect *effect = context;
    struct io_effect taken;
    int64_t after = 0;

    effect->event = NULL;
    if (effect->io->frozen) {
        effect->event = sim_after(50, effect->io, answer, effect);
        return;
    }
    if (!effect->happened) {
        happen(effect, &after);
        if (after > 0) {
            effect->event = sim_after(after, effect->io, answer, effect);
            return;
        }
    }
    taken = *effect;
    taken.happening.reply.elapsed_ms = sim.now - effect->began;
    effect->happening.text = NULL;
    effect_gone(effect);
    if (sim.talkative) {
        char what[256];

        effect_describe(taken.happening.effect, what, sizeof(what));
        sim_log("    answer %s: transport %d status %d there %d %.160s", what, (int)taken.happening.reply.transport,
                taken.happening.reply.status, taken.happening.reply.there,
                taken.happening.reply.text ? taken.happening.reply.text : "");
    }
    taken.done(taken.context, &taken.happening.reply);
    free(taken.happening.text);
}

struct io_effect *io_start(struct io *io, const struct effect *wanted, io_reply_fn done, void *context)
{
    struct io_effect *effect = heap_alloc(sizeof(*effect));

    *effect = (struct io_effect){
        .next = io->effects, .io = io, .happening = {.effect = wanted}, .done = done, .context = context};
    effect->began = sim.now;
    io->effects = effect;
    if (io->dead || sim.killed)
        return effect;
    if (effect_acts(wanted))
        kill_point("before an effect");
    if (sim.killed)
        return effect;
    if (sim.talkative || (sim.tell && effect_acts(wanted))) {
        char what[256];

        effect_describe(wanted, what, sizeof(what));
        sim_log("  %s %s", effect_acts(wanted) ? "EFFECT" : "ask", what);
    }
    WATCH(starts, io, wanted);
    effect->event = sim_after(effect_latency(wanted), io, answer, effect);
    return effect;
}

void io_cancel(struct io_effect *effect)
{
    int64_t after;

    /* What was on its way may have arrived. A child that is given up is killed; it may have done its work by then. */
    if (!effect->io->dead && !sim.killed && !effect->happened && effect->event &&
        effect_acts(effect->happening.effect) && rng_chance(&sim.latency, 500))
        happen(effect, &after);
    effect_gone(effect);
}

void sim_io_perish(struct io *io)
{
    int64_t after;

    if (!io || io->dead)
        return;
    for (struct io_effect *effect = io->effects; effect; effect = effect->next) {
        if (!effect->happened && effect->event && effect_acts(effect->happening.effect) &&
            rng_chance(&sim.latency, 500))
            happen(effect, &after);
        sim_forget(effect->event);
        effect->event = NULL;
    }
    for (struct io_timer *timer = io->timers; timer; timer = timer->next) {
        if (timer->fired)
            continue;
        sim_forget(timer->event);
        timer->event = NULL;
    }
    io->dead = true;
}

int64_t sim_io_epoch(const struct io *io)
{
    return io->epoch;
}

void sim_io_freeze(struct io *io, bool frozen)
{
    int64_t after;

    io->frozen = frozen;
    /* What it had sent already is on its way all the same. */
    for (struct io_effect *effect = io->effects; frozen && effect; effect = effect->next) {
        if (!effect->happened && effect->event && effect_acts(effect->happening.effect))
            happen(effect, &after);
    }
}

static void timer_fires(void *context)
{
    struct io_timer *timer = context;

    timer->event = NULL;
    if (timer->io->frozen) {
        timer->event = sim_after(50, timer->io, timer_fires, timer);
        return;
    }
    timer->fired = true;
    timer->fire(timer->context);
    timer_gone(timer);
}

struct io_timer *io_timer_start(struct io *io, int64_t ms, io_fn fire, void *context)
{
    struct io_timer *timer = heap_alloc(sizeof(*timer));

    *timer = (struct io_timer){.next = io->timers, .io = io, .fire = fire, .context = context};
    io->timers = timer;
    if (!io->dead && !sim.killed)
        timer->event = sim_after(ms, io, timer_fires, timer);
    return timer;
}

void io_timer_stop(struct io_timer *timer)
{
    if (timer && !timer->fired)
        timer_gone(timer);
}

struct error *io_on_signals(struct io *io, io_signal_fn fn, void *context)
{
    io->on_signal = fn;
    io->signal_context = context;
    return NULL;
}

struct error *io_on_bell(struct io *io, const char *path, io_fn fn, void *context)
{
    io->on_bell = fn;
    io->bell_context = context;
    io->bell_path = heap_text(path);
    return NULL;
}

void io_soon(struct io *io, io_fn fn, void *context)
{
    (void)io_timer_start(io, 0, fn, context);
}

void io_run(struct io *io)
{
    while (!io->stopped && !sim.killed && !sim.failed) {
        if (!sim_step()) {
            sim_violation("liveness", "the runner waits for nothing at all");
            break;
        }
        WATCH(moved);
        if (sim.steps > sim.most_steps)
            sim_violation("liveness", "more than %llu events", (unsigned long long)sim.most_steps);
        if (!io->stopped)
            kill_point("between two events");
    }
    if (sim.failed)
        sim.killed = true;
    if (sim.killed)
        sim_io_perish(io);
}

void io_stop(struct io *io)
{
    io->stopped = true;
}

int64_t io_boot_ms(struct io *io)
{
    (void)io;
    return sim.now;
}

int64_t io_wall_ms(struct io *io)
{
    (void)io;
    return sim.now + sim.wall_offset;
}

void io_expect_log(struct io *io, const char *path)
{
    (void)io;
    (void)path; /* a hint, and logs are no part of this world */
}

void io_kill_orphan(int64_t pid)
{
    (void)pid;
}

static void signal_arrives(void *context)
{
    if (sim.io == context && sim.io && !sim.io->frozen && sim.io->on_signal)
        sim.io->on_signal(sim.io->signal_context, SIGTERM);
}

void sim_io_signal(int signal)
{
    (void)signal;
    if (sim.io && !sim.io->dead)
        sim_after(0, sim.io, signal_arrives, sim.io);
}

static void bell_rings(void *context)
{
    if (sim.io == context && sim.io && !sim.io->dead && !sim.io->frozen && sim.io->on_bell)
        sim.io->on_bell(sim.io->bell_context);
}

void bell_ring(const char *path)
{
    if (sim.io && !sim.io->dead && text_is(sim.io->bell_path, path))
        sim_after(1, NULL, bell_rings, sim.io);
}
