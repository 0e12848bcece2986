/* One seed: a project with a pipeline, and a few releases of it, each to its end. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "plan/facts.h"
#include "plan/plan.h"
#include "plan/planner.h"
#include "run/run.h"
#include "simulation/check.h"
#include "simulation/pipelines.h"
#include "simulation/sim.h"
#include "spec/diagnostics.h"
#include "spec/pipeline.h"
#include "spec/project.h"
#include "store/record.h"

#define QUIET_MS (20 * 60 * 1000)
#define COMPARED_OF 8 /* of so many seeds, one has its projections compared after every release */

struct story_counts story_counts;

static struct {
    struct arena *arena;
    char *directory;
    struct record *record, *people, *other;
    struct project_spec *project;
    struct pipeline_spec *pipeline;
    const char *release; /* the one that is under way */
    int late;
    bool zombie;
} story;

/* Where nothing may fail; a failure is ours. */
static void must(struct error *error, const char *what)
{
    char *line;

    if (!error)
        return;
    line = error_line(error);
    sim_violation("harness", "%s: %s", what, line);
    free(line);
    error_free(error);
}

static void must_be_empty(struct diagnostics *problems)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if (diagnostics_count(problems) == 0)
        return;
    diagnostics_render(problems, &text);
    sim_violation("harness", "%s", strbuf_view(&text));
}

static void read_specs(void)
{
    struct diagnostics *problems = diagnostics_new(story.arena);
    const char *project = pipelines_project(story.arena), *pipeline = pipelines_make(story.arena);

    project_parse(story.arena, "penstock.yaml", project, strlen(project), problems, &story.project);
    pipeline_parse(story.arena, "prod.yaml", pipeline, strlen(pipeline), problems, &story.pipeline);
    must_be_empty(problems);
    if (!sim.failed)
        spec_check_together(story.project, story.pipeline, problems);
    must_be_empty(problems);
    if (sim.tell)
        sim.tell(pipeline);
}

static struct plan *make_plan(struct arena *arena, int number, int64_t *facts_seq)
{
    struct diagnostics *problems = diagnostics_new(arena);
    struct facts facts = {0};
    struct plan *plan = NULL;

    must(facts_read(story.record, arena, "prod", &facts), "facts");
    facts.commit = arena_printf(arena, "%08x%032x", (unsigned)(sim.seed * 16 + (uint64_t)number), number + 1);
    facts.branch = "main";
    facts.subject = "a commit";
    facts.requester = "ana";
    facts.repository = "/sim/repository";
    facts.state_dir = "/sim/state";
    facts.record = record_id(story.record);
    *facts_seq = facts.journal_seq;
    if (number < 0 || facts.leftover_count > 0)
        must(plan_destroy(arena, story.project, story.pipeline, &facts,
                          facts.leftover_count > 0 ? facts.leftovers[0].name : NULL, &plan),
             "plan of a destruction");
    else
        plan_release(arena, story.project, story.pipeline, &facts, problems, &plan);
    must_be_empty(problems);
    return plan;
}

/* Waits for a person, and says for which: or something is stuck. */
static bool waits_for_people(const struct checked_release *release)
{
    for (int i = 0; i < release->step_count; i++) {
        const struct checked_step *step = &release->steps[i];

        if (step->open && (step->overdue || (step->asked && text_is(step->verb, "gate")) ||
                           (text_starts(step->verb, "drain.") && json_object_get(release->lost, step->target))))
            return true;
    }
    return false;
}

static void overtime(void)
{
    const struct checked_release *release = check_release(story.release);

    sim.deadline = sim.now + 5 * 60 * 1000;
    if (!release || !sim.io) {
        sim.deadline = INT64_MAX;
        return;
    }
    if (!waits_for_people(release) && story.late > (release->drift_open ? 2 : 1)) {
        sim_violation("liveness", "release %s (%s) stands still and waits for nobody", release->id, release->mode);
        return;
    }
    (void)people_decide_late(story.release, ++story.late);
    if (story.late > 20)
        sim_violation("liveness", "release %s (%s) does not end whatever people decide", release->id, release->mode);
}

static bool has_ended(const char *id)
{
    const struct checked_release *release;

    check_journal();
    release = check_release(id);
    return release && *release->end;
}

static void notice(void *context, const char *line)
{
    (void)context;
    sim_log("notice: %s", line);
}

/* One runner's life. False: it is over with this release (or with us). */
static bool run_once(const char *id, int *held)
{
    const struct run_options options = {.person = "ana", .notice = notice};
    struct run_outcome outcome;
    struct error *error;

    sim.killed = false;
    sim.overtime = overtime;
    sim.deadline = sim.now + QUIET_MS;
    error = run_release(story.record, id, &options, &outcome);
    sim.deadline = INT64_MAX;
    if (error && !sim.killed && !sim.failed && !error_was_made_up(error) &&
        !(error->code == ERR_LEASE_HELD && story.zombie)) {
        char *line = error_line(error);

        sim_violation("error", "the runner left with: %s", line);
        free(line);
    }
    if (error)
        sim_log("the runner left with: %s", error->text);
    if (sim.failed || has_ended(id)) {
        error_free(error);
        return false;
    }
    story.zombie = false;
    if (error || sim.killed || outcome.result != RUN_HELD) {
        error_free(error);
        sim.killed = false;
        story_counts.resumes++;
        sim_pass(rng_chance(&sim.people, 100) ? rng_range(&sim.people, 1000, 150000) : rng_range(&sim.people, 0, 3000));
        return !sim.failed;
    }
    story_counts.held++;
    sim_log("held; somebody looks at it");
    sim_pass(rng_range(&sim.people, 100, 20000));
    (void)people_decide_held(id, ++*held);
    if (*held > 40)
        sim_violation("liveness", "release %s is held for ever", id);
    return !sim.failed;
}

static void run_to_end(const char *id)
{
    int held = 0, rounds = 0;

    story.release = id;
    story.late = 0;
    while (!has_ended(id) && run_once(id, &held)) {
        if (++rounds > 200)
            sim_violation("liveness", "release %s was taken up 200 times", id);
    }
    sim.killed = false;
    if (sim.failed)
        return;
    check_release_ended(id);
    story_counts.releases++;
    for (int end = END_SUCCEEDED; end <= END_EXPIRED; end++)
        story_counts.ends[end] += text_is(check_release(id)->end, end_text((enum release_end)end));
    sim_log("release %s has ended: %s", id, check_release(id)->end);
}

static void one_release(int number)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    const char *id;

    hooks_release_begins(4);
    faults_release_begins(4);
    for (int i = 0; i < 10 && !check_live() && !sim.failed; i++) {
        int64_t seq;
        struct plan *plan = make_plan(arena, number, &seq);
        struct error *error;

        if (sim.failed || !plan)
            return;
        sim.killed = false;
        error = run_begin(story.record, arena, plan, seq);
        if (error && !sim.killed && !error_was_made_up(error))
            must(error, "begin");
        else
            error_free(error);
        sim.killed = false;
        check_journal();
    }
    if (!check_live() || sim.failed)
        return;
    id = arena_text(arena, check_live()->id);
    run_to_end(id);
    /* Each release would double the time. */
    if (!sim.failed && sim.seed % COMPARED_OF == 0) {
        check_projections(story.record);
        story_counts.compared++;
    }
}

/* While the runner stands still and its lock was taken away by hand, another one takes over. */
void story_zombie(void)
{
    struct io *still = sim.io;
    const struct run_options options = {.person = "bo"};
    struct run_outcome outcome;
    struct error *error;
    char path[512];
    int64_t deadline = sim.deadline;

    if (story.zombie || !story.release || has_ended(story.release))
        return;
    story.zombie = true;
    sim_log("! the runner stands still; its lock is taken away; another takes over");
    sim_io_freeze(still, true);
    snprintf(path, sizeof(path), "%s/locks/prod.lock", story.directory);
    unlink(path);
    if (!story.other)
        must(record_open(story.directory, RECORD_WRITE, &story.other), "open");
    hooks_no_kills(true);
    error = run_release(story.other, story.release, &options, &outcome);
    hooks_no_kills(false);
    if (error)
        sim_log("the other runner left with: %s", error->text);
    if (error && !error_was_made_up(error) && !sim.failed && error->code != ERR_CONFLICT)
        must(error, "the other runner");
    else
        error_free(error);
    sim.deadline = deadline < sim.now ? sim.now + QUIET_MS : deadline;
    sim_log("! the first runner goes on");
    sim_io_freeze(still, false);
}

static void copy_file(const char *from, const char *to)
{
    struct strbuf bytes CLEANUP(strbuf_release) = STRBUF_INIT(0);
    FILE *file;

    must(file_read(from, &bytes), "template");
    file = fopen(to, "w");
    if (!file || fwrite(bytes.bytes, 1, bytes.length, file) != bytes.length)
        sim_violation("harness", "cannot write '%s'", to);
    if (file)
        fclose(file);
}

static void fresh_record(void)
{
    static const char *const names[] = {"record.db", "record.db-wal", "record.db-shm"};
    char path[512], from[512];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", story.directory, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/record.db", story.directory);
    snprintf(from, sizeof(from), "%s/../template.db", story.directory);
    copy_file(from, path);
    must(record_open(story.directory, RECORD_WRITE, &story.record), "open");
    must(record_open(story.directory, RECORD_WRITE, &story.people), "open");
    if (!sim.failed)
        check_begin(path);
}

static void begin(uint64_t seed, const char *directory)
{
    memset(&story, 0, sizeof(story));
    sim_begin(seed);
    story.arena = arena_new();
    story.directory = heap_text(directory);
    world_begin();
    hooks_begin();
    door_begin();
    faults_begin();
    faults_release_begins(4);
    read_specs();
    fresh_record();
    if (sim.failed)
        return;
    people_begin(story.people);
    if (world.managed) {
        door.config = sim_text("/sim/state/doors/prod/haproxy.cfg");
        door.map = sim_text("/sim/state/doors/prod/checks.map");
    } else {
        door_start(NULL, false);
    }
    rooms_begin();
    faults_watch(1000);
}

static void end(void)
{
    int64_t rows;

    people_end();
    if (!sim.failed && story.record)
        must(journal_verify(story.record, &rows), "verify");
    check_end();
    record_close(story.record);
    record_close(story.people);
    record_close(story.other);
    door_end();
    world_end();
    sim_end();
    arena_free(story.arena);
    free(story.directory);
}

bool story_run(uint64_t seed, const char *directory)
{
    int count;

    begin(seed, directory);
    count = (int)rng_range(&sim.world, 3, 5);
    for (int i = 0; i < count && !sim.failed; i++)
        one_release(i);
    if (!sim.failed && rng_chance(&sim.world, 150)) {
        story_counts.destroys++;
        one_release(-1);
    }
    end();
    return !sim.failed;
}
