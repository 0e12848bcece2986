/* What a hotfix must be: on the live branch, from the trunk, cleanly picked, few and small. Each says why not. */

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/hotfix.h"
#include "cli/load.h"
#include "cli/print.h"
#include "spec/project.h"
#include "unit/branch.h"
#include "unit/history.h"
#include "view/rows.h"

#define RANGE_LIMIT 100   /* commits of the branch that are not live */
#define SEARCH_LIMIT 2000 /* commits of the trunk among which a change is looked for */

/* ------------------------------------------------------------------------------------------------ the branch */

static bool is_release_branch(const struct hotfix *own)
{
    const struct text_list *patterns = &own->environment->branches;

    for (int i = 0; i < patterns->count; i++) {
        if (text_glob(patterns->items[i], own->branch))
            return true;
    }
    return patterns->count == 0;
}

static struct error *read_live(struct hotfix *own)
{
    json_t *rows CLEANUP(json_cleanup) = NULL;
    size_t index;
    const json_t *row;

    own->live = NULL;
    TRY(rows_status(own->cli->record, &rows));
    json_array_foreach(rows, index, row)
    {
        if (text_is(json_get_text(row, "environment"), own->environment->name))
            own->live = arena_text(own->cli->arena, json_get_text(row, "live_commit"));
    }
    return NULL;
}

/* The commits of the branch that are not live are picks of just those commits, in that order. */
static struct error *is_applied(struct hotfix *own, const struct history_range *range, bool *out)
{
    json_t *picks = json_in_arena(own->cli->arena, json_array());

    *out = range->count == own->count;
    for (int i = 0; i < range->count && *out; i++) {
        const char *commit = range->commits[range->count - 1 - i].id;
        struct history_sources found = {0};
        const struct history_source *last;

        TRY(history_picked_from(own->cli->arena, own->repository, commit, &found));
        last = found.count ? &found.sources[found.count - 1] : NULL;
        *out = last && text_is(last->id, own->sources[i]);
        if (*out)
            json_array_append_new(picks, json_pack("{s:s, s:s, s:b}", "commit", commit, "source", own->sources[i],
                                                   "by_hand", last->proof == HISTORY_CLAIMED));
    }
    if (*out)
        own->picks = picks;
    return NULL;
}

static struct error *not_live_error(const struct hotfix *own, const struct history_range *range)
{
    struct strbuf list CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < range->count && i < 3; i++)
        strbuf_printf(&list, "%s%s (%s)", i ? ", " : "", range->commits[i].short_id, range->commits[i].subject);
    return error_hint(
        error_new(ERR_CONFLICT, KIND_PERMANENT, "'%s' has %d %s that %s not live in %s and would go along: %s%s",
                  own->branch, range->count, range->count == 1 ? "commit" : "commits", range->count == 1 ? "is" : "are",
                  own->environment->name, strbuf_view(&list), range->count > 3 ? ", ..." : ""),
        "release them first, or take them off the branch");
}

/* Only a branch of this clone can be moved. */
static struct error *find_tip(struct hotfix *own)
{
    struct arena *arena = own->cli->arena;
    struct error *error =
        source_resolve(arena, own->repository, arena_printf(arena, "refs/heads/%s", own->branch), &own->tip);

    if (!error)
        return NULL;
    error_free(error);
    TRY(source_resolve(arena, own->repository, own->branch, &own->tip)); /* or says it of the name as it was typed */
    if (!text_is(own->tip.branch, own->branch))
        return error_new(ERR_USAGE, KIND_PERMANENT, "'%s' is no branch: a hotfix goes onto one", own->branch);
    return error_hint(error_new(ERR_NOT_FOUND, KIND_PERMANENT, "'%s' is a branch of origin only", own->branch),
                      "git branch %s origin/%s", own->branch, own->branch);
}

static struct error *check_branch(struct hotfix *own, const char **said)
{
    struct history_range range = {0};
    bool on_branch;

    if (!is_release_branch(own))
        return error_hint(error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "environment %s is not released from '%s'",
                                    own->environment->name, own->branch),
                          "its branches are in penstock.yaml: penstock explain environments.branches");
    TRY(find_tip(own));
    TRY(read_live(own));
    if (!own->live)
        return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT, "nothing is live in %s: a hotfix mends what is live",
                                    own->environment->name),
                          "penstock release %s %s", own->environment->name, own->branch);
    TRY(history_is_ancestor(own->repository, own->live, own->tip.id, &on_branch));
    if (!on_branch)
        return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT, "what is live in %s, %.7s, is not on '%s'",
                                    own->environment->name, own->live, own->branch),
                          "pick onto the branch that is live: git branch --contains %.7s", own->live);
    TRY(history_range(own->cli->arena, own->repository, own->live, own->tip.id, RANGE_LIMIT, &range));
    if (range.count && own->by_hand)
        own->applied = text_is(own->tip.id, own->made);
    else if (range.count)
        TRY(is_applied(own, &range, &own->applied));
    if (range.count && !own->applied)
        return not_live_error(own, &range);
    if (!own->applied)
        TRY(branch_check_free(&(struct branch_change){.repository = own->repository, .branch = own->branch}));
    if (own->by_hand)
        TRY(hotfix_read_made(own));
    *said = own->applied ? "the picks are on it already and are not live yet: the hotfix goes on from there"
                         : arena_printf(own->cli->arena, "%s is live in %s", own->tip.short_id, own->environment->name);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ from the trunk */

static struct error *not_on_trunk(const struct hotfix *own, const char *trunk, const char *commit,
                                  const struct history_place *place)
{
    if (place->presence == HISTORY_ALMOST)
        return error_hint(error_new(ERR_NOT_ALLOWED, KIND_PERMANENT,
                                    "commit %.7s is not on %s: %.7s there has the same subject and author, but is "
                                    "another change",
                                    commit, trunk, place->found),
                          "pick what was merged: penstock hotfix %.7s --onto %s", place->found, own->branch);
    return error_hint(error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "commit %.7s is not on %s", commit, trunk),
                      "a fix goes there first, or the next release loses it: merge it, then try again");
}

static struct error *check_trunk(struct hotfix *own, const char **said)
{
    const char *name = own->cli->project->trunk;
    struct source_commit trunk = {0};

    TRY(source_shared(own->cli->arena, own->repository, name, &trunk, &own->origin));
    name = own->origin ? arena_printf(own->cli->arena, "origin/%s", name) : name;
    for (int i = 0; i < own->count; i++) {
        struct history_place place = {0};

        TRY(history_on_branch(own->cli->arena, own->repository, own->sources[i], trunk.id, SEARCH_LIMIT, &place));
        if (place.presence < HISTORY_BY_RESULT)
            return not_on_trunk(own, name, own->sources[i], &place);
    }
    *said = arena_printf(own->cli->arena, "%d on %s", own->count, name);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ the picks */

static const char *list_commits(const struct hotfix *own)
{
    struct strbuf list CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < own->count; i++)
        strbuf_printf(&list, " %.7s", own->sources[i]);
    return arena_text(own->cli->arena, strbuf_view(&list));
}

/*
 * The steps in an order that leaves the branch and everybody's work trees alone until the hotfix itself moves it; typed where
 * one is, because the other work tree has neither the record nor today's rules.
 */
static void advise_by_hand(const struct hotfix *own)
{
    const char *mainline = own->mainline ? arena_printf(own->cli->arena, " -m %d", own->mainline) : "";
    const char *named = own->cli->options.values[OPTION_ENVIRONMENT];
    const char *environment = named ? arena_printf(own->cli->arena, " --environment %s", named) : "";

    next_add_other(own->cli, "1. a work tree beside yours", "git worktree add --detach ../hotfix %s", own->branch);
    next_add_other(own->cli, "2. resolve what conflicts there, git add it, git cherry-pick --continue",
                   "git -C ../hotfix cherry-pick -x%s%s", mainline, list_commits(own));
    next_add(own->cli, "3. the hotfix goes on with what you made",
             "hotfix --continue $(git -C ../hotfix rev-parse HEAD) --onto %s%s", own->branch, environment);
}

static void say_conflicts(const struct hotfix *own)
{
    for (int i = 0; i < own->result.conflict_count; i++) {
        const struct pick_conflict *conflict = &own->result.conflicts[i];

        say(own->cli, "  %s: %s%s%s", conflict->path, pick_conflict_text(conflict->kind), conflict->other ? ": " : "",
            conflict->other ? conflict->other : "");
        say(own->cli, "    base %.7s  branch %.7s  commit %.7s", *conflict->base ? conflict->base : "-",
            *conflict->ours ? conflict->ours : "-", *conflict->theirs ? conflict->theirs : "-");
        if (*conflict->excerpt)
            say(own->cli, "%s", conflict->excerpt);
    }
}

static const json_t *picks_of(const struct hotfix *own)
{
    json_t *picks = json_in_arena(own->cli->arena, json_array());

    for (int i = 0; i < own->result.picked_count; i++)
        json_array_append_new(picks, json_pack("{s:s, s:s, s:b}", "commit", own->result.picked[i].id, "source",
                                               own->result.picked[i].source, "by_hand", 0));
    return picks;
}

static struct error *check_picks(struct hotfix *own, const char **said)
{
    struct error *refusal;

    if (own->applied)
        own->new_tip = own->tip.id;
    if (own->applied || own->by_hand) {
        TRY(pick_measure(own->cli->arena, own->repository, own->live, own->new_tip, &own->totals));
        own->totals.commits = own->count;
        *said = own->by_hand ? "made by hand" : "made before";
        return NULL;
    }
    own->request.onto = own->tip.id;
    own->request.commits = own->sources;
    own->request.count = own->count;
    own->request.mainline = own->mainline;
    TRY(pick_commits(own->cli->arena, &own->request, &own->result));
    refusal = pick_refusal(&own->request, &own->result, own->branch);
    if (own->result.verdict == PICK_CONFLICT) {
        say_conflicts(own);
        advise_by_hand(own);
        refusal = error_hint(refusal, "nothing was changed; resolve it by hand as below");
    }
    if (refusal)
        return refusal;
    own->new_tip = own->result.tip;
    own->totals = own->result.totals;
    own->picks = picks_of(own);
    *said = arena_printf(own->cli->arena, "clean onto %s", own->tip.short_id);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ the size */

static struct error *too_much(const struct hotfix *own, const char *what, long long found, int most)
{
    return error_hint(error_new(ERR_NOT_ALLOWED, KIND_PERMANENT,
                                "this is no hotfix: it has %lld %s, and environment %s allows %d", found, what,
                                own->environment->name, most),
                      "release it the ordinary way: penstock release %s %s", own->environment->name, own->branch);
}

static struct error *check_size(struct hotfix *own, const char **said)
{
    const struct hotfix_spec *limits = &own->environment->hotfix;
    const struct pick_totals *totals = &own->totals;
    long long lines = (long long)(totals->lines_added + totals->lines_removed);

    if (totals->commits > limits->max_commits)
        return too_much(own, "commits", totals->commits, limits->max_commits);
    if (totals->files > limits->max_files)
        return too_much(own, "files", totals->files, limits->max_files);
    if (lines > limits->max_lines)
        return too_much(own, "lines", lines, limits->max_lines);
    *said = arena_printf(own->cli->arena, "%d of %d commits, %d of %d files, %lld of %d lines%s", totals->commits,
                         limits->max_commits, totals->files, limits->max_files, lines, limits->max_lines,
                         totals->binary_files ? "; binary files count no lines" : "");
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ all of them */

typedef struct error *(*check_fn)(struct hotfix *own, const char **said);

static const struct check {
    const char *name;
    check_fn fn;
    bool alone; /* needs nothing of the one before it, unless the picks were made by hand */
} checks[] = {
    {"branch", check_branch, true},
    {"trunk", check_trunk, true},
    {"pick", check_picks, false},
    {"size", check_size, false},
};

static void note(json_t *seen, const char *name, const struct error *error, const char *said)
{
    if (seen)
        json_array_append_new(seen, json_pack("{s:s, s:b, s:s, s:s?}", "check", name, "ok", error == NULL, "text",
                                              error ? error->text : said, "hint", error ? error->hint : NULL));
}

struct error *hotfix_check(struct hotfix *own, json_t *seen)
{
    struct error *first = NULL;

    own->applied = false;
    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
        const char *said = "";
        struct error *error;

        if (first && (!seen || !checks[i].alone || own->by_hand))
            continue;
        error = checks[i].fn(own, &said);
        note(seen, checks[i].name, error, said);
        if (!first)
            first = error;
        else
            error_free(error);
    }
    return first;
}
