#include "plan/closures.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/zone.h"
#include "spec/project.h"

#define MINUTE_MS ((int64_t)60 * 1000)
#define DAY_MS (24 * 60 * MINUTE_MS)
#define WINDOWS_SHOWN 4

struct stretch {
    int64_t from_ms, until_ms;
};

/* What closes between two edges. */
struct piece {
    int64_t from_ms, until_ms;
    const struct freeze_spec *freeze; /* NULL: none */
    bool outside;                     /* of all windows */
};

struct closing {
    struct arena *arena;
    const struct environment_spec *environment;
    int64_t from_ms, until_ms;
    struct stretch *open; /* in order, not touching */
    int open_count, open_capacity;
    int64_t *edges; /* where what is closed may change, in order */
    int edge_count, edge_capacity;
};

/* when the windows are open ---------------------------------------------------------------------------------------- */

static int64_t day_of(int64_t local_ms)
{
    return local_ms / DAY_MS - (local_ms % DAY_MS < 0);
}

/* 1970-01-01 was a Thursday. */
static int weekday_of(int64_t day)
{
    return (int)(((day + 3) % 7 + 7) % 7);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The window while its clocks keep their distance to UTC: plain reckoning with local times. */
static void add_span(struct closing *own, const struct window_spec *window, int64_t from_ms, int64_t until_ms,
                     int64_t east_ms)
{
    int64_t length_min = window->to_min - window->from_min + (window->to_min > window->from_min ? 0 : 24 * 60);

    /* The window of the day before may reach over midnight. */
    for (int64_t day = day_of(from_ms + east_ms) - 1; day <= day_of(until_ms + east_ms); day++) {
        int64_t begin_ms = day * DAY_MS + window->from_min * MINUTE_MS - east_ms;
        struct stretch open = {later(begin_ms, from_ms), earlier(begin_ms + length_min * MINUTE_MS, until_ms)};

        if (window->days[weekday_of(day)] && open.from_ms < open.until_ms)
            *ARENA_PUSH(own->arena, own->open, own->open_count, own->open_capacity) = open;
    }
}

static void add_window(struct closing *own, const struct window_spec *window, const struct zone *zone)
{
    for (int i = 0; i < zone->span_count; i++) {
        int64_t next_ms = i + 1 < zone->span_count ? zone->spans[i + 1].from_ms : own->until_ms;

        add_span(own, window, later(zone->spans[i].from_ms, own->from_ms), earlier(next_ms, own->until_ms),
                 zone->spans[i].east_ms);
    }
}

static int compare_stretches(const void *left, const void *right)
{
    const struct stretch *a = left, *b = right;

    return a->from_ms < b->from_ms ? -1 : a->from_ms > b->from_ms;
}

static void join_open(struct closing *own)
{
    int count = 0;

    if (own->open_count)
        qsort(own->open, (size_t)own->open_count, sizeof(*own->open), compare_stretches);
    for (int i = 0; i < own->open_count; i++) {
        struct stretch *last = count ? &own->open[count - 1] : NULL;

        if (last && own->open[i].from_ms <= last->until_ms)
            last->until_ms = later(last->until_ms, own->open[i].until_ms);
        else
            own->open[count++] = own->open[i];
    }
    own->open_count = count;
}

/* from edge to edge ------------------------------------------------------------------------------------------------ */

static void add_edge(struct closing *own, int64_t at_ms)
{
    if (at_ms > own->from_ms && at_ms < own->until_ms)
        *ARENA_PUSH(own->arena, own->edges, own->edge_count, own->edge_capacity) = at_ms;
}

static int compare_edges(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

static void find_edges(struct closing *own)
{
    const struct environment_spec *environment = own->environment;

    for (int i = 0; i < own->open_count; i++) {
        add_edge(own, own->open[i].from_ms);
        add_edge(own, own->open[i].until_ms);
    }
    for (int i = 0; i < environment->freeze_count; i++) {
        add_edge(own, environment->freezes[i].from_ms);
        add_edge(own, environment->freezes[i].to_ms);
    }
    if (own->edge_count)
        qsort(own->edges, (size_t)own->edge_count, sizeof(*own->edges), compare_edges);
    /* The two ends, which no edge above is. */
    *ARENA_PUSH(own->arena, own->edges, own->edge_count, own->edge_capacity) = own->until_ms;
}

/* `open` is where to look first: it goes up with the time. */
static bool is_outside(const struct closing *own, int64_t at_ms, int *open)
{
    while (*open < own->open_count && own->open[*open].until_ms <= at_ms)
        (*open)++;
    return own->environment->window_count && (*open == own->open_count || at_ms < own->open[*open].from_ms);
}

static const struct freeze_spec *freeze_at(const struct environment_spec *environment, int64_t at_ms)
{
    for (int i = 0; i < environment->freeze_count; i++) {
        if (at_ms >= environment->freezes[i].from_ms && at_ms < environment->freezes[i].to_ms)
            return &environment->freezes[i];
    }
    return NULL;
}

/* words ------------------------------------------------------------------------------------------------------------ */

/* "mon-thu", "mon, wed, sat-sun", "every day" */
static void add_days(const bool *days, struct strbuf *out)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    bool any = false;

    if (days[0] && days[1] && days[2] && days[3] && days[4] && days[5] && days[6]) {
        strbuf_text(out, "every day");
        return;
    }
    for (int i = 0; i < 7; i++) {
        int last = i;

        if (!days[i])
            continue;
        while (last < 6 && days[last + 1])
            last++;
        strbuf_printf(out, "%s%s", any ? ", " : "", names[i]);
        if (last > i)
            strbuf_printf(out, "%s%s", last > i + 1 ? "-" : ", ", names[last]);
        any = true;
        i = last;
    }
}

static const char *windows_text(const struct closing *own)
{
    const struct environment_spec *environment = own->environment;
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    strbuf_text(&out, "outside the windows (");
    for (int i = 0; i < environment->window_count && i < WINDOWS_SHOWN; i++) {
        const struct window_spec *window = &environment->windows[i];

        strbuf_text(&out, i ? "; " : "");
        add_days(window->days, &out);
        strbuf_printf(&out, " %02d:%02d-%02d:%02d %s", window->from_min / 60, window->from_min % 60,
                      window->to_min / 60, window->to_min % 60, window->zone);
    }
    if (environment->window_count > WINDOWS_SHOWN)
        strbuf_printf(&out, "; and %d more", environment->window_count - WINDOWS_SHOWN);
    strbuf_char(&out, ')');
    return arena_text(own->arena, strbuf_view(&out));
}

static json_t *closure_json(int64_t from_ms, int64_t until_ms, const char *rule, const char *reason)
{
    return json_pack("{s:I, s:I, s:s, s:s}", "from_ms", (json_int_t)from_ms, "until_ms", (json_int_t)until_ms, "rule",
                     rule, "reason", reason);
}

/* Where both are true the freeze is what is said; the window still holds for whoever may break the freeze only. */
static void add_closure(const struct closing *own, const struct piece *piece, const char *windows, json_t *list)
{
    json_t *last = json_array_get(list, json_array_size(list) - 1);
    const char *reason = piece->freeze ? arena_printf(own->arena, "freeze: %s", piece->freeze->reason) : windows;
    json_t *closure = closure_json(piece->from_ms, piece->until_ms, piece->freeze ? "freeze" : "window", reason);

    if (piece->freeze && piece->outside)
        json_object_set_new(closure, "also", json_string("window"));
    if (last && json_get_int(last, "until_ms", 0) == piece->from_ms && text_is(json_get_text(last, "reason"), reason) &&
        text_is(json_get_text(last, "also"), json_get_text(closure, "also"))) {
        json_object_set_new(last, "until_ms", json_integer(piece->until_ms));
        json_decref(closure);
        return;
    }
    json_array_append_new(list, closure);
}

const json_t *closures_of(struct arena *arena, const struct environment_spec *environment,
                          const struct zone *const *zones, int64_t from_ms, int64_t until_ms)
{
    struct closing own = {.arena = arena, .environment = environment, .from_ms = from_ms, .until_ms = until_ms};
    const char *windows = windows_text(&own);
    json_t *list;
    int open = 0;

    if (environment->window_count == 0 && environment->freeze_count == 0)
        return NULL;
    for (int i = 0; i < environment->window_count; i++)
        add_window(&own, &environment->windows[i], zones[i]);
    join_open(&own);
    find_edges(&own);
    list = json_in_arena(arena, json_array());
    for (int i = 0; i < own.edge_count; i++) {
        struct piece piece = {.from_ms = i ? own.edges[i - 1] : from_ms, .until_ms = own.edges[i]};

        piece.freeze = freeze_at(environment, piece.from_ms);
        piece.outside = is_outside(&own, piece.from_ms, &open);
        if (piece.from_ms < piece.until_ms && (piece.freeze || piece.outside))
            add_closure(&own, &piece, windows, list);
    }
    json_array_append_new(list, closure_json(until_ms, 0, environment->window_count ? "window" : "freeze",
                                             "so far the calendar was looked up"));
    return list;
}

static bool is_of(const json_t *closure, const char *rule)
{
    return text_is(json_get_text(closure, "rule"), rule) || text_is(json_get_text(closure, "also"), rule);
}

const json_t *closures_at(const json_t *closures, const char *rule, int64_t wall_ms, int64_t *out_until_ms)
{
    const json_t *found = NULL, *closure;
    size_t index;

    *out_until_ms = 0;
    json_array_foreach(closures, index, closure)
    {
        int64_t from_ms = json_get_int(closure, "from_ms", 0), until_ms = json_get_int(closure, "until_ms", 0);

        if (!is_of(closure, rule) || (until_ms && until_ms <= wall_ms))
            continue;
        if (found ? from_ms != *out_until_ms : from_ms > wall_ms)
            break;
        if (!found)
            found = closure;
        *out_until_ms = until_ms;
    }
    return found;
}
