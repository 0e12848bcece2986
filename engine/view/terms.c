/* Under which conditions a release went: rules, picks, what was shortened, when it had to wait, and its review. */

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "view/faces.h"
#include "view/release_view.h"
#include "view/screen.h"

#define SHORT_COMMIT 7

const char *review_words(struct arena *arena, const json_t *row, int64_t now_ms)
{
    int64_t due_ms = json_get_int(row, "review_due_ms", 0);

    if (!due_ms || json_get_int(row, "review_closed_ms", 0))
        return NULL;
    if (due_ms < now_ms)
        return arena_printf(arena, "review late by %s", lasting_text(arena, now_ms - due_ms));
    return arena_printf(arena, "review due in %s", lasting_text(arena, due_ms - now_ms));
}

json_t *review_json(struct arena *arena, const json_t *row)
{
    if (!json_get_int(row, "review_due_ms", 0))
        return json_null();
    return json_pack("{s:o, s:o, s:s?, s:s?}", "due", time_json(arena, json_get_int(row, "review_due_ms", 0)), "closed",
                     time_json(arena, json_get_int(row, "review_closed_ms", 0)), "person",
                     json_get_text(row, "review_person"), "comment", json_get_text(row, "review_comment"));
}

static void review_line(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    const char *open = review_words(view->arena, view->release, view->now_ms);
    int64_t closed_ms = json_get_int(view->release, "review_closed_ms", 0);

    if (open)
        strbuf_printf(out, "  review  %s\n", screen_ink(screen, view->arena, INK_RED, open));
    else if (closed_ms)
        strbuf_printf(out, "  review  by %s at %s: %s\n", view_text(view->release, "review_person"),
                      time_text(view->arena, closed_ms), view_text(view->release, "review_comment"));
}

void kind_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    const char *kind = view_text(view->release, "kind");
    const char *back_to = json_get_text(view->release, "back_to");
    size_t picks = json_array_size(view->picks);

    if (text_is(kind, "hotfix"))
        strbuf_printf(out, "  kind    hotfix of %zu commit%s\n", picks, picks == 1 ? "" : "s");
    else if (text_is(kind, "rollback"))
        strbuf_printf(out, "  kind    rollback%s%s\n", back_to ? " to " : "", back_to ? back_to : "");
    if (json_get_flag(view->release, "scheduled"))
        strbuf_text(out, "  kind    of a nightly job\n");
    review_line(view, screen, out);
}

static enum mark_kind verdict_mark(const char *verdict)
{
    if (text_is(verdict, "met"))
        return MARK_DONE;
    return text_is(verdict, "overridden") ? MARK_WARN : MARK_SKIPPED;
}

static void rules_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    size_t index;
    const json_t *row;

    if (json_array_size(view->rules))
        strbuf_text(out, "rules\n");
    json_array_foreach(view->rules, index, row)
    {
        const char *verdict = view_text(row, "verdict");
        const char *person = json_get_text(row, "person");

        strbuf_printf(out, "  %s %s: %s", screen_mark(screen, verdict_mark(verdict)), view_text(row, "rule"),
                      view_text(row, "detail"));
        if (!text_is(verdict, "met"))
            strbuf_printf(out, "; %s", verdict);
        if (person)
            strbuf_printf(out, " by %s: %s", person, view_text(row, "reason"));
        strbuf_char(out, '\n');
    }
}

static void picks_text(const struct release_view *view, struct strbuf *out)
{
    size_t index;
    const json_t *row;

    if (json_array_size(view->picks))
        strbuf_text(out, "picked\n");
    json_array_foreach(view->picks, index, row)
    {
        strbuf_printf(out, "  %.*s of %.*s%s\n", SHORT_COMMIT, view_text(row, "commit_id"), SHORT_COMMIT,
                      view_text(row, "source"), json_get_flag(row, "by_hand") ? ", conflicts resolved by hand" : "");
    }
    if (json_array_size(view->shortened))
        strbuf_text(out, "shortened\n");
    json_array_foreach(view->shortened, index, row)
    {
        strbuf_printf(out, "  %s: %s instead of %s (%s)\n", view_text(row, "what"), view_text(row, "now"),
                      view_text(row, "was"), view_text(row, "reason"));
    }
}

static void closures_text(const struct release_view *view, struct strbuf *out)
{
    size_t index;
    const json_t *row;

    if (json_array_size(view->closures))
        strbuf_text(out, "waited with its traffic\n");
    json_array_foreach(view->closures, index, row)
    {
        int64_t closed_ms = json_get_int(row, "closed_ms", 0);
        int64_t opened_ms = json_get_int(row, "opened_ms", 0);

        strbuf_printf(out, "  %s  %s: %s, %s%s\n", time_text(view->arena, closed_ms), view_text(row, "rule"),
                      view_text(row, "reason"),
                      lasting_text(view->arena, (opened_ms ? opened_ms : view->now_ms) - closed_ms),
                      opened_ms ? "" : " until now");
    }
}

void terms_text(const struct release_view *view, const struct screen *screen, struct strbuf *out)
{
    rules_text(view, screen, out);
    picks_text(view, out);
    closures_text(view, out);
}

static json_t *rules_json(const struct release_view *view)
{
    json_t *list = json_array();
    size_t index;
    const json_t *row;

    json_array_foreach(view->rules, index, row)
    {
        json_t *override = json_null();

        if (json_get_text(row, "person"))
            override =
                json_pack("{s:s, s:s, s:o}", "person", view_text(row, "person"), "reason", view_text(row, "reason"),
                          "until", time_json(view->arena, json_get_int(row, "until_ms", 0)));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "rule", view_text(row, "rule"), "verdict",
                                              view_text(row, "verdict"), "detail", view_text(row, "detail"), "override",
                                              override));
    }
    return list;
}

static json_t *picks_json(const struct release_view *view)
{
    json_t *list = json_array();
    size_t index;
    const json_t *row;

    json_array_foreach(view->picks, index, row)
    {
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "commit", view_text(row, "commit_id"), "source",
                                              view_text(row, "source"), "by_hand", json_get_flag(row, "by_hand")));
    }
    return list;
}

static json_t *shortened_json(const struct release_view *view)
{
    json_t *list = json_array();
    size_t index;
    const json_t *row;

    json_array_foreach(view->shortened, index, row)
    {
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "what", view_text(row, "what"), "was",
                                              view_text(row, "was"), "now", view_text(row, "now"), "reason",
                                              view_text(row, "reason")));
    }
    return list;
}

static json_t *closures_json(const struct release_view *view)
{
    json_t *list = json_array();
    size_t index;
    const json_t *row;

    json_array_foreach(view->closures, index, row)
    {
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:o}", "rule", view_text(row, "rule"), "reason",
                                              view_text(row, "reason"), "closed",
                                              time_json(view->arena, json_get_int(row, "closed_ms", 0)), "until",
                                              time_json(view->arena, json_get_int(row, "until_ms", 0)), "opened",
                                              time_json(view->arena, json_get_int(row, "opened_ms", 0))));
    }
    return list;
}

json_t *terms_json(const struct release_view *view)
{
    return json_pack("{s:b, s:s?, s:s?, s:O, s:o, s:o, s:o, s:o}", "scheduled",
                     json_get_flag(view->release, "scheduled"), "base_commit",
                     json_get_text(view->release, "base_commit"), "back_to", json_get_text(view->release, "back_to"),
                     "authors", view->authors, "rules", rules_json(view), "picks", picks_json(view), "shortened",
                     shortened_json(view), "closures", closures_json(view));
}
