#include "unit/store/story.h"

/* Projections of what people are asked and decide, and of what is counted on the way. */

static void test_gate__asks_and_opens_by_decisions_used_once(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    story_ask_gate(story);
    assert_rows(story, "SELECT * FROM gate",
                "r-1|9|half|1|[\"ben\",\"cleo\"]|1|[]|beef|asked|1795289138000|1795292738000");
    assert_rows(story, "SELECT state, reason FROM release", "waiting|gate half waits for people");
    TELL(story, S_GATE, json_pack("{s:s, s:s}", "comment", "no", "why", "you asked for the release"),
         .kind = EVENT_DECISION_REFUSED, .actor = "ana", .decision = DECISION_APPROVE, .subject = "beef");
    TELL(story, S_GATE, json_pack("{s:s}", "comment", "go"), .kind = EVENT_DECISION_MADE, .actor = "ben",
         .decision = DECISION_APPROVE, .subject = "beef");
    TELL(story, S_GATE, json_pack("{s:[i]}", "decisions", 5), .kind = EVENT_GATE_OPENED, .attempt = 1,
         .reason = "gate half is open");
    assert_rows(story, "SELECT * FROM decision",
                "4|r-1|9|approve|ana|no|beef|1795289139000|you asked for the release|NULL\n"
                "5|r-1|9|approve|ben|go|beef|1795289140000|NULL|6");
    assert_rows(story, "SELECT state FROM gate", "opened");
    assert_rows(story, "SELECT state, reason FROM step WHERE ordinal = 9", "done|gate half is open");
    assert_rows(story, "SELECT outcome_seq FROM step WHERE ordinal = 9", "6");
    assert_rows(story, "SELECT state, reason FROM release", "running|gate half is open");
    /* A second use of the same decision changes nothing. */
    TELL(story, S_GATE, json_pack("{s:[i]}", "decisions", 5), .kind = EVENT_GATE_OPENED, .attempt = 1);
    assert_rows(story, "SELECT used_seq FROM decision WHERE seq = 5", "6");
}

static void test_gate__is_rejected_by_a_decision_about_what_it_asks(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    story_ask_gate(story);
    TELL(story, S_GATE, NULL, .kind = EVENT_DECISION_MADE, .actor = "ben", .decision = DECISION_REJECT,
         .subject = "dead");
    assert_rows(story, "SELECT state FROM gate", "asked");
    TELL(story, S_GATE, NULL, .kind = EVENT_DECISION_MADE, .actor = "ben", .decision = DECISION_REJECT,
         .subject = "beef");
    assert_rows(story, "SELECT state FROM gate", "rejected");
    assert_rows(story, "SELECT person, decision, comment, step FROM decision", "ben|reject||9\nben|reject||9");
}

static void test_gate__expires_and_is_asked_again(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    story_ask_gate(story);
    TELL(story, S_GATE, NULL, .kind = EVENT_GATE_EXPIRED, .reason = "nobody opened it in time");
    assert_rows(story, "SELECT state FROM gate", "expired");
    TELL(story, S_GATE, NULL, .kind = EVENT_RELEASE_TURNED, .mode = MODE_HELD);
    TELL(story, S_GATE, NULL, .kind = EVENT_STEP_RENEWED);
    TELL(story, NO_STEP, NULL, .kind = EVENT_RELEASE_TURNED, .mode = MODE_FORWARD);
    TELL(story, S_GATE, json_pack("{s:s}", "key", "k"), .kind = EVENT_STEP_STARTED, .attempt = 2);
    TELL(story, S_GATE, json_pack("{s:s}", "gate", "half"), .kind = EVENT_GATE_ASKED, .subject = "cafe");
    assert_rows(story, "SELECT name, approvals, people, bar_requester, subject, state, expires_ms FROM gate",
                "half|1|[]|0|cafe|asked|0");
    assert_rows(story, "SELECT state FROM release", "waiting");
    /* Held for another cause and let go again: the question still stands. */
    TELL(story, NO_STEP, NULL, .kind = EVENT_RELEASE_TURNED, .mode = MODE_HELD);
    TELL(story, NO_STEP, NULL, .kind = EVENT_RELEASE_TURNED, .mode = MODE_FORWARD);
    assert_rows(story, "SELECT state FROM release", "waiting");
    TELL(story, S_GATE, NULL, .kind = EVENT_STEP_SKIPPED);
    assert_rows(story, "SELECT state FROM gate", "expired");
}

static void test_drain_sampled__keeps_the_ledger(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    story_sample(story, S_WAIT_WEST, 2, 1, 1);
    story_sample(story, S_WAIT_WEST, 3, 2, -1);
    assert_rows(story, "SELECT release, instance, probe, seen, ended, forced, lost, left, at_ms - since_ms FROM drain",
                "r-2|prod-aaaaaaa-1.west.1|rooms|3|2|0|0|NULL|1000");
}

static void test_drain_overdue__asks_people_until_it_is_over(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    TELL(story, S_WAIT_WEST, json_pack("{s:s}", "key", "k"), .kind = EVENT_STEP_STARTED, .attempt = 1);
    TELL(story, S_WAIT_EAST, json_pack("{s:s}", "key", "k"), .kind = EVENT_STEP_STARTED, .attempt = 1);
    TELL(story, S_WAIT_WEST, json_pack("{s:{s:i}}", "left", "rooms", 2), .kind = EVENT_DRAIN_OVERDUE,
         .reason = "2 rooms are left after 1h");
    TELL(story, S_WAIT_EAST, json_pack("{s:{s:i}}", "left", "rooms", 1), .kind = EVENT_DRAIN_OVERDUE,
         .reason = "1 room is left after 1h");
    assert_rows(story, "SELECT state, reason, detail FROM step WHERE release = 'r-2' AND ordinal = 13",
                "running|2 rooms are left after 1h|{\"overdue\":1,\"left\":{\"rooms\":2}}");
    assert_rows(story, "SELECT state, reason FROM release WHERE id = 'r-2'", "waiting|2 rooms are left after 1h");
    TELL(story, S_WAIT_WEST, NULL, .kind = EVENT_STEP_DONE, .attempt = 1);
    assert_rows(story, "SELECT state FROM release WHERE id = 'r-2'", "waiting");
    TELL(story, S_WAIT_EAST, NULL, .kind = EVENT_STEP_FAILED, .attempt = 1);
    assert_rows(story, "SELECT state FROM release WHERE id = 'r-2'", "running");
}

static void test_prober_tallied__adds_up(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    TELL(story, NO_STEP,
         json_pack("{s:i, s:i, s:{s:i, s:i}}", "sent", 100, "failed", 2, "buckets", "5", 90, "<= 10", 8),
         .kind = EVENT_PROBER_TALLIED, .number = 2);
    TELL(story, NO_STEP, json_pack("{s:i, s:i, s:{s:i}}", "sent", 10, "failed", 1, "buckets", "5", 9),
         .kind = EVENT_PROBER_TALLIED, .number = 3);
    assert_rows(story, "SELECT * FROM prober", "r-1|110|3");
    assert_rows(story, "SELECT * FROM prober_bucket", "r-1|5|99\nr-1|10|8");
}

static void test_hold_slice__adds_up_healthy_time(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    TELL(story, S_GATE, NULL, .kind = EVENT_HOLD_SLICE, .number = 1500);
    TELL(story, S_GATE, NULL, .kind = EVENT_HOLD_SLICE, .number = 500);
    assert_rows(story, "SELECT detail FROM step WHERE ordinal = 9", "{\"held_ms\":2000}");
}

static void test_instance_lost__stays_lost_until_it_is_removed(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    story_sample(story, S_WAIT_WEST, 5, 3, 2);
    TELL(story, NO_STEP,
         json_pack("{s:s, s:{s:{s:i, s:i, s:i, s:i, s:i}}}", "instance", "prod-aaaaaaa-1.west.1", "ledger", "rooms",
                   "seen", 5, "ended", 3, "forced", 0, "lost", 2, "left", 0),
         .kind = EVENT_INSTANCE_LOST);
    assert_rows(story, "SELECT seen, ended, forced, lost, left FROM drain", "5|3|0|2|0");
    story_do(story, S_BEGIN_WEST, NULL);
    story_do(story, S_STOP_WEST, json_pack("{s:b}", "exited", 1));
    assert_rows(story, "SELECT state FROM instance WHERE name = 'prod-aaaaaaa-1.west.1'", "lost");
    story_do(story, S_REMOVE_WEST, NULL);
    assert_rows(story, "SELECT state FROM instance WHERE name = 'prod-aaaaaaa-1.west.1'", "destroyed");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_gate__asks_and_opens_by_decisions_used_once),
        STORY_TEST(test_gate__is_rejected_by_a_decision_about_what_it_asks),
        STORY_TEST(test_gate__expires_and_is_asked_again),
        STORY_TEST(test_drain_sampled__keeps_the_ledger),
        STORY_TEST(test_drain_overdue__asks_people_until_it_is_over),
        STORY_TEST(test_prober_tallied__adds_up),
        STORY_TEST(test_hold_slice__adds_up_healthy_time),
        STORY_TEST(test_instance_lost__stays_lost_until_it_is_removed),
    };

    return RUN_TESTS(tests);
}
