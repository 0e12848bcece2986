/*
 * rollback. While the release is live the old unit stands: it gets its traffic back. Afterwards it is gone, and going back
 * is a new release of the earlier commit, which says so.
 */

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/decide.h"
#include "cli/load.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "plan/plan.h"
#include "store/record.h"

/* Undoing it would take back what serves now, which is another release. */
static struct error *never_served(struct cli *cli, const json_t *row)
{
    next_add(cli, "back to the one before what is live", "rollback %s", json_get_text(row, "environment"));
    return error_new(ERR_CONFLICT, KIND_PERMANENT, "release %s ended %s: there is nothing of it to take back",
                     json_get_text(row, "id"), json_get_text(row, "end"));
}

/* What the argument means when no release of that name is live: "r-12" = back to that one, an environment = the last. */
static struct error *find_earlier(struct cli *cli, const json_t *row, struct fact_release *out)
{
    const char *typed = cli->options.arguments[0], *id = json_get_text(row, "id");
    const char *environment = json_get_text(row, "environment");
    bool named = text_is(typed, id) || text_is(typed, id + 2); /* "r-12" or "12" */

    *out = (struct fact_release){0};
    if (named)
        TRY(facts_earlier(cli->record, cli->arena, environment, id, out));
    if (named && out->id)
        return NULL;
    if (named && !text_is(json_get_text(row, "end"), end_text(END_SUCCEEDED)))
        return never_served(cli, row);
    TRY(facts_earlier(cli->record, cli->arena, environment, NULL, out));
    if (out->id)
        return NULL;
    next_add(cli, "what there was", "history %s", environment);
    return error_new(ERR_NOT_FOUND, KIND_PERMANENT, "no earlier release of '%s' succeeded with another commit",
                     environment);
}

static struct error *release_again(struct cli *cli, const json_t *row)
{
    const char *environment = arena_text(cli->arena, json_get_text(row, "environment"));
    struct fact_release earlier;
    struct planning planning = {0};
    bool yes;

    TRY(find_earlier(cli, row, &earlier));
    planning.facts.request = (struct fact_request){.kind = PLAN_ROLLBACK, .back_to = earlier.id};
    planning.branch = earlier.branch;
    TRY(planning_is_free(cli, environment));
    TRY(planning_release(cli, environment, earlier.commit, &planning));
    planning_show(cli, planning.plan);
    say(cli, "%s does not stand any more: this is a new release of its commit %.7s", earlier.unit, earlier.commit);
    TRY(ask_yes(cli,
                arena_printf(cli->arena, "release %.7s of %s to %s again, as %s?", earlier.commit, earlier.id,
                             environment, planning.plan->release),
                &yes));
    if (yes)
        return planning_run(cli, &planning);
    say(cli, "nothing was done");
    return NULL;
}

struct error *cmd_rollback(struct cli *cli)
{
    const json_t *row;

    TRY(record_need(cli, RECORD_WRITE));
    TRY(release_need(cli, cli->options.arguments[0], &row));
    return text_is(json_get_text(row, "state"), "ended") ? release_again(cli, row) : decide_rollback(cli);
}
