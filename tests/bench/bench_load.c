/*
 * B12: loading a pipeline of 1000 stages, against the bare event loop of libyaml over the same bytes. Loading is parsing,
 * binding and all checks; planning is measured besides.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "bench/bench.h"
#include "bench/world.h"
#include "plan/plan.h"
#include "spec/diagnostics.h"
#include "spec/pipeline.h"
#include "spec/project.h"

#define ROUNDS 15
#define STAGES 1000
#define TIMES 4 /* in a round */

/* Commands, checks and gates as people write them: about 200 bytes each. */
static char *thousand_stages(void)
{
    struct strbuf text = STRBUF_INIT(0);

    strbuf_text(&text, "pipeline: bench\nenvironment: prod\non_failure: rollback\n"
                       "unit:\n  build: [make, service, \"OUT=${unit.out}\"]\n  artifacts: [rooms]\n"
                       "stamps:\n  regions: [west, north]\n  start: [./rooms, --listen, \"${instance.address}\"]\n"
                       "  health: {get: /health, every: 1s}\n"
                       "traffic:\n  managed: {bind: \"127.0.0.1:18080\"}\n"
                       "stages:\n  - build\n  - deploy\n");
    for (int i = 3; i <= STAGES; i++) {
        if (i % 10 == 0)
            strbuf_printf(&text,
                          "  - validate:\n      name: check-%d\n      checks:\n"
                          "        - {name: smoke, get: /smoke, expect: {status: 200}, timeout: 10s}\n"
                          "        - {name: deep, command: [bin/deep-check, \"${stamp.url}\", --level, \"%d\"]}\n",
                          i, i);
        else if (i % 25 == 1)
            strbuf_printf(&text, "  - gate: {name: gate-%d, gate: managers}\n", i);
        else
            strbuf_printf(&text,
                          "  - command:\n      name: migrate-%d\n      run: [bin/migrate, --to, \"%d\", --release, "
                          "\"${release.id}\"]\n      undo: [bin/migrate, --back-from, \"%d\"]\n"
                          "      timeout: 5m\n      retries: 3\n      repeatable: true\n",
                          i, i, i);
    }
    return strbuf_take(&text);
}

static double time_floor(const char *text)
{
    double begun = bench_now_ms();

    for (int i = 0; i < TIMES; i++) {
        yaml_parser_t parser;
        yaml_event_t event;
        bool more = true;

        BENCH_CHECK(yaml_parser_initialize(&parser));
        yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
        while (more) {
            BENCH_CHECK(yaml_parser_parse(&parser, &event));
            more = event.type != YAML_STREAM_END_EVENT;
            yaml_event_delete(&event);
        }
        yaml_parser_delete(&parser);
    }
    return (bench_now_ms() - begun) / TIMES;
}

static double time_load(const struct world *world, const char *text)
{
    double begun = bench_now_ms();

    for (int i = 0; i < TIMES; i++) {
        struct arena *arena = arena_new();
        struct diagnostics *problems = diagnostics_new(arena);
        struct pipeline_spec *pipeline;

        pipeline_parse(arena, "pipelines/prod.yaml", text, strlen(text), problems, &pipeline);
        spec_check_together(world->project, pipeline, problems);
        BENCH_CHECK(diagnostics_count(problems) == 0 && pipeline->stage_count == STAGES);
        arena_free(arena);
    }
    return (bench_now_ms() - begun) / TIMES;
}

static double time_plan(struct world *world, int *steps)
{
    struct arena *kept = world->arena;
    double begun = bench_now_ms(), time;

    world->arena = arena_new();
    *steps = world_plan(world)->step_count;
    arena_free(world->arena);
    time = bench_now_ms() - begun;
    world->arena = kept;
    return time;
}

int main(void)
{
    struct bench load = {
        .id = "B12", .title = "loading 1000 stages / libyaml's events of the same bytes", .unit = "ms", .limit = 2.5};
    struct bench both = {.id = "B12p",
                         .title = "loading and planning 1000 stages / the same events",
                         .unit = "ms",
                         .sense = BENCH_FOR_ORIENTATION};
    int steps = 0;
    char *text = thousand_stages();
    struct world world;

    world_open(&world, "load", text);
    time_load(&world, text);
    time_floor(text);
    time_plan(&world, &steps);
    while (bench_goes_on(&load, ROUNDS)) {
        bool first = bench_ours_first(&load);
        double ours = first ? time_load(&world, text) : 0;
        double floor = time_floor(text);

        if (!first)
            ours = time_load(&world, text);
        bench_round(&load, ours, floor);
        bench_round(&both, ours + time_plan(&world, &steps), floor);
    }
    snprintf(load.note, sizeof(load.note), "%zu bytes", strlen(text));
    snprintf(both.note, sizeof(both.note), "%d steps", steps);
    bench_print(&load);
    bench_print(&both);
    world_close(&world);
    free(text);
    return 0;
}
