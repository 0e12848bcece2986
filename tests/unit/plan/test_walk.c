/*
 * Properties of the machine over whole releases: a crash after any event changes nothing about how it ends, and whatever
 * the world and people do, the invariants of sim.h hold and the release ends or says whom it waits for.
 *
 * A failing walk prints its seed; FIRST_SEED with that number repeats it.
 */

#include "unit/plan/story.h"

#define FIRST_SEED 20261121u
#define WALKS 2000
#define WALK_STEPS 150
#define CALM_ROUNDS 3000

/* Two regions with two instances each, checks of both kinds, and a stage that waits for two others. */
#define WIDE_TEXT                                                                            \
    "pipeline: prod\n"                                                                       \
    "environment: prod\n"                                                                    \
    "stamps:\n"                                                                              \
    "  regions: [west, north]\n"                                                             \
    "  instances: 2\n"                                                                       \
    "  start: [bin/rooms]\n"                                                                 \
    "  health: {get: /health}\n"                                                             \
    "traffic:\n"                                                                             \
    "  managed: {bind: \"127.0.0.1:8080\"}\n"                                                \
    "  pools: {app: {match: /}, api: {match: /api}}\n"                                       \
    "stages:\n"                                                                              \
    "  - build\n"                                                                            \
    "  - deploy: {timeout: 30m}\n"                                                           \
    "  - validate: {checks: [{name: home, get: /}, {name: smoke, command: [smoke]}]}\n"      \
    "  - command: {name: warm, run: [warm], repeatable: true, needs: [deploy]}\n"            \
    "  - shift: {needs: [validate, warm], steps: [{share: 25%, hold: 1m}, {share: 100%}]}\n" \
    "  - drain\n"                                                                            \
    "  - destroy\n"

/* The world of the crash tests: what fails depends on the step alone, so that it is the same after a crash. */
struct world {
    int broken;   /* this step fails for good, as long as the release could go back; -1 = none */
    bool hiccups; /* every third step fails once for now */
};

static void world_answer(struct sim *sim, const struct world *world, int step)
{
    bool can_fail = sim->state.mode == MODE_FORWARD && !sim->state.pivoted;

    if (step == world->broken && can_fail)
        sim_failed(sim, step, KIND_PERMANENT);
    else if (world->hiccups && step % 3 == 0 && sim->plan->steps[step].retries > 0 &&
             sim->state.steps[step].failures == 0)
        sim_failed(sim, step, KIND_TRANSIENT);
    else
        sim_answer(sim, step);
}

/* One thing happens; a person approves every gate and lets every held release go on. */
static void world_step(struct sim *sim, const struct world *world)
{
    int step = sim_running(sim), gate = sim_asking(sim);
    int64_t wakes_at = machine_wakes_at(&sim->state, sim->now);

    if (sim->state.mode == MODE_HELD)
        sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    else if (step >= 0)
        world_answer(sim, world, step);
    else if (gate >= 0)
        sim_approve(sim, gate);
    else if (wakes_at >= 0)
        sim_pass(sim, wakes_at - sim->now.boot_ms);
    else
        sim_fail(sim, "stuck");
    sim_next(sim);
}

static void world_run(struct sim *sim, const struct world *world)
{
    sim_next(sim);
    for (int round = 0; sim->state.end == END_NONE; round++) {
        sim_must(sim, round < CALM_ROUNDS);
        world_step(sim, world);
    }
}

static void assert_same_outcome(const struct sim *sim, const struct sim *whole, int crash)
{
    if (sim->state.end != whole->state.end)
        sim_fail(sim, arena_printf(sim->arena, "crashed after event %d it ended %s, not %s", crash,
                                   end_text(sim->state.end), end_text(whole->state.end)));
    for (int i = 0; i < sim->plan->step_count; i++) {
        if ((sim_status(sim, i) == STEP_DONE) != (sim_status(whole, i) == STEP_DONE))
            sim_fail(sim, arena_printf(sim->arena, "crashed after event %d, step %d is %s, not %s", crash, i,
                                       step_status_text(sim_status(sim, i)), step_status_text(sim_status(whole, i))));
    }
}

/* Another runner takes over after each event of the whole release, and it ends in the same way. */
static void crash_everywhere(const struct plan *plan, const struct world *world)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct sim *whole = sim_new(arena, plan);

    world_run(whole, world);
    for (int crash = 1; crash < whole->count; crash++) {
        struct arena *own CLEANUP(arena_cleanup) = arena_new();
        struct sim *sim = sim_resumed(own, whole, crash);

        sim_runner(sim);
        world_run(sim, world);
        assert_same_outcome(sim, whole, crash);
    }
}

static void test_walk__a_crash_after_any_event_changes_nothing(void **state)
{
    struct world world = {.broken = -1, .hiccups = true};

    crash_everywhere(plan_of(*state, STORY_TEXT, 2), &world);
    crash_everywhere(plan_of(*state, STORY_TEXT, 0), &world);
    crash_everywhere(plan_of(*state, WIDE_TEXT, 3), &world);
}

static void test_walk__a_crash_anywhere_on_the_way_back_changes_nothing(void **state)
{
    const struct plan *plan = plan_of(*state, STORY_TEXT, 2);

    for (int broken = 0; broken < plan->step_count && plan->steps[broken].track == TRACK_FORWARD; broken++) {
        struct world world = {.broken = plan->steps[broken].verb == VERB_GATE ? -1 : broken, .hiccups = broken % 2};

        crash_everywhere(plan, &world);
    }
}

static void test_walk__two_crashes_change_nothing(void **state)
{
    const struct plan *plan = plan_of(*state, STORY_TEXT, 1);
    struct world world = {.broken = -1};
    struct sim *whole = sim_new(*state, plan);

    world_run(whole, &world);
    for (int crash = 1; crash < whole->count; crash++) {
        for (int more = 1; more < 6; more++) {
            struct arena *arena CLEANUP(arena_cleanup) = arena_new();
            struct sim *sim = sim_resumed(arena, whole, crash);

            sim_runner(sim);
            for (int i = 0; i < more; i++) {
                struct event event;

                if (machine_next(&sim->state, sim->now, &event))
                    sim_fold(sim, event);
            }
            if (sim->state.end != END_NONE)
                continue;
            sim_runner(sim);
            world_run(sim, &world);
            assert_same_outcome(sim, whole, crash);
        }
    }
}

/* Random walks ------------------------------------------------------------------------------------------------------ */

static unsigned roll(unsigned *dice, unsigned sides)
{
    return (unsigned)rand_r(dice) % sides;
}

static int random_running(const struct sim *sim, unsigned *dice)
{
    int found = -1, seen = 0;

    for (int i = 0; i < sim->plan->step_count; i++) {
        if (sim_status(sim, i) == STEP_RUNNING && sim->plan->steps[i].verb != VERB_GATE &&
            roll(dice, (unsigned)++seen) == 0)
            found = i;
    }
    return found;
}

static void walk_answer(struct sim *sim, unsigned *dice)
{
    int step = random_running(sim, dice);
    unsigned what = roll(dice, 30);

    if (step < 0)
        return;
    if (what == 0)
        sim_failed(sim, step, KIND_PERMANENT);
    else if (what <= 3)
        sim_failed(sim, step, KIND_TRANSIENT);
    else if (what == 4)
        sim_failed(sim, step, KIND_IN_DOUBT);
    else if (what == 5 && sim->plan->steps[step].verb == VERB_DRAIN_WAIT)
        sim_fold(sim, (struct event){.kind = EVENT_DRAIN_OVERDUE, .step = step});
    else if (sim->plan->steps[step].verb == VERB_HOLD)
        sim_fold(sim, (struct event){.kind = EVENT_HOLD_SLICE, .step = step, .number = 1 + roll(dice, 300000)});
    else
        sim_done(sim, step);
}

static void walk_crash(struct sim *sim, unsigned *dice)
{
    if (roll(dice, 4) == 0)
        sim->now.boot_ms = 1 + roll(dice, 100000); /* the machine was started again, too */
    sim_runner(sim);
}

static void walk_pass(struct sim *sim, unsigned *dice)
{
    static const int64_t most_ms[] = {100, 1000, 70000, 3600000, 86400000};

    sim_pass(sim, roll(dice, (unsigned)most_ms[roll(dice, 5)]));
}

static void walk_gate(struct sim *sim, unsigned *dice)
{
    static const char *const people[] = {"ana", "bo", "chi"};
    int gate = sim_asking(sim);
    struct event event = {.kind = EVENT_DECISION_MADE, .decision = DECISION_APPROVE, .step = gate};

    if (gate < 0)
        return;
    event.actor = people[roll(dice, 3)];
    event.decision = roll(dice, 20) == 0 ? DECISION_REJECT : DECISION_APPROVE;
    event.subject = roll(dice, 5) == 0 ? "another" : sim->state.steps[gate].subject;
    sim_fold(sim, event);
}

/* What control lets people ask of a release in this state. */
static void walk_ask(struct sim *sim, unsigned *dice)
{
    bool forward = sim->state.mode != MODE_UNDO && !sim->state.pivoted && sim->plan->kind == PLAN_RELEASE;
    unsigned what = roll(dice, 12);
    int step = random_running(sim, dice);

    if (sim->state.mode == MODE_HELD && what < 8)
        sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    else if (what == 8 && forward)
        sim_decide(sim, DECISION_ABORT, "bo", -1, roll(dice, 2) ? json_pack("{s:b}", "keep", 1) : NULL);
    else if (what == 9 && forward)
        sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    else if (what == 11 && step >= 0 && sim->plan->steps[step].verb == VERB_DRAIN_WAIT)
        sim_decide(sim, DECISION_FORCE, "ana", step, json_pack("{s:i}", "rooms", 3));
    else if (what == 7 && roll(dice, 10) == 0)
        sim_decide(sim, DECISION_ABORT, "bo", -1, json_pack("{s:b}", "as_is", 1));
}

static void walk_watch(struct sim *sim, unsigned *dice)
{
    const struct plan_instance *instance = &sim->plan->instances[roll(dice, (unsigned)sim->plan->instance_count)];

    switch (roll(dice, 12)) {
    case 0:
        sim_alarm(sim, EVENT_INSTANCE_LOST, instance->name);
        break;
    case 1:
        sim_alarm(sim, EVENT_INSTANCE_SICK, instance->name);
        break;
    case 2:
        sim_alarm(sim, EVENT_INSTANCE_WELL, instance->name);
        break;
    case 3:
        sim_drifted(sim, "foreign");
        break;
    case 4:
    case 5:
        sim_drifted(sim, "restart");
        break;
    case 6:
        sim_tally(sim, sim->state.prober_failed + roll(dice, 3));
        break;
    default:
        if (sim->state.drift_open && !sim->state.foreign)
            sim_repaired(sim);
        break;
    }
}

static void walk_step(struct sim *sim, unsigned *dice)
{
    unsigned what = roll(dice, 40);

    if (what < 24)
        walk_answer(sim, dice);
    else if (what < 26)
        walk_crash(sim, dice);
    else if (what < 30)
        walk_pass(sim, dice);
    else if (what < 34)
        walk_gate(sim, dice);
    else if (what < 37)
        walk_ask(sim, dice);
    else
        walk_watch(sim, dice);
    sim_next(sim);
}

/* A live release always has a reason to be live. */
static void assert_waits_for_something(const struct sim *sim)
{
    if (sim->state.end == END_NONE && sim->state.mode != MODE_HELD && sim_running(sim) < 0 && sim_asking(sim) < 0 &&
        machine_wakes_at(&sim->state, sim->now) < 0 && !sim->state.drift_open)
        sim_fail(sim, "nothing runs, nobody is asked, nothing will wake it");
}

/* The same rows give the same state to whoever reads them. */
static void assert_folds_to_the_same(struct arena *arena, const struct sim *sim)
{
    const struct sim *again = sim_resumed(arena, sim, sim->count);

    sim_must(sim, again->state.mode == sim->state.mode && again->state.end == sim->state.end);
    sim_must(sim, again->state.pivoted == sim->state.pivoted && again->state.keep == sim->state.keep);
    sim_must(sim, machine_wakes_at(&again->state, sim->now) == machine_wakes_at(&sim->state, sim->now));
    for (int i = 0; i < sim->plan->step_count; i++)
        sim_must(sim,
                 memcmp(&again->state.steps[i].status, &sim->state.steps[i].status, sizeof(enum step_status)) == 0 &&
                     again->state.steps[i].attempt == sim->state.steps[i].attempt &&
                     again->state.steps[i].seq == sim->state.steps[i].seq);
}

static const struct world calm = {.broken = -1};

/* From here on all goes well and people say yes: it has to come to an end. */
static void walk_home(struct sim *sim)
{
    if (sim->state.end == END_NONE && sim->state.drift_open) {
        sim_repaired(sim);
    }
    world_run(sim, &calm);
}

static void walk(unsigned seed)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    void *state = arena;
    unsigned dice = seed;
    struct sim *sim;

    switch (seed % 5) {
    case 0:
        sim = story_held(&state);
        break;
    case 1:
        sim = sim_new(arena, plan_of(arena, STORY_TEXT, 0));
        break;
    case 2:
        sim = sim_new(arena, plan_of(arena, WIDE_TEXT, 3));
        break;
    case 3:
        sim = story_destroy(&state, 2);
        break;
    default:
        sim = story_new(&state);
        break;
    }
    sim->seed = seed;
    for (unsigned i = seed / 5 % 3 ? roll(&dice, 60) : 0; i > 0 && sim->state.end == END_NONE; i--)
        world_step(sim, &calm);
    for (int i = 0; i < WALK_STEPS && sim->state.end == END_NONE; i++) {
        walk_step(sim, &dice);
        assert_waits_for_something(sim);
    }
    assert_folds_to_the_same(arena, sim);
    walk_home(sim);
}

static void test_walk__random_releases_keep_the_invariants_and_end(void **state)
{
    (void)state;
    for (unsigned seed = FIRST_SEED; seed < FIRST_SEED + WALKS; seed++)
        walk(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_walk__a_crash_after_any_event_changes_nothing),
        TEST_WITH_ARENA(test_walk__a_crash_anywhere_on_the_way_back_changes_nothing),
        TEST_WITH_ARENA(test_walk__two_crashes_change_nothing),
        TEST_WITH_ARENA(test_walk__random_releases_keep_the_invariants_and_end),
    };

    return RUN_TESTS(tests);
}
