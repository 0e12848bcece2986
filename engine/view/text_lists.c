/* Text for people: failures with their logs, the history, and single events. */

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "view/faces.h"
#include "view/release_view.h"
#include "view/screen.h"
#include "view/table.h"

static void indented(struct strbuf *out, const char *front, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");

        strbuf_text(out, front);
        strbuf_add(out, text, length);
        strbuf_char(out, '\n');
        text += length + (text[length] == '\n');
    }
}

static void log_lines(const json_t *log, struct strbuf *out)
{
    const json_t *lines = json_object_get(log, "lines");
    const char *problem = json_get_text(log, "problem"), *end = " is empty or gone";
    size_t index;
    const json_t *line;

    if (!json_is_object(log))
        return;
    if (problem) {
        strbuf_printf(out, "  log     cannot be read: %s\n", problem);
        return;
    }
    if (json_array_size(lines))
        end = ", its last lines:";
    else if (json_get_bool(log, "withheld", false))
        end = " is not shown here: it may have secrets that it was given";
    strbuf_printf(out, "  log     %s%s\n", view_text(log, "path"), end);
    json_array_foreach(lines, index, line)
    {
        indented(out, "    | ", json_string_value(line));
    }
}

/* The runner that wrote it down did not know how somebody would call the program who reads it. */
static const char *placed_hint(const struct release_view *view, const char *hint)
{
    static const char word[] = "penstock ";

    if (!text_starts(hint, word))
        return hint;
    return arena_printf(view->arena, "%s %s", view->program, hint + strlen(word));
}

struct error *failures_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    json_t *failures CLEANUP(json_cleanup) = NULL;
    size_t index;
    const json_t *one;

    TRY(view_failures(view, &failures));
    json_array_foreach(failures, index, one)
    {
        const char *stage = view_text(one, "stage");
        const char *code = view_text(one, "code");
        const char *head = arena_printf(view->arena, "%s%s%s%s:", index ? "then " : "", *code ? "error[" : "failed",
                                        code, *code ? "]" : "");

        strbuf_printf(out, "%s %s\n", screen_ink(screen, view->arena, INK_RED, head), view_text(one, "text"));
        if (*stage)
            strbuf_printf(out, "  step    %s (stage %s, attempt %lld)\n", view_text(one, "title"), stage,
                          (long long)json_get_int(one, "attempt", 0));
        if (json_get_text(one, "hint"))
            strbuf_printf(out, "  help    %s\n", placed_hint(view, view_text(one, "hint")));
        if (json_get_text(one, "health")) {
            strbuf_text(out, "  answer  the last one:\n");
            indented(out, "    | ", view_text(one, "health"));
        }
        log_lines(json_object_get(one, "log"), out);
    }
    return NULL;
}

/* With the review that is still to be made, which stays red until it is. */
static const char *end_or_state(struct arena *arena, const json_t *row, int64_t now_ms, const struct screen *screen)
{
    const char *end = text_spaced(arena, json_get_text(row, "end") ? view_text(row, "end") : view_text(row, "state"));
    const char *review = review_words(arena, row, now_ms);

    return review ? screen_ink(screen, arena, INK_RED, arena_printf(arena, "%s, %s", end, review)) : end;
}

static const char *kind_cell(const json_t *row)
{
    const char *kind = view_text(row, "kind");

    return text_is(kind, "release") ? "" : kind;
}

static enum mark_kind row_mark(const json_t *row)
{
    const char *end = view_text(row, "end");

    if (!*end)
        return text_is(view_text(row, "state"), "held") ? MARK_WARN : MARK_NOW;
    if (text_is(end, "succeeded"))
        return MARK_DONE;
    /* People's own decisions are no fault. */
    return text_is(end, "failed") || text_is(end, "rolled_back") ? MARK_FAILED : MARK_SKIPPED;
}

void history_text(struct arena *arena, const json_t *rows, int64_t now_ms, const struct screen *screen,
                  struct strbuf *out)
{
    static const struct table_column columns[] = {
        {"", 1, false},     {"release", 1, false}, {"environment", 2, false}, {"commit", 1, false},
        {"end", 1, false},  {"began", 2, false},   {"took", 5, true},         {"by", 3, false},
        {"kind", 2, false}, {"subject", 4, false}, {"why", 6, false},         {NULL, 0, false},
    };
    struct table *table = table_new(arena, columns);
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row)
    {
        int64_t created_ms = json_get_int(row, "created_ms", 0);
        int64_t ended_ms = json_get_int(row, "ended_ms", 0);
        const char *commit = json_get_text(row, "commit_id");
        const char *cells[] = {
            screen_mark(screen, row_mark(row)),
            view_text(row, "id"),
            view_text(row, "environment"),
            commit ? arena_printf(arena, "%.7s", commit) : "",
            end_or_state(arena, row, now_ms, screen),
            ago_text(arena, created_ms, now_ms),
            lasting_text(arena, (ended_ms ? ended_ms : now_ms) - created_ms),
            view_text(row, "requester"),
            kind_cell(row),
            view_text(row, "subject"),
            view_text(row, "reason"),
        };

        table_row(table, cells);
    }
    table_render(table, screen, out);
}

/* "14:02:11Z" */
static const char *clock_text(struct arena *arena, int64_t at_ms)
{
    const char *whole = time_text(arena, at_ms);
    const char *time = strchr(whole, 'T');

    return time ? time + 1 : whole;
}

const char *event_text(struct arena *arena, const json_t *row)
{
    const char *reason = view_text(row, "reason");
    const char *actor = view_text(row, "actor");
    bool person = !text_is(actor, "penstock");

    return arena_printf(arena, "%s  %-16s  %s%s%s%s", clock_text(arena, json_get_int(row, "at_ms", 0)),
                        view_text(row, "kind"), reason, person ? " (" : "", person ? actor : "", person ? ")" : "");
}
