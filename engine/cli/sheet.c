#include "cli/sheet.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/print.h"
#include "view/table.h"

#define ROWS_A_TABLE 500 /* are looked at together */

enum column_kind { COLUMN_PLAIN, COLUMN_TIME, COLUMN_DURATION };

struct sheet {
    struct cli *cli;
    const char *name;
    bool times;
    struct audit_sink sink;
    int count;
    const char **columns;
    enum column_kind *kinds;
    int64_t rows;
    struct strbuf cell; /* scratch */
    /* text */
    struct arena *arena; /* of the table's rows */
    struct table_column *titles;
    struct table *table;
    int *widths; /* of the tables before */
};

static void sheet_release(void *thing)
{
    struct sheet *sheet = thing;

    strbuf_release(&sheet->cell);
    arena_free(sheet->arena);
}

/* As text, the same in a table and in CSV; until the next one. NULL is "". */
static const char *cell_text(struct sheet *sheet, int column, const struct audit_value *value)
{
    strbuf_reset(&sheet->cell);
    switch (value->type) {
    case AUDIT_INT:
        if (sheet->kinds[column] == COLUMN_TIME)
            time_add(&sheet->cell, value->number);
        else
            json_add_int(&sheet->cell, value->number);
        break;
    case AUDIT_REAL:
        strbuf_printf(&sheet->cell, "%.15g", value->real);
        break;
    case AUDIT_TEXT:
        /* What came from outside may hold anything; nothing of it may steer the terminal of who looks. */
        text_clean(&sheet->cell, value->bytes, value->length);
        break;
    case AUDIT_BLOB:
        for (size_t i = 0; i < value->length; i++)
            strbuf_printf(&sheet->cell, "%02x", (unsigned char)value->bytes[i]);
        break;
    case AUDIT_NULL:
        break;
    }
    return strbuf_view(&sheet->cell);
}

/* A text that a spreadsheet would take for a formula, and run. */
static bool is_formula(const struct audit_value *value, const char *text)
{
    return value->type == AUDIT_TEXT && *text && strchr("=+-@\t\r", *text);
}

static void csv_cell(const char *text, bool formula)
{
    if (!formula && !text[strcspn(text, ",\"\r\n")] && *text != ' ' && !text_ends(text, " ")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    if (formula)
        putchar('\'');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void csv_row(struct sheet *sheet, const struct audit_value *values)
{
    for (int i = 0; i < sheet->count; i++) {
        const char *text = cell_text(sheet, i, &values[i]);

        if (i)
            putchar_unlocked(',');
        csv_cell(text, is_formula(&values[i], text));
    }
    putchar('\n');
}

static void csv_head(const struct sheet *sheet)
{
    for (int i = 0; i < sheet->count; i++) {
        if (i)
            putchar(',');
        csv_cell(sheet->columns[i], false);
    }
    putchar('\n');
}

static json_t *cell_json(struct sheet *sheet, int column, const struct audit_value *value)
{
    if (value->type == AUDIT_NULL)
        return json_null();
    if (value->type == AUDIT_REAL)
        return json_real(value->real);
    if (value->type == AUDIT_INT && sheet->kinds[column] != COLUMN_TIME)
        return json_integer(value->number);
    return json_string(cell_text(sheet, column, value));
}

static void json_row(struct sheet *sheet, const struct audit_value *values)
{
    json_t *object CLEANUP(json_cleanup) = json_object();
    char *text CLEANUP(heap_cleanup) = NULL;

    for (int i = 0; i < sheet->count; i++) {
        json_t *value = cell_json(sheet, i, &values[i]);

        /* An infinite number is none in JSON. */
        json_object_set_new(object, sheet->columns[i], value ? value : json_null());
    }
    text = json_dumps(object, JSON_COMPACT);
    MUST(text);
    if (sheet->cli->output == OUTPUT_JSON)
        fputs(sheet->rows ? ",\n    " : "\n    ", stdout);
    fputs(text, stdout);
    if (sheet->cli->output == OUTPUT_JSONL)
        putchar('\n');
}

static void table_begin(struct sheet *sheet)
{
    arena_free(sheet->arena);
    sheet->arena = arena_new();
    sheet->table = table_new(sheet->arena, sheet->titles);
    table_go_on(sheet->table, sheet->widths);
}

static void table_flush(struct sheet *sheet)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(SIZE_MAX);

    table_render(sheet->table, &sheet->cli->out, &text);
    fputs(strbuf_view(&text), stdout);
    table_begin(sheet);
}

static void table_add(struct sheet *sheet, const struct audit_value *values)
{
    const char **cells;

    if (table_rows(sheet->table) == ROWS_A_TABLE)
        table_flush(sheet);
    cells = arena_array(sheet->arena, (size_t)sheet->count + 1, sizeof(*cells));
    for (int i = 0; i < sheet->count; i++) {
        bool number = values[i].type == AUDIT_REAL || (values[i].type == AUDIT_INT && sheet->kinds[i] == COLUMN_PLAIN);
        char *text;

        if (values[i].type == AUDIT_INT && sheet->kinds[i] == COLUMN_DURATION)
            text = arena_text(sheet->arena, lasting_text(sheet->arena, values[i].number));
        else
            text = arena_text(sheet->arena, cell_text(sheet, i, &values[i]));
        /* A row is a line. */
        for (char *at = text; *at; at++)
            if (*at == '\n' || *at == '\t')
                *at = ' ';
        sheet->titles[i].right = sheet->titles[i].right || number;
        cells[i] = text;
    }
    table_row(sheet->table, cells);
}

static enum column_kind kind_of(const char *column)
{
    if (text_ends(column, "_at"))
        return COLUMN_TIME;
    return text_ends(column, "_ms") ? COLUMN_DURATION : COLUMN_PLAIN;
}

/* The first columns say most: the last ones are given up first where a terminal is narrow. */
static void table_titles(struct sheet *sheet)
{
    struct arena *arena = sheet->cli->arena;

    sheet->titles = arena_array(arena, (size_t)sheet->count + 1, sizeof(*sheet->titles));
    sheet->widths = arena_array(arena, (size_t)sheet->count + 1, sizeof(*sheet->widths));
    for (int i = 0; i < sheet->count; i++)
        sheet->titles[i] = (struct table_column){.title = sheet->columns[i], .rank = i + 1};
    table_begin(sheet);
}

static void json_head(const struct sheet *sheet)
{
    json_t *name CLEANUP(json_cleanup) = json_string(sheet->name);
    char *text CLEANUP(heap_cleanup) = json_dumps(name, JSON_ENCODE_ANY);

    printf("{\n  \"schema_version\": 1,\n  \"kind\": \"audit\",\n  \"query\": %s,\n  \"rows\": [", text);
}

static struct error *on_begin(void *context, const char *const *columns, int count)
{
    struct sheet *sheet = context;
    struct arena *arena = sheet->cli->arena;

    sheet->count = count;
    sheet->columns = arena_array(arena, (size_t)count + 1, sizeof(*sheet->columns));
    sheet->kinds = arena_array(arena, (size_t)count + 1, sizeof(*sheet->kinds));
    for (int i = 0; i < count; i++) {
        sheet->columns[i] = arena_text(arena, columns[i]);
        sheet->kinds[i] = sheet->times ? kind_of(columns[i]) : COLUMN_PLAIN;
    }
    if (sheet->cli->output == OUTPUT_TEXT)
        table_titles(sheet);
    else if (sheet->cli->output == OUTPUT_JSON)
        json_head(sheet);
    else if (sheet->cli->output == OUTPUT_CSV)
        csv_head(sheet);
    return NULL;
}

static struct error *on_row(void *context, const struct audit_value *values)
{
    struct sheet *sheet = context;

    if (sheet->cli->output == OUTPUT_TEXT)
        table_add(sheet, values);
    else if (sheet->cli->output == OUTPUT_CSV)
        csv_row(sheet, values);
    else
        json_row(sheet, values);
    sheet->rows++;
    return NULL;
}

struct sheet *sheet_new(struct cli *cli, const char *name, bool times)
{
    struct sheet *sheet = ARENA_NEW(cli->arena, struct sheet);

    sheet->cli = cli;
    sheet->name = name;
    sheet->times = times;
    sheet->sink = (struct audit_sink){.context = sheet, .begin = on_begin, .row = on_row};
    arena_defer(cli->arena, sheet_release, sheet);
    return sheet;
}

const struct audit_sink *sheet_sink(const struct sheet *sheet)
{
    return &sheet->sink;
}

int64_t sheet_end(struct sheet *sheet)
{
    if (sheet->cli->output == OUTPUT_JSON)
        fputs(sheet->rows ? "\n  ]\n}\n" : "]\n}\n", stdout);
    else if (sheet->cli->output == OUTPUT_TEXT && sheet->rows)
        table_flush(sheet);
    fflush(stdout);
    sheet->cli->data_shown = true;
    return sheet->rows;
}
