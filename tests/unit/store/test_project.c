#include "unit/store/story.h"

static void test_smoke(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_second(story);
    printf("%s\n", story_ask(story, "select id,state,end,unit,old_unit,pivot,reason from release"));
    printf("%s\n", story_ask(story, "select * from environment"));
    printf("%s\n", story_ask(story, "select * from unit"));
    printf("%s\n", story_ask(story, "select * from stamp"));
    printf("%s\n", story_ask(story, "select * from instance"));
    printf("%s\n", story_ask(story, "select * from share"));
    printf("%s\n", story_ask(story, "select * from gate"));
    printf("%s\n", story_ask(story, "select * from decision"));
    printf("%s\n", story_ask(story, "select * from drain"));
    printf("%s\n", story_ask(story, "select * from prober_bucket"));
    printf("%s\n", story_ask(story, "select * from step where release = 'r-2'"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_smoke),
    };

    return RUN_TESTS(tests);
}
