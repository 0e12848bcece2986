#include "plan/rules.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "plan/authors.h"
#include "plan/builder.h"
#include "plan/closures.h"
#include "plan/ranges.h"
#include "spec/diagnostics.h"

struct rule {
    const char *name;
    unsigned exempt; /* bits of enum plan_kind */
    bool overridable;
    bool (*applies)(const struct builder *b);
    void (*judge)(struct builder *b, struct finding *out);
};

#define HOTFIX (1u << PLAN_HOTFIX)
#define ROLLBACK (1u << PLAN_ROLLBACK)

/* where commits come from ------------------------------------------------------------------------------------------ */

static bool branches_apply(const struct builder *b)
{
    return b->environment->branches.count > 0;
}

static bool is_taken(const struct environment_spec *environment, const char *branch)
{
    for (int i = 0; i < environment->branches.count; i++) {
        if (text_glob(environment->branches.items[i], branch))
            return true;
    }
    return false;
}

static const char *list_text(struct arena *arena, const struct text_list *list)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < list->count; i++)
        strbuf_printf(&text, "%s%s", i ? ", " : "", list->items[i]);
    return arena_text(arena, strbuf_view(&text));
}

/* By the repository: what the commit was called on the command line counts for nothing. */
static void judge_branches(struct builder *b, struct finding *out)
{
    const struct fact_rules *facts = &b->facts->rules;
    struct strbuf others CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < facts->branch_count && !out->met; i++) {
        const struct fact_branch *branch = &facts->branches[i];

        strbuf_printf(&others, "%s%s", i ? ", " : "", branch->name);
        out->met = is_taken(b->environment, branch->name);
        if (out->met)
            out->detail = arena_printf(b->arena, "on %s%s", branch->name, branch->remote ? " of origin" : "");
    }
    if (out->met)
        return;
    out->detail = arena_printf(b->arena, "commit %.7s is on no branch that environment '%s' takes (%s)",
                               b->facts->commit, b->environment->name, list_text(b->arena, &b->environment->branches));
    out->mark = b->environment->branches.mark;
    if (others.length)
        out->hint = arena_printf(b->arena, "it is on: %s", strbuf_view(&others));
    else
        out->hint = facts->of_origin ? "origin has it on no branch: git push"
                                     : "it is on no branch at all; was one renamed or deleted?";
}

static bool from_trunk_applies(const struct builder *b)
{
    return b->environment->from_trunk;
}

static void judge_from_trunk(struct builder *b, struct finding *out)
{
    const char *stray = b->facts->rules.stray, *unknown = b->facts->rules.stray_unknown, *trunk = b->project->trunk;

    out->met = !stray && !unknown;
    if (out->met) {
        out->detail = arena_printf(b->arena, "every commit is on %s, or a proved pick from it", trunk);
        return;
    }
    out->mark = b->environment->from_trunk_mark;
    if (unknown) {
        out->detail = unknown;
        out->hint = "git fetch origin '+refs/heads/*:refs/remotes/origin/*' brings all branches";
        return;
    }
    out->detail = arena_printf(b->arena, "commit %.7s is neither on '%s' nor a proved pick from it", stray, trunk);
    out->hint = arena_printf(b->arena, "bring the change to '%s' first, then pick it from there", trunk);
}

static bool requires_apply(const struct builder *b)
{
    return b->environment->requirement_count > 0;
}

static const char *how_of(const struct builder *b, const char *environment)
{
    for (int i = 0; i < b->facts->rules.requirement_count; i++) {
        if (text_is(b->facts->rules.requirements[i].environment, environment))
            return b->facts->rules.requirements[i].how;
    }
    return NULL;
}

static void judge_requires(struct builder *b, struct finding *out)
{
    struct strbuf found CLEANUP(strbuf_release) = STRBUF_INIT(0), missing CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const struct requirement_spec *first = NULL;

    for (int i = 0; i < b->environment->requirement_count; i++) {
        const struct requirement_spec *requirement = &b->environment->requirements[i];
        const char *how = how_of(b, requirement->released_to);
        size_t id = how ? strcspn(how, ",") : 0;

        if (how) {
            strbuf_printf(&found, "%s%.*s on %s%s", found.length ? "; " : "", (int)id, how, requirement->released_to,
                          how + id);
            continue;
        }
        strbuf_printf(&missing, "%s%s", first ? ", " : "", requirement->released_to);
        first = first ? first : requirement;
    }
    out->met = !first;
    if (out->met) {
        out->detail = arena_text(b->arena, strbuf_view(&found));
        return;
    }
    out->detail = arena_printf(b->arena, "environment '%s' wants the commit released to %s first; %.7s was not",
                               b->environment->name, strbuf_view(&missing), b->facts->commit);
    out->mark = first->mark;
    out->hint = arena_printf(b->arena, "penstock release %s %.7s", first->released_to, b->facts->commit);
}

static bool changelog_applies(const struct builder *b)
{
    return b->environment->changelog != NULL;
}

static void judge_changelog(struct builder *b, struct finding *out)
{
    const struct fact_unit *live = &b->facts->live;
    const char *file = b->environment->changelog;

    out->met = true;
    if (!live->name)
        out->detail = "a first release";
    else if (text_is(live->commit, b->facts->commit))
        out->detail = "nothing is new: the commit is live";
    else if (b->facts->rules.changelog_changed)
        out->detail = arena_printf(b->arena, "%s changed since %.7s", file, live->commit);
    else {
        out->met = false;
        out->detail = arena_printf(b->arena, "%s has not changed since %.7s, which is live", file, live->commit);
        out->mark = b->environment->changelog_mark;
        out->hint = "write down in it what is new, and commit that";
    }
}

/* when ------------------------------------------------------------------------------------------------------------- */

static bool window_applies(const struct builder *b)
{
    return b->environment->window_count > 0;
}

static bool freeze_applies(const struct builder *b)
{
    return b->environment->freeze_count > 0;
}

/* The next time of the rule, as far as the calendar was looked up: "open; closed from ... to ...", "open; looked up until ..." */
static const char *open_text(const struct builder *b, const char *rule)
{
    const json_t *closure;
    size_t index;

    json_array_foreach(b->facts->rules.closures, index, closure)
    {
        int64_t from_ms = json_get_int(closure, "from_ms", 0), until_ms;

        if (from_ms <= b->facts->rules.now_ms || !closures_at(b->facts->rules.closures, rule, from_ms, &until_ms))
            continue;
        if (json_get_int(closure, "until_ms", 0) == 0)
            return arena_printf(b->arena, "open; looked up until %s", time_text(b->arena, from_ms));
        return arena_printf(b->arena, "open; closed from %s%s%s", time_text(b->arena, from_ms), until_ms ? " to " : "",
                            until_ms ? time_text(b->arena, until_ms) : "");
    }
    return "open";
}

static void judge_calendar(struct builder *b, const char *rule, struct mark mark, struct finding *out)
{
    const struct fact_rules *facts = &b->facts->rules;
    int64_t until_ms;
    const json_t *closure;
    const char *reason;

    MUST(facts->closures); /* or a calendar that nobody looked up would be an open one */
    closure = closures_at(facts->closures, rule, facts->now_ms, &until_ms);
    out->met = !closure;
    out->mark = mark;
    if (!closure) {
        out->detail = open_text(b, rule);
        return;
    }
    /* A closed window may be hidden behind the words of a freeze. */
    reason = text_is(json_get_text(closure, "rule"), rule) ? json_get_text(closure, "reason") : "outside the windows";
    out->detail = arena_printf(b->arena, "environment '%s' takes no release now: %s%s%s", b->environment->name, reason,
                               until_ms ? ", until " : "", until_ms ? time_text(b->arena, until_ms) : "");
}

static void judge_window(struct builder *b, struct finding *out)
{
    judge_calendar(b, "window", b->environment->windows[0].mark, out);
}

/* The place of the freeze that is on, or of the first. */
static void judge_freeze(struct builder *b, struct finding *out)
{
    const struct environment_spec *environment = b->environment;
    struct mark mark = environment->freezes[0].mark;

    for (int i = environment->freeze_count - 1; i >= 0; i--) {
        const struct freeze_spec *freeze = &environment->freezes[i];

        if (b->facts->rules.now_ms >= freeze->from_ms && b->facts->rules.now_ms < freeze->to_ms)
            mark = freeze->mark;
    }
    judge_calendar(b, "freeze", mark, out);
}

static bool scheduled_applies(const struct builder *b)
{
    return b->facts->request.scheduled;
}

static void judge_scheduled(struct builder *b, struct finding *out)
{
    const char *failed = b->facts->rules.scheduled_failed;

    out->met = !failed;
    out->detail = failed ? arena_printf(b->arena, "the last scheduled release to '%s', %s, did not succeed",
                                        b->environment->name, failed)
                         : "the last one succeeded, or there was none";
    out->mark = b->environment->mark;
    out->hint = failed ? arena_printf(b->arena, "penstock show %s", failed) : NULL;
}

/* the table -------------------------------------------------------------------------------------------------------- */

static const struct rule rules[] = {
    {"branches", ROLLBACK, true, branches_apply, judge_branches},
    {"from_trunk", ROLLBACK, true, from_trunk_applies, judge_from_trunk},
    {"requires", ROLLBACK, true, requires_apply, judge_requires},
    {"changelog", HOTFIX | ROLLBACK, true, changelog_applies, judge_changelog},
    {"window", HOTFIX | ROLLBACK, true, window_applies, judge_window},
    {"freeze", HOTFIX | ROLLBACK, true, freeze_applies, judge_freeze},
    {"scheduled", 0, true, scheduled_applies, judge_scheduled},
    {"schema", 0, false, ranges_schema_applies, ranges_schema},
    {"api", 0, false, ranges_api_applies, ranges_api},
};

#define RULES (sizeof(rules) / sizeof(*rules))

const char *const *rules_overridable(void)
{
    static const char *names[RULES + 1];
    size_t count = 0;

    for (size_t i = 0; i < RULES; i++) {
        if (rules[i].overridable)
            names[count++] = rules[i].name;
    }
    return names;
}

/* overrides -------------------------------------------------------------------------------------------------------- */

static bool is_listed(const struct text_list *people, const char *person)
{
    for (int i = 0; i < people->count; i++) {
        if (text_is(people->items[i], person))
            return true;
    }
    return false;
}

/* Why the person's override does not count for this release; NULL: it does. */
static const char *why_not(const struct builder *b, const char *person)
{
    const struct overrides_spec *overrides = &b->environment->overrides;

    if (!is_listed(&overrides->people, person))
        return arena_printf(b->arena, "'%s' is not one of overrides.people", person);
    if (overrides->bar_requester && text_is(person, b->facts->requester))
        return arena_printf(b->arena, "'%s' asks for this release", person);
    if (overrides->bar_authors && authors_has(b->barred, person))
        return arena_printf(b->arena, "'%s' wrote commits of this release", person);
    return NULL;
}

/* The override that lets the rule be broken, or NULL; *why_last says why the last one that was given does not count. */
static const struct fact_override *find_override(const struct builder *b, const char *rule, const char **why_last)
{
    const struct fact_rules *facts = &b->facts->rules;

    *why_last = NULL;
    for (int i = 0; i < facts->override_count; i++) {
        const struct fact_override *own = &facts->overrides[i];
        const char *why;

        if (!text_is(own->rule, rule) || own->until_ms <= facts->now_ms)
            continue;
        why = why_not(b, own->person);
        if (!why)
            return own;
        *why_last = why;
    }
    return NULL;
}

/* Who could let it be broken for this release: "ana, bo"; NULL: nobody. */
static const char *who_may(const struct builder *b)
{
    const struct text_list *people = &b->environment->overrides.people;
    struct strbuf list CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < people->count; i++) {
        if (!why_not(b, people->items[i]))
            strbuf_printf(&list, "%s%s", list.length ? ", " : "", people->items[i]);
    }
    return list.length ? arena_text(b->arena, strbuf_view(&list)) : NULL;
}

static const char *override_hint(const struct builder *b, const char *rule, const char *why_last)
{
    const char *who = who_may(b);
    const char *before =
        why_last ? arena_printf(b->arena, "the override that was given does not count: %s; ", why_last) : "";

    if (who)
        return arena_printf(b->arena, "%s%s may: penstock override %s %s --for 2h --comment WHY", before, who,
                            b->environment->name, rule);
    return b->environment->overrides.given ? arena_printf(b->arena, "%snobody of overrides.people may break it", before)
                                           : NULL;
}

/* verdicts --------------------------------------------------------------------------------------------------------- */

static json_t *add_verdict(struct builder *b, const struct rule *rule, const char *verdict, const char *detail)
{
    json_t *row = json_pack("{s:s, s:s, s:s}", "rule", rule->name, "verdict", verdict, "detail", detail);

    json_array_append_new(b->rules, row);
    return row;
}

static const char *exempt_text(const struct builder *b)
{
    if (b->facts->request.kind == PLAN_ROLLBACK)
        return arena_printf(b->arena, "the commit was live before, as %s", b->facts->request.back_to);
    return "a hotfix";
}

static void refuse(struct builder *b, const struct rule *rule, const struct finding *found, const char *why_last)
{
    const char *hint = rule->overridable ? override_hint(b, rule->name, why_last) : NULL;
    struct diagnostic *own = diagnostics_add(b->problems, ERR_PLAN_REFUSED, found->mark, "%s", found->detail);

    own->hint = found->hint && hint ? arena_printf(b->arena, "%s; or %s", found->hint, hint)
                : hint              ? hint
                                    : found->hint;
}

static void judge(struct builder *b, const struct rule *rule)
{
    struct finding found = {0};
    const struct fact_override *override;
    const char *why_last;

    if (!rule->applies(b))
        return;
    if (rule->exempt & 1u << b->facts->request.kind) {
        add_verdict(b, rule, "exempt", exempt_text(b));
        return;
    }
    rule->judge(b, &found);
    if (found.met) {
        add_verdict(b, rule, "met", found.detail);
        return;
    }
    override = rule->overridable ? find_override(b, rule->name, &why_last) : NULL;
    if (!override) {
        refuse(b, rule, &found, rule->overridable ? why_last : NULL);
        return;
    }
    json_object_set_new(add_verdict(b, rule, "overridden",
                                    arena_printf(b->arena, "%s; '%s' lets it be broken until %s", found.detail,
                                                 override->person, time_text(b->arena, override->until_ms))),
                        "override_seq", json_integer(override->seq));
}

static void check_keep(struct builder *b)
{
    if (b->facts->request.keep_ms && !b->environment->keep_ms)
        diagnostics_add(b->problems, ERR_PLAN_REFUSED, b->environment->mark,
                        "environment '%s' is not short-lived, so nothing says until when it is kept",
                        b->environment->name)
            ->hint = "leave --keep out, or make it one: short_lived: {keep: 72h}";
}

const json_t *rules_leaves(struct builder *b)
{
    const struct fact_rules *facts = &b->facts->rules;
    json_t *list = json_in_arena(b->arena, json_array());

    for (int i = 0; i < facts->override_count; i++) {
        const struct fact_override *own = &facts->overrides[i];

        if (own->until_ms > facts->now_ms && !why_not(b, own->person))
            json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "rule", own->rule, "until_ms",
                                                  (json_int_t)own->until_ms, "override_seq", (json_int_t)own->seq));
    }
    return list;
}

void rules_check(struct builder *b)
{
    check_keep(b);
    for (size_t i = 0; i < RULES; i++)
        judge(b, &rules[i]);
}
