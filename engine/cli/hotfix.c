#include "cli/hotfix.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/load.h"
#include "spec/project.h"
#include "unit/committer.h"
#include "unit/history.h"

#define RANGE_LIMIT 100

/* The one that was named, or the only one with a fast lane for such a branch. */
static struct error *find_environment(struct hotfix *own, const char *named)
{
    const struct project_spec *project = own->cli->project;
    int found = 0;

    if (named) {
        TRY(environment_need(own->cli, named, &own->environment));
        if (own->environment->hotfix.given)
            return NULL;
        return error_hint(error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "environment %s has no lane for hotfixes", named),
                          "what one needs: penstock explain environments.hotfix");
    }
    for (int i = 0; i < project->environment_count; i++) {
        const struct environment_spec *environment = &project->environments[i];
        bool fits = environment->branches.count == 0;

        for (int k = 0; k < environment->branches.count; k++)
            fits = fits || text_glob(environment->branches.items[k], own->branch);
        if (!environment->hotfix.given || !fits)
            continue;
        own->environment = environment;
        found++;
    }
    if (found == 1)
        return NULL;
    return error_hint(
        error_new(ERR_USAGE, KIND_PERMANENT,
                  found ? "'%s' is released to several environments" : "no environment has a lane for hotfixes of '%s'",
                  own->branch),
        "name the environment with --environment");
}

static struct error *resolve_all(struct hotfix *own)
{
    const char **ids = arena_array(own->cli->arena, (size_t)own->count + 1, sizeof(*ids));

    for (int i = 0; i < own->count; i++) {
        struct source_commit found = {0};

        TRY(source_resolve(own->cli->arena, own->repository, own->cli->options.arguments[i], &found));
        ids[i] = found.id;
    }
    own->sources = ids;
    return NULL;
}

static struct error *not_a_pick(const struct history_commit *commit)
{
    return error_hint(error_new(ERR_PICK_REFUSED, KIND_PERMANENT, "%s (%s) does not say what it was picked from",
                                commit->short_id, commit->subject),
                      "make it with git cherry-pick -x, which writes that down");
}

/* Oldest first. The branch is where the picks begin, or at the last of them when it was moved already. */
struct error *hotfix_read_made(struct hotfix *own)
{
    struct history_range range = {0};
    const char **ids;
    json_t *picks = json_in_arena(own->cli->arena, json_array());
    bool follows;

    TRY(history_is_ancestor(own->repository, own->tip.id, own->made, &follows));
    if (!follows || text_is(own->live, own->made))
        return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT, "%.7s does not follow '%s', which is at %s",
                                    own->made, own->branch, own->tip.short_id),
                          "make the picks on top of the branch as it is now");
    TRY(history_range(own->cli->arena, own->repository, own->live, own->made, RANGE_LIMIT, &range));
    ids = arena_array(own->cli->arena, (size_t)range.count + 1, sizeof(*ids));
    for (int i = 0; i < range.count; i++) {
        const struct history_commit *commit = &range.commits[range.count - 1 - i];
        struct history_sources found = {0};
        const struct history_source *last;

        TRY(history_picked_from(own->cli->arena, own->repository, commit->id, &found));
        last = found.count ? &found.sources[found.count - 1] : NULL;
        if (!last || !last->exists || commit->parent_count != 1)
            return not_a_pick(commit);
        ids[i] = last->id;
        json_array_append_new(picks, json_pack("{s:s, s:s, s:b}", "commit", commit->id, "source", last->id, "by_hand",
                                               last->proof == HISTORY_CLAIMED));
    }
    own->sources = ids;
    own->count = range.count;
    own->picks = picks;
    own->new_tip = own->made;
    return NULL;
}

struct error *hotfix_read(struct cli *cli, struct hotfix *out)
{
    int64_t mainline;

    *out = (struct hotfix){.cli = cli, .count = cli->options.argument_count};
    out->branch = cli->options.values[OPTION_ONTO];
    if (!out->branch)
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "a hotfix goes onto a branch"),
                          "name the one that is live with --onto");
    TRY(project_load(cli));
    out->repository = project_path(cli, cli->project->repository);
    TRY(find_environment(out, cli->options.values[OPTION_ENVIRONMENT]));
    TRY(option_number(cli, OPTION_MAINLINE, 0, &mainline));
    out->mainline = (int)mainline;
    TRY(resolve_all(out));
    if (cli->options.given[OPTION_CONTINUE]) {
        out->by_hand = true;
        if (out->count != 1)
            return error_new(ERR_USAGE, KIND_PERMANENT, "--continue takes one commit: the last of the picks you made");
        out->made = out->sources[0];
    }
    out->request = (struct pick_request){.repository = out->repository};
    return committer_read(cli->arena, out->repository, clock_wall_ms() / 1000, &out->request.committer);
}

const char *hotfix_words(const struct hotfix *own)
{
    const char *environment = own->cli->options.values[OPTION_ENVIRONMENT];
    struct strbuf words CLEANUP(strbuf_release) = STRBUF_INIT(0);

    strbuf_text(&words, "hotfix");
    for (int i = 0; i < own->cli->options.argument_count; i++)
        strbuf_printf(&words, " %s", own->cli->options.arguments[i]);
    strbuf_printf(&words, " --onto %s", own->branch);
    if (environment)
        strbuf_printf(&words, " --environment %s", environment);
    if (own->mainline)
        strbuf_printf(&words, " --mainline %d", own->mainline);
    if (own->by_hand)
        strbuf_text(&words, " --continue");
    return arena_text(own->cli->arena, strbuf_view(&words));
}

struct error *hotfix_keep(struct hotfix *own)
{
    if (own->applied || own->by_hand)
        return NULL;
    own->request.keep = true;
    TRY(pick_commits(own->cli->arena, &own->request, &own->result));
    /* The same commits, committer and time: the same ids. */
    MUST(own->result.verdict == PICK_CLEAN && text_is(own->result.tip, own->new_tip));
    return NULL;
}
