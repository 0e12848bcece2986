#include "view/progress.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "view/faces.h"
#include "view/release_view.h"
#include "view/rows.h"

#define DRAW_EVERY_MS 100
#define CLOCKS_EVERY_MS 1000 /* the block's times go on while nothing happens */
#define HEARTBEAT_MS 30000
#define NEXT_MOST 3

struct progress {
    struct record *record;
    char *release;
    struct progress_options options;
    int64_t seq;         /* the last event that was seen */
    int64_t drawn_ms;    /* boot clock; 0 = never */
    int64_t line_ms;     /* when the last line was printed */
    int drawn_lines;     /* of the block that stands on the screen */
    bool stale;          /* something happened since the block was drawn */
    struct error *error; /* of the last look */
};

struct progress *progress_new(struct record *record, const char *release, const struct progress_options *options)
{
    struct progress *progress = heap_alloc(sizeof(*progress));

    progress->record = record;
    progress->release = heap_text(release);
    progress->options = *options;
    progress->seq = options->after_seq;
    if (progress->options.heartbeat_ms == 0)
        progress->options.heartbeat_ms = HEARTBEAT_MS;
    progress->line_ms = clock_boot_ms();
    progress->stale = true;
    return progress;
}

static void emit(struct progress *progress, const struct strbuf *text)
{
    if (text->length == 0)
        return;
    fwrite(strbuf_view(text), 1, text->length, progress->options.stream);
    fflush(progress->options.stream);
}

/* Goes back to where the block began; what is printed next takes its place. */
static void lift_block(struct progress *progress, struct strbuf *out)
{
    if (progress->drawn_lines > 0)
        strbuf_printf(out, "\r\033[%dA\033[J", progress->drawn_lines);
    progress->drawn_lines = 0;
}

/* Events that stay on a terminal as lines of their own; the rest shows in the block. */
static bool stays(const char *kind)
{
    static const char *const kinds[] = {
        "step.failed",      "step.doubted",   "gate.asked",      "gate.opened",      "gate.expired",  "decision.made",
        "decision.refused", "release.turned", "release.pivoted", "traffic.drifted",  "drain.overdue", "instance.lost",
        "instance.sick",    "instance.well",  "finding",         "traffic.repaired", "release.ended", "runner.stopped",
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (text_is(kinds[i], kind))
            return true;
    return false;
}

/* Measurements come many a minute, and what is skipped was not wanted: both say little one by one. */
static bool is_noise(const char *kind)
{
    return text_is(kind, "hold.slice") || text_is(kind, "prober.tallied") || text_is(kind, "step.skipped");
}

static bool is_wanted(const struct progress *progress, const char *kind)
{
    if (progress->options.verbose)
        return true;
    return progress->options.form == PROGRESS_LIVE ? stays(kind) : !is_noise(kind);
}

static enum ink event_ink(const char *kind)
{
    if (text_is(kind, "step.failed") || text_is(kind, "instance.lost"))
        return INK_RED;
    if (text_is(kind, "gate.asked") || text_is(kind, "drain.overdue") || text_is(kind, "release.turned"))
        return INK_YELLOW;
    return INK_PLAIN;
}

static void add_event(const struct progress *progress, struct arena *arena, const json_t *row, struct strbuf *out)
{
    const struct screen *screen = &progress->options.screen;
    json_t *event CLEANUP(json_cleanup) = NULL;

    if (progress->options.form == PROGRESS_JSON) {
        event = event_json(arena, row);
        strbuf_printf(out, "%s\n", json_canonical(arena, event));
    } else if (is_wanted(progress, view_text(row, "kind"))) {
        screen_wrap(screen, out, screen_ink(screen, arena, event_ink(view_text(row, "kind")), event_text(arena, row)));
        strbuf_char(out, '\n');
    }
}

static void add_body(const struct release_view *view, const struct screen *screen, bool all_stages, struct strbuf *out)
{
    if (all_stages)
        stages_text(view, screen, out);
    else
        stages_now_text(view, screen, out);
    shares_text(view, screen, out);
    drains_text(view, screen, out);
    prober_text(view, screen, out);
}

/* Whom it waits for, and what they may type: never cut. What the running step waits for stands in its stage's line. */
static void add_waiting(const struct release_view *view, const struct screen *screen, bool last, struct strbuf *out)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *next CLEANUP(json_cleanup) = NULL;
    size_t index;
    const json_t *row;

    if (!view_waits_for_people(view))
        return;
    waiting_text(view, screen, &text);
    screen_wrap(screen, out, strbuf_view(&text));
    /* At the end the command itself gives its advice. */
    next = last ? json_array() : view_next(view);
    json_array_foreach(next, index, row)
    {
        if (index < NEXT_MOST && !text_starts(view_text(row, "why"), "follow"))
            strbuf_printf(out, "  %s\n", view_text(row, "command"));
    }
}

static int line_count(const char *text)
{
    int lines = 0;

    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/*
 * The block: all that a person who follows wants to see at once. Where the screen is too low for it, stages that are over or
 * still to come give way first, then the rest of the middle; never its first line, nor whom it waits for.
 */
static struct error *add_block(struct progress *progress, struct arena *arena, bool last, struct strbuf *out)
{
    struct release_view view CLEANUP(release_view_release) = {0};
    struct strbuf head CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct strbuf body CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct strbuf waiting CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct strbuf foot CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const struct screen *screen = &progress->options.screen;
    int most = screen->height > 1 ? screen->height - 1 : 0;
    int rows;

    TRY(release_view_read(progress->record, arena, progress->release, progress->options.program, &view));
    release_text(&view, screen, &head);
    add_body(&view, screen, true, &body);
    add_waiting(&view, screen, last, &waiting);
    rows = screen_whole(screen, &foot, strbuf_view(&waiting));
    if (most && 1 + line_count(strbuf_view(&body)) + rows > most) {
        strbuf_reset(&body);
        add_body(&view, screen, false, &body);
    }
    if (most && rows > most - 2) {
        strbuf_reset(&foot);
        rows = screen_lines(screen, &foot, strbuf_view(&waiting), most - 2);
    }
    progress->drawn_lines = screen_lines(screen, out, strbuf_view(&head), 1);
    if (!most || most > 1 + rows)
        progress->drawn_lines += screen_lines(screen, out, strbuf_view(&body), most ? most - 1 - rows : 0);
    strbuf_add(out, strbuf_view(&foot), foot.length);
    progress->drawn_lines += rows;
    return NULL;
}

/* "still waiting for gate release-managers, 4m10s" */
static struct error *add_heartbeat(const struct progress *progress, struct arena *arena, struct strbuf *out)
{
    struct release_view view CLEANUP(release_view_release) = {0};
    json_t *waiting CLEANUP(json_cleanup) = NULL;
    const char *kind;
    const char *lasting;

    TRY(release_view_read(progress->record, arena, progress->release, progress->options.program, &view));
    waiting = view_waiting(&view);
    if (!json_is_object(waiting))
        return NULL;
    kind = view_text(waiting, "kind");
    lasting = waited_text(arena, view.now_ms - json_get_int(waiting, "since_ms", view.now_ms));
    if (text_is(kind, "person"))
        strbuf_printf(out, "still held, %s: %s\n", lasting, view_text(waiting, "what"));
    else
        strbuf_printf(out, "still %s %s, %s\n", text_is(kind, "step") ? "at" : "waiting for",
                      view_text(waiting, "what"), lasting);
    return NULL;
}

/* Lines for everything that happened since the last look; the record gives so many at a time. */
static struct error *add_news(struct progress *progress, struct arena *arena, struct strbuf *lines)
{
    size_t count;

    do {
        json_t *rows CLEANUP(json_cleanup) = NULL;
        size_t index;
        const json_t *row;

        TRY(rows_events(progress->record, progress->release, progress->seq, &rows));
        json_array_foreach(rows, index, row)
        {
            add_event(progress, arena, row, lines);
            progress->seq = json_get_int(row, "seq", progress->seq);
            progress->stale = true;
        }
        count = json_array_size(rows);
    } while (count == ROWS_EVENTS_MOST);
    return NULL;
}

static struct error *look(struct progress *progress, bool last)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct strbuf lines CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    int64_t now_ms = clock_boot_ms();
    bool live = progress->options.form == PROGRESS_LIVE;
    bool due;

    TRY(add_news(progress, arena, &lines));
    if (lines.length > 0) {
        progress->line_ms = now_ms;
    } else if (progress->options.form == PROGRESS_LINES &&
               now_ms - progress->line_ms >= progress->options.heartbeat_ms && !last) {
        TRY(add_heartbeat(progress, arena, &lines));
        progress->line_ms = now_ms;
    }
    due = live && (last || lines.length > 0 ||
                   now_ms - progress->drawn_ms >= (progress->stale ? DRAW_EVERY_MS : CLOCKS_EVERY_MS));
    if (due || lines.length > 0)
        lift_block(progress, &out);
    strbuf_add(&out, strbuf_view(&lines), lines.length);
    if (due) {
        screen_measure(&progress->options.screen, fileno(progress->options.stream));
        TRY(add_block(progress, arena, last, &out));
        progress->drawn_ms = now_ms;
        progress->stale = false;
    }
    emit(progress, &out);
    return NULL;
}

void progress_look(void *context)
{
    struct progress *progress = context;

    if (progress->options.form == PROGRESS_NONE)
        return;
    /* Looking must never stop the release; the last failure is told at the end. */
    error_free(progress->error);
    progress->error = look(progress, false);
}

void progress_notice(void *context, const char *line)
{
    struct progress *progress = context;
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if (progress->options.form == PROGRESS_NONE || progress->options.form == PROGRESS_JSON)
        return;
    lift_block(progress, &out);
    screen_wrap(&progress->options.screen, &out, line);
    strbuf_char(&out, '\n');
    emit(progress, &out);
    progress->drawn_ms = 0;
}

struct error *progress_finish(struct progress *progress)
{
    struct error *error;

    if (progress->options.form != PROGRESS_NONE) {
        error_free(progress->error);
        progress->error = look(progress, true);
    }
    error = progress->error;
    free(progress->release);
    free(progress);
    return error;
}
