#include "drivers/probe/extract_sql.h"

#include <ctype.h>
#include <sqlite3.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define SQL_MOST_BYTES 4096
#define BODY_MOST_BYTES (8 * 1024 * 1024)
/* SQLite asks every STEPS_EACH instructions; a count over 10 000 rooms needs about 20 of these. */
#define STEPS_EACH 10000
#define STEPS_MOST 1000
#define PATHS_MOST 32

struct sandbox {
    sqlite3 *db;
    int steps;
    bool forbidden; /* the expression wanted something that it may not do */
};

/* A path that the expression applies to :body. */
struct body_path {
    const char *path;
    bool walked;  /* by json_each or json_tree */
    bool counted; /* by json_array_length, which takes everything but an array for an empty one */
};

static void sandbox_close(struct sandbox *sandbox)
{
    sqlite3_close(sandbox->db);
    sandbox->db = NULL;
}

static void statement_cleanup(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

/* Functions whose answer depends on their arguments alone. What is not listed is not allowed. */
static bool function_is_allowed(const char *name)
{
    static const char *const allowed[] = {
        "abs",
        "avg",
        "cast",
        "char",
        "coalesce",
        "count",
        "format",
        "glob",
        "group_concat",
        "hex",
        "ifnull",
        "iif",
        "instr",
        "json",
        "json_array",
        "json_array_length",
        "json_each",
        "json_error_position",
        "json_extract",
        "json_group_array",
        "json_group_object",
        "json_object",
        "json_quote",
        "json_tree",
        "json_type",
        "json_valid",
        "->",
        "->>",
        "length",
        "like",
        "likely",
        "lower",
        "ltrim",
        "max",
        "min",
        "nullif",
        "printf",
        "quote",
        "replace",
        "round",
        "row_number",
        "rtrim",
        "sign",
        "substr",
        "substring",
        "sum",
        "total",
        "trim",
        "typeof",
        "unicode",
        "unlikely",
        "upper",
        NULL,
    };

    for (size_t i = 0; name && allowed[i]; i++) {
        if (sqlite3_stricmp(allowed[i], name) == 0)
            return true;
    }
    return false;
}

static int authorize(void *context, int action, const char *first, const char *second, const char *database,
                     const char *trigger)
{
    struct sandbox *sandbox = context;
    bool allowed;

    (void)database, (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        allowed = true;
        break;
    case SQLITE_READ: /* first: the table, which is a sub-select's when it has no name */
        allowed = !first || !text_starts(first, "sqlite_");
        break;
    case SQLITE_FUNCTION:
        allowed = function_is_allowed(second);
        break;
    default:
        allowed = false;
    }
    if (!allowed)
        sandbox->forbidden = true;
    return allowed ? SQLITE_OK : SQLITE_DENY;
}

static int count_steps(void *context)
{
    struct sandbox *sandbox = context;

    return ++sandbox->steps > STEPS_MOST;
}

static void set_limits(sqlite3 *db)
{
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, BODY_MOST_BYTES + 1024);
    sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, SQL_MOST_BYTES);
    sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 64);
    sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 64);
    sqlite3_limit(db, SQLITE_LIMIT_COMPOUND_SELECT, 16);
    sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 20000);
    sqlite3_limit(db, SQLITE_LIMIT_FUNCTION_ARG, 32);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256);
    sqlite3_limit(db, SQLITE_LIMIT_VARIABLE_NUMBER, 8);
    sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
    sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

/*
 * The two table functions are made before the authorizer is there, as SQLite declares them by a CREATE TABLE; every
 * other one (of pragmas, of full text) is then refused at exactly that.
 */
static bool make_json_tables(sqlite3 *db)
{
    return sqlite3_exec(db, "select 1 from json_each('[]'), json_tree('[]')", NULL, NULL, NULL) == SQLITE_OK;
}

static bool sandbox_open(struct sandbox *sandbox, const char **why)
{
    if (sqlite3_open_v2(":memory:", &sandbox->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK ||
        !make_json_tables(sandbox->db)) {
        *why = "the SQL sandbox cannot be opened";
        return false;
    }
    /* Sorting must not spill into a file. */
    sqlite3_exec(sandbox->db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
    sqlite3_db_config(sandbox->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(sandbox->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(sandbox->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    /* A mistyped "name" is an error, not a text that compares as false with everything. */
    sqlite3_db_config(sandbox->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(sandbox->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    set_limits(sandbox->db);
    sqlite3_set_authorizer(sandbox->db, authorize, sandbox);
    sqlite3_progress_handler(sandbox->db, STEPS_EACH, count_steps, sandbox);
    return true;
}

static const char *sandbox_words(struct arena *arena, const struct sandbox *sandbox, int code)
{
    if (sandbox->forbidden)
        return arena_printf(arena, "the SQL may only read :body: %s", sqlite3_errmsg(sandbox->db));
    if (code == SQLITE_INTERRUPT)
        return "the SQL takes too many steps";
    return arena_printf(arena, "SQL: %s", sqlite3_errmsg(sandbox->db));
}

/* One SELECT, with :body as its only parameter. */
static bool prepare(struct arena *arena, struct sandbox *sandbox, const char *sql, sqlite3_stmt **out, const char **why)
{
    const char *tail = NULL;
    int code = sqlite3_prepare_v2(sandbox->db, sql, -1, out, &tail);

    if (code != SQLITE_OK || !*out)
        *why = code == SQLITE_OK ? "the SQL is empty" : sandbox_words(arena, sandbox, code);
    else if (tail[strspn(tail, " \t\r\n;")])
        *why = "the SQL is more than one statement";
    else if (!sqlite3_stmt_readonly(*out) || sqlite3_column_count(*out) != 1)
        *why = "the SQL does not give one column";
    else if (sqlite3_bind_parameter_count(*out) != 1 || !text_is(sqlite3_bind_parameter_name(*out, 1), ":body"))
        *why = "the SQL does not read :body";
    return *why == NULL;
}

/* The characters between single quotes at *at, doubled quotes read as one; NULL when no text stands there. */
static const char *read_quoted(struct arena *arena, const char **at)
{
    char *text = arena_text(arena, *at);
    char *write = text;

    if (**at != '\'')
        return NULL;
    for (const char *read = *at + 1; *read; read++) {
        if (*read == '\'' && *++read != '\'') {
            *at = read;
            *write = '\0';
            return text;
        }
        *write++ = *read;
    }
    return NULL;
}

static bool word_before(const char *sql, const char *at, const char *word)
{
    size_t length = strlen(word);

    while (at > sql && isspace((unsigned char)at[-1]))
        at--;
    if (at == sql || at[-1] != '(')
        return false;
    for (at--; at > sql && isspace((unsigned char)at[-1]); at--)
        ;
    return (size_t)(at - sql) >= length && sqlite3_strnicmp(at - length, word, (int)length) == 0;
}

/* The literal paths that the expression takes out of :body: `:body, '$.x'`, `:body -> '$.x'`, `:body ->> 'x'`. */
static size_t find_paths(struct arena *arena, const char *sql, struct body_path *paths)
{
    size_t count = 0;

    for (const char *body = strstr(sql, ":body"); body && count < PATHS_MOST; body = strstr(body + 1, ":body")) {
        const char *at = body + strlen(":body");
        struct body_path found = {"$", word_before(sql, body, "json_each") || word_before(sql, body, "json_tree"),
                                  word_before(sql, body, "json_array_length")};
        bool arrow = false;
        const char *path;

        at += strspn(at, " \t\r\n");
        if (*at == ',') {
            at++;
        } else if (text_starts(at, "->")) {
            arrow = true;
            at += at[2] == '>' ? 3 : 2;
        } else {
            if (found.walked || found.counted)
                paths[count++] = found;
            continue;
        }
        at += strspn(at, " \t\r\n");
        path = read_quoted(arena, &at);
        if (!path)
            continue;
        found.path = arrow && *path != '$' ? arena_printf(arena, "$.\"%s\"", path) : path;
        paths[count++] = found;
    }
    return count;
}

/* What is wrong with the value at a path, by its JSON type; NULL: nothing. */
static const char *path_trouble(struct arena *arena, const struct body_path *path, const char *type)
{
    bool list = text_is(type, "array") || (path->walked && text_is(type, "object"));

    if (!type)
        return arena_printf(arena, "the answer has no '%s'", path->path);
    if ((path->walked || path->counted) && !list)
        return arena_printf(arena, "'%s' is %s, not a list", path->path, text_is(type, "object") ? "an object" : type);
    /* json_each() over it, or coalesce(), would make a zero of it. */
    return text_is(type, "null") ? arena_printf(arena, "'%s' is null", path->path) : NULL;
}

static bool paths_exist(struct arena *arena, struct sandbox *sandbox, const char *sql, const char *body, int length,
                        const char **why)
{
    struct body_path *paths = arena_array(arena, PATHS_MOST, sizeof(*paths));
    size_t count = find_paths(arena, sql, paths);

    for (size_t i = 0; i < count && !*why; i++) {
        sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
        int code = sqlite3_prepare_v2(sandbox->db, "select json_type(?1, ?2)", -1, &statement, NULL);

        MUST(code == SQLITE_OK);
        sqlite3_bind_text(statement, 1, body, length, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, paths[i].path, -1, SQLITE_STATIC);
        code = sqlite3_step(statement);
        if (code != SQLITE_ROW) {
            *why = sandbox_words(arena, sandbox, code);
            break;
        }
        *why = path_trouble(arena, &paths[i], (const char *)sqlite3_column_text(statement, 0));
    }
    return *why == NULL;
}

static bool run(struct arena *arena, struct sandbox *sandbox, sqlite3_stmt *statement, double *out, const char **why)
{
    int code = sqlite3_step(statement);
    int type;

    if (code != SQLITE_ROW) {
        *why = code == SQLITE_DONE ? "the SQL gives no row" : sandbox_words(arena, sandbox, code);
        return false;
    }
    type = sqlite3_column_type(statement, 0);
    *out = sqlite3_column_double(statement, 0);
    if (type != SQLITE_INTEGER && type != SQLITE_FLOAT)
        *why = type == SQLITE_NULL ? "the SQL gives null" : "the SQL gives a text, not a number";
    else if ((code = sqlite3_step(statement)) != SQLITE_DONE)
        *why = code == SQLITE_ROW ? "the SQL gives more than one row" : sandbox_words(arena, sandbox, code);
    return *why == NULL;
}

bool extract_sql(struct arena *arena, const char *expression, const char *body, size_t length, double *out,
                 const char **why)
{
    struct sandbox sandbox CLEANUP(sandbox_close) = {0};
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;

    *why = expression ? NULL : "there is no SQL";
    if (*why)
        return false;
    if (length > BODY_MOST_BYTES) {
        *why = "the answer is too long for SQL";
        return false;
    }
    if (!sandbox_open(&sandbox, why) || !prepare(arena, &sandbox, expression, &statement, why))
        return false;
    if (!paths_exist(arena, &sandbox, expression, body, (int)length, why))
        return false;
    sqlite3_bind_text(statement, 1, body, (int)length, SQLITE_STATIC);
    return run(arena, &sandbox, statement, out, why);
}

struct error *extract_sql_check(const char *expression)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct sandbox sandbox CLEANUP(sandbox_close) = {0};
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    const char *why = NULL;

    if (!expression || !sandbox_open(&sandbox, &why) || !prepare(arena, &sandbox, expression, &statement, &why))
        return error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "%s", why ? why : "there is no SQL");
    return NULL;
}
