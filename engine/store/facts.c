/* What planning asks of the record, and what the runner knows of the instances. */

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "plan/facts.h"
#include "store/database.h"

/* A column that holds JSON: kept by the arena; NULL stays NULL. */
static struct error *column_json(sqlite3_stmt *statement, int index, struct arena *arena, const json_t **out)
{
    const char *text = column_text(statement, index);
    json_t *json;

    *out = NULL;
    if (!text)
        return NULL;
    json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (!json)
        return error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "the record holds something that is not JSON: %.80s",
                         text);
    *out = json_in_arena(arena, json);
    return NULL;
}

static void set_int_column(json_t *object, const char *key, sqlite3_stmt *statement, int index)
{
    if (sqlite3_column_type(statement, index) != SQLITE_NULL)
        json_object_set_new(object, key, json_integer(column_int(statement, index)));
}

static void set_text_column(json_t *object, const char *key, sqlite3_stmt *statement, int index)
{
    if (sqlite3_column_type(statement, index) != SQLITE_NULL)
        json_object_set_new(object, key, json_string(column_text(statement, index)));
}

/* An instance whose start was begun may run, although nobody saw it: it stands until something proves that it does not. */
static const char instances_sql[] =
    "SELECT name, stamp, region, address, dir, log, pid, start, boot_id, mark"
    "  FROM instance i"
    " WHERE unit = ?1 AND state <> 'destroyed'"
    "   AND (state <> 'planned' OR EXISTS (SELECT 1 FROM step s JOIN unit u"
    "            ON u.name = i.unit AND s.release = u.release"
    "         WHERE s.verb = 'instance.create' AND s.target = i.name AND s.attempt > 0))"
    " ORDER BY name";

/* The fields of a json object of the instance's process; new reference. */
static json_t *column_identity(sqlite3_stmt *statement)
{
    json_t *identity = json_object();

    set_int_column(identity, "pid", statement, 6);
    set_int_column(identity, "start", statement, 7);
    set_text_column(identity, "boot_id", statement, 8);
    set_text_column(identity, "mark", statement, 9);
    return identity;
}

static struct error *read_instances(struct record *record, struct arena *arena, struct fact_unit *unit)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    int capacity = 0;

    TRY(database_prepare(record, instances_sql, &statement, NULL));
    statement_text(statement, 1, unit->name);
    for (;;) {
        struct fact_instance *instance;
        bool more;

        TRY(database_step(record, statement, &more));
        if (!more)
            return NULL;
        instance = ARENA_PUSH(arena, unit->instances, unit->instance_count, capacity);
        instance->name = arena_text(arena, column_text(statement, 0));
        instance->stamp = arena_text(arena, column_text(statement, 1));
        instance->region = arena_text(arena, column_text(statement, 2));
        instance->address = arena_text(arena, column_text(statement, 3));
        instance->dir = arena_text(arena, column_text(statement, 4));
        instance->log = arena_text(arena, column_text(statement, 5));
        instance->identity = json_in_arena(arena, column_identity(statement));
    }
}

/* A unit is a row of name, commit_id, state, contract. */
static struct error *read_unit(struct record *record, struct arena *arena, sqlite3_stmt *statement,
                               struct fact_unit *out)
{
    out->name = arena_text(arena, column_text(statement, 0));
    out->commit = arena_text(arena, column_text(statement, 1));
    out->state = arena_text(arena, column_text(statement, 2));
    TRY(column_json(statement, 3, arena, &out->contract));
    return read_instances(record, arena, out);
}

static const char environment_sql[] = "SELECT u.name, u.commit_id, u.state, u.contract, e.door,"
                                      "       (SELECT json_group_array(pool)"
                                      "          FROM (SELECT pool FROM share s"
                                      "                 WHERE s.environment = e.name AND s.unit = e.live_unit"
                                      "                   AND s.basis_points > 0 ORDER BY pool))"
                                      "  FROM environment e LEFT JOIN unit u ON u.name = e.live_unit WHERE e.name = ?1";

static struct error *read_live(struct record *record, struct arena *arena, const char *environment, struct facts *out)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    bool row;

    memset(&out->live, 0, sizeof(out->live));
    out->door = out->pools = NULL;
    TRY(database_prepare(record, environment_sql, &statement, NULL));
    statement_text(statement, 1, environment);
    TRY(database_step(record, statement, &row));
    if (!row)
        return NULL;
    TRY(column_json(statement, 4, arena, &out->door));
    TRY(column_json(statement, 5, arena, &out->pools));
    return column_text(statement, 0) ? read_unit(record, arena, statement, &out->live) : NULL;
}

static const char leftovers_sql[] = "SELECT name, commit_id, state, contract FROM unit u"
                                    " WHERE environment = ?1"
                                    "   AND name IS NOT (SELECT live_unit FROM environment WHERE name = ?1)"
                                    "   AND state <> 'destroyed' ORDER BY number";

static struct error *read_leftovers(struct record *record, struct arena *arena, const char *environment,
                                    struct facts *out)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    int capacity = 0;

    out->leftovers = NULL;
    out->leftover_count = 0;
    TRY(database_prepare(record, leftovers_sql, &statement, NULL));
    statement_text(statement, 1, environment);
    for (;;) {
        struct fact_unit *unit;
        bool more;

        TRY(database_step(record, statement, &more));
        if (!more)
            return NULL;
        unit = ARENA_PUSH(arena, out->leftovers, out->leftover_count, capacity);
        TRY(read_unit(record, arena, statement, unit));
    }
}

static struct error *read_numbers(struct record *record, struct arena *arena, const char *environment,
                                  struct facts *out)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    bool row;

    TRY(database_prepare(record,
                         "SELECT coalesce((SELECT max(number) FROM release), 0) + 1,"
                         "       coalesce((SELECT max(number) FROM unit WHERE environment = ?1), 0) + 1,"
                         "       coalesce((SELECT max(seq) FROM event), 0)",
                         &statement, NULL));
    statement_text(statement, 1, environment);
    TRY(database_step(record, statement, &row));
    MUST(row);
    out->release = arena_printf(arena, "r-%lld", (long long)column_int(statement, 0));
    out->unit_number = (int)column_int(statement, 1);
    out->journal_seq = column_int(statement, 2);
    return NULL;
}

static struct error *read_all(struct record *record, struct arena *arena, const char *environment, struct facts *out)
{
    TRY(read_numbers(record, arena, environment, out));
    TRY(read_live(record, arena, environment, out));
    return read_leftovers(record, arena, environment, out);
}

struct error *facts_read(struct record *record, struct arena *arena, const char *environment, struct facts *out)
{
    bool own = sqlite3_get_autocommit(record->db);
    struct error *error;

    out->record = arena_text(arena, record->id);
    out->state_dir = arena_text(arena, record->directory);
    /* One snapshot for all of it, and journal_seq says which. */
    if (own)
        TRY(database_exec(record, "BEGIN"));
    error = read_all(record, arena, environment, out);
    if (own)
        sqlite3_exec(record->db, "COMMIT", NULL, NULL, NULL);
    return error;
}

static const char known_sql[] =
    "SELECT i.name, i.stamp, i.region, i.address, i.dir, i.log, i.pid, i.start, i.boot_id, i.mark, i.unit, i.state,"
    "       CASE WHEN i.unit = r.unit THEN 'new' ELSE 'old' END"
    "  FROM release r JOIN instance i ON i.unit IN (r.unit, r.old_unit)"
    " WHERE r.id = ?1 ORDER BY i.name";

static json_t *known_instance(sqlite3_stmt *statement)
{
    static const char *const texts[] = {"name", "stamp",   "region", "address", "dir",   "log", NULL,
                                        NULL,   "boot_id", "mark",   "unit",    "state", "side"};
    json_t *object = json_object();

    for (int i = 0; i < (int)(sizeof(texts) / sizeof(texts[0])); i++) {
        if (texts[i])
            set_text_column(object, texts[i], statement, i);
    }
    set_int_column(object, "pid", statement, 6);
    set_int_column(object, "start", statement, 7);
    return object;
}

struct error *instances_read(struct record *record, const char *release, json_t **out)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    json_t *all CLEANUP(json_cleanup) = json_object();

    TRY(database_prepare(record, known_sql, &statement, NULL));
    statement_text(statement, 1, release);
    for (;;) {
        bool more;

        TRY(database_step(record, statement, &more));
        if (!more)
            break;
        json_object_set_new(all, column_text(statement, 0), known_instance(statement));
    }
    *out = all;
    all = NULL;
    return NULL;
}
