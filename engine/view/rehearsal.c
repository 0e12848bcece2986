#include "view/rehearsal.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "view/screen.h"

#define TIME_COLUMNS 8
#define STAGE_COLUMNS 10
#define ACT_COLUMNS 16

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_get_text(object, key);

    return text ? text : "";
}

static const char *act_title(const char *name)
{
    static const char *const titles[][2] = {{"first", "first release"},
                                            {"ordinary", "next release"},
                                            {"faults", "with faults"},
                                            {"forgotten", "forgotten room"}};

    for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++) {
        if (text_is(titles[i][0], name))
            return titles[i][1];
    }
    return name;
}

/* The underscore is for programs. */
static const char *end_words(struct arena *arena, const char *end)
{
    char *words = arena_text(arena, *end ? end : "does not end");

    for (char *at = words; *at; at++)
        *at = *at == '_' ? ' ' : *at;
    return words;
}

static enum ink end_ink(const char *end)
{
    return text_is(end, "succeeded") ? INK_GREEN : *end ? INK_YELLOW : INK_RED;
}

static void padded(struct strbuf *out, const char *text, int columns)
{
    strbuf_text(out, text);
    for (int i = screen_columns(text); i < columns; i++)
        strbuf_char(out, ' ');
}

static void add_number(struct strbuf *out, int64_t number, const char *one, const char *many)
{
    if (number)
        strbuf_printf(out, "%s%lld %s", out->length ? ", " : "", (long long)number, number == 1 ? one : many);
}

/* "2 rooms, 1 recording"; "" for nothing. */
static const char *work_text(struct arena *arena, const json_t *work, int64_t requests)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    add_number(&out, json_get_int(work, "rooms", 0), "room", "rooms");
    add_number(&out, json_get_int(work, "recordings", 0), "recording", "recordings");
    add_number(&out, json_get_int(work, "queued", 0), "queued piece of work", "queued pieces of work");
    add_number(&out, requests, "request", "requests");
    return arena_text(arena, strbuf_view(&out));
}

static void lost_line(struct arena *arena, const json_t *by_release, const json_t *by_faults, int64_t requests,
                      struct strbuf *out)
{
    const char *own = work_text(arena, by_release, 0), *others = work_text(arena, by_faults, requests);

    padded(out, "lost", ACT_COLUMNS);
    strbuf_printf(out, "%s by the release", *own ? own : "nothing");
    if (*others)
        strbuf_printf(out, "; %s by the faults", others);
    strbuf_char(out, '\n');
}

static void finding_text(struct arena *arena, const json_t *finding, const char *more, const struct screen *screen,
                         struct strbuf *out)
{
    size_t index;
    const json_t *place;

    strbuf_printf(out, "%s %s%s\n", screen_mark(screen, MARK_FAILED),
                  screen_ink(screen, arena, INK_BOLD, text_of(finding, "text")), more);
    json_array_foreach(json_object_get(finding, "places"), index, place)
    {
        strbuf_printf(out, " --> %s:%lld:%lld: %s\n", text_of(place, "file"), (long long)json_get_int(place, "line", 0),
                      (long long)json_get_int(place, "column", 0), text_of(place, "text"));
    }
    if (json_get_text(finding, "hint"))
        strbuf_printf(out, "  = help: %s\n", json_get_text(finding, "hint"));
}

static void event_line(struct arena *arena, const json_t *event, const struct screen *screen, struct strbuf *out)
{
    const char *kind = text_of(event, "kind"), *text = text_of(event, "text");
    int64_t at_ms = json_get_int(event, "at_ms", 0), times = json_get_int(event, "times", 1);
    struct strbuf line CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const char *at = at_ms < 1000 ? "0s" : lasting_text(arena, at_ms / 1000 * 1000);

    strbuf_printf(&line, "%*s  ", TIME_COLUMNS, at);
    padded(&line, text_of(event, "stage"), STAGE_COLUMNS);
    if (text_is(kind, "fault"))
        strbuf_printf(&line, "%s %s", screen_mark(screen, MARK_WARN), screen_ink(screen, arena, INK_YELLOW, text));
    else if (text_is(kind, "end"))
        strbuf_text(&line, screen_ink(screen, arena, end_ink(text), end_words(arena, text)));
    else
        strbuf_text(&line, text);
    if (times > 1)
        strbuf_printf(&line, " (%lld times)", (long long)times);
    strbuf_char(&line, '\n');
    (void)screen_lines(screen, out, strbuf_view(&line), 0);
}

static bool has_finding(const json_t *run, const char *act)
{
    size_t index;
    const json_t *finding;

    json_array_foreach(json_object_get(run, "findings"), index, finding)
    {
        if (text_is(json_get_text(finding, "act"), act))
            return true;
    }
    return false;
}

static void act_text(struct arena *arena, const json_t *run, const json_t *act, bool all, const struct screen *screen,
                     struct strbuf *out)
{
    const char *name = text_of(act, "name"), *end = text_of(act, "end");
    size_t index;
    const json_t *event;

    strbuf_char(out, '\n');
    padded(out, screen_ink(screen, arena, INK_BOLD, act_title(name)), ACT_COLUMNS);
    strbuf_printf(out, "%s in %s\n", screen_ink(screen, arena, end_ink(end), end_words(arena, end)),
                  lasting_text(arena, json_get_int(act, "took_ms", 0) / 1000 * 1000));
    if (!all && !text_is(name, "ordinary") && !text_is(name, "faults") && !has_finding(run, name))
        return;
    json_array_foreach(json_object_get(act, "events"), index, event)
    {
        event_line(arena, event, screen, out);
    }
}

/* "release-managers 3 times" */
static void gates_line(struct arena *arena, const json_t *run, struct strbuf *out)
{
    json_t *met = json_object();
    size_t i, k;
    const json_t *act, *gate;
    const char *name;
    json_t *times;
    bool first = true;

    json_array_foreach(json_object_get(run, "acts"), i, act)
    {
        json_array_foreach(json_object_get(act, "gates"), k, gate)
        {
            name = text_of(gate, "gate");
            json_object_set_new(met, name, json_integer(json_get_int(met, name, 0) + 1));
        }
    }
    json_in_arena(arena, met);
    if (json_object_size(met) == 0)
        return;
    padded(out, "gates", ACT_COLUMNS);
    json_object_foreach(met, name, times)
    {
        strbuf_printf(out, "%s%s %s", first ? "" : ", ", name,
                      json_integer_value(times) == 1
                          ? "once"
                          : arena_printf(arena, "%lld times", (long long)json_integer_value(times)));
        first = false;
    }
    strbuf_char(out, '\n');
}

/* Adds the numbers of `from` to those of `to`. */
static void add_work(json_t *to, const json_t *from)
{
    static const char *const keys[] = {"rooms", "recordings", "queued"};

    for (int i = 0; i < 3; i++)
        json_object_set_new(to, keys[i], json_integer(json_get_int(to, keys[i], 0) + json_get_int(from, keys[i], 0)));
}

/* Of all acts of a run. */
static void sum_losses(const json_t *run, json_t *by_release, json_t *by_faults, int64_t *requests)
{
    size_t index;
    const json_t *act;

    json_array_foreach(json_object_get(run, "acts"), index, act)
    {
        const json_t *lost = json_object_get(act, "lost");

        add_work(by_release, json_object_get(lost, "by_release"));
        add_work(by_faults, json_object_get(lost, "by_faults"));
        *requests += json_get_int(lost, "requests", 0);
    }
}

void rehearsal_text(struct arena *arena, const json_t *run, bool all, const struct screen *screen, struct strbuf *out)
{
    json_t *by_release = json_in_arena(arena, json_object()), *by_faults = json_in_arena(arena, json_object());
    int64_t requests = 0;
    size_t index;
    const json_t *item;

    if (json_get_bool(run, "good", false))
        strbuf_printf(out, "%s %s\n", screen_mark(screen, MARK_DONE),
                      screen_ink(screen, arena, INK_BOLD, "the release loses nothing, and it ends"));
    json_array_foreach(json_object_get(run, "findings"), index, item)
    {
        finding_text(arena, item, "", screen, out);
    }
    strbuf_char(out, '\n');
    padded(out, "rehearsed", ACT_COLUMNS);
    strbuf_printf(out, "%s, seed %lld, faults: %s\n", text_of(run, "pipeline"), (long long)json_get_int(run, "seed", 0),
                  text_of(run, "faults"));
    sum_losses(run, by_release, by_faults, &requests);
    lost_line(arena, by_release, by_faults, requests, out);
    gates_line(arena, run, out);
    json_array_foreach(json_object_get(run, "acts"), index, item)
    {
        act_text(arena, run, item, all, screen, out);
    }
}

/* ------------------------------------------------------------------------------------------------ many runs */

static void count_up(json_t *object, const char *key)
{
    json_object_set_new(object, key, json_integer(json_get_int(object, key, 0) + 1));
}

/* The same finding of several runs is told once, with the first seed that has it. */
static void add_finding(json_t *findings, const json_t *finding, int64_t seed)
{
    size_t index;
    json_t *known, *added;

    json_array_foreach(findings, index, known)
    {
        if (text_is(json_get_text(known, "text"), json_get_text(finding, "text"))) {
            count_up(known, "runs");
            return;
        }
    }
    added = json_deep_copy(finding);
    json_object_set_new(added, "runs", json_integer(1));
    json_object_set_new(added, "seed", json_integer(seed));
    json_array_append_new(findings, added);
}

static int64_t work_sum(const json_t *work)
{
    return json_get_int(work, "rooms", 0) + json_get_int(work, "recordings", 0) + json_get_int(work, "queued", 0);
}

/* How bad: first what is found, then what the faults broke. */
static int64_t badness(const json_t *run)
{
    json_t *by_release CLEANUP(json_cleanup) = json_object();
    json_t *by_faults CLEANUP(json_cleanup) = json_object();
    int64_t requests = 0;

    sum_losses(run, by_release, by_faults, &requests);
    return (int64_t)json_array_size(json_object_get(run, "findings")) * 1000000000 + work_sum(by_release) * 1000000 +
           work_sum(by_faults) * 1000 + requests;
}

json_t *rehearsals_sum(const json_t *runs)
{
    json_t *findings = json_array(), *ends = json_object(), *by_release = json_object(), *by_faults = json_object();
    int64_t requests = 0, bad = 0, most = -1, worst = 0;
    const json_t *head = json_array_get(runs, 0), *run, *item;
    size_t index, k;

    json_array_foreach(runs, index, run)
    {
        int64_t seed = json_get_int(run, "seed", 0);

        bad += !json_get_bool(run, "good", false);
        sum_losses(run, by_release, by_faults, &requests);
        json_array_foreach(json_object_get(run, "findings"), k, item)
        {
            add_finding(findings, item, seed);
        }
        json_array_foreach(json_object_get(run, "acts"), k, item)
        {
            if (text_is(json_get_text(item, "name"), "faults"))
                count_up(ends, *text_of(item, "end") ? text_of(item, "end") : "does not end");
        }
        if (badness(run) > most) {
            most = badness(run);
            worst = seed;
        }
    }
    return json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:b, s:o, s:o, s:{s:o, s:o, s:I}, s:I}",
                     "schema_version", 1, "kind", "rehearsals", "pipeline", text_of(head, "pipeline"), "environment",
                     text_of(head, "environment"), "seed", (json_int_t)json_get_int(head, "seed", 0), "runs",
                     (json_int_t)json_array_size(runs), "bad", (json_int_t)bad, "faults", text_of(head, "faults"),
                     "good", bad == 0, "findings", findings, "ends", ends, "lost", "by_release", by_release,
                     "by_faults", by_faults, "requests", (json_int_t)requests, "worst", (json_int_t)worst);
}

void rehearsals_text(struct arena *arena, const json_t *sum, const struct screen *screen, struct strbuf *out)
{
    long long runs = (long long)json_get_int(sum, "runs", 0), bad = (long long)json_get_int(sum, "bad", 0);
    const json_t *lost = json_object_get(sum, "lost"), *finding;
    size_t index;
    const char *end;
    json_t *count;
    bool first = true;

    if (bad == 0)
        strbuf_printf(out, "%s %s\n", screen_mark(screen, MARK_DONE),
                      screen_ink(screen, arena, INK_BOLD,
                                 arena_printf(arena, "%lld runs: the release loses nothing, and it ends", runs)));
    json_array_foreach(json_object_get(sum, "findings"), index, finding)
    {
        finding_text(arena, finding,
                     arena_printf(arena, " (%lld of %lld runs, first with seed %lld)",
                                  (long long)json_get_int(finding, "runs", 0), runs,
                                  (long long)json_get_int(finding, "seed", 0)),
                     screen, out);
    }
    strbuf_char(out, '\n');
    padded(out, "rehearsed", ACT_COLUMNS);
    strbuf_printf(out, "%s, seeds %lld to %lld, faults: %s\n", text_of(sum, "pipeline"),
                  (long long)json_get_int(sum, "seed", 0), (long long)json_get_int(sum, "seed", 0) + runs - 1,
                  text_of(sum, "faults"));
    lost_line(arena, json_object_get(lost, "by_release"), json_object_get(lost, "by_faults"),
              json_get_int(lost, "requests", 0), out);
    if (json_object_size(json_object_get(sum, "ends")) > 0) {
        padded(out, "with faults", ACT_COLUMNS);
        json_object_foreach(json_object_get(sum, "ends"), end, count)
        {
            strbuf_printf(out, "%s%lld %s", first ? "" : ", ", (long long)json_integer_value(count),
                          end_words(arena, end));
            first = false;
        }
        strbuf_char(out, '\n');
    }
    padded(out, "worst", ACT_COLUMNS);
    strbuf_printf(out, "seed %lld\n", (long long)json_get_int(sum, "worst", 0));
}
