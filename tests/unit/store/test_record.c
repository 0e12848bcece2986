#include "unit/store/story.h"

#include <signal.h>
#include <sys/prctl.h>

#include "store/schema.h"

static const char *path_of(const struct story *story, const char *name)
{
    return arena_printf(story->arena, "%s/%s", story->directory, name);
}

static unsigned mode_of(const char *path)
{
    struct stat found;

    assert_int_equal(stat(path, &found), 0);
    return found.st_mode & 0777;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_record_open__makes_a_private_directory(void **state)
{
    struct story *story = *state;

    assert_int_equal(mode_of(story->directory), 0700);
    assert_int_equal(mode_of(path_of(story, "record.db")), 0600);
    assert_int_equal(mode_of(path_of(story, "record.db-wal")), 0600);
    assert_int_equal(mode_of(path_of(story, "record.db-shm")), 0600);
    assert_int_equal(mode_of(path_of(story, "write.lock")), 0600);
    assert_int_equal(mode_of(path_of(story, "locks")), 0700);
    assert_int_equal(mode_of(path_of(story, "bells")), 0700);
}

static void test_record_open__keeps_a_new_directory_out_of_git(void **state)
{
    struct story *story = *state;
    const char *other = arena_printf(story->arena, "%s/other", story->parent);
    const char *ignore = arena_printf(story->arena, "%s/.gitignore", other);
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(64);
    struct record *record = NULL;

    assert_ok(file_read(path_of(story, ".gitignore"), &text));
    assert_string_equal(strbuf_view(&text), "*\n");
    /* One that was there may hold more than ours. */
    assert_int_equal(mkdir(other, 0700), 0);
    assert_ok(record_open(other, RECORD_CREATE, &record));
    record_cleanup(&record);
    assert_false(file_exists(ignore));
}

static void test_record_open__gives_the_record_an_id_for_ever(void **state)
{
    struct story *story = *state;
    const char *id = arena_text(story->arena, record_id(story->record));

    assert_int_equal(strlen(id), 12);
    story_reopen(story, RECORD_CREATE);
    assert_string_equal(record_id(story->record), id);
    story_reopen(story, RECORD_WRITE);
    assert_string_equal(record_id(story->record), id);
    story_reopen(story, RECORD_READ);
    assert_string_equal(record_id(story->record), id);
}

static void test_record_open__knows_its_directory_by_its_real_name(void **state)
{
    struct story *story = *state;
    const char *link = arena_printf(story->arena, "%s/link", story->parent);

    assert_int_equal(symlink("state", link), 0);
    record_cleanup(&story->record);
    assert_ok(record_open(link, RECORD_READ, &story->record));
    assert_string_equal(record_directory(story->record), story->directory);
}

static void test_record_open__is_durable_and_checked(void **state)
{
    struct story *story = *state;

    assert_rows(story, "PRAGMA journal_mode", "wal");
    assert_rows(story, "PRAGMA application_id", "1346719315");
    assert_rows(story, "PRAGMA integrity_check", "ok");
}

static void test_record_open__without_a_record_is_not_found(void **state)
{
    struct story *story = *state;
    const char *nowhere = arena_printf(story->arena, "%s/nowhere", story->parent);
    const char *want = arena_printf(story->arena, "there is no record in '%s'", nowhere);
    struct record *record;
    struct error *error = record_open(nowhere, RECORD_READ, &record);

    assert_string_equal(error->hint, "the first release makes it: penstock release");
    assert_fails(error, ERR_NOT_FOUND, want);
    assert_fails(record_open(nowhere, RECORD_WRITE, &record), ERR_NOT_FOUND, want);
    assert_int_equal(mkdir(nowhere, 0700), 0);
    assert_fails(record_open(nowhere, RECORD_READ, &record), ERR_NOT_FOUND, want);
    assert_fails(record_open(nowhere, RECORD_WRITE, &record), ERR_NOT_FOUND, want);
}

/* The process that made the file died before it made the schema. */
static void test_record_open__takes_an_empty_file_for_none(void **state)
{
    struct story *story = *state;
    const char *want = arena_printf(story->arena, "there is no record in '%s'", story->directory);

    record_cleanup(&story->record);
    unlink(path_of(story, "record.db-wal"));
    unlink(path_of(story, "record.db-shm"));
    write_file(path_of(story, "record.db"), "");
    assert_fails(record_open(story->directory, RECORD_READ, &story->record), ERR_NOT_FOUND, want);
    assert_fails(record_open(story->directory, RECORD_WRITE, &story->record), ERR_NOT_FOUND, want);
    assert_ok(record_open(story->directory, RECORD_CREATE, &story->record));
}

static void test_record_open__refuses_a_file_that_is_no_database(void **state)
{
    struct story *story = *state;
    const char *want = arena_printf(story->arena, "'%s' is not a record of penstock", path_of(story, "record.db"));
    struct error *error;

    record_cleanup(&story->record);
    unlink(path_of(story, "record.db-wal"));
    unlink(path_of(story, "record.db-shm"));
    write_file(path_of(story, "record.db"), "this is the diary of ana, and nobody else's business at all\n");
    error = record_open(story->directory, RECORD_READ, &story->record);
    assert_string_equal(error->hint, "name another directory in 'state:' of penstock.yaml");
    assert_fails(error, ERR_RECORD, want);
    assert_fails(record_open(story->directory, RECORD_CREATE, &story->record), ERR_RECORD, want);
}

static void test_record_open__refuses_a_foreign_database_and_leaves_it(void **state)
{
    struct story *story = *state;
    const char *want = arena_printf(story->arena, "'%s' is not a record of penstock", path_of(story, "record.db"));

    record_cleanup(&story->record);
    unlink(path_of(story, "record.db"));
    unlink(path_of(story, "record.db-wal"));
    unlink(path_of(story, "record.db-shm"));
    assert_rows(story, "CREATE TABLE diary (day TEXT)", "");
    assert_fails(record_open(story->directory, RECORD_READ, &story->record), ERR_RECORD, want);
    assert_fails(record_open(story->directory, RECORD_WRITE, &story->record), ERR_RECORD, want);
    assert_fails(record_open(story->directory, RECORD_CREATE, &story->record), ERR_RECORD, want);
    assert_rows(story, "SELECT name FROM sqlite_schema", "diary");
    assert_rows(story, "PRAGMA journal_mode", "delete");
}

static void test_record_open__refuses_a_newer_schema(void **state)
{
    struct story *story = *state;
    struct error *error;
    const char *want;
    size_t count;

    schema_migrations(&count);
    want = arena_printf(story->arena, "the record '%s' has schema 99, but this penstock knows schemas up to %zu",
                        path_of(story, "record.db"), count);
    story_harm(story, "PRAGMA user_version = 99");
    error = record_open(story->directory, RECORD_READ, &story->record);
    assert_string_equal(error->hint, "use the penstock that wrote it, or a newer one");
    assert_fails(error, ERR_RECORD_DAMAGED, want);
    assert_fails(record_open(story->directory, RECORD_WRITE, &story->record), ERR_RECORD_DAMAGED, want);
    assert_rows(story, "PRAGMA user_version", "99");
}

static void test_record_open__refuses_a_record_without_id(void **state)
{
    struct story *story = *state;

    story_harm(story, "DELETE FROM meta");
    assert_fails(record_open(story->directory, RECORD_READ, &story->record), ERR_RECORD_DAMAGED,
                 arena_printf(story->arena, "the record '%s' has lost its id", path_of(story, "record.db")));
}

static void test_record_open__refuses_a_torn_file(void **state)
{
    struct story *story = *state;
    struct error *error;

    story_first(story);
    record_cleanup(&story->record);
    unlink(path_of(story, "record.db-wal"));
    unlink(path_of(story, "record.db-shm"));
    assert_int_equal(truncate(path_of(story, "record.db"), 5000), 0);
    error = record_open(story->directory, RECORD_READ, &story->record);
    assert_non_null(error);
    assert_string_equal(error->hint,
                        arena_printf(story->arena, "restore '%s' from a backup", path_of(story, "record.db")));
    assert_fails(error, ERR_RECORD_DAMAGED,
                 arena_printf(story->arena, "cannot read the record '%s': database disk image is malformed",
                              path_of(story, "record.db")));
}

static void test_record_open__a_reader_sees_what_a_writer_commits(void **state)
{
    struct story *story = *state;
    struct record *reader CLEANUP(record_cleanup) = NULL;
    int64_t seq;

    assert_ok(record_open(story->directory, RECORD_READ, &reader));
    story_plan_release(story, 1, NULL);
    assert_ok(journal_seq(reader, &seq));
    assert_int_equal(seq, 1);
}

/* Commits until it is killed, at the latest when its parent ends. */
static void commit_for_ever(struct story *story)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    assert_ok(record_open(story->directory, RECORD_WRITE, &story->record));
    for (;;) {
        struct tx tx CLEANUP(tx_rollback) = TX_INIT;
        struct event event = {
            .kind = EVENT_FINDING, .actor = "ana", .reason = "so it is", .at_ms = 1, .boot_ms = 1, .step = -1};

        assert_ok(tx_begin(story->record, &tx));
        assert_ok(journal_append(&tx, &event));
        assert_ok(tx_commit(&tx));
    }
}

static void test_record_open__finds_a_sound_record_beside_a_busy_writer(void **state)
{
    struct story *story = *state;
    pid_t writer;

    record_cleanup(&story->record);
    writer = fork();
    if (writer == 0)
        commit_for_ever(story);
    for (int i = 0; i < 500; i++)
        story_reopen(story, i % 10 ? RECORD_READ : RECORD_WRITE);
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
}

#define BIRTHS 100

static const char *place_of_birth(struct story *story, int number)
{
    return arena_printf(story->arena, "%s/born-%d", story->parent, number);
}

/* Makes a record wherever somebody begins to look for one. */
static void give_birth(struct story *story)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < BIRTHS; i++) {
        const char *place = place_of_birth(story, i);
        struct record *record CLEANUP(record_cleanup) = NULL;

        while (!file_exists(place))
            ;
        assert_ok(record_open(place, RECORD_CREATE, &record));
    }
    _exit(0);
}

static void test_record_open__finds_nothing_or_all_of_a_record_that_is_being_made(void **state)
{
    struct story *story = *state;
    pid_t maker = fork();

    if (maker == 0)
        give_birth(story);
    for (int i = 0; i < BIRTHS; i++) {
        const char *place = place_of_birth(story, i);
        struct record *record CLEANUP(record_cleanup) = NULL;

        assert_int_equal(mkdir(place, 0700), 0);
        while (!record) {
            struct error *error = record_open(place, RECORD_READ, &record);

            if (error)
                assert_fails(error, ERR_NOT_FOUND, arena_printf(story->arena, "there is no record in '%s'", place));
        }
    }
    waitpid(maker, NULL, 0);
}

static void write_as_reader(void *context)
{
    struct story *story = context;
    struct tx tx = TX_INIT;
    struct record *reader = NULL;

    if (record_open(story->directory, RECORD_READ, &reader))
        _exit(1);
    error_free(tx_begin(reader, &tx));
}

static void test_record_open__a_reader_that_writes_is_a_bug(void **state)
{
    struct unit_child child = unit_in_child(write_as_reader, *state);

    assert_int_equal(WEXITSTATUS(child.status), 70);
    assert_non_null(strstr(child.output, "this is a bug in penstock"));
}

/* A reader must never checkpoint, and what the writer committed must not need it to. */
static void test_record_close__of_a_reader_leaves_the_log_alone(void **state)
{
    struct story *story = *state;
    struct record *reader;
    struct stat before, after;

    story_first(story);
    assert_int_equal(stat(path_of(story, "record.db"), &before), 0);
    assert_ok(record_open(story->directory, RECORD_READ, &reader));
    record_close(reader);
    assert_int_equal(stat(path_of(story, "record.db"), &after), 0);
    assert_int_equal(after.st_size, before.st_size);
    assert_true(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec && after.st_mtim.tv_sec == before.st_mtim.tv_sec);
    assert_int_equal(access(path_of(story, "record.db-wal"), F_OK), 0);
}

static void test_record_close__of_a_writer_leaves_a_file_that_can_be_copied(void **state)
{
    struct story *story = *state;
    const char *copy = arena_printf(story->arena, "%s/copy", story->parent);

    story_first(story);
    record_cleanup(&story->record);
    assert_int_equal(mkdir(copy, 0700), 0);
    assert_int_equal(rename(path_of(story, "record.db"), arena_printf(story->arena, "%s/record.db", copy)), 0);
    story->directory = copy;
    assert_ok(record_open(copy, RECORD_READ, &story->record));
    assert_rows(story, "SELECT live_unit FROM environment", "prod-aaaaaaa-1");
}

static off_t size_of(const char *path)
{
    struct stat found;

    assert_int_equal(stat(path, &found), 0);
    return found.st_size;
}

/* Else a log that only short commands append to would grow for ever. */
static void test_record_close__of_the_last_writer_empties_the_log(void **state)
{
    struct story *story = *state;
    struct record *other = NULL;

    story_first(story);
    assert_true(size_of(path_of(story, "record.db-wal")) > 0);
    assert_ok(record_open(story->directory, RECORD_WRITE, &other));
    record_cleanup(&other);
    assert_true(size_of(path_of(story, "record.db-wal")) > 0);
    record_cleanup(&story->record);
    assert_int_equal(size_of(path_of(story, "record.db-wal")), 0);
    assert_ok(record_open(story->directory, RECORD_READ, &story->record));
    assert_rows(story, "SELECT live_unit FROM environment", "prod-aaaaaaa-1");
}

static void test_record_close__of_a_refused_record_leaves_it_as_it_is(void **state)
{
    struct story *story = *state;
    off_t bytes;
    sqlite3 *db;

    story_first(story);
    record_cleanup(&story->record);
    db = story_raw(story);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    assert_int_equal(
        sqlite3_exec(db, "DROP TRIGGER event_no_update; UPDATE event SET actor = 'x' WHERE seq = 20", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    bytes = size_of(path_of(story, "record.db-wal"));
    assert_true(bytes > 0);
    assert_fails(record_open(story->directory, RECORD_WRITE, &story->record), ERR_RECORD_DAMAGED,
                 "row 20 of the record was changed: it does not match its hash");
    assert_int_equal(size_of(path_of(story, "record.db-wal")), bytes);
}

static void test_record_close__of_nothing_is_fine(void **state)
{
    struct record *record = NULL;

    (void)state;
    record_close(NULL);
    record_cleanup(&record);
}

/* As a user who may read the files, but make none. */
static void read_as_nobody(void *context)
{
    const struct story *story = context;
    struct record *record = NULL;
    struct error *error;

    if (setgid(65534) != 0 || setuid(65534) != 0)
        _exit(3);
    error = record_open(story->directory, RECORD_READ, &record);
    if (error) {
        fprintf(stderr, "%s|%s", error->text, error->hint ? error->hint : "");
        error_free(error);
        _exit(1);
    }
    record_close(record);
    _exit(0);
}

static void share_with_all(const struct story *story, const char *const *names)
{
    chmod(story->parent, 0755);
    chmod(story->directory, 0555);
    for (; *names; names++)
        chmod(path_of(story, *names), 0444);
}

static bool is_root(void)
{
    if (geteuid() == 0)
        return true;
    print_message("SKIPPED: only root can become somebody else\n");
    return false;
}

static void test_record_open__an_auditor_may_read_beside_a_closed_writer(void **state)
{
    static const char *const names[] = {"record.db", "record.db-wal", "record.db-shm", NULL};
    struct story *story = *state;

    if (!is_root())
        skip();
    story_first(story);
    record_cleanup(&story->record);
    share_with_all(story, names);
    assert_int_equal(unit_in_child(read_as_nobody, story).status, 0);
}

static void test_record_open__does_not_call_it_absent_where_one_may_not_look(void **state)
{
    struct story *story = *state;
    struct unit_child child;

    if (!is_root())
        skip();
    record_cleanup(&story->record);
    chmod(story->parent, 0755);
    chmod(story->directory, 0700);
    child = unit_in_child(read_as_nobody, story);
    assert_int_equal(WEXITSTATUS(child.status), 1);
    assert_string_equal(child.output,
                        arena_printf(story->arena,
                                     "you may not read the record in '%s'|it belongs to 'root': ask as that user, "
                                     "or have it shared with your group",
                                     story->directory));
}

static void test_record_open__says_why_an_auditor_cannot_read(void **state)
{
    static const char *const names[] = {"record.db", NULL};
    struct story *story = *state;
    struct unit_child child;

    if (!is_root())
        skip();
    story_first(story);
    record_cleanup(&story->record);
    unlink(path_of(story, "record.db-wal"));
    unlink(path_of(story, "record.db-shm"));
    share_with_all(story, names);
    child = unit_in_child(read_as_nobody, story);
    assert_int_equal(WEXITSTATUS(child.status), 1);
    assert_string_equal(child.output,
                        arena_printf(story->arena,
                                     "cannot read the record '%s': its '-shm' file is missing and you may not make it|"
                                     "ask its owner to run any penstock command, or read a copy of '%s'",
                                     path_of(story, "record.db"), story->directory));
}

static void assert_open_to_all(const struct story *story, const char *path)
{
    struct record *record = NULL;
    struct error *error = record_open(story->directory, RECORD_CREATE, &record);
    char *text = arena_printf(story->arena, "everybody may change '%s', so the record proves nothing", path);

    assert_non_null(error);
    assert_int_equal(error->code, ERR_NOT_ALLOWED);
    assert_string_equal(error->text, text);
    assert_string_equal(error->hint, arena_printf(story->arena, "see that nobody did, then: chmod o-w '%s'", path));
    error_free(error);
    assert_ok(record_open(story->directory, RECORD_READ, &record));
    record_cleanup(&record);
}

static void test_record_open__goes_on_with_no_record_that_everybody_may_change(void **state)
{
    struct story *story = *state;
    const char *file = path_of(story, "record.db");

    record_cleanup(&story->record);
    chmod(story->directory, 01777);
    assert_open_to_all(story, story->directory);
    chmod(story->directory, 0770);
    story_reopen(story, RECORD_WRITE);
    record_cleanup(&story->record);
    chmod(file, 0666);
    assert_open_to_all(story, file);
    chmod(file, 0660);
    story_reopen(story, RECORD_WRITE);
}

/* Whatever the umask is. */
static void test_record_open__makes_nothing_for_others_to_change(void **state)
{
    struct story *story = *state;
    mode_t before = umask(0);
    const char *directory = arena_printf(story->arena, "%s/a/b", story->parent);
    struct record *record = NULL;

    assert_ok(record_open(directory, RECORD_CREATE, &record));
    umask(before);
    record_cleanup(&record);
    assert_int_equal(mode_of(arena_printf(story->arena, "%s/a", story->parent)), 0700);
    assert_int_equal(mode_of(directory), 0700);
    assert_int_equal(mode_of(arena_printf(story->arena, "%s/record.db", directory)), 0600);
    assert_int_equal(mode_of(arena_printf(story->arena, "%s/record.db-wal", directory)), 0600);
    assert_int_equal(mode_of(arena_printf(story->arena, "%s/write.lock", directory)), 0600);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_record_open__makes_a_private_directory),
        STORY_TEST(test_record_open__keeps_a_new_directory_out_of_git),
        STORY_TEST(test_record_open__gives_the_record_an_id_for_ever),
        STORY_TEST(test_record_open__knows_its_directory_by_its_real_name),
        STORY_TEST(test_record_open__is_durable_and_checked),
        STORY_TEST(test_record_open__without_a_record_is_not_found),
        STORY_TEST(test_record_open__takes_an_empty_file_for_none),
        STORY_TEST(test_record_open__refuses_a_file_that_is_no_database),
        STORY_TEST(test_record_open__refuses_a_foreign_database_and_leaves_it),
        STORY_TEST(test_record_open__refuses_a_newer_schema),
        STORY_TEST(test_record_open__refuses_a_record_without_id),
        STORY_TEST(test_record_open__refuses_a_torn_file),
        STORY_TEST(test_record_open__a_reader_sees_what_a_writer_commits),
        STORY_TEST(test_record_open__finds_a_sound_record_beside_a_busy_writer),
        STORY_TEST(test_record_open__finds_nothing_or_all_of_a_record_that_is_being_made),
        STORY_TEST(test_record_open__a_reader_that_writes_is_a_bug),
        STORY_TEST(test_record_close__of_a_reader_leaves_the_log_alone),
        STORY_TEST(test_record_close__of_a_writer_leaves_a_file_that_can_be_copied),
        STORY_TEST(test_record_close__of_the_last_writer_empties_the_log),
        STORY_TEST(test_record_close__of_a_refused_record_leaves_it_as_it_is),
        STORY_TEST(test_record_close__of_nothing_is_fine),
        STORY_TEST(test_record_open__goes_on_with_no_record_that_everybody_may_change),
        STORY_TEST(test_record_open__makes_nothing_for_others_to_change),
        STORY_TEST(test_record_open__an_auditor_may_read_beside_a_closed_writer),
        STORY_TEST(test_record_open__does_not_call_it_absent_where_one_may_not_look),
        STORY_TEST(test_record_open__says_why_an_auditor_cannot_read),
    };

    return RUN_TESTS(tests);
}
