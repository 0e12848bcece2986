/* The acts of a rehearsal, and the place where its record lives while it lasts. */

#include "model/rehearse.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/sim.h"
#include "plan/facts.h"
#include "plan/plan.h"
#include "plan/planner.h"
#include "run/run.h"
#include "spec/diagnostics.h"
#include "spec/pipeline.h"
#include "spec/project.h"
#include "store/record.h"

#define MINUTE_MS ((int64_t)60 * 1000)
#define ROUNDS_MOST 60 /* a release that was taken up more often than that is going round in circles */
#define STEPS_MOST 20000000
/* Calls last a few minutes: what a drain does with longer ones, the one that lingers shows. */
#define ROOM_MEAN_MS (3 * MINUTE_MS)
#define ROOMS_AT_ONCE 12
#define HITS 2       /* of a fault in one release */
#define TROUBLES 150 /* how often the dice are rolled in a release as long as the ordinary one */

struct rehearsal rehearsal;

static volatile sig_atomic_t interrupted;

void rehearse_interrupt(void)
{
    interrupted = 1;
}

static void moved(void)
{
    if (interrupted)
        sim.failed = true;
}

static void mishap(const char *text)
{
    timeline_add("fault", NULL, text);
}

/* ------------------------------------------------------------------------------------------------ the world */

/* Where users and the prober find the front door, and what the driver shall find when it looks at it. */
static void build_door(struct arena *arena)
{
    const struct traffic_spec *traffic = &rehearsal.cast->pipeline->traffic;
    const char *environment = rehearsal.cast->environment->name;
    char *name;

    world.managed = traffic->managed_bind != NULL;
    world.door_url = traffic->url ? traffic->url : "";
    world.pool_count = traffic->pool_count < POOLS_MOST ? traffic->pool_count : POOLS_MOST;
    for (int i = 0; i < world.pool_count; i++)
        world.pools[i] = traffic->pools[i].name;
    if (!world.managed) {
        door_start(NULL, false);
        return;
    }
    name = arena_printf(arena, "front-%s", traffic->managed_bind);
    for (char *at = name; *at; at++)
        *at = strchr("[]*", *at) ? '_' : *at;
    world.door_name = name;
    world.door_mark = arena_printf(arena, "PENSTOCK_DOOR=%s/%s\n", record_id(rehearsal.record), environment);
    door.config = sim_text("/model/state/doors/%s/haproxy.cfg", environment);
    door.map = sim_text("/model/state/doors/%s/checks.map", environment);
}

static const struct drain_spec *drain_of(const struct pipeline_spec *pipeline)
{
    for (int i = 0; i < pipeline->stage_count; i++) {
        if (pipeline->stages[i].kind == STAGE_DRAIN)
            return &pipeline->stages[i].drain;
    }
    return NULL;
}

/* So short that a drain with a deadline may meet it. */
static int64_t room_mean_ms(const struct pipeline_spec *pipeline)
{
    const struct drain_spec *drain = drain_of(pipeline);

    return drain && drain->deadline_ms && drain->deadline_ms / 16 < ROOM_MEAN_MS ? drain->deadline_ms / 16
                                                                                 : ROOM_MEAN_MS;
}

static void build_world(uint64_t seed)
{
    struct pipeline_spec *pipeline = rehearsal.cast->pipeline;

    faults_off = UINT64_MAX;
    sim_begin(seed);
    sim.most_steps = STEPS_MOST;
    world_begin();
    service_begin(pipeline);
    hooks_begin();
    door_begin();
    faults_begin();
    watcher = (struct sim_watcher){.committed = timeline_read, .moved = moved, .mishap = mishap};
    /* References to secrets are for the real service. */
    for (int i = 0; i < pipeline->stamps.env_count; i++)
        pipeline->stamps.env[i] =
            (struct env_entry){pipeline->stamps.env[i].name, SECRET_LITERAL, "rehearsed", pipeline->stamps.env[i].mark};
    build_door(rehearsal.arena);
}

static void users_come(void)
{
    rooms_begin();
    world.room_mean = room_mean_ms(rehearsal.cast->pipeline);
    world.room_every = world.room_mean / ROOMS_AT_ONCE + 1;
}

/* ------------------------------------------------------------------------------------------------ one act */

static const struct plan *make_plan(int number, int64_t *facts_seq)
{
    struct arena *arena = rehearsal.arena;
    struct diagnostics *problems = diagnostics_new(arena);
    struct facts facts = {0};
    struct fact_author author;
    struct plan *plan = NULL;
    struct error *error = facts_read(rehearsal.record, arena, rehearsal.cast->environment->name, &facts);

    if (error) {
        verdict_fault(error->text);
        error_free(error);
        return NULL;
    }
    facts.commit = arena_printf(arena, "%07x%033x",
                                (unsigned)(0x4ea0000 + rehearsal.seed * 16 + (uint64_t)number) & 0xfffffff, number);
    facts.branch = "main";
    facts.subject = "rehearsed";
    facts.requester = rehearsal.cast->requester;
    /* Who asks for it wrote it, too: the one person of whom that can be known. */
    author = (struct fact_author){.name = rehearsal.cast->requester, .mail = ""};
    facts.rules.authors = &author;
    facts.rules.author_count = 1;
    facts.repository = "/model/repository";
    facts.state_dir = "/model/state";
    facts.record = record_id(rehearsal.record);
    *facts_seq = facts.journal_seq;
    plan_release(arena, rehearsal.cast->project, rehearsal.cast->pipeline, &facts, problems, &plan);
    for (int i = 0; i < diagnostics_count(problems) && diagnostics_get(problems, i); i++) {
        const struct diagnostic *problem = diagnostics_get(problems, i);

        verdict_refused(problem->text, problem->hint, problem->mark);
    }
    return plan;
}

int64_t rehearse_patience_ms(void)
{
    const struct drain_spec *drain = drain_of(rehearsal.cast->pipeline);

    return rehearsal.act.forgotten ? 3 * 60 * MINUTE_MS : 12 * 60 * MINUTE_MS + (drain ? drain->deadline_ms : 0);
}

static void overtime(void)
{
    sim.deadline = INT64_MAX;
    if (rehearsal.act.stopped)
        return;
    verdict_stands_still();
    rehearsal.act.stopped = true;
    sim_io_signal(SIGTERM);
}

/* False: there is no going on. */
static bool run_once(const char *id, int *held)
{
    const struct run_options options = {.person = rehearsal.cast->requester};
    struct run_outcome outcome = {0};
    struct error *error;
    bool lost;

    sim.killed = false;
    sim.overtime = overtime;
    sim.deadline = sim.now + rehearse_patience_ms();
    error = run_release(rehearsal.record, id, &options, &outcome);
    sim.deadline = INT64_MAX;
    lost = sim.killed || (error && error_was_made_up(error));
    if (error && !lost && !sim.failed)
        verdict_fault(error->text);
    if (error && !lost)
        rehearsal.act.stopped = true;
    error_free(error);
    timeline_read();
    if (sim.failed || rehearsal.act.stopped || *rehearsal.act.end)
        return false;
    if (!lost && outcome.result == RUN_HELD) {
        if (rehearsal.act.calm)
            return false;
        sim_pass(rng_range(&sim.people, MINUTE_MS, 10 * MINUTE_MS));
        crew_held(++*held);
        return true;
    }
    sim.killed = false;
    sim_pass(rng_range(&sim.people, 2000, 60000));
    return true;
}

static json_t *work_json(const struct work *now, const struct work *before)
{
    return json_pack("{s:I, s:I, s:I}", "rooms", (json_int_t)(now->rooms - before->rooms), "recordings",
                     (json_int_t)(now->recordings - before->recordings), "queued",
                     (json_int_t)(now->queued - before->queued));
}

static void perform(const struct plan *plan, int64_t facts_seq)
{
    struct error *error;
    int held = 0;

    hooks_people(true);
    error = run_begin(rehearsal.record, rehearsal.arena, plan, facts_seq);
    hooks_people(false);
    if (error) {
        verdict_fault(error->text);
        error_free(error);
        return;
    }
    world.new_unit = plan->unit.name;
    for (int i = 0; i < ROUNDS_MOST && run_once(plan->release, &held); i++)
        ;
    sim.killed = false;
    world.new_unit = NULL;
}

static void run_act(struct act act, int number)
{
    const struct work ended = world.ended, died = world.died;
    const int64_t asked = world.requests, failed = world.requests_failed;
    int64_t facts_seq = 0;
    struct losses lost;

    rehearsal.act = act;
    timeline_begin();
    hooks_release_begins(HITS);
    faults_release_begins(HITS);
    rehearsal.act.plan = make_plan(number, &facts_seq);
    if (rehearsal.act.plan)
        perform(rehearsal.act.plan, facts_seq);
    lost = (struct losses){.rooms = world.ended.rooms - ended.rooms,
                           .recordings = world.ended.recordings - ended.recordings,
                           .queued = world.ended.queued - ended.queued,
                           .requests = world.requests_failed - failed};
    json_object_set_new(rehearsal.act.told, "took_ms", json_integer(sim.now - rehearsal.act.began_ms));
    json_object_set_new(rehearsal.act.told, "requests", json_integer(world.requests - asked));
    json_object_set_new(rehearsal.act.told, "lost",
                        json_pack("{s:o, s:o, s:I}", "by_release", work_json(&world.ended, &ended), "by_faults",
                                  work_json(&world.died, &died), "requests", (json_int_t)lost.requests));
    if (sim.failed && !interrupted)
        verdict_fault(sim.violation);
    else if (rehearsal.act.plan)
        verdict_act(&lost);
}

/* ------------------------------------------------------------------------------------------------ all acts */

/* What may go wrong in a rehearsal: in the world, not in the engine's own files or in people's minds. */
static const enum fault troubles[] = {
    FAULT_PROBE_TIMEOUT, FAULT_PROBE_500, FAULT_PROBE_CUT,   FAULT_PROBE_JSON,    FAULT_REBOOT,
    FAULT_CRASH_NEW,     FAULT_CRASH_OLD, FAULT_CRASH_START, FAULT_NEVER_HEALTHY, FAULT_FLAP,
    FAULT_SMOKE,         FAULT_BUILD,     FAULT_CHILD_SLOW,  FAULT_DOOR_RESTART,  FAULT_DOOR_RELOAD,
    FAULT_DOOR_FORGET,   FAULT_DOOR_GONE, FAULT_DOOR_REFUSE, FAULT_DOOR_GARBAGE,  FAULT_DOOR_DEAF,
    FAULT_DOOR_LAG,      FAULT_HAND,      FAULT_IGNORE_TERM, FAULT_ACTION_LOST,   FAULT_KILL,
    FAULT_SIGNAL,        FAULT_SUSPEND,   FAULT_DISK,        FAULT_LIMIT,
};
#define TROUBLE_COUNT ((int)(sizeof(troubles) / sizeof(*troubles)))

static void choose_faults(int64_t ordinary_ms)
{
    struct rng rng = {rehearsal.seed * 17 + 11};
    int count = rehearsal.cast->faults == FAULTS_MANY ? 8 : 3;
    int64_t every_ms = ordinary_ms / TROUBLES;

    faults_only = 0;
    while (count > 0) {
        uint64_t bit = 1ull << troubles[rng_range(&rng, 0, TROUBLE_COUNT - 1)];

        count -= !(faults_only & bit);
        faults_only |= bit;
    }
    faults_off = 0;
    faults_begin();
    faults_watch(every_ms > 1000 ? every_ms : 1000);
}

static void run_acts(void)
{
    const struct drain_spec *drain = drain_of(rehearsal.cast->pipeline);
    const json_t *findings = json_object_get(rehearsal.document, "findings");
    int64_t ordinary_ms;
    int number = 0;

    run_act((struct act){.name = "first", .calm = true}, ++number);
    if (json_array_size(findings) > 0 || sim.failed)
        return;
    users_come();
    sim_pass(3 * world.room_mean);
    run_act((struct act){.name = "ordinary", .calm = true}, ++number);
    ordinary_ms = sim.now - rehearsal.act.began_ms;
    if (json_array_size(findings) > 0 || sim.failed)
        return;
    if (rehearsal.cast->faults != FAULTS_NONE) {
        sim_pass(3 * world.room_mean);
        choose_faults(ordinary_ms);
        run_act((struct act){.name = "faults"}, ++number);
        faults_off = UINT64_MAX;
        faults_begin();
        if (json_array_size(findings) > 0 || sim.failed)
            return;
    }
    if (drain && drain->deadline_ms == 0 && drain->until_count > 0)
        run_act((struct act){.name = "forgotten", .calm = true, .forgotten = true}, ++number);
}

static struct error *open_records(const char *state)
{
    TRY(record_open(state, RECORD_CREATE, &rehearsal.record));
    return record_open(state, RECORD_WRITE, &rehearsal.people);
}

static void close_all(void)
{
    watcher = (struct sim_watcher){0};
    record_cleanup(&rehearsal.record);
    record_cleanup(&rehearsal.people);
    door_end();
    world_end();
    sim_end();
    arena_cleanup(&rehearsal.arena);
}

static const char *faults_text(enum rehearsal_faults faults)
{
    static const char *const texts[] = {[FAULTS_NONE] = "none", [FAULTS_SOME] = "some", [FAULTS_MANY] = "many"};

    return texts[faults];
}

/* Where the record lives; "" = nowhere. In memory if there is a place. */
static char directory[64];

static void remove_directory(void)
{
    if (*directory)
        error_free(file_remove_tree(directory));
    *directory = '\0';
}

static struct error *make_directory(void)
{
    static const char *const places[] = {"/dev/shm", "/tmp"};
    static bool registered;

    /* A fault of the engine ends the process from within: its record must not stay. */
    if (!registered)
        registered = atexit(remove_directory) == 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        snprintf(directory, sizeof(directory), "%s/penstock-rehearsal.XXXXXX", places[i]);
        if (mkdtemp(directory))
            return NULL;
    }
    *directory = '\0';
    return error_errno("there is no place for the record in /dev/shm or /tmp");
}

struct error *rehearse(const struct rehearsal_cast *cast, uint64_t seed, json_t **out)
{
    struct error *error;

    TRY(make_directory());
    rehearsal = (struct rehearsal){.arena = arena_new(), .cast = cast, .seed = seed};
    rehearsal.document =
        json_pack("{s:i, s:s, s:s, s:s, s:I, s:s, s:[], s:[]}", "schema_version", 1, "kind", "rehearsal", "pipeline",
                  cast->pipeline->file, "environment", cast->environment->name, "seed", (json_int_t)seed, "faults",
                  faults_text(cast->faults), "acts", "findings");
    sim_begin(seed);
    hooks_begin();
    hooks_people(true);
    error = open_records(directory);
    hooks_people(false);
    if (!error) {
        build_world(seed);
        run_acts();
    }
    close_all();
    remove_directory();
    json_object_set_new(rehearsal.document, "good",
                        json_boolean(json_array_size(json_object_get(rehearsal.document, "findings")) == 0));
    *out = rehearsal.document;
    if (interrupted && !error)
        error = error_new(ERR_IO, KIND_PERMANENT, "the rehearsal was ended by a signal");
    return error;
}
