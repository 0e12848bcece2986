#include "bench/world.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "bench/bench.h"
#include "plan/facts.h"
#include "plan/plan.h"
#include "plan/planner.h"
#include "run/run.h"
#include "spec/diagnostics.h"
#include "spec/pipeline.h"
#include "spec/project.h"
#include "store/holder.h"
#include "store/lease.h"
#include "store/record.h"

static const char project_text[] = "project: bench\n"
                                   "environments:\n"
                                   "  prod:\n"
                                   "    gates:\n"
                                   "      managers: {approvals: 1, expires: 24h}\n";

static void no_problems(struct diagnostics *problems)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if (!diagnostics_count(problems))
        return;
    diagnostics_render(problems, &text);
    bench_fail("%s", strbuf_view(&text));
}

void world_open(struct world *world, const char *name, const char *pipeline)
{
    struct diagnostics *problems;

    *world = (struct world){.arena = arena_new(), .directory = bench_scratch(name)};
    problems = diagnostics_new(world->arena);
    project_parse(world->arena, "penstock.yaml", project_text, strlen(project_text), problems, &world->project);
    pipeline_parse(world->arena, "pipelines/prod.yaml", pipeline, strlen(pipeline), problems, &world->pipeline);
    no_problems(problems);
    spec_check_together(world->project, world->pipeline, problems);
    no_problems(problems);
    bench_must(record_open(world->directory, RECORD_CREATE, &world->record));
}

void world_close(struct world *world)
{
    record_close(world->record);
    arena_free(world->arena);
    heap_cleanup(&world->directory);
}

struct plan *world_plan(struct world *world)
{
    struct diagnostics *problems = diagnostics_new(world->arena);
    struct facts facts = {0};
    struct plan *plan;

    bench_must(facts_read(world->record, world->arena, "prod", &facts));
    facts.commit = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
    facts.branch = "main";
    facts.subject = "a commit that is not there";
    facts.requester = "bench";
    facts.repository = world->directory;
    facts.state_dir = world->directory;
    facts.record = record_id(world->record);
    world->facts_seq = facts.journal_seq;
    plan_release(world->arena, world->project, world->pipeline, &facts, problems, &plan);
    no_problems(problems);
    bench_must(file_make_dirs(arena_printf(world->arena, "%s/units/%s/src", world->directory, plan->unit.name)));
    return plan;
}

struct plan *world_begin(struct world *world)
{
    struct plan *plan = world_plan(world);

    bench_must(run_begin(world->record, world->arena, plan, world->facts_seq));
    return plan;
}

void world_run(struct world *world, const struct plan *plan)
{
    const struct run_options options = {.person = "bench"};
    struct run_outcome outcome;

    bench_must(run_release(world->record, plan->release, &options, &outcome));
    if (outcome.result != RUN_ENDED || outcome.end != END_SUCCEEDED)
        bench_fail("release %s did not succeed: result %d, end '%s'", plan->release, (int)outcome.result,
                   end_text(outcome.end));
}

int64_t world_verify(struct world *world)
{
    int64_t rows;

    bench_must(journal_verify(world->record, &rows));
    return rows;
}

static void append(struct world *world, struct tx *tx, const struct lease *lease, struct event *event)
{
    (void)world;
    event->release = lease->release;
    event->epoch = lease->epoch;
    event->at_ms = clock_wall_ms();
    event->boot_ms = clock_boot_ms();
    event->actor = "penstock";
    event->attempt = 1;
    bench_must(journal_append(tx, event));
}

/* What the stamp driver says of an instance; the process is this one, so that it is alive. */
static json_t *detail_of(struct world *world, const struct plan_step *step, int port)
{
    const char *address;

    if (step->verb != VERB_INSTANCE_CREATE)
        return json_object();
    address = arena_printf(world->arena, "127.1.%d.%d:%d", step->ordinal / 250, step->ordinal % 250 + 1, port);
    return json_pack("{s:s, s:s, s:I, s:I, s:s}", "driver", "process", "address", address, "pid", (json_int_t)getpid(),
                     "start", (json_int_t)holder_start(getpid()), "boot_id", clock_boot_id());
}

void world_pretend(struct world *world, const struct plan *plan, int until, int port)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    struct lease lease = LEASE_INIT;

    bench_must(lease_take(world->record, world->arena, plan->environment, plan->release, "bench", &lease));
    bench_must(tx_begin(world->record, &tx));
    for (int i = 0; i < until; i++) {
        const struct plan_step *step = &plan->steps[i];
        json_t *key CLEANUP(json_cleanup) = json_pack("{s:s}", "key", step->key);
        json_t *done CLEANUP(json_cleanup) = json_pack("{s:o}", "detail", detail_of(world, step, port));
        struct event started = {.kind = EVENT_STEP_STARTED, .step = i, .reason = step->title, .body = key};
        struct event ended = {.kind = EVENT_STEP_DONE, .step = i, .reason = step->title, .body = done};

        append(world, &tx, &lease, &started);
        append(world, &tx, &lease, &ended);
    }
    bench_must(tx_commit(&tx));
    lease_release(&lease);
}

char *world_commands(int count, const char *argv)
{
    struct strbuf text = STRBUF_INIT(0);

    strbuf_text(&text, "pipeline: bench\nenvironment: prod\nstages:\n");
    for (int i = 1; i <= count; i++)
        strbuf_printf(&text, "  - command: {name: c%d, run: %s, repeatable: true}\n", i, argv);
    return strbuf_take(&text);
}
