#include "unit/store/story.h"

#include "plan/facts.h"

static struct facts read_facts(struct story *story, const char *environment)
{
    struct facts facts = {.requester = "ana", .commit = "cccc", .unit_number = 99};

    assert_ok(facts_read(story->record, story->arena, environment, &facts));
    return facts;
}

static void test_facts_read__of_an_empty_record(void **state)
{
    struct story *story = *state;
    struct facts facts = read_facts(story, "prod");

    assert_string_equal(facts.release, "r-1");
    assert_int_equal(facts.unit_number, 1);
    assert_int_equal(facts.journal_seq, 0);
    assert_null(facts.live.name);
    assert_int_equal(facts.live.instance_count, 0);
    assert_int_equal(facts.leftover_count, 0);
    assert_null(facts.door);
    assert_string_equal(facts.record, record_id(story->record));
    assert_string_equal(facts.state_dir, story->directory);
    /* What others know is left as it was. */
    assert_string_equal(facts.requester, "ana");
    assert_string_equal(facts.commit, "cccc");
}

static void check_instance(const struct fact_instance *instance, const char *region, int port)
{
    char text[128];

    snprintf(text, sizeof(text), "prod-aaaaaaa-1.%s.1", region);
    assert_string_equal(instance->name, text);
    snprintf(text, sizeof(text), "prod-aaaaaaa-1.%s", region);
    assert_string_equal(instance->stamp, text);
    assert_string_equal(instance->region, region);
    snprintf(text, sizeof(text), "127.0.0.1:%d", port);
    assert_string_equal(instance->address, text);
    snprintf(text, sizeof(text), "/srv/prod-aaaaaaa-1.%s.1", region);
    assert_string_equal(instance->dir, text);
    snprintf(text, sizeof(text), "/srv/prod-aaaaaaa-1.%s.1.log", region);
    assert_string_equal(instance->log, text);
    assert_int_equal(json_get_int(instance->identity, "pid", 0), port + 1);
    assert_int_equal(json_get_int(instance->identity, "start", 0), port + 2);
    assert_string_equal(json_get_text(instance->identity, "boot_id"), "boot");
    snprintf(text, sizeof(text), "PENSTOCK_INSTANCE=rec/prod-aaaaaaa-1.%s.1", region);
    assert_string_equal(json_get_text(instance->identity, "mark"), text);
    assert_int_equal(json_object_size(instance->identity), 4);
}

static void test_facts_read__knows_the_live_unit(void **state)
{
    struct story *story = *state;
    struct facts facts;
    int64_t seq;

    story_first(story);
    facts = read_facts(story, "prod");
    assert_string_equal(facts.release, "r-2");
    assert_int_equal(facts.unit_number, 2);
    assert_ok(journal_seq(story->record, &seq));
    assert_int_equal(facts.journal_seq, seq);
    assert_string_equal(facts.live.name, "prod-aaaaaaa-1");
    assert_string_equal(facts.live.commit, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_string_equal(facts.live.state, "live");
    assert_string_equal(json_get_text(facts.live.contract, "driver"), "process");
    assert_int_equal(facts.live.instance_count, 2);
    check_instance(&facts.live.instances[0], "east", 5000);
    check_instance(&facts.live.instances[1], "west", 4000);
    assert_int_equal(facts.leftover_count, 0);
    assert_string_equal(json_get_text(facts.door, "url"), "http://127.0.0.1:8080");
    assert_string_equal(json_canonical(story->arena, facts.pools), "[\"rooms\"]");
}

static void test_facts_read__counts_units_by_environment_and_releases_over_all(void **state)
{
    struct story *story = *state;
    struct facts facts;

    story_first(story);
    facts = read_facts(story, "int");
    assert_string_equal(facts.release, "r-2");
    assert_int_equal(facts.unit_number, 1);
    assert_null(facts.live.name);
    assert_null(facts.door);
}

static void test_facts_read__lists_leftovers(void **state)
{
    struct story *story = *state;
    struct facts facts;

    story_first(story);
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    story_create(story, S_CREATE_WEST, 6000);
    story_end(story, END_ABORTED);
    facts = read_facts(story, "prod");
    assert_string_equal(facts.live.name, "prod-aaaaaaa-1");
    assert_int_equal(facts.leftover_count, 1);
    assert_string_equal(facts.leftovers[0].name, "prod-aaaaaaa-2");
    assert_string_equal(facts.leftovers[0].state, "kept");
    /* What was never created is not there to be destroyed. */
    assert_int_equal(facts.leftovers[0].instance_count, 1);
    assert_string_equal(facts.leftovers[0].instances[0].name, "prod-aaaaaaa-2.west.1");
    assert_int_equal(facts.unit_number, 3);
}

static void test_facts_read__leaves_out_what_is_destroyed(void **state)
{
    struct story *story = *state;
    struct facts facts;

    story_first(story);
    story_second(story);
    facts = read_facts(story, "prod");
    assert_string_equal(facts.live.name, "prod-aaaaaaa-2");
    assert_int_equal(facts.live.instance_count, 2);
    assert_int_equal(facts.leftover_count, 0);
}

static void test_facts_read__inside_a_transaction(void **state)
{
    struct story *story = *state;
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;

    story_first(story);
    assert_ok(tx_begin(story->record, &tx));
    assert_string_equal(read_facts(story, "prod").live.name, "prod-aaaaaaa-1");
    assert_ok(tx_commit(&tx));
}

static void test_facts_read__names_what_it_cannot_read(void **state)
{
    struct story *story = *state;
    struct facts facts;

    story_first(story);
    story_harm(story, "UPDATE unit SET contract = '{nonsense'");
    assert_ok(record_open(story->directory, RECORD_READ, &story->record));
    assert_fails(facts_read(story->record, story->arena, "prod", &facts), ERR_RECORD_DAMAGED,
                 "the record holds something that is not JSON: {nonsense");
    /* And the snapshot is over. */
    story_harm(story, "UPDATE unit SET contract = '{}'");
    assert_ok(record_open(story->directory, RECORD_READ, &story->record));
    assert_ok(facts_read(story->record, story->arena, "prod", &facts));
}

static void test_instances_read__knows_both_sides(void **state)
{
    struct story *story = *state;
    json_t *all CLEANUP(json_cleanup) = NULL;
    const json_t *old, *new;

    story_first(story);
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    assert_ok(instances_read(story->record, "r-2", &all));
    assert_int_equal(json_object_size(all), 4);
    old = json_object_get(all, "prod-aaaaaaa-1.west.1");
    assert_string_equal(json_canonical(story->arena, old),
                        "{\"address\":\"127.0.0.1:4000\",\"boot_id\":\"boot\",\"dir\":\"/srv/prod-aaaaaaa-1.west.1\","
                        "\"log\":\"/srv/prod-aaaaaaa-1.west.1.log\","
                        "\"mark\":\"PENSTOCK_INSTANCE=rec/prod-aaaaaaa-1.west.1\","
                        "\"name\":\"prod-aaaaaaa-1.west.1\",\"pid\":4001,\"region\":\"west\",\"side\":\"old\","
                        "\"stamp\":\"prod-aaaaaaa-1.west\",\"start\":4002,\"state\":\"ready\","
                        "\"unit\":\"prod-aaaaaaa-1\"}");
    new = json_object_get(all, "prod-aaaaaaa-2.east.1");
    assert_string_equal(json_get_text(new, "side"), "new");
    assert_string_equal(json_get_text(new, "state"), "planned");
    assert_null(json_object_get(new, "address"));
    assert_null(json_object_get(new, "pid"));
}

static void test_instances_read__of_no_release_is_empty(void **state)
{
    struct story *story = *state;
    json_t *all CLEANUP(json_cleanup) = NULL;

    assert_ok(instances_read(story->record, "r-9", &all));
    assert_int_equal(json_object_size(all), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_facts_read__of_an_empty_record),
        STORY_TEST(test_facts_read__knows_the_live_unit),
        STORY_TEST(test_facts_read__counts_units_by_environment_and_releases_over_all),
        STORY_TEST(test_facts_read__lists_leftovers),
        STORY_TEST(test_facts_read__leaves_out_what_is_destroyed),
        STORY_TEST(test_facts_read__inside_a_transaction),
        STORY_TEST(test_facts_read__names_what_it_cannot_read),
        STORY_TEST(test_instances_read__knows_both_sides),
        STORY_TEST(test_instances_read__of_no_release_is_empty),
    };

    return RUN_TESTS(tests);
}
