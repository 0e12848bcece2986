#ifndef TESTS_UNIT_STORE_ROWS_H
#define TESTS_UNIT_STORE_ROWS_H

/* Rows of an auditor's query as text: a line of column names, then a line a row, cells by '|'. NULL is nothing. */

#include "unit/store/story.h"

#include "base/strbuf.h"
#include "base/text.h"
#include "store/audit.h"

struct rows {
    struct strbuf text;
    int count;
};

static struct error *rows_begin(void *context, const char *const *columns, int count)
{
    struct rows *rows = context;

    rows->count = count;
    for (int i = 0; i < count; i++)
        strbuf_printf(&rows->text, "%s%s", i ? "|" : "", columns[i]);
    return NULL;
}

static struct error *rows_row(void *context, const struct audit_value *values)
{
    struct rows *rows = context;

    for (int i = 0; i < rows->count; i++) {
        strbuf_text(&rows->text, i ? "|" : "\n");
        if (values[i].type == AUDIT_INT)
            strbuf_printf(&rows->text, "%lld", (long long)values[i].number);
        else if (values[i].type == AUDIT_REAL)
            strbuf_printf(&rows->text, "%.1f", values[i].real);
        else if (values[i].type != AUDIT_NULL)
            strbuf_add(&rows->text, values[i].bytes, values[i].length);
    }
    return NULL;
}

static struct audit_sink rows_sink(struct rows *rows)
{
    return (struct audit_sink){.context = rows, .begin = rows_begin, .row = rows_row};
}

/* In the arena. */
static STORY_UNUSED const char *rows_of_query(struct story *story, const char *name, const struct audit_bounds *bounds)
{
    struct rows rows = {0};
    struct audit_sink sink = rows_sink(&rows);
    const char *text;

    assert_ok(audit_query(story->record, name, bounds, &sink));
    text = arena_text(story->arena, strbuf_view(&rows.text));
    strbuf_release(&rows.text);
    return text;
}

static STORY_UNUSED const char *rows_of_sql(struct story *story, const char *sql)
{
    struct rows rows = {0};
    struct audit_sink sink = rows_sink(&rows);
    struct audit_bounds bounds = {0};
    const char *text;

    assert_ok(audit_sql(story->record, sql, &bounds, &sink));
    text = arena_text(story->arena, strbuf_view(&rows.text));
    strbuf_release(&rows.text);
    return text;
}

/* The n-th cell of a line; in the arena. */
static const char *rows_cell(struct story *story, const char *line, int n)
{
    while (n-- > 0) {
        line += strcspn(line, "|\n");
        if (*line != '|')
            return "";
        line++;
    }
    return arena_text_n(story->arena, line, strcspn(line, "|\n"));
}

static int rows_column(struct story *story, const char *text, const char *name)
{
    for (int i = 0; i < 64; i++)
        if (text_is(rows_cell(story, text, i), name))
            return i;
    fail_msg("there is no column '%s'", name);
    return -1;
}

/* Some columns of what rows_of_query() gave, without the line of names. In the arena. */
static STORY_UNUSED const char *rows_pick(struct story *story, const char *text, const char *columns)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (const char *line = strchr(text, '\n'); line; line = strchr(line + 1, '\n')) {
        char *names CLEANUP(heap_cleanup) = heap_text(columns);
        char *rest = names;

        if (out.length)
            strbuf_char(&out, '\n');
        for (const char *name = strsep(&rest, " "); name; name = strsep(&rest, " "))
            strbuf_printf(&out, "%s%s", name == names ? "" : "|",
                          rows_cell(story, line + 1, rows_column(story, text, name)));
    }
    return arena_text(story->arena, strbuf_view(&out));
}

#endif
