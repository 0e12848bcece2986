#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/embedded.h"
#include "base/memory.h"
#include "store/database.h"
#include "store/verify.h"

#define SCHEMA_PREFIX "state/schema/"
#define MOST_MIGRATIONS 256
#define RECORD_ID_LETTERS 12

struct schema_stand {
    int64_t application;
    int64_t version;
    int64_t objects; /* tables and the like */
};

const struct migration *schema_migrations(size_t *count)
{
    static struct migration migrations[MOST_MIGRATIONS];
    static size_t found;
    const struct embedded *file = NULL;

    if (!found) {
        while ((file = embedded_next(SCHEMA_PREFIX, file))) {
            MUST(found < MOST_MIGRATIONS);
            migrations[found].version = atoi(file->path + strlen(SCHEMA_PREFIX));
            migrations[found].sql = file->bytes;
            found++;
            MUST(migrations[found - 1].version == (int)found);
        }
    }
    *count = found;
    return migrations;
}

static struct error *read_stand(struct record *record, struct schema_stand *out)
{
    TRY(database_int(record, "PRAGMA application_id", 0, &out->application));
    TRY(database_int(record, "PRAGMA user_version", 0, &out->version));
    return database_int(record, "SELECT count(*) FROM sqlite_schema", 0, &out->objects);
}

/* In one snapshot: the record may just be made, and half of it would be somebody else's file. */
static struct error *schema_stand(struct record *record, struct schema_stand *out)
{
    struct error *error;

    TRY(database_exec(record, "BEGIN"));
    error = read_stand(record, out);
    sqlite3_exec(record->db, "COMMIT", NULL, NULL, NULL);
    return error;
}

static bool stand_is_empty(const struct schema_stand *stand)
{
    return stand->application == 0 && stand->version == 0 && stand->objects == 0;
}

static struct error *refuse_foreign(struct record *record, const struct schema_stand *stand, size_t count)
{
    struct error *error;

    if (stand_is_empty(stand))
        return NULL;
    if (stand->application != SCHEMA_APPLICATION) {
        error = error_new(ERR_RECORD, KIND_PERMANENT, "'%s' is not a record of penstock", record->path);
        return error_hint(error, "name another directory in 'state:' of penstock.yaml");
    }
    if (stand->version > (int64_t)count) {
        error = error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT,
                          "the record '%s' has schema %lld, but this penstock knows schemas up to %zu", record->path,
                          (long long)stand->version, count);
        return error_hint(error, "use the penstock that wrote it, or a newer one");
    }
    return NULL;
}

struct error *schema_check_ours(struct record *record, size_t count)
{
    struct schema_stand stand;

    TRY(schema_stand(record, &stand));
    return refuse_foreign(record, &stand, count);
}

struct error *schema_check(struct record *record, size_t count, bool *empty)
{
    struct schema_stand stand;
    struct error *error;

    TRY(schema_stand(record, &stand));
    *empty = stand_is_empty(&stand);
    if (*empty)
        return NULL;
    TRY(refuse_foreign(record, &stand, count));
    if (stand.version < (int64_t)count) {
        error =
            error_new(ERR_RECORD, KIND_PERMANENT, "the record '%s' has schema %lld, but this penstock reads schema %zu",
                      record->path, (long long)stand.version, count);
        return error_hint(error, "a command that writes brings it up to date: penstock resume");
    }
    return NULL;
}

/* Forward only means that the copy is the only way back. An older copy of the same name is one that failed half-way. */
static struct error *schema_copy(struct record *record, int64_t version)
{
    char *copy CLEANUP(heap_cleanup) = heap_printf("%s.schema-%lld", record->path, (long long)version);
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    int fd;

    if (unlink(copy) != 0 && errno != ENOENT)
        return error_errno("cannot replace '%s'", copy);
    /* SQLite writes into an empty file too; it would make it for all to read. */
    fd = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_errno("cannot make '%s'", copy);
    close(fd);
    TRY(database_prepare(record, "VACUUM INTO ?1", &statement, NULL));
    statement_text(statement, 1, copy);
    return database_run(record, statement);
}

static struct error *record_birth(struct record *record)
{
    char id[RECORD_ID_LETTERS + 1];
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;

    random_name(id, RECORD_ID_LETTERS);
    TRY(database_prepare(record, "INSERT INTO meta (id, record, created_ms) VALUES (1, ?1, ?2)", &statement, NULL));
    statement_text(statement, 1, id);
    statement_int(statement, 2, clock_wall_ms());
    return database_run(record, statement);
}

static struct error *apply(struct record *record, const struct migration *migrations, size_t count,
                           const struct schema_stand *stand)
{
    struct tx tx = {record};
    char *version CLEANUP(heap_cleanup) =
        heap_printf("PRAGMA application_id = %d; PRAGMA user_version = %zu", SCHEMA_APPLICATION, count);

    for (size_t i = (size_t)stand->version; i < count; i++)
        TRY_AS(database_exec(record, migrations[i].sql), "while bringing the record to schema %d",
               migrations[i].version);
    TRY(database_exec(record, version));
    if (stand->version == 0)
        return record_birth(record);
    /* What a projection holds may have changed its meaning with the schema. */
    return journal_rebuild(&tx);
}

struct error *schema_migrate(struct record *record, const struct migration *migrations, size_t count)
{
    struct schema_stand stand;
    struct error *error;

    TRY(schema_stand(record, &stand));
    TRY(refuse_foreign(record, &stand, count));
    if (stand.version == (int64_t)count)
        return NULL;
    if (stand.version > 0)
        TRY_AS(schema_copy(record, stand.version), "while copying the record before its schema changes");
    TRY(database_exec(record, "BEGIN IMMEDIATE"));
    error = apply(record, migrations, count, &stand);
    if (!error)
        error = database_exec(record, "COMMIT");
    if (error && !sqlite3_get_autocommit(record->db))
        sqlite3_exec(record->db, "ROLLBACK", NULL, NULL, NULL);
    return error;
}
