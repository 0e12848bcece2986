#ifndef TESTS_UNIT_PLAN_STORY_H
#define TESTS_UNIT_PLAN_STORY_H

/* The release that most tests of the machine run: every stage kind, a gate, a hold, a command, two old instances. */

#include "unit/plan/sim.h"

#define STORY_STAGES                                                                \
    "stages:\n"                                                                     \
    "  - build\n"                                                                   \
    "  - deploy\n"                                                                  \
    "  - validate: {checks: [{name: home, get: /, attempts: 1}]}\n"                 \
    "  - command: {name: migrate, run: [bin/migrate], undo: [bin/migrate, back]}\n" \
    "  - shift:\n"                                                                  \
    "      timeout: 2h\n"                                                           \
    "      steps: [{share: 50%, hold: 10m}, {share: 100%, gate: managers}]\n"       \
    "      prober: {get: /, max_failed: 3}\n"                                       \
    "  - drain: {until: {rooms: 0}, deadline: {after: 1h, do: ask}, timeout: 3h}\n" \
    "  - destroy: {gate: on-call}\n"

#define STORY_TEXT HEAD_TEXT STORY_STAGES
/* The same, held instead of rolled back. */
#define STORY_HOLD_TEXT "on_failure: hold\n" HEAD_TEXT STORY_STAGES

#define NEW_1 NEW_UNIT ".west.1"
#define OLD_1 OLD_UNIT ".west.1"
#define OLD_2 OLD_UNIT ".west.2"

static inline struct sim *story_new(void **state)
{
    return sim_new(*state, plan_of(*state, STORY_TEXT, 2));
}

static inline struct sim *story_held(void **state)
{
    return sim_new(*state, plan_of(*state, STORY_HOLD_TEXT, 2));
}

/* The destruction of the leftover "prod-0000000-3" with so many instances. */
static inline struct sim *story_destroy(void **state, int count)
{
    struct planning p = planning_of(*state, STORY_TEXT);
    struct fact_unit unit = planning_unit(&p, OLD_UNIT, count);
    struct plan *plan;

    p.facts.leftovers = &unit;
    p.facts.leftover_count = 1;
    assert_ok(plan_destroy(*state, p.project, p.pipeline, &p.facts, OLD_UNIT, &plan));
    return sim_new(*state, plan);
}

#endif
