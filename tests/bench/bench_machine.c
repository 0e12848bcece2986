/*
 * B5f: a whole release in the machine alone, as instances grow in number: every event that follows is folded, and every
 * step that starts is done at once. No journal, no world: what is left is the cost of deciding, which must not grow faster
 * than the plan.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "bench/bench.h"
#include "bench/world.h"
#include "plan/machine.h"
#include "plan/plan.h"

#define ROUNDS 7
#define SIZES 4

static const struct size {
    int regions, instances;
} sizes[SIZES] = {{1, 1}, {10, 1}, {100, 1}, {100, 10}};

static char *pipeline_of(const struct size *size)
{
    struct strbuf text = STRBUF_INIT(0);

    strbuf_text(&text, "pipeline: bench\nenvironment: prod\nstamps:\n  regions: [");
    for (int i = 1; i <= size->regions; i++)
        strbuf_printf(&text, "%sr%d", i > 1 ? ", " : "", i);
    strbuf_printf(&text,
                  "]\n  instances: %d\n  start: [./server]\n  health: {get: /health, every: 1s}\n"
                  "traffic:\n  managed: {bind: \"127.0.0.1:1\"}\n"
                  "stages:\n  - build\n  - deploy\n  - validate: {checks: [{name: smoke, get: /}]}\n  - shift\n",
                  size->instances);
    return strbuf_take(&text);
}

/* Folds what follows until nothing does; then the step that has run for longest is done. Returns the events. */
static int run_through(struct arena *arena, const struct plan *plan)
{
    struct machine_state state;
    struct machine_now now = {1000, 1000};
    struct event event = {.kind = EVENT_RUNNER_STARTED, .actor = "penstock", .reason = "", .step = -1};
    int *running = arena_array(arena, (size_t)plan->step_count, sizeof(*running));
    int events = 0, started = 0, done = 0;

    machine_init(&state, arena, plan);
    for (;;) {
        event.seq = ++events;
        event.epoch = 1;
        event.boot_ms = ++now.boot_ms;
        machine_fold(&state, &event);
        if (event.kind == EVENT_STEP_STARTED)
            running[started++] = event.step;
        if (state.end != END_NONE)
            break;
        if (machine_next(&state, now, &event))
            continue;
        BENCH_CHECK(done < started);
        event = (struct event){.kind = EVENT_STEP_DONE, .actor = "penstock", .reason = "", .step = running[done++]};
    }
    BENCH_CHECK(state.end == END_SUCCEEDED);
    return events;
}

int main(void)
{
    struct bench bench = {.id = "B5f", .title = "slope of the machine's CPU, 10 to 1000 instances"};
    const struct plan *plans[SIZES];
    struct world worlds[SIZES];
    double x[SIZES], cpu[SIZES];
    int events = 0;

    bench.unit = "";
    bench.sense = BENCH_FOR_ORIENTATION;
    for (int i = 0; i < SIZES; i++) {
        char *name = heap_printf("machine-%d", sizes[i].regions * sizes[i].instances);

        world_open(&worlds[i], name, pipeline_of(&sizes[i]));
        plans[i] = world_plan(&worlds[i]);
        x[i] = sizes[i].regions * sizes[i].instances;
        free(name);
    }
    while (bench_goes_on(&bench, ROUNDS)) {
        for (int i = 0; i < SIZES; i++) {
            int times = 1000 / (int)x[i];
            double begun = bench_cpu_ms();

            for (int k = 0; k < times; k++) {
                struct arena *arena = arena_new();

                events = run_through(arena, plans[i]);
                arena_free(arena);
            }
            cpu[i] = (bench_cpu_ms() - begun) / times;
        }
        bench_value(&bench, bench_slope(x + 1, cpu + 1, SIZES - 1));
    }
    snprintf(bench.note, sizeof(bench.note), "%.3f, %.3f, %.2f, %.1f ms; %.1f us an event at 1000", cpu[0], cpu[1],
             cpu[2], cpu[3], cpu[3] * 1e3 / events);
    bench_print(&bench);
    for (int i = 0; i < SIZES; i++)
        world_close(&worlds[i]);
    return 0;
}
