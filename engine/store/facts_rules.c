/* What an environment's rules ask of the record. */

#include "base/memory.h"
#include "base/text.h"
#include "plan/facts.h"
#include "store/database.h"

static const char succeeded_sql[] = "SELECT id FROM release"
                                    " WHERE environment = ?1 AND commit_id = ?2 AND end = 'succeeded'"
                                    "   AND kind <> 'destroy' ORDER BY number DESC LIMIT 1";

struct error *facts_succeeded(struct record *record, struct arena *arena, const char *environment, const char *commit,
                              const char **release)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    bool row;

    *release = NULL;
    TRY(database_prepare(record, succeeded_sql, &statement, NULL));
    statement_text(statement, 1, environment);
    statement_text(statement, 2, commit);
    TRY(database_step(record, statement, &row));
    if (row)
        *release = arena_text(arena, column_text(statement, 0));
    return NULL;
}

static const char released_sql[] = "SELECT id, commit_id, branch, unit FROM release"
                                   " WHERE environment = ?1 AND end = 'succeeded' AND kind <> 'destroy'"
                                   " ORDER BY number DESC LIMIT 200";

static struct fact_release column_release(sqlite3_stmt *statement, struct arena *arena)
{
    return (struct fact_release){
        .id = arena_text(arena, column_text(statement, 0)),
        .commit = arena_text(arena, column_text(statement, 1)),
        .branch = arena_text(arena, column_text(statement, 2)),
        .unit = arena_text(arena, column_text(statement, 3)),
    };
}

struct error *facts_released(struct record *record, struct arena *arena, const char *environment,
                             struct fact_release **out, int *count)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    int capacity = 0;

    *out = NULL;
    *count = 0;
    TRY(database_prepare(record, released_sql, &statement, NULL));
    statement_text(statement, 1, environment);
    for (;;) {
        bool more;

        TRY(database_step(record, statement, &more));
        if (!more)
            return NULL;
        *ARENA_PUSH(arena, *out, *count, capacity) = column_release(statement, arena);
    }
}

static const char by_hand_sql[] = "SELECT 1 FROM pick WHERE commit_id = ?1 AND source = ?2 AND by_hand = 1 LIMIT 1";

struct error *facts_picked_by_hand(struct record *record, const char *commit, const char *source, bool *out)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;

    TRY(database_prepare(record, by_hand_sql, &statement, NULL));
    statement_text(statement, 1, commit);
    statement_text(statement, 2, source);
    return database_step(record, statement, out);
}

/* An override that was given for a live release is that one's alone. */
static const char overrides_sql[] = "SELECT seq, rule, person, until_ms FROM override"
                                    " WHERE environment = ?1 AND release = '' AND until_ms > ?2 ORDER BY seq";

struct error *facts_overrides(struct record *record, struct arena *arena, const char *environment, int64_t now_ms,
                              struct fact_rules *out)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    int capacity = 0;

    out->overrides = NULL;
    out->override_count = 0;
    TRY(database_prepare(record, overrides_sql, &statement, NULL));
    statement_text(statement, 1, environment);
    statement_int(statement, 2, now_ms);
    for (;;) {
        bool more;

        TRY(database_step(record, statement, &more));
        if (!more)
            return NULL;
        *ARENA_PUSH(arena, out->overrides, out->override_count, capacity) = (struct fact_override){
            .seq = column_int(statement, 0),
            .rule = arena_text(arena, column_text(statement, 1)),
            .person = arena_text(arena, column_text(statement, 2)),
            .until_ms = column_int(statement, 3),
        };
    }
}

/* A release by hand that succeeded afterwards has put it right. */
static const char scheduled_sql[] = "SELECT id, end FROM release WHERE environment = ?1 AND kind <> 'destroy'"
                                    "   AND (scheduled = 1 OR end = 'succeeded') ORDER BY number DESC LIMIT 1";

struct error *facts_scheduled_failed(struct record *record, struct arena *arena, const char *environment,
                                     const char **release)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    const char *end;
    bool row;

    *release = NULL;
    TRY(database_prepare(record, scheduled_sql, &statement, NULL));
    statement_text(statement, 1, environment);
    TRY(database_step(record, statement, &row));
    end = row ? column_text(statement, 1) : end_text(END_SUCCEEDED);
    if (!end || !text_is(end, end_text(END_SUCCEEDED)))
        *release = arena_text(arena, column_text(statement, 0));
    return NULL;
}

static const char earlier_sql[] =
    "SELECT id, commit_id, branch, unit FROM release"
    " WHERE environment = ?1 AND end = 'succeeded' AND kind <> 'destroy'"
    "   AND unit IS NOT (SELECT live_unit FROM environment WHERE name = ?1)"
    "   AND commit_id IS NOT (SELECT commit_id FROM unit"
    "                          WHERE name = (SELECT live_unit FROM environment WHERE name = ?1))"
    "   AND (?2 IS NULL OR id = ?2)"
    " ORDER BY number DESC LIMIT 1";

struct error *facts_earlier(struct record *record, struct arena *arena, const char *environment, const char *release,
                            struct fact_release *out)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    bool row;

    *out = (struct fact_release){0};
    TRY(database_prepare(record, earlier_sql, &statement, NULL));
    statement_text(statement, 1, environment);
    statement_text(statement, 2, release);
    TRY(database_step(record, statement, &row));
    if (row)
        *out = column_release(statement, arena);
    return NULL;
}
