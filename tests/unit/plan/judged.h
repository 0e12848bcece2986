#ifndef TESTS_UNIT_PLAN_JUDGED_H
#define TESTS_UNIT_PLAN_JUDGED_H

/* A judge of rooms and recordings, and its next answer, for the tests of drains. */

#include "unit/unit.h"

#include "base/json.h"
#include "base/text.h"
#include "plan/drain.h"

struct judged {
    struct arena *arena;
    struct drain_limit limits[2];
    struct drain_rule rule;
    struct drain_judge judge;
    int64_t values[2];
    struct drain_answer answer; /* the next one; process there, nothing in flight, no identity */
};

/* Rooms and recordings must be zero, `samples` times in a row over `over_ms`. */
static inline struct judged *judged_new(struct arena *arena, int samples, int64_t over_ms)
{
    struct judged *j = ARENA_NEW(arena, struct judged);

    j->arena = arena;
    j->limits[0] = (struct drain_limit){"rooms", 0};
    j->limits[1] = (struct drain_limit){"recordings", 0};
    j->rule = (struct drain_rule){j->limits, 2, samples, over_ms, false};
    j->answer = (struct drain_answer){.process_known = true, .process_there = true, .values = j->values};
    drain_judge_init(&j->judge, arena, &j->rule);
    return j;
}

static inline enum drain_verdict feed(struct judged *j, int64_t at_ms, int64_t rooms, int64_t recordings)
{
    j->answer.boot_ms = at_ms;
    j->values[0] = rooms;
    j->values[1] = recordings;
    return drain_judge_feed(&j->judge, &j->answer);
}

static inline void assert_line(const struct judged *j, int line, const char *want)
{
    const struct drain_line *l = &j->judge.lines[line];

    assert_string_equal(arena_printf(j->arena, "seen %lld ended %lld forced %lld lost %lld left %lld",
                                     (long long)l->seen, (long long)l->ended, (long long)l->forced, (long long)l->lost,
                                     (long long)l->left),
                        want);
}

static inline bool force(struct judged *j, const char *values)
{
    json_t *json CLEANUP(json_cleanup) = NULL;

    assert_ok(json_parse(values, strlen(values), "values", &json));
    return drain_judge_force(&j->judge, json) != DRAIN_NOT_GIVEN_UP;
}

#endif
