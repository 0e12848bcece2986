/*
 * The named questions of state/queries/: what people and their programs may ask of the record. Each file is one
 * SELECT with a comment that says what it answers.
 */

#include "store/queries.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/database.h"

#define JSON_ENDING "_json"

struct named_query {
    char *name;
    sqlite3_stmt *statement;
};

void queries_forget(struct record *record)
{
    for (size_t i = 0; i < record->query_count; i++) {
        sqlite3_finalize(record->queries[i].statement);
        free(record->queries[i].name);
    }
    free(record->queries);
    record->queries = NULL;
    record->query_count = record->query_capacity = 0;
}

static struct error *find_query(struct record *record, const char *name, sqlite3_stmt **out)
{
    char *path CLEANUP(heap_cleanup) = NULL;
    const struct embedded *file;
    struct named_query *query;
    const char *tail;

    for (size_t i = 0; i < record->query_count; i++) {
        if (text_is(record->queries[i].name, name)) {
            *out = record->queries[i].statement;
            MUST(!sqlite3_stmt_busy(*out));
            return NULL;
        }
    }
    path = heap_printf("state/queries/%s.sql", name);
    file = embedded_find(path);
    if (!file)
        BUG("there is no query '%s'", name);
    /* cppcheck-suppress nullPointerRedundantCheck ; BUG() does not return */
    TRY_AS(database_prepare(record, file->bytes, out, &tail), "while reading '%s'", path);
    MUST(tail[strspn(tail, " \n")] == '\0'); /* one statement a file */
    if (record->query_count == record->query_capacity) {
        record->query_capacity = record->query_capacity ? record->query_capacity * 2 : 16;
        record->queries = heap_realloc(record->queries, record->query_capacity * sizeof(*record->queries));
    }
    query = &record->queries[record->query_count++];
    query->name = heap_text(name);
    query->statement = *out;
    return NULL;
}

/* A name that the query does not know is a slip of ours; one that is not given binds NULL. */
static void bind_params(sqlite3_stmt *statement, const char *query, const json_t *params)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)params, key, value)
    {
        char *name CLEANUP(heap_cleanup) = heap_printf(":%s", key[0] == ':' ? key + 1 : key);
        int index = sqlite3_bind_parameter_index(statement, name);

        if (!index)
            BUG("query '%s' has no '%s'", query, name);
        if (json_is_string(value))
            statement_text(statement, index, json_string_value(value));
        else if (json_is_integer(value))
            statement_int(statement, index, json_integer_value(value));
        else if (json_is_boolean(value))
            statement_int(statement, index, json_is_true(value));
        else
            MUST(json_is_null(value));
    }
}

static json_t *column_value(sqlite3_stmt *statement, int index)
{
    switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
        return json_integer(column_int(statement, index));
    case SQLITE_FLOAT:
        return json_real(sqlite3_column_double(statement, index));
    case SQLITE_TEXT:
        return json_string(column_text(statement, index));
    default:
        return json_null();
    }
}

static struct error *add_column(json_t *row, sqlite3_stmt *statement, int index)
{
    const char *name = sqlite3_column_name(statement, index);
    char *bare CLEANUP(heap_cleanup) = NULL;
    json_t *value;

    if (!text_ends(name, JSON_ENDING)) {
        value = column_value(statement, index);
    } else {
        bare = heap_text(name);
        bare[strlen(name) - strlen(JSON_ENDING)] = '\0';
        name = bare;
        value = sqlite3_column_type(statement, index) == SQLITE_NULL
                    ? json_null()
                    : json_loads(column_text(statement, index), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    }
    /* Text that is no UTF-8, or no JSON, did not come from us. */
    if (!value)
        return error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "the record holds a '%s' that cannot be read", name);
    json_object_set_new(row, name, value);
    return NULL;
}

/* Steps to the next row; *out NULL after the last. New reference. */
static struct error *next_row(struct record *record, sqlite3_stmt *statement, json_t **out)
{
    json_t *object CLEANUP(json_cleanup) = NULL;
    bool row;

    *out = NULL;
    TRY(database_step(record, statement, &row));
    if (!row)
        return NULL;
    object = json_object();
    for (int i = 0; i < sqlite3_column_count(statement); i++)
        TRY(add_column(object, statement, i));
    *out = object;
    object = NULL;
    return NULL;
}

struct error *query_rows(struct record *record, const char *name, const json_t *params, json_t **out)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;
    json_t *rows CLEANUP(json_cleanup) = json_array();

    TRY(find_query(record, name, &statement));
    bind_params(statement, name, params);
    for (;;) {
        json_t *row;

        TRY(next_row(record, statement, &row));
        if (!row)
            break;
        json_array_append_new(rows, row);
    }
    *out = rows;
    rows = NULL;
    return NULL;
}

struct error *query_row(struct record *record, const char *name, const json_t *params, json_t **out)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;
    json_t *row;

    TRY(find_query(record, name, &statement));
    bind_params(statement, name, params);
    TRY(next_row(record, statement, &row));
    *out = row ? row : json_null();
    return NULL;
}
