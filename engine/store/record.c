/*
 * Opening the record. A state directory holds
 *
 *     record.db            this file, with its -wal and -shm
 *     write.lock           flock: one writer at a time (lock.h)
 *     locks/<env>.lock     flock: one runner an environment (lease.h)
 *     bells/               sockets of the runners' doorbells
 *
 * The write-ahead log stays in place, empty, when the last writer closes, so that a reader who may not make files can
 * still open.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "store/database.h"
#include "store/file_system.h"
#include "store/lock.h"
#include "store/schema.h"
#include "store/tx.h"
#include "store/verify.h"

#define LOCK_LIMIT_MS 10000
#define BUSY_MS 5000

/* A commit writes whole pages, and an event touches four: small pages cost less than what they spare in depth. */
static const char writer_pragmas[] = "PRAGMA page_size = 2048;"
                                     "PRAGMA journal_mode = WAL;"
                                     "PRAGMA synchronous = FULL;"
                                     "PRAGMA foreign_keys = ON;"
                                     "PRAGMA wal_autocheckpoint = 0;"
                                     "PRAGMA journal_size_limit = 67108864;"
                                     "PRAGMA temp_store = MEMORY;"
                                     "PRAGMA mmap_size = 0;"
                                     "PRAGMA trusted_schema = OFF;"
                                     "PRAGMA cell_size_check = ON";
static const char reader_pragmas[] = "PRAGMA query_only = ON;"
                                     "PRAGMA temp_store = MEMORY;"
                                     "PRAGMA mmap_size = 0;"
                                     "PRAGMA trusted_schema = OFF;"
                                     "PRAGMA cell_size_check = ON";

static bool is_writer(const struct record *record)
{
    return record->mode == RECORD_WRITE || record->mode == RECORD_CREATE;
}

static struct error *check_file_system(const char *directory)
{
    struct statfs found;
    const char *name;
    struct error *error;

    if (statfs(directory, &found) != 0)
        return error_errno("cannot ask for the file system of '%s'", directory);
    name = file_system_refused((long)found.f_type);
    if (!name)
        return NULL;
    error = error_new(ERR_RECORD, KIND_PERMANENT,
                      "'%s' is on %s, where locks of another machine are not seen and the record could be damaged",
                      directory, name);
    return error_hint(error, "put 'state:' of penstock.yaml on a disk of this machine");
}

/* Commands stand in the record: whoever can change it can have them run by whoever goes on with a release. */
static struct error *check_closed(const char *path)
{
    struct stat found;
    struct error *error;

    if (stat(path, &found) != 0 || !(found.st_mode & S_IWOTH))
        return NULL;
    error = error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "everybody may change '%s', so the record proves nothing", path);
    return error_hint(error, "see that nobody did, then: chmod o-w '%s'", path);
}

static struct error *no_record(const char *directory)
{
    struct error *error = error_new(ERR_NOT_FOUND, KIND_PERMANENT, "there is no record in '%s'", directory);

    return error_hint(error, "the first release makes it: penstock release");
}

static struct error *make_directory(const char *directory, const char *name)
{
    char *path CLEANUP(heap_cleanup) = heap_printf("%s/%s", directory, name);

    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return NULL;
    return error_errno("cannot make '%s'", path);
}

/* SQLite would make it by the umask. Only a new file is opened: closing one drops this process's locks on it. */
static struct error *make_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0) {
        close(fd);
        return NULL;
    }
    return errno == EEXIST ? NULL : error_errno("cannot make '%s'", path);
}

static struct error *not_allowed(const struct record *record, const char *directory)
{
    struct error *error = error_new(ERR_RECORD, KIND_PERMANENT, "you may not %s the record in '%s'",
                                    is_writer(record) ? "write to" : "read", directory);
    struct stat found;
    const struct passwd *owner = stat(directory, &found) == 0 ? getpwuid(found.st_uid) : NULL;

    return owner ? error_hint(error, "it belongs to '%s': ask as that user, or have it shared with your group",
                              owner->pw_name)
                 : error;
}

/* A record that may not be read must not look like one that is not there: that would say that nothing is live. */
static struct error *check_file(const struct record *record, const char *directory)
{
    if (access(record->path, is_writer(record) ? R_OK | W_OK : R_OK) == 0)
        return NULL;
    if (errno == EACCES)
        return not_allowed(record, directory);
    return errno == ENOENT && record->mode != RECORD_CREATE ? no_record(directory) : NULL;
}

/* A new directory of ours keeps itself out of git: it stands in the repository, by default, and nobody means to commit it. */
static struct error *make_state(const char *directory)
{
    static const char everything[] = "*\n";
    char *ignore CLEANUP(heap_cleanup) = heap_printf("%s/.gitignore", directory);

    if (file_exists(directory))
        return NULL;
    TRY(file_make_dirs(directory));
    return file_put(ignore, everything, sizeof(everything) - 1, 0600);
}

static struct error *find_directory(struct record *record, const char *directory)
{
    char real[PATH_MAX];

    if (record->mode == RECORD_CREATE)
        TRY(make_state(directory));
    if (!realpath(directory, real)) {
        if (errno == EACCES)
            return not_allowed(record, directory);
        return errno == ENOENT ? no_record(directory) : error_errno("cannot open '%s'", directory);
    }
    record->directory = heap_text(real);
    record->path = heap_printf("%s/record.db", real);
    TRY(check_file_system(real));
    TRY(check_file(record, directory));
    if (!is_writer(record))
        return NULL;
    TRY(check_closed(record->directory));
    return check_closed(record->path);
}

static int on_wal_commit(void *context, sqlite3 *db, const char *schema, int pages)
{
    struct record *record = context;

    (void)db;
    (void)schema;
    record->wal_pages = pages;
    return SQLITE_OK;
}

static struct error *open_handle(struct record *record)
{
    int flags = (is_writer(record) ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(record->path, &record->db, flags, NULL);

    TRY(database_error(record, code, "open"));
    sqlite3_busy_timeout(record->db, BUSY_MS);
    sqlite3_db_config(record->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(record->db, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0, NULL);
    sqlite3_db_config(record->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(record->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    /* The log stays, empty, when the last writer closes: a reader who may not make files needs it. */
    sqlite3_file_control(record->db, NULL, SQLITE_FCNTL_PERSIST_WAL, &(int){1});
    return NULL;
}

/* The first statement that touches the file says whether it can be read at all. */
static struct error *first_read(struct record *record)
{
    int code = sqlite3_exec(record->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    struct error *error;

    if ((code & 0xff) == SQLITE_NOTADB) {
        error = error_new(ERR_RECORD, KIND_PERMANENT, "'%s' is not a record of penstock", record->path);
        return error_hint(error, "name another directory in 'state:' of penstock.yaml");
    }
    if (!is_writer(record) && ((code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_READONLY)) {
        error =
            error_new(ERR_RECORD, KIND_PERMANENT,
                      "cannot read the record '%s': its '-shm' file is missing and you may not make it", record->path);
        return error_hint(error, "ask its owner to run any penstock command, or read a copy of '%s'",
                          record->directory);
    }
    return database_error(record, code, "read");
}

/* Where the shared memory of a write-ahead log cannot be had, SQLite stays with another mode and says nothing. */
static struct error *check_mode(struct record *record)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    bool row;

    TRY(database_prepare(record, "PRAGMA journal_mode", &statement, NULL));
    TRY(database_step(record, statement, &row));
    if (row && strcmp(column_text(statement, 0), "wal") == 0)
        return NULL;
    return error_new(ERR_RECORD, KIND_PERMANENT, "the file system of '%s' has no shared memory, so no write-ahead log",
                     record->directory);
}

static struct error *read_id(struct record *record)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    bool row;

    TRY(database_prepare(record, "SELECT record FROM meta", &statement, NULL));
    TRY(database_step(record, statement, &row));
    if (!row)
        return error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "the record '%s' has lost its id", record->path);
    record->id = heap_text(column_text(statement, 0));
    return NULL;
}

static struct error *open_reader(struct record *record)
{
    size_t count;
    bool empty;

    schema_migrations(&count);
    TRY(open_handle(record));
    TRY(first_read(record));
    TRY(database_exec(record, reader_pragmas));
    TRY(schema_check(record, count, &empty));
    /* The process that was making it died half-way: there is nothing in it, and the next writer makes it whole. */
    return empty ? no_record(record->directory) : NULL;
}

/* Under the write lock: another process may be making or migrating the same file. */
static struct error *open_locked(struct record *record)
{
    size_t count;
    const struct migration *migrations = schema_migrations(&count);
    struct stat found;

    if (record->mode == RECORD_CREATE)
        TRY(make_file(record->path));
    else if (stat(record->path, &found) == 0 && found.st_size == 0)
        return no_record(record->directory);
    TRY(make_directory(record->directory, "locks"));
    TRY(make_directory(record->directory, "bells"));
    TRY(open_handle(record));
    TRY(first_read(record));
    /* Before anything is written: a foreign file stays as it is. */
    TRY(schema_check_ours(record, count));
    TRY(database_exec(record, writer_pragmas));
    TRY(check_mode(record));
    sqlite3_wal_hook(record->db, on_wal_commit, record);
    return schema_migrate(record, migrations, count);
}

static struct error *open_writer(struct record *record)
{
    struct error *error;

    record->lock_path = heap_printf("%s/write.lock", record->directory);
    TRY(lock_open(record->lock_path, &record->lock_fd));
    TRY(lock_wait(record->lock_fd, record->lock_path, LOCK_LIMIT_MS));
    error = open_locked(record);
    lock_drop(record->lock_fd);
    return error;
}

struct error *record_open(const char *directory, enum record_mode mode, struct record **out)
{
    struct record *record CLEANUP(record_cleanup) = heap_alloc(sizeof(*record));

    record->mode = mode;
    record->lock_fd = -1;
    TRY(find_directory(record, directory));
    if (is_writer(record))
        TRY(open_writer(record));
    else
        TRY(open_reader(record));
    TRY(read_id(record));
    if (mode != RECORD_INSPECT)
        TRY(journal_check_tail(record));
    record->trusted = true;
    *out = record;
    record = NULL;
    return NULL;
}

void record_close(struct record *record)
{
    if (!record)
        return;
    MUST(!record->in_tx);
    if (record->db) {
        database_forget(record);
        tx_close(record);
    }
    if (record->lock_fd >= 0)
        close(record->lock_fd);
    strbuf_release(&record->row);
    free(record->directory);
    free(record->path);
    free(record->lock_path);
    free(record->id);
    free(record);
}

void record_cleanup(struct record **record)
{
    record_close(*record);
    *record = NULL;
}

const char *record_id(const struct record *record)
{
    return record->id;
}

const char *record_directory(const struct record *record)
{
    return record->directory;
}
