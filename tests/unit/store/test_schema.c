#include "unit/store/story.h"

#include "store/database.h"
#include "store/schema.h"

static void with_next(const struct migration *migrations, size_t count, const char *sql, struct migration out[8])
{
    assert_true(count < 8);
    memcpy(out, migrations, count * sizeof(*migrations));
    out[count] = (struct migration){(int)count + 1, sql};
}

static const char *record_path(const struct story *story)
{
    return arena_printf(story->arena, "%s/record.db", story->directory);
}

static void test_schema_migrations__are_numbered_without_gaps(void **state)
{
    size_t count;
    const struct migration *migrations = schema_migrations(&count);

    (void)state;
    assert_true(count >= 1);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(migrations[i].version, i + 1);
        assert_non_null(strstr(migrations[i].sql, "CREATE"));
    }
}

static void test_schema_migrate__goes_forward_after_a_copy(void **state)
{
    struct story *story = *state;
    struct migration next[8];
    struct stat copy;
    size_t count;
    const struct migration *migrations = schema_migrations(&count);

    story_first(story);
    with_next(migrations, count, "ALTER TABLE unit ADD COLUMN color TEXT NOT NULL DEFAULT 'blue';", next);
    assert_ok(schema_migrate(story->record, next, count + 1));
    assert_rows(story, "PRAGMA user_version", arena_printf(story->arena, "%zu", count + 1));
    assert_rows(story, "SELECT name, color FROM unit", "prod-aaaaaaa-1|blue");
    record_cleanup(&story->record);
    /* What it was before stands beside it, as private, and can be opened. */
    assert_int_equal(stat(arena_printf(story->arena, "%s.schema-%zu", record_path(story), count), &copy), 0);
    assert_int_equal(copy.st_mode & 0777, 0600);
    assert_int_equal(rename(arena_printf(story->arena, "%s.schema-%zu", record_path(story), count), record_path(story)),
                     0);
    unlink(arena_printf(story->arena, "%s-wal", record_path(story)));
    unlink(arena_printf(story->arena, "%s-shm", record_path(story)));
    assert_ok(record_open(story->directory, RECORD_WRITE, &story->record));
    assert_rows(story, "SELECT name FROM unit", "prod-aaaaaaa-1");
}

static void test_schema_migrate__folds_the_journal_again(void **state)
{
    struct story *story = *state;
    struct migration next[8];
    size_t count;
    const struct migration *migrations = schema_migrations(&count);

    story_first(story);
    with_next(migrations, count,
              "DROP TABLE artifact; CREATE TABLE artifact (unit TEXT NOT NULL, name TEXT NOT NULL,"
              " bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (unit, name)) STRICT;",
              next);
    assert_ok(schema_migrate(story->record, next, count + 1));
    assert_rows(story, "SELECT name FROM artifact ORDER BY name", "client.js\nserver");
}

static void test_schema_migrate__that_fails_changes_nothing(void **state)
{
    struct story *story = *state;
    struct migration next[8];
    size_t count;
    const struct migration *migrations = schema_migrations(&count);

    story_first(story);
    with_next(migrations, count, "ALTER TABLE unit ADD COLUMN color TEXT; CREATE NONSENSE;", next);
    assert_fails(schema_migrate(story->record, next, count + 1), ERR_RECORD,
                 arena_printf(story->arena, "while bringing the record to schema %zu", count + 1));
    assert_rows(story, "PRAGMA user_version", arena_printf(story->arena, "%zu", count));
    assert_rows(story, "SELECT count(*) FROM pragma_table_info('unit') WHERE name = 'color'", "0");
    /* The next try replaces the copy of the one that failed. */
    with_next(migrations, count, "ALTER TABLE unit ADD COLUMN color TEXT;", next);
    assert_ok(schema_migrate(story->record, next, count + 1));
}

static void test_schema_migrate__says_that_it_cannot_copy(void **state)
{
    struct story *story = *state;
    struct migration next[8];
    size_t count;
    const struct migration *migrations = schema_migrations(&count);
    const char *copy = arena_printf(story->arena, "%s.schema-%zu", record_path(story), count);
    struct error *error;

    with_next(migrations, count, "CREATE TABLE color (name TEXT) STRICT;", next);
    assert_int_equal(mkdir(copy, 0700), 0);
    error = schema_migrate(story->record, next, count + 1);
    assert_non_null(error);
    assert_string_equal(error->text, "while copying the record before its schema changes");
    assert_string_equal(error->cause->text, arena_printf(story->arena, "cannot replace '%s': Is a directory", copy));
    error_free(error);
    assert_rows(story, "PRAGMA user_version", arena_printf(story->arena, "%zu", count));
}

static void test_schema_check__a_reader_does_not_migrate(void **state)
{
    struct story *story = *state;
    size_t count;
    struct error *error;
    bool empty;

    schema_migrations(&count);
    error = schema_check(story->record, count + 1, &empty);
    assert_string_equal(error->hint, "a command that writes brings it up to date: penstock resume");
    assert_fails(error, ERR_RECORD,
                 arena_printf(story->arena, "the record '%s' has schema %zu, but this penstock reads schema %zu",
                              record_path(story), count, count + 1));
    assert_ok(schema_check(story->record, count, &empty));
    assert_false(empty);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_schema_migrations__are_numbered_without_gaps),
        STORY_TEST(test_schema_migrate__goes_forward_after_a_copy),
        STORY_TEST(test_schema_migrate__folds_the_journal_again),
        STORY_TEST(test_schema_migrate__that_fails_changes_nothing),
        STORY_TEST(test_schema_migrate__says_that_it_cannot_copy),
        STORY_TEST(test_schema_check__a_reader_does_not_migrate),
    };

    return RUN_TESTS(tests);
}
