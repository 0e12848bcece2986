/*
 * The facts that an environment's rules are judged on: looked up in the repository, the record and the calendar, and only
 * those that a rule asks for. Nothing of it comes from what the caller says.
 *
 * Where the repository has an origin, its branches count and not the clone's own: whoever starts a release can name a
 * branch of the clone as he likes.
 */

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/planning.h"
#include "spec/project.h"
#include "store/record.h"
#include "unit/history.h"
#include "unit/source.h"
#include "unit/windows.h"

#define RANGE_LIMIT 1000     /* commits since the live one; more are not named one by one */
#define AUTHORS_LIMIT 100000 /* of which the authors are looked up, where some are barred for it */
#define SEARCH_LIMIT 2000    /* commits of the trunk among which a pick's source is looked for */

/* One look at the rules: everything that the questions below share. */
struct look {
    struct cli *cli;
    struct arena *arena;
    const struct environment_spec *environment;
    struct facts *facts;
    struct fact_rules *out;
    bool origin;       /* its branches count */
    const char *trunk; /* its tip; NULL = there is no such branch */
};

static const char *trunk_name(const struct look *look)
{
    return look->cli->project->trunk;
}

static struct error *find_trunk(struct look *look)
{
    struct source_commit found = {0};
    struct error *error = source_shared(look->arena, look->facts->repository, trunk_name(look), &found, &look->origin);

    look->trunk = error ? NULL : found.id;
    look->out->of_origin = look->origin;
    if (error && error->code != ERR_NOT_FOUND)
        return error;
    error_free(error);
    return NULL;
}

static void add_branches(struct look *look, const struct history_branch *branches, int count, bool remote)
{
    struct fact_rules *out = look->out;
    struct fact_branch *all = arena_array(look->arena, (size_t)(out->branch_count + count) + 1, sizeof(*all));

    if (out->branch_count)
        memcpy(all, out->branches, (size_t)out->branch_count * sizeof(*all));
    for (int i = 0; i < count; i++)
        all[out->branch_count++] = (struct fact_branch){branches[i].name, remote};
    out->branches = all;
}

static struct error *find_branches(struct look *look)
{
    struct history_branches found = {0};
    struct history_branch own = {.name = look->facts->branch};

    if (look->facts->request.kind == PLAN_HOTFIX) {
        add_branches(look, &own, 1, false); /* the pick's parent is its tip, and the pick follows */
        return NULL;
    }
    TRY(history_branches(look->arena, look->facts->repository, look->facts->commit, &found));
    if (look->origin)
        add_branches(look, found.origin, found.origin_count, true);
    else
        add_branches(look, found.local, found.local_count, false);
    return NULL;
}

/* A person's resolution: of this hotfix, or of an earlier one in the record. */
static struct error *picked_by_hand(const struct look *look, const char *commit, const char *source, bool *out)
{
    size_t index;
    const json_t *pick;

    *out = false;
    json_array_foreach(look->facts->request.picks, index, pick)
    {
        *out = *out || (json_get_bool(pick, "by_hand", false) && text_is(json_get_text(pick, "commit"), commit) &&
                        text_is(json_get_text(pick, "source"), source));
    }
    if (*out || !look->cli->record)
        return NULL;
    return facts_picked_by_hand(look->cli->record, commit, source, out);
}

/* The commit on the trunk that this one is proved to be a pick of, or was made from by hand; NULL = none. */
static struct error *proved_source(const struct look *look, const char *commit, const char **out)
{
    struct history_sources found = {0};
    struct history_place place = {0};

    *out = NULL;
    TRY(history_picked_from(look->arena, look->facts->repository, commit, &found));
    for (int i = 0; i < found.count && !*out; i++) {
        bool on_trunk = false, by_hand = false;

        if (!found.sources[i].exists)
            continue;
        if (found.sources[i].proof == HISTORY_CLAIMED)
            TRY(picked_by_hand(look, commit, found.sources[i].id, &by_hand));
        if (found.sources[i].proof != HISTORY_CLAIMED || by_hand)
            TRY(history_is_ancestor(look->facts->repository, found.sources[i].id, look->trunk, &on_trunk));
        if (on_trunk)
            *out = found.sources[i].id;
    }
    if (*out)
        return NULL;
    TRY(history_on_branch(look->arena, look->facts->repository, commit, look->trunk, SEARCH_LIMIT, &place));
    if (place.presence >= HISTORY_BY_RESULT)
        *out = place.found;
    return NULL;
}

/* What the commit's branch has and the trunk has not, newest first. */
static struct error *off_trunk(const struct look *look, struct history_range *out)
{
    return history_range(look->arena, look->facts->repository, look->trunk, look->facts->commit, RANGE_LIMIT, out);
}

static struct error *find_stray(struct look *look)
{
    struct history_range range = {0};

    if (!look->trunk) {
        look->out->stray_unknown =
            arena_printf(look->arena, "there is no branch '%s' to compare with", trunk_name(look));
        return NULL;
    }
    TRY(off_trunk(look, &range));
    if (range.more) {
        look->out->stray_unknown =
            arena_printf(look->arena, "more than %d commits are not on '%s'", RANGE_LIMIT, trunk_name(look));
        return NULL;
    }
    for (int i = 0; i < range.count; i++) {
        const struct history_commit *commit = &range.commits[i];
        const char *source;

        TRY(proved_source(look, commit->id, &source));
        if (source)
            continue;
        look->out->stray = arena_printf(look->arena, "%s (%s)", commit->short_id, commit->subject);
        return NULL;
    }
    return NULL;
}

/* The newest release there whose commit has this one in its history; NULL = none. */
static struct error *released_with(const struct look *look, const char *environment, const char *commit,
                                   const char **release)
{
    struct fact_release *released;
    int count;

    *release = NULL;
    TRY(facts_released(look->cli->record, look->arena, environment, &released, &count));
    for (int i = 0; i < count && !*release; i++) {
        bool with = false;
        struct error *error = history_is_ancestor(look->facts->repository, commit, released[i].commit, &with);

        error_free(error); /* a commit that the clone has not any more proves nothing */
        if (with)
            *release = released[i].id;
    }
    return NULL;
}

/* Every pick on the way from the trunk has a source that was released there; the trunk's own commit was, too. */
static struct error *released_as_picks(const struct look *look, const char *environment, const char **how)
{
    struct history_range range = {0};
    const char *base, *release;

    TRY(off_trunk(look, &range));
    TRY(history_merge_base(look->arena, look->facts->repository, look->trunk, look->facts->commit, &base));
    if (range.count == 0 || range.more || !base)
        return NULL;
    TRY(facts_succeeded(look->cli->record, look->arena, environment, base, &release));
    for (int i = 0; i < range.count && release; i++) {
        const char *source;

        TRY(proved_source(look, range.commits[i].id, &source));
        if (!source)
            return NULL;
        TRY(released_with(look, environment, source, &release));
        *how = release ? arena_printf(look->arena, "%s, as %.7s", release, source) : NULL;
    }
    return NULL;
}

static struct error *find_requirements(struct look *look)
{
    const struct environment_spec *environment = look->environment;
    struct fact_rules *out = look->out;

    out->requirements =
        arena_array(look->arena, (size_t)environment->requirement_count + 1, sizeof(*out->requirements));
    for (int i = 0; i < environment->requirement_count; i++) {
        struct fact_requirement *requirement = &out->requirements[out->requirement_count++];

        requirement->environment = environment->requirements[i].released_to;
        if (!look->cli->record)
            continue;
        TRY(facts_succeeded(look->cli->record, look->arena, requirement->environment, look->facts->commit,
                            &requirement->how));
        if (!requirement->how && look->trunk)
            TRY(released_as_picks(look, requirement->environment, &requirement->how));
    }
    return NULL;
}

static struct error *find_changelog(struct look *look)
{
    enum history_change change;

    look->out->changelog_changed = true;
    if (!look->facts->live.name)
        return NULL;
    TRY(history_path_change(look->facts->repository, look->facts->live.commit, look->facts->commit,
                            look->environment->changelog, &change));
    look->out->changelog_changed = change == HISTORY_ADDED || change == HISTORY_CHANGED;
    return NULL;
}

/* "name <mail>" */
static void add_author(struct look *look, const char *person, int *capacity)
{
    struct fact_rules *out = look->out;
    const char *open = strrchr(person, '<'), *close = open ? strchr(open, '>') : NULL;
    size_t name = open ? (size_t)(open - person) : strlen(person);
    struct fact_author author;

    while (name > 0 && person[name - 1] == ' ')
        name--;
    author.name = arena_text_n(look->arena, person, name);
    author.mail = close ? arena_text_n(look->arena, open + 1, (size_t)(close - open - 1)) : "";
    for (int i = 0; i < out->author_count; i++) {
        if (text_is(out->authors[i].name, author.name) && text_is(out->authors[i].mail, author.mail))
            return;
    }
    *ARENA_PUSH(look->arena, out->authors, out->author_count, *capacity) = author;
}

static void add_authors(struct look *look, const struct history_range *range, int *capacity)
{
    for (int i = 0; i < range->count; i++) {
        const struct history_commit *commit = &range->commits[i];

        add_author(look, commit->author.said, capacity);
        add_author(look, commit->author.real, capacity);
        add_author(look, commit->committer.said, capacity);
        add_author(look, commit->committer.real, capacity);
    }
}

static bool bars_authors(const struct environment_spec *environment)
{
    bool bars = environment->overrides.bar_authors;

    for (int i = 0; i < environment->gate_count; i++)
        bars = bars || environment->gates[i].bar_authors;
    return bars;
}

static struct error *find_authors(struct look *look)
{
    const char *live = look->facts->live.name ? look->facts->live.commit : NULL;
    bool bars = bars_authors(look->environment);
    struct history_range range = {0};
    int capacity = 0;
    size_t index;
    const json_t *pick;

    /* A first release has no live commit to begin at: then it is who wrote this one. */
    TRY(history_range(look->arena, look->facts->repository, live, look->facts->commit,
                      !live  ? 1
                      : bars ? AUTHORS_LIMIT
                             : RANGE_LIMIT,
                      &range));
    if (live && bars && range.more)
        return error_new(ERR_LIMIT, KIND_PERMANENT,
                         "there are more than %d commits since %.7s, which is live: who wrote them is not looked up",
                         AUTHORS_LIMIT, live);
    add_authors(look, &range, &capacity);
    /* Whoever wrote what was picked, too: a pick by hand may bear another name. */
    json_array_foreach(look->facts->request.picks, index, pick)
    {
        TRY(history_range(look->arena, look->facts->repository, live, json_get_text(pick, "source"), 1, &range));
        add_authors(look, &range, &capacity);
    }
    return NULL;
}

/* A clone without the live commit cannot say who wrote what came since: no matter, unless somebody is barred for it. */
static struct error *find_authors_if_needed(struct look *look)
{
    struct error *error = find_authors(look);

    if (!error || bars_authors(look->environment))
        return error;
    error_free(error);
    look->out->author_count = 0;
    return NULL;
}

static struct error *find_in_record(struct look *look)
{
    struct record *record = look->cli->record;
    const char *environment = look->environment->name;

    if (!record)
        return NULL;
    TRY(facts_overrides(record, look->arena, environment, look->out->now_ms, look->out));
    if (!look->facts->request.scheduled)
        return NULL;
    return facts_scheduled_failed(record, look->arena, environment, &look->out->scheduled_failed);
}

struct error *planning_rules(struct cli *cli, const struct environment_spec *environment, struct facts *facts)
{
    struct look look = {.cli = cli, .arena = cli->arena, .environment = environment, .facts = facts};

    facts->rules = (struct fact_rules){.now_ms = clock_wall_ms()};
    look.out = &facts->rules;
    if (environment->branches.count || environment->from_trunk || environment->requirement_count)
        TRY(find_trunk(&look));
    if (environment->branches.count)
        TRY(find_branches(&look));
    if (environment->from_trunk)
        TRY(find_stray(&look));
    TRY(find_requirements(&look));
    if (environment->changelog)
        TRY(find_changelog(&look));
    TRY(find_authors_if_needed(&look));
    TRY(find_in_record(&look));
    return windows_closures(cli->arena, environment, facts->rules.now_ms, cli->problems, &facts->rules.closures);
}
