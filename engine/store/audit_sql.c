/*
 * SQL of an auditor's own. It sees the views of state/views/ and nothing else: the tables behind them may change with
 * the next version, and what an interface is has to be told from what merely happens to be there.
 *
 * SQLite's authorizer says on whose behalf a column is read: by the name of the view, which a WITH of the query could
 * borrow. So each view stands over a second one with a name that nobody can guess, and only that one may read tables.
 */

#include <string.h>

#include "base/digest.h"
#include "base/embedded.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/audit_run.h"

#define VIEWS "state/views/"
#define ENDING ".sql"
#define PLACE "query" /* how a place in the query is named */
#define SECRET_LETTERS 24
#define COLUMNS_MOST 64
#define DEPTH_MOST 100
#define LENGTH_MOST (64 * 1024 * 1024)

struct guard {
    char secret[SECRET_LETTERS + 1]; /* how the names of the inner views begin */
    const char *action;              /* what was refused first; NULL = nothing */
    char *name;                      /* of what could not be read; owned */
};

static struct error *make_view(struct record *record, const struct embedded *file, const struct guard *guard)
{
    const char *body = file->bytes;
    char *name CLEANUP(heap_cleanup) = heap_text(file->path + strlen(VIEWS));
    char *inner CLEANUP(heap_cleanup) = NULL;
    char *outer CLEANUP(heap_cleanup) = NULL;

    name[strlen(name) - strlen(ENDING)] = '\0';
    while (text_starts(body, "--"))
        body += strcspn(body, "\n") + 1;
    inner = heap_printf("CREATE TEMP VIEW %s_%s AS %s", guard->secret, name, body);
    outer = heap_printf("CREATE TEMP VIEW %s AS SELECT * FROM %s_%s", name, guard->secret, name);
    TRY(database_exec(record, inner));
    return database_exec(record, outer);
}

/* They are made when they are first asked, which the guard would not let pass. */
static const char make_json_tables[] = "SELECT 1 FROM json_each('[]'); SELECT 1 FROM json_tree('[]')";

static struct error *make_views(struct record *record, struct guard *guard)
{
    const struct embedded *file = NULL;

    TRY(database_exec(record, make_json_tables));
    /* A name begins with a letter. */
    random_name(guard->secret, SECRET_LETTERS);
    guard->secret[0] = 'x';
    TRY(database_exec(record, "PRAGMA query_only = OFF"));
    while ((file = embedded_next(VIEWS, file)))
        TRY(make_view(record, file, guard));
    return database_exec(record, "PRAGMA query_only = ON");
}

static bool is_view(const char *name)
{
    char *path CLEANUP(heap_cleanup) = heap_printf(VIEWS "%s" ENDING, name);

    return embedded_find(path) != NULL;
}

/*
 * `column` is empty where rows are only counted; then SQLite has forgotten the view, and names its table, or a WITH of the
 * query. How many rows a table of the views has is no secret.
 */
static bool may_read(const struct guard *guard, const char *name, const char *column, const char *reader)
{
    static const char *const closed[] = {"evidence", "lease", "meta", NULL};

    if (is_view(name) || text_starts(name, guard->secret) || text_is(name, "json_each") || text_is(name, "json_tree"))
        return true;
    if (reader && text_starts(reader, guard->secret))
        return true;
    for (int i = 0; closed[i]; i++)
        if (text_is(name, closed[i]))
            return false;
    return !*column && !text_starts(name, "sqlite_");
}

static const char *action_word(int action)
{
    static const struct {
        int action;
        const char *word;
    } words[] = {
        {SQLITE_INSERT, "INSERT"},       {SQLITE_UPDATE, "UPDATE"},
        {SQLITE_DELETE, "DELETE"},       {SQLITE_PRAGMA, "PRAGMA"},
        {SQLITE_ATTACH, "ATTACH"},       {SQLITE_DETACH, "DETACH"},
        {SQLITE_REINDEX, "REINDEX"},     {SQLITE_TRANSACTION, "BEGIN, COMMIT or ROLLBACK"},
        {SQLITE_SAVEPOINT, "SAVEPOINT"}, {SQLITE_FUNCTION, "this function"},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].action == action)
            return words[i].word;
    return "this statement";
}

/* They reach past the record: into a library, or to an address in memory that the query names. */
static bool is_closed_function(const char *name)
{
    return text_is(name, "load_extension") || text_is(name, "fts3_tokenizer");
}

static int on_action(void *context, int action, const char *first, const char *second, const char *schema,
                     const char *reader)
{
    struct guard *guard = context;
    bool good = action == SQLITE_SELECT || action == SQLITE_RECURSIVE ||
                (action == SQLITE_FUNCTION && !is_closed_function(second)) ||
                (action == SQLITE_READ && may_read(guard, first, second, reader));

    (void)schema;
    if (good)
        return SQLITE_OK;
    if (!guard->action && !guard->name) {
        if (action == SQLITE_READ)
            guard->name = heap_text(first);
        else
            guard->action = action_word(action);
    }
    return SQLITE_DENY;
}

/* Columns are characters: bytes that go on with one of UTF-8 are none. */
static struct mark mark_at(const char *sql, size_t offset)
{
    struct mark mark = {.file = PLACE, .line = 1, .column = 1};

    for (const char *at = sql; at < sql + offset; at++) {
        mark.column += (*at & 0xc0) != 0x80;
        if (*at == '\n') {
            mark.line++;
            mark.column = 1;
        }
    }
    return mark;
}

static struct error *refused(const struct guard *guard)
{
    struct error *error;

    if (!guard->name)
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "%s is not allowed: an audit only reads",
                                    guard->action ? guard->action : action_word(0)),
                          "begin with SELECT or WITH");
    error = error_new(ERR_USAGE, KIND_PERMANENT, "'%s' cannot be read: an audit reads its views", guard->name);
    return error_hint(error, "`penstock audit` lists the views");
}

static struct error *prepare(struct audit_run *run, const struct guard *guard, const char *sql, const char *from,
                             const char **rest)
{
    int code = sqlite3_prepare_v2(run->record->db, from, -1, &run->statement, rest);
    int offset;

    if (code == SQLITE_OK)
        return NULL;
    if (guard->action || guard->name)
        return refused(guard);
    if (code != SQLITE_ERROR)
        return audit_run_error(run, code);
    offset = sqlite3_error_offset(run->record->db);
    if (offset < 0)
        return audit_run_error(run, code);
    return error_at(ERR_USAGE, mark_at(sql, (size_t)(from - sql + offset)), "%s", sqlite3_errmsg(run->record->db));
}

/* What stands behind the statement may only be blanks and comments. */
static struct error *check_rest(struct audit_run *run, const struct guard *guard, const char *sql, const char *rest)
{
    sqlite3_stmt *first = run->statement;
    struct error *error;
    const char *end;

    run->statement = NULL;
    while (*rest && strchr(" \t\r\n;", *rest))
        rest++;
    error = prepare(run, guard, sql, rest, &end);
    if (!error && run->statement)
        error = error_at(ERR_USAGE, mark_at(sql, (size_t)(rest - sql)), "one statement only: another one begins here");
    sqlite3_finalize(run->statement);
    run->statement = first;
    return error;
}

static struct error *sql_in(struct audit_run *run, const struct guard *guard, const char *sql)
{
    const char *rest;

    TRY(prepare(run, guard, sql, sql, &rest));
    if (!run->statement)
        return error_new(ERR_USAGE, KIND_PERMANENT, "there is no statement in the query");
    TRY(check_rest(run, guard, sql, rest));
    if (!sqlite3_stmt_readonly(run->statement))
        return refused(guard);
    return audit_run_rows(run);
}

static struct error *ask_guarded(struct audit_run *run, struct guard *guard, const char *sql)
{
    sqlite3 *db = run->record->db;

    TRY(make_views(run->record, guard));
    sqlite3_limit(db, SQLITE_LIMIT_COLUMN, COLUMNS_MOST);
    sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, DEPTH_MOST);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_MOST);
    sqlite3_set_authorizer(db, on_action, guard);
    return sql_in(run, guard, sql);
}

struct error *audit_sql(struct record *record, const char *sql, const struct audit_bounds *bounds,
                        const struct audit_sink *sink)
{
    int64_t before = sqlite3_hard_heap_limit64((int64_t)AUDIT_MEMORY_MIB * 1024 * 1024);
    struct guard guard = {0};
    struct audit_run run;
    struct error *error = audit_run_begin(&run, record, bounds, sink);

    if (!error)
        error = ask_guarded(&run, &guard, sql);
    audit_run_end(&run);
    sqlite3_set_authorizer(record->db, NULL, NULL);
    sqlite3_hard_heap_limit64(before);
    heap_cleanup(&guard.name);
    return error;
}
