#include "plan/drain.h"

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"

void drain_judge_init(struct drain_judge *judge, struct arena *arena, const struct drain_rule *rule)
{
    MUST(rule->samples >= 1);
    *judge = (struct drain_judge){.rule = rule, .arena = arena, .in_flight = DRAIN_UNKNOWN};
    judge->lines = arena_array(arena, (size_t)rule->limit_count + 1, sizeof(*judge->lines));
    for (int i = 0; i < rule->limit_count; i++) {
        judge->lines[i].left = DRAIN_UNKNOWN;
        judge->lines[i].unknown = true;
    }
}

void drain_judge_restore(struct drain_judge *judge, const json_t *body)
{
    const json_t *ledger = json_object_get(body, "ledger");
    const char *identity = json_get_text(body, "identity");

    for (int i = 0; i < judge->rule->limit_count; i++) {
        const json_t *row = json_object_get(ledger, judge->rule->limits[i].probe);
        struct drain_line *line = &judge->lines[i];

        if (!row)
            continue;
        line->seen = json_get_int(row, "seen", 0);
        line->ended = json_get_int(row, "ended", 0);
        line->forced = json_get_int(row, "forced", 0);
        line->lost = json_get_int(row, "lost", 0);
        line->left = json_get_int(row, "known", DRAIN_UNKNOWN);
        line->unknown = !json_is_integer(json_object_get(row, "left"));
        line->given_up = line->forced;
    }
    if (identity)
        judge->identity = arena_text(judge->arena, identity);
    judge->gone = json_get_bool(body, "gone", false);
}

/* The instance is not the one that had the rooms: what was left on it is lost, once. */
static void lose_all(struct drain_judge *judge)
{
    if (judge->gone)
        return;
    judge->gone = true;
    judge->changed = true;
    for (int i = 0; i < judge->rule->limit_count; i++) {
        struct drain_line *line = &judge->lines[i];

        line->unknown = false;
        if (line->left > 0) {
            line->lost += line->left;
            line->left = 0;
        }
    }
}

/* The loss is accepted; what answers there now has a drain of its own, and the ledger goes on. */
static void begin_anew(struct drain_judge *judge)
{
    judge->gone = false;
    judge->identity = NULL;
    judge->changed = true;
    for (int i = 0; i < judge->rule->limit_count; i++) {
        struct drain_line *line = &judge->lines[i];

        line->left = DRAIN_UNKNOWN;
        line->unknown = true;
        line->given_up = 0;
    }
}

static bool is_replaced(struct drain_judge *judge, const struct drain_answer *answer)
{
    if (answer->process_known && !answer->process_there)
        return true;
    if (!answer->identity)
        return false;
    if (!judge->identity) {
        judge->identity = arena_text(judge->arena, answer->identity);
        judge->changed = true;
    }
    return !text_is(judge->identity, answer->identity);
}

static void book(struct drain_judge *judge, struct drain_line *line, int64_t value)
{
    int64_t before = line->left == DRAIN_UNKNOWN ? 0 : line->left;

    /* What was given up may still be there until it is cut off or stopped; it was counted when it was given up. */
    if (value < line->given_up)
        line->given_up = value;
    value -= line->given_up;
    if (line->left == DRAIN_UNKNOWN || value != line->left)
        judge->changed = true;
    if (value > before) {
        judge->rose = judge->rose || line->left != DRAIN_UNKNOWN;
        line->seen += value - before;
    } else {
        line->ended += before - value;
    }
    line->left = value;
}

/* True when this answer shows nothing left. Books what is known even when other parts are not. */
static bool shows_nothing(struct drain_judge *judge, const struct drain_answer *answer)
{
    bool nothing = answer->process_known && answer->process_there && answer->in_flight == 0;

    if (judge->identity && !answer->identity)
        nothing = false;
    for (int i = 0; i < judge->rule->limit_count; i++) {
        int64_t value = answer->values[i];

        judge->changed = judge->changed || judge->lines[i].unknown != (value < 0);
        judge->lines[i].unknown = value < 0;
        if (value < 0) {
            nothing = false;
            continue;
        }
        book(judge, &judge->lines[i], value);
        if (judge->lines[i].left > judge->rule->limits[i].most)
            nothing = false;
    }
    return nothing;
}

enum drain_verdict drain_judge_feed(struct drain_judge *judge, const struct drain_answer *answer)
{
    judge->changed = answer->in_flight != judge->in_flight;
    judge->in_flight = answer->in_flight;
    judge->rose = false;
    judge->dead = answer->process_known && !answer->process_there;
    if (is_replaced(judge, answer))
        lose_all(judge);
    if (judge->gone && judge->rule->accept_lost && !judge->dead) {
        begin_anew(judge);
        (void)is_replaced(judge, answer); /* who it is now */
    }
    if (judge->gone) {
        judge->in_row = 0;
        return judge->rule->accept_lost ? DRAIN_SETTLED : DRAIN_LOST;
    }
    if (!shows_nothing(judge, answer)) {
        judge->in_row = 0;
        return DRAIN_WAITING;
    }
    if (judge->in_row == 0)
        judge->first_ms = answer->boot_ms;
    judge->in_row++;
    if (judge->in_row >= judge->rule->samples && answer->boot_ms - judge->first_ms >= judge->rule->over_ms)
        return DRAIN_SETTLED;
    return DRAIN_WAITING;
}

enum drain_force drain_judge_force(struct drain_judge *judge, const json_t *values)
{
    for (int i = 0; i < judge->rule->limit_count; i++) {
        const struct drain_line *line = &judge->lines[i];
        int64_t given = json_get_int(values, judge->rule->limits[i].probe, DRAIN_UNKNOWN);
        bool unknown = line->unknown || line->left == DRAIN_UNKNOWN;
        int64_t there = unknown ? DRAIN_UNKNOWN : judge->gone ? line->lost : line->left;

        if (there != DRAIN_UNKNOWN && given != there)
            return DRAIN_NOT_GIVEN_UP;
        /* What nobody could count cannot be given up by number: it must be said to be unknown, as null. */
        if (there == DRAIN_UNKNOWN && !json_is_null(json_object_get(values, judge->rule->limits[i].probe)))
            return DRAIN_NOT_GIVEN_UP;
    }
    if (judge->gone && !judge->dead) {
        begin_anew(judge);
        return DRAIN_LOSS_ACCEPTED;
    }
    for (int i = 0; i < judge->rule->limit_count; i++) {
        struct drain_line *line = &judge->lines[i];

        if (line->left > 0) {
            line->forced += line->left;
            line->given_up += line->left;
            line->left = 0;
        }
    }
    return DRAIN_GIVEN_UP;
}

json_t *drain_judge_body(const struct drain_judge *judge)
{
    json_t *values = json_object(), *ledger = json_object();

    for (int i = 0; i < judge->rule->limit_count; i++) {
        const struct drain_line *line = &judge->lines[i];
        const char *probe = judge->rule->limits[i].probe;
        json_t *known = line->left == DRAIN_UNKNOWN ? json_null() : json_integer(line->left);
        json_t *left = line->unknown ? json_null() : json_incref(known);

        json_object_set(values, probe, left);
        json_object_set_new(ledger, probe,
                            json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}", "seen", (json_int_t)line->seen, "ended",
                                      (json_int_t)line->ended, "forced", (json_int_t)line->forced, "lost",
                                      (json_int_t)line->lost, "left", left, "known", known));
    }
    return json_pack("{s:o, s:o, s:s?, s:o, s:b}", "values", values, "ledger", ledger, "identity", judge->identity,
                     "in_flight", judge->in_flight == DRAIN_UNKNOWN ? json_null() : json_integer(judge->in_flight),
                     "gone", judge->gone);
}

const char *drain_judge_text(struct arena *arena, const struct drain_judge *judge)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(4096);

    for (int i = 0; i < judge->rule->limit_count; i++) {
        const struct drain_line *line = &judge->lines[i];

        strbuf_printf(&text, "%s%s ", i ? ", " : "", judge->rule->limits[i].probe);
        if (line->unknown || line->left == DRAIN_UNKNOWN)
            strbuf_text(&text, "unknown");
        else
            strbuf_printf(&text, "%lld", (long long)line->left);
    }
    if (judge->in_flight == DRAIN_UNKNOWN)
        strbuf_printf(&text, "%sin flight unknown", judge->rule->limit_count ? ", " : "");
    else
        strbuf_printf(&text, "%sin flight %lld", judge->rule->limit_count ? ", " : "", (long long)judge->in_flight);
    return arena_text(arena, strbuf_view(&text));
}

const char *drain_left_text(struct arena *arena, const json_t *left)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const char *probe;
    json_t *number;

    json_object_foreach((json_t *)(uintptr_t)left, probe, number)
    {
        strbuf_printf(&text, "%s%s=", text.length ? "," : "", probe);
        if (json_is_integer(number))
            strbuf_printf(&text, "%lld", (long long)json_integer_value(number));
        else
            strbuf_text(&text, "unknown");
    }
    return arena_text(arena, strbuf_view(&text));
}
