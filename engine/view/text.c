/* Text for people: one release, and the pieces of it that the live block shares. */

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "view/faces.h"
#include "view/release_view.h"
#include "view/screen.h"

#define BAR_CELLS 24
#define BAR_CELLS_LEAST 4
#define SHORT_COMMIT 7
#define SUBJECT_LEAST 12
#define SHORT_DIGEST 12

static const char *short_text(const struct release_view *view, const char *text, size_t length)
{
    return strlen(text) > length ? arena_text_n(view->arena, text, length) : text;
}

static void pad(struct strbuf *out, int columns)
{
    for (int i = 0; i < columns; i++)
        strbuf_char(out, ' ');
}

/* Of one column of rows. */
static int widest(const json_t *rows, const char *key)
{
    int most = 0;
    size_t index;
    const json_t *row;

    json_array_foreach(rows, index, row)
    {
        int columns = text_columns(view_text(row, key));

        most = columns > most ? columns : most;
    }
    return most;
}

static const char *names_text(struct arena *arena, const json_t *names)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    size_t index;
    const json_t *name;

    json_array_foreach(names, index, name)
    {
        strbuf_printf(&out, "%s%s", index ? ", " : "", json_string_value(name));
    }
    return arena_text(arena, strbuf_view(&out));
}

static enum mark_kind stage_mark(const char *state)
{
    if (text_is(state, "done"))
        return MARK_DONE;
    if (text_is(state, "failed"))
        return MARK_FAILED;
    if (text_is(state, "skipped"))
        return MARK_SKIPPED;
    if (text_is(state, "waiting"))
        return MARK_WARN;
    return text_is(state, "running") ? MARK_NOW : MARK_LATER;
}

/* What the stage's line says behind its name; "" for nothing. */
static const char *stage_words(const struct release_view *view, const json_t *stage, const char *state)
{
    const json_t *running = view_stage_running(view, stage);
    int64_t began_ms = json_get_int(stage, "started_ms", 0);
    int64_t ended_ms = json_get_int(stage, "ended_ms", 0);
    const char *steps = arena_printf(view->arena, "%lld/%lld", (long long)json_get_int(stage, "steps_over", 0),
                                     (long long)json_get_int(stage, "steps", 0));

    if (text_is(state, "running") || text_is(state, "waiting")) {
        if (!running)
            return steps;
        return arena_printf(view->arena, "%s  %s  %s", steps, view_text(running, "title"),
                            waited_text(view->arena, view->now_ms - json_get_int(running, "started_ms", view->now_ms)));
    }
    return began_ms && ended_ms && !text_is(state, "skipped") ? lasting_text(view->arena, ended_ms - began_ms) : "";
}

static void stage_line(const struct release_view *view, const json_t *stage, const struct screen *screen, int width,
                       struct strbuf *out)
{
    const char *state = view_text(stage, "state");
    const char *name = view_text(stage, "name");
    const char *words = stage_words(view, stage, state);

    strbuf_printf(out, "  %s %s", screen_mark(screen, stage_mark(state)), name);
    if (*words) {
        pad(out, width - text_columns(name) + 2);
        strbuf_text(out, words);
    }
    strbuf_char(out, '\n');
}

/* The way back is shown once it is taken. */
static bool is_shown(const struct release_view *view, const json_t *stage, bool all)
{
    const char *state = view_text(stage, "state");

    if (!all && !text_is(state, "running") && !text_is(state, "waiting") && !text_is(state, "failed"))
        return false;
    if (!text_is(view_text(stage, "kind"), "undo"))
        return true;
    return text_is(view->state, "rolling_back") || (!text_is(state, "pending") && !text_is(state, "skipped"));
}

static void add_stages(const struct release_view *view, const struct screen *screen, bool all, struct strbuf *out)
{
    int width = 0;
    size_t index;
    const json_t *stage;

    json_array_foreach(view->stages, index, stage)
    {
        int columns = is_shown(view, stage, all) ? text_columns(view_text(stage, "name")) : 0;

        width = columns > width ? columns : width;
    }
    json_array_foreach(view->stages, index, stage)
    {
        if (is_shown(view, stage, all))
            stage_line(view, stage, screen, width, out);
    }
}

void stages_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    add_stages(view, screen, true, out);
}

void stages_now_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    add_stages(view, screen, false, out);
}

/* Long names leave it less room; the number behind it is more than the bar. */
static int bar_cells(const struct screen *screen, int name_columns)
{
    int room = screen->width - name_columns - (int)strlen("      100%  new");

    if (screen->width == 0 || room > BAR_CELLS)
        return BAR_CELLS;
    return room < BAR_CELLS_LEAST ? BAR_CELLS_LEAST : room;
}

static void share_lines(const struct release_view *view, const char *pool, const struct screen *screen,
                        struct strbuf *out)
{
    int width = widest(view->shares, "unit");
    size_t index;
    const json_t *row;

    json_array_foreach(view->shares, index, row)
    {
        const char *unit = view_text(row, "unit");
        int share = (int)json_get_int(row, "basis_points", 0);

        if (!text_is(view_text(row, "pool"), pool))
            continue;
        strbuf_printf(out, "  %s", unit);
        pad(out, width - text_columns(unit) + 2);
        screen_bar(screen, out, share, bar_cells(screen, width));
        strbuf_printf(out, "  %s%s\n", share_text(view->arena, share),
                      text_is(unit, view_text(view->release, "unit")) ? "  new" : "");
    }
}

void shares_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    const char *pool = NULL;
    size_t index;
    const json_t *row;

    json_array_foreach(view->shares, index, row)
    {
        if (text_is(view_text(row, "pool"), pool))
            continue;
        pool = view_text(row, "pool");
        strbuf_printf(out, "traffic %s\n", pool);
        share_lines(view, pool, screen, out);
    }
}

void drains_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    int width = widest(view->drains, "probe");
    size_t index;
    const json_t *row;

    if (json_array_size(view->drains) == 0)
        return;
    strbuf_text(out, "left on what is drained\n");
    json_array_foreach(view->drains, index, row)
    {
        const char *probe = view_text(row, "probe");
        const json_t *left = json_object_get(row, "left");
        bool known = json_is_integer(left);
        bool none = known && json_integer_value(left) == 0;

        strbuf_printf(out, "  %s %s", screen_mark(screen, none ? MARK_DONE : MARK_NOW), probe);
        pad(out, width - text_columns(probe) + 2);
        if (known)
            strbuf_printf(out, "%lld left", (long long)json_integer_value(left));
        else
            strbuf_text(out, "unknown");
        strbuf_printf(out, "  (%lld seen, %lld ended", (long long)json_get_int(row, "seen", 0),
                      (long long)json_get_int(row, "ended", 0));
        if (json_get_int(row, "forced", 0) > 0)
            strbuf_printf(out, ", %lld given up", (long long)json_get_int(row, "forced", 0));
        if (json_get_int(row, "lost", 0) > 0)
            strbuf_printf(out, ", %lld lost", (long long)json_get_int(row, "lost", 0));
        strbuf_text(out, ")\n");
    }
}

void prober_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    int64_t sent = json_get_int(view->prober, "sent", 0);
    int64_t failed = json_get_int(view->prober, "failed", 0);

    if (sent == 0)
        return;
    strbuf_printf(out, "prober  %lld sent, ", (long long)sent);
    strbuf_text(out, screen_ink(screen, view->arena, failed > 0 ? INK_RED : INK_PLAIN,
                                arena_printf(view->arena, "%lld failed", (long long)failed)));
    if (json_is_integer(json_object_get(view->prober, "p99_ms")))
        strbuf_printf(out, ", 99%% within %lld ms", (long long)json_get_int(view->prober, "p99_ms", 0));
    strbuf_char(out, '\n');
}

static void gate_lines(const struct release_view *view, const json_t *waiting, struct strbuf *out)
{
    const json_t *approved = json_object_get(waiting, "approved_by");
    const json_t *people = json_object_get(waiting, "people");
    const json_t *authors = json_object_get(waiting, "barred_authors");
    const char *barred = json_get_text(waiting, "barred");
    int64_t expires_ms = json_get_int(waiting, "expires_ms", 0);

    strbuf_printf(out, "%d of %lld approvals%s%s%s; ", (int)json_array_size(approved),
                  (long long)json_get_int(waiting, "approvals", 1), json_array_size(approved) ? " (" : "",
                  names_text(view->arena, approved), json_array_size(approved) ? ")" : "");
    if (json_is_true(json_object_get(waiting, "anyone")))
        strbuf_text(out, "anyone may approve");
    else if (json_array_size(people) > 0)
        strbuf_printf(out, "may approve: %s", names_text(view->arena, people));
    else
        strbuf_text(out, "nobody is left who may approve");
    if (barred)
        strbuf_printf(out, "; not %s, who asked for the release", barred);
    if (json_array_size(authors) > 0)
        strbuf_printf(out, "; not %s, who wrote commits of it", names_text(view->arena, authors));
    if (expires_ms)
        strbuf_printf(out, "; expires in %s", lasting_text(view->arena, expires_ms - view->now_ms));
}

static void left_words(const json_t *left, struct strbuf *out)
{
    const char *probe;
    json_t *number;
    bool first = true;

    json_object_foreach((json_t *)left, probe, number)
    {
        strbuf_printf(out, "%s%s ", first ? "" : ", ", probe);
        if (json_is_integer(number))
            strbuf_printf(out, "%lld", (long long)json_integer_value(number));
        else
            strbuf_text(out, "unknown");
        first = false;
    }
}

void waiting_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    json_t *waiting CLEANUP(json_cleanup) = view_waiting(view);
    const char *kind = view_text(waiting, "kind");
    const char *lasting;
    const char *head;

    if (!json_is_object(waiting))
        return;
    lasting = waited_text(view->arena, view->now_ms - json_get_int(waiting, "since_ms", view->now_ms));
    if (text_is(kind, "person"))
        head = arena_printf(view->arena, "held for %s: %s", lasting, view_text(waiting, "what"));
    else
        head = arena_printf(view->arena, "waits for %s, %s", view_text(waiting, "what"), lasting);
    strbuf_printf(
        out, "%s\n",
        screen_ink(screen, view->arena,
                   text_is(kind, "step") || text_is(kind, "hold") || text_is(kind, "drain") ? INK_PLAIN : INK_YELLOW,
                   head));
    if (text_is(kind, "gate")) {
        strbuf_text(out, "  ");
        gate_lines(view, waiting, out);
        strbuf_char(out, '\n');
    } else if (text_is(kind, "overdue")) {
        strbuf_text(out, "  ");
        left_words(json_object_get(waiting, "left"), out);
        strbuf_char(out, '\n');
    }
}

static enum ink state_ink(const struct release_view *view)
{
    const char *end = view_text(view->release, "end");

    if (text_is(view->state, "held") || text_is(end, "failed"))
        return INK_RED;
    if (text_is(end, "succeeded"))
        return INK_GREEN;
    return text_is(view->state, "running") ? INK_CYAN : INK_YELLOW;
}

/* "succeeded", or the state while it is live. */
static const char *state_words(const struct release_view *view)
{
    return text_spaced(view->arena, view_has_ended(view) ? view_text(view->release, "end") : view->state);
}

/* "hotfix ", "rollback "; nothing where it goes without saying. */
static const char *kind_word(const json_t *release)
{
    if (text_is(view_text(release, "kind"), "hotfix"))
        return "hotfix ";
    return text_is(view_text(release, "kind"), "rollback") ? "rollback " : "";
}

/* Where a line is short, the subject gives way to the state behind it; `status` indents the line. */
static int subject_width(const struct screen *screen, int others)
{
    int room = screen->width - others - (int)strlen("    ");

    if (screen->width == 0)
        return 0;
    return room < SUBJECT_LEAST ? SUBJECT_LEAST : room;
}

/* "r-17 prod  1a2b3c4 Fix the door  running  3m10s" */
void release_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    const json_t *release = view->release;
    int64_t ended_ms = json_get_int(release, "ended_ms", 0);
    int64_t until_ms = ended_ms ? ended_ms : view->now_ms;
    const char *name =
        screen_ink(screen, view->arena, INK_BOLD, arena_printf(view->arena, "%s %s", view->id, view->environment));
    const char *state =
        arena_printf(view->arena, "%s  %s", screen_ink(screen, view->arena, state_ink(view), state_words(view)),
                     lasting_text(view->arena, until_ms - json_get_int(release, "created_ms", until_ms)));

    if (text_is(view_text(release, "kind"), "destroy")) {
        strbuf_printf(out, "%s  destroy  %s\n", name, state);
        return;
    }
    name = arena_printf(view->arena, "%s  %s%s ", name, kind_word(release),
                        short_text(view, view_text(release, "commit_id"), SHORT_COMMIT));
    strbuf_text(out, name);
    screen_cut(screen, out, view_text(release, "subject"),
               subject_width(screen, screen_columns(name) + screen_columns(state)));
    strbuf_printf(out, "  %s\n", state);
}

void gate_text(const struct release_view *view, const json_t *waiting, const struct screen *screen, struct strbuf *out)
{
    const json_t *release = view->release;

    release_text(view, screen, out);
    strbuf_printf(out, "  gate    %s: ", view_text(waiting, "gate"));
    gate_lines(view, waiting, out);
    strbuf_printf(out, "\n  asks    %s\n", view_text(waiting, "title"));
    strbuf_printf(out, "  binds   to plan %s and all that was seen until now (%s)\n",
                  short_text(view, view_text(release, "plan"), SHORT_DIGEST),
                  short_text(view, view_text(waiting, "subject"), SHORT_DIGEST));
    strbuf_printf(out, "  back    %s\n",
                  json_get_flag(release, "pivot") ? "not any more: the first old stamp is gone"
                                                  : "penstock rollback gives the traffic back to the old unit");
    shares_text(view, screen, out);
    prober_text(view, screen, out);
    drains_text(view, screen, out);
}

static void head_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    const json_t *release = view->release;
    const char *branch = view_text(release, "branch");
    const char *old = json_get_text(release, "old_unit");

    release_text(view, screen, out);
    strbuf_printf(out, "  why     %s (%s, %s)\n", view_text(release, "reason"), view_text(release, "actor"),
                  ago_text(view->arena, json_get_int(release, "state_ms", view->now_ms), view->now_ms));
    if (json_get_text(release, "commit_id"))
        strbuf_printf(out, "  commit  %s%s%s%s\n", view_text(release, "commit_id"), *branch ? " (" : "", branch,
                      *branch ? ")" : "");
    if (json_get_text(release, "unit"))
        strbuf_printf(out, "  unit    %s%s%s\n", view_text(release, "unit"), old ? ", in place of " : "",
                      old ? old : "");
    strbuf_printf(out, "  asked   by %s at %s\n", view_text(release, "requester"),
                  time_text(view->arena, json_get_int(release, "created_ms", 0)));
    kind_text(view, screen, out);
    strbuf_printf(out, "  plan    %s%s\n", short_text(view, view_text(release, "plan"), SHORT_DIGEST),
                  json_get_flag(release, "pivot") ? "  past its pivot: nothing goes backward by itself" : "");
}

static void stamps_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    int width = widest(view->instances, "name");
    size_t index;
    const json_t *row;

    if (json_array_size(view->instances) == 0)
        return;
    strbuf_text(out, "instances\n");
    json_array_foreach(view->instances, index, row)
    {
        const char *name = view_text(row, "name");
        const char *state = view_text(row, "state");

        strbuf_printf(out, "  %s", name);
        pad(out, width - text_columns(name) + 2);
        strbuf_text(out, screen_ink(screen, view->arena, text_is(state, "lost") ? INK_RED : INK_PLAIN, state));
        if (json_get_text(row, "address"))
            strbuf_printf(out, "  %s  pid %lld", view_text(row, "address"), (long long)json_get_int(row, "pid", 0));
        strbuf_char(out, '\n');
    }
}

static void decisions_text(const struct release_view *view, struct strbuf *out)
{
    size_t index;
    const json_t *row;

    if (json_array_size(view->decisions) == 0)
        return;
    strbuf_text(out, "decisions\n");
    json_array_foreach(view->decisions, index, row)
    {
        const char *comment = view_text(row, "comment");
        const char *refused = json_get_text(row, "refused");

        strbuf_printf(out, "  %s  %s: %s%s%s%s%s\n", time_text(view->arena, json_get_int(row, "at_ms", 0)),
                      view_text(row, "person"), view_text(row, "decision"), *comment ? ", " : "", comment,
                      refused ? "; refused: " : "", refused ? refused : "");
    }
}

struct error *show_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    head_text(view, screen, out);
    TRY(failures_text(view, screen, out));
    strbuf_text(out, "stages\n");
    stages_text(view, screen, out);
    stamps_text(view, screen, out);
    shares_text(view, screen, out);
    prober_text(view, screen, out);
    drains_text(view, screen, out);
    terms_text(view, screen, out);
    decisions_text(view, out);
    waiting_text(view, screen, out);
    return NULL;
}
