#include "cli/audit_reference.h"

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "store/audit.h"

static const char head[] =
    "# What an audit can ask\n\n"
    "Printed by `penstock __reference audit` from the heads of `state/queries/audit/` and `state/views/`; do not edit.\n\n"
    "Times are UTC. `--environment` keeps to one environment; `--since` and `--until` are a period, from included, until\n"
    "not. What that is the time of, each query says.\n\n"
    "In `-o csv`, lines end with a line feed, NULL is an empty cell, and a text that a spreadsheet would run as a formula has\n"
    "an apostrophe in front. Durations (`..._ms`) are milliseconds in CSV and JSON, and words in a table.\n\n"
    "## Queries\n\n"
    "`penstock audit NAME`\n";

static const char views_head[] =
    "\n## Views\n\n"
    "What `penstock audit sql` can read. Columns are added, never renamed. Times are given twice: `..._at` as text, which\n"
    "sorts and compares as it should, and `..._ms` in milliseconds since 1970, to reckon with.\n";

/* The next line of a doc, without its end, in the arena; NULL after the last. */
static const char *next_line(struct arena *arena, const char **at)
{
    size_t length = strcspn(*at, "\n");
    const char *line;

    if (!**at)
        return NULL;
    line = arena_text_n(arena, *at, length);
    *at += length + 1;
    return line;
}

/* In a Markdown table a bar would end the cell. */
static void add_cell(struct strbuf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            strbuf_char(out, '\\');
        strbuf_char(out, *text);
    }
}

static void add_query(struct arena *arena, const struct audit_text *query, struct strbuf *out)
{
    const char *at = query->doc;
    const char *line;

    strbuf_printf(out, "\n### %s\n\n%s.\n\n", query->name, query->summary);
    while ((line = next_line(arena, &at)))
        strbuf_printf(out, "    %s\n", line);
}

static void add_view(struct arena *arena, const struct audit_text *view, struct strbuf *out)
{
    const char *at = view->doc;
    const char *line;

    strbuf_printf(out, "\n### %s\n\n%s\n\n| column | |\n|---|---|\n", view->name, view->summary);
    while ((line = next_line(arena, &at))) {
        size_t length;

        line += strspn(line, " ");
        length = strcspn(line, " ");
        strbuf_printf(out, "| `%.*s` | ", (int)length, line);
        line += length;
        add_cell(out, line + strspn(line, " "));
        strbuf_text(out, " |\n");
    }
}

void audit_reference(struct arena *arena, struct strbuf *out)
{
    strbuf_text(out, head);
    for (const struct audit_text *query = audit_queries(arena); query->name; query++)
        add_query(arena, query, out);
    strbuf_text(out, views_head);
    for (const struct audit_text *view = audit_views(arena); view->name; view++)
        add_view(arena, view, out);
}
