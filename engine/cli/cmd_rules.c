/* override, review, branch: what people do about an environment's rules. */

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/decide.h"
#include "cli/load.h"
#include "cli/print.h"
#include "control/control.h"
#include "plan/rules.h"
#include "spec/project.h"
#include "store/record.h"
#include "unit/branch.h"
#include "unit/history.h"
#include "unit/source.h"
#include "view/rows.h"

/* The release that is live there: an override is given for it; "" = for whichever begins before it ends. */
static struct error *live_release(struct cli *cli, const char *environment, const char **out)
{
    json_t *rows CLEANUP(json_cleanup) = NULL;

    TRY(rows_live(cli->record, environment, &rows));
    *out = json_array_size(rows) ? arena_text(cli->arena, json_get_text(json_array_get(rows, 0), "id")) : "";
    return NULL;
}

static struct error *check_rule(const char *rule)
{
    struct strbuf list CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const char *const *names = rules_overridable();

    for (int i = 0; names[i]; i++) {
        if (text_is(names[i], rule))
            return NULL;
        strbuf_printf(&list, "%s%s", i ? ", " : "", names[i]);
    }
    return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "'%s' is no rule that can be overridden", rule),
                      "these can: %s", strbuf_view(&list));
}

static void show_override(struct cli *cli, const struct decision_request *request)
{
    const struct override_request *override = request->override;
    json_t *document;

    if (!wants_json(cli)) {
        say(cli, "rule %s of %s may be broken until %s%s%s", override->rule, override->environment,
            time_text(cli->arena, override->until_ms), *request->release ? ", by " : "", request->release);
        return;
    }
    document = document_new("override");
    json_object_set_new(document, "environment", json_string(override->environment));
    json_object_set_new(document, "rule", json_string(override->rule));
    json_object_set_new(document, "release", *request->release ? json_string(request->release) : json_null());
    json_object_set_new(document, "until_ms", json_integer(override->until_ms));
    json_object_set_new(document, "person", json_string(request->person));
    print_document(cli, document);
}

struct error *cmd_override(struct cli *cli)
{
    const char *comment = cli->options.values[OPTION_COMMENT];
    const struct environment_spec *environment;
    struct override_request override = {0};
    struct decision_request request = {.decision = DECISION_OVERRIDE, .comment = comment ? comment : ""};
    int64_t lasts_ms;

    TRY(environment_need(cli, cli->options.arguments[0], &environment));
    TRY(check_rule(cli->options.arguments[1]));
    TRY(option_duration(cli, OPTION_FOR, &lasts_ms));
    if (!lasts_ms)
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "an override needs an end"),
                          "say how long with --for, like --for 2h");
    TRY(record_need(cli, RECORD_CREATE));
    TRY(live_release(cli, environment->name, &request.release));
    TRY(person_need(cli, environment->name, &request.person));
    override = (struct override_request){environment->name, cli->options.arguments[1], clock_wall_ms() + lasts_ms,
                                         &environment->overrides};
    request.override = &override;
    TRY(control_decide(cli->record, cli->arena, &request));
    if (*request.release)
        next_add(cli, "follow it", "watch %s", request.release);
    else
        next_add(cli, "what a release would do", "plan %s", environment->name);
    show_override(cli, &request);
    return NULL;
}

struct error *cmd_review(struct cli *cli)
{
    struct deciding own = {0};

    TRY(decide_begin(cli, DECISION_REVIEW, &own));
    TRY(decide_now(cli, &own));
    next_add(cli, "reviews that are still due", "audit reviews");
    decide_show(cli, &own);
    return NULL;
}

/* The commit that was named, or the trunk's newest; it must be on the trunk, which is origin's where there is one. */
static struct error *commit_of_trunk(struct cli *cli, struct source_commit *out)
{
    const char *repository = project_path(cli, cli->project->repository);
    const char *named = cli->options.arguments[1], *trunk = cli->project->trunk;
    struct source_commit tip = {0};
    bool of_origin, on_trunk;

    TRY(source_shared(cli->arena, repository, trunk, &tip, &of_origin));
    *out = tip;
    if (named)
        TRY(source_resolve(cli->arena, repository, named, out));
    TRY(history_is_ancestor(repository, out->id, tip.id, &on_trunk));
    if (on_trunk)
        return NULL;
    trunk = of_origin ? arena_printf(cli->arena, "origin/%s", trunk) : trunk;
    return error_hint(error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "%s is not on %s: a release branch begins there",
                                out->short_id, trunk),
                      "merge it into %s first", trunk);
}

/* Made and written down together: the journal's transaction ends only when the branch is there. */
static struct error *make_branch(struct cli *cli, const char *person, const struct source_commit *commit)
{
    const char *branch = cli->options.arguments[0];
    struct branch_change change = {.repository = project_path(cli, cli->project->repository),
                                   .branch = branch,
                                   .message =
                                       arena_printf(cli->arena, "penstock branch: from %s", cli->project->trunk)};
    json_t *body CLEANUP(json_cleanup) =
        json_pack("{s:s, s:s, s:s}", "branch", branch, "commit", commit->id, "trunk", cli->project->trunk);
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    struct event event = {.kind = EVENT_BRANCH_MADE,
                          .release = "",
                          .step = -1,
                          .actor = person,
                          .at_ms = clock_wall_ms(),
                          .boot_ms = clock_boot_ms(),
                          .reason =
                              arena_printf(cli->arena, "%s made branch %s at %s", person, branch, commit->short_id),
                          .body = body};

    TRY(tx_begin(cli->record, &tx));
    TRY(journal_append(&tx, &event));
    TRY(branch_create(&change, commit->id));
    return tx_commit(&tx);
}

struct error *cmd_branch(struct cli *cli)
{
    const char *branch = cli->options.arguments[0];
    struct source_commit commit = {0};
    const char *person;
    json_t *document;

    TRY(control_person(cli->arena, &person));
    TRY(project_load(cli));
    TRY(branch_check_name(branch));
    TRY(record_need(cli, RECORD_CREATE));
    TRY(commit_of_trunk(cli, &commit));
    TRY(make_branch(cli, person, &commit));
    next_add_other(cli, "let the others have it", "git push origin %s", branch);
    if (!wants_json(cli)) {
        say(cli, "branch %s is at %s (%s)", branch, commit.short_id, commit.subject);
        return NULL;
    }
    document = document_new("branch");
    json_object_set_new(document, "branch", json_string(branch));
    json_object_set_new(document, "commit", json_string(commit.id));
    json_object_set_new(document, "trunk", json_string(cli->project->trunk));
    print_document(cli, document);
    return NULL;
}
