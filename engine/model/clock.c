/* Time, the event heap, random numbers and the transcript. */

#include "model/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define BOOT_BEGINS_MS 1000000
#define WALL_BEGINS_MS 1790000000000
/* A small release has some ten thousand events; one that waits an hour for its last room, half a million. */
#define STEPS_MOST 2000000

struct sim sim;
struct sim_watcher watcher;

uint64_t rng_next(struct rng *rng)
{
    uint64_t z = (rng->state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

bool rng_chance(struct rng *rng, int per_mille)
{
    return (int)(rng_next(rng) % 1000) < per_mille;
}

int64_t rng_range(struct rng *rng, int64_t from, int64_t to)
{
    return from + (int64_t)(rng_next(rng) % (uint64_t)(to - from + 1));
}

/* Without libm, so that it is the same everywhere: the mean of a geometric draw in 16 steps a mean. */
int64_t rng_exponential(struct rng *rng, int64_t mean)
{
    int64_t ms = 0, slice = mean / 16 + 1;

    while (ms < mean * 6 && rng_next(rng) % 16 != 0)
        ms += slice;
    return ms + rng_range(rng, 0, slice);
}

void sim_begin(uint64_t seed)
{
    struct sim_event **heap = sim.heap;
    int capacity = sim.heap_capacity;
    void (*tell)(const char *line) = sim.tell;
    bool talkative = sim.talkative;

    sim = (struct sim){.seed = seed,
                       .now = BOOT_BEGINS_MS,
                       .wall_offset = WALL_BEGINS_MS - BOOT_BEGINS_MS,
                       .heap = heap,
                       .heap_capacity = capacity,
                       .tell = tell,
                       .talkative = talkative,
                       .deadline = INT64_MAX,
                       .most_steps = STEPS_MOST,
                       .latency = {seed * 3 + 1},
                       .world = {seed * 5 + 2},
                       .people = {seed * 7 + 3}};
}

void sim_end(void)
{
    for (int i = 0; i < sim.heap_count; i++)
        free(sim.heap[i]);
    sim.heap_count = 0;
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void place(struct sim_event *event, int slot)
{
    sim.heap[slot] = event;
    event->slot = slot;
}

static void sift(struct sim_event *event)
{
    int slot = event->slot;

    while (slot > 0 && before(event, sim.heap[(slot - 1) / 2])) {
        place(sim.heap[(slot - 1) / 2], slot);
        slot = (slot - 1) / 2;
    }
    place(event, slot);
    for (;;) {
        int child = slot * 2 + 1;

        if (child < sim.heap_count - 1 && before(sim.heap[child + 1], sim.heap[child]))
            child++;
        if (child >= sim.heap_count || !before(sim.heap[child], event))
            break;
        place(sim.heap[child], slot);
        slot = child;
    }
    place(event, slot);
}

struct sim_event *sim_at(int64_t at, struct io *io, void (*fire)(void *context), void *context)
{
    struct sim_event *event = heap_alloc(sizeof(*event));

    *event = (struct sim_event){
        .at = at < sim.now ? sim.now : at, .order = ++sim.orders, .fire = fire, .context = context, .io = io};
    if (sim.heap_count == sim.heap_capacity) {
        sim.heap_capacity = sim.heap_capacity ? sim.heap_capacity * 2 : 64;
        sim.heap = heap_realloc(sim.heap, (size_t)sim.heap_capacity * sizeof(*sim.heap));
    }
    place(event, sim.heap_count++);
    sift(event);
    return event;
}

struct sim_event *sim_after(int64_t ms, struct io *io, void (*fire)(void *context), void *context)
{
    return sim_at(sim.now + (ms > 0 ? ms : 0), io, fire, context);
}

static void take_out(struct sim_event *event)
{
    struct sim_event *last = sim.heap[--sim.heap_count];
    int slot = event->slot;

    event->slot = -1;
    if (last == event)
        return;
    place(last, slot);
    sift(last);
}

void sim_forget(struct sim_event *event)
{
    if (!event)
        return;
    if (event->slot >= 0)
        take_out(event);
    free(event);
}

bool sim_step(void)
{
    struct sim_event *event;

    if (sim.heap_count == 0)
        return false;
    event = sim.heap[0];
    if (event->at > sim.deadline && sim.overtime) {
        sim.now = sim.deadline;
        sim.overtime();
        return true;
    }
    take_out(event);
    if (event->at > sim.now)
        sim.now = event->at; /* it may be late: the machine slept */
    sim.steps++;
    event->fire(event->context);
    free(event);
    return true;
}

void sim_pass(int64_t ms)
{
    int64_t until = sim.now + ms;

    while (sim.heap_count > 0 && sim.heap[0]->at <= until && !sim.failed)
        sim_step();
    if (sim.now < until)
        sim.now = until;
}

void sim_log(const char *format, ...)
{
    char line[1024];
    va_list arguments;
    int used;

    if (!sim.tell)
        return;
    used = snprintf(line, sizeof(line), "%9.3f  ", (double)(sim.now - BOOT_BEGINS_MS) / 1000.0);
    va_start(arguments, format);
    vsnprintf(line + used, sizeof(line) - (size_t)used, format, arguments);
    va_end(arguments);
    for (char *at = line; *at; at++)
        *at = *at == '\n' ? '|' : *at;
    sim.tell(line);
}

void sim_mishap(const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    sim_log("! %s", text);
    WATCH(mishap, text);
}

void sim_violation(const char *invariant, const char *format, ...)
{
    char text[768];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    sim_log("VIOLATION %s: %s", invariant, text);
    if (sim.failed)
        return;
    sim.failed = true;
    snprintf(sim.violation, sizeof(sim.violation), "%s: %s", invariant, text);
}

char *sim_text(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    return text;
}
