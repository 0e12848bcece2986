/*
 * hotfix: commits of the trunk onto the live release branch, and their release. Everything is tried in memory first; the
 * branch moves, by compare-and-swap, when all is known to be good and right before the release begins. Killed in between,
 * the same command goes on: the picks are found on the branch.
 */

#include <time.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/hotfix.h"
#include "cli/load.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "control/control.h"
#include "plan/plan.h"
#include "plan/planner.h"
#include "spec/project.h"
#include "unit/branch.h"
#include "view/rows.h"
#include "view/screen.h"

#define LOOK_MS 500

/* ------------------------------------------------------------------------------------------------ a live release */

/* The id of the environment's live release; NULL = none. */
static struct error *live_release(const struct hotfix *own, const char **out)
{
    json_t *rows CLEANUP(json_cleanup) = NULL;

    TRY(rows_live(own->cli->record, own->environment->name, &rows));
    *out = json_array_size(rows) ? arena_text(own->cli->arena, json_get_text(json_array_get(rows, 0), "id")) : NULL;
    return NULL;
}

static struct error *wait_for_end(const struct hotfix *own, const char *release)
{
    const struct timespec pause = {0, LOOK_MS * 1000000L};

    say(own->cli, "waits until release %s has ended", release);
    for (;;) {
        const char *live;

        TRY(live_release(own, &live));
        if (!text_is(live, release))
            return NULL;
        nanosleep(&pause, NULL);
    }
}

/* Taken back by its own runner, or by us when it has none. */
static struct error *take_back(const struct hotfix *own, const char *release, const char *person)
{
    struct decision_request request = {.release = release,
                                       .decision = DECISION_ROLLBACK,
                                       .person = person,
                                       .comment =
                                           arena_printf(own->cli->arena, "superseded by a hotfix of %s", own->branch)};
    const json_t *row;
    bool running;

    TRY(control_decide(own->cli->record, own->cli->arena, &request));
    TRY(follow_is_running(own->cli, release, own->environment->name, &running));
    if (running)
        TRY(wait_for_end(own, release));
    else
        TRY(follow_through(own->cli, release, person));
    own->cli->exit_code = EXIT_CODE_DONE; /* what comes is the hotfix's */
    TRY(release_need(own->cli, release, &row));
    if (text_is(json_get_text(row, "end"), end_text(END_ROLLED_BACK)))
        return NULL;
    return error_new(ERR_CONFLICT, KIND_PERMANENT, "release %s did not go back: it is %s", release,
                     text_spaced(own->cli->arena,
                                 json_get_text(row, "end") ? json_get_text(row, "end") : json_get_text(row, "state")));
}

static struct error *refuse_beside(const struct hotfix *own)
{
    struct error *error = planning_is_free(own->cli, own->environment->name);

    return error ? error_hint(error, "--wait begins when it has ended; --supersede takes it back first") : NULL;
}

static struct error *plan_it(struct hotfix *own, struct planning *planning)
{
    TRY(hotfix_keep(own));
    planning->facts.request = (struct fact_request){.kind = PLAN_HOTFIX, .picks = own->picks};
    planning->branch = own->branch;
    return planning_release(own->cli, own->environment->name, own->new_tip, planning);
}

/* As it will be when that release is taken back: it costs nothing for what would be refused then. */
static struct error *try_plan(struct hotfix *own, const char *release)
{
    struct planning planning = {0};
    const json_t *row;

    TRY(release_need(own->cli, release, &row));
    planning.superseded = arena_text(own->cli->arena, json_get_text(row, "unit"));
    return plan_it(own, &planning);
}

/* Never two at once: waits for the live release, takes it back, or refuses. *ended: there was one, and it ended. */
static struct error *make_room(struct hotfix *own, const char *person, bool *ended)
{
    const char *release;
    bool yes;

    *ended = false;
    TRY(live_release(own, &release));
    if (!release)
        return NULL;
    *ended = true;
    if (own->cli->options.given[OPTION_WAIT])
        return wait_for_end(own, release);
    if (!own->cli->options.given[OPTION_SUPERSEDE])
        return refuse_beside(own);
    TRY(try_plan(own, release));
    TRY(ask_yes(own->cli, arena_printf(own->cli->arena, "take %s back first?", release), &yes));
    if (yes)
        return take_back(own, release, person);
    return error_new(ERR_CONFLICT, KIND_PERMANENT, "release %s is live, and stays", release);
}

/* ------------------------------------------------------------------------------------------------ what was found */

static void show_checks(struct cli *cli, const json_t *seen)
{
    size_t index;
    const json_t *row;

    json_array_foreach(seen, index, row)
    {
        bool ok = json_get_bool(row, "ok", false);
        const char *hint = json_get_text(row, "hint");

        print_text(cli, arena_printf(cli->arena, "%s %-7s %s\n", screen_mark(&cli->out, ok ? MARK_DONE : MARK_FAILED),
                                     json_get_text(row, "check"), json_get_text(row, "text")));
        if (hint)
            print_text(cli, arena_printf(cli->arena, "          %s\n", hint));
    }
}

static struct error *dry_run(struct hotfix *own)
{
    json_t *seen CLEANUP(json_cleanup) = json_array();
    struct error *error = hotfix_check(own, seen);
    json_t *document;

    if (!wants_json(own->cli)) {
        show_checks(own->cli, seen);
    } else {
        document = document_new("hotfix");
        json_object_set_new(document, "environment", json_string(own->environment->name));
        json_object_set_new(document, "branch", json_string(own->branch));
        json_object_set(document, "checks", seen);
        print_document(own->cli, document);
        own->cli->data_shown = true;
    }
    if (!error)
        next_add(own->cli, "do it", "%s", hotfix_words(own));
    return error;
}

/* ------------------------------------------------------------------------------------------------ doing it */

static struct error *move_branch(const struct hotfix *own, const char *release)
{
    const struct branch_change change = {
        .repository = own->repository,
        .branch = own->branch,
        .name = own->request.committer.name,
        .mail = own->request.committer.mail,
        .message = arena_printf(own->cli->arena, "penstock hotfix: %s", release),
    };

    return own->applied ? NULL : branch_move(&change, own->tip.id, own->new_tip);
}

static struct error *release_it(struct hotfix *own)
{
    struct planning planning = {0};
    struct cli *cli = own->cli;
    struct error *error;
    bool yes;

    TRY(plan_it(own, &planning));
    planning_show(cli, planning.plan);
    TRY(ask_yes(cli,
                arena_printf(cli->arena, "move %s to %.7s and release it to %s as %s?", own->branch, own->new_tip,
                             own->environment->name, planning.plan->release),
                &yes));
    if (!yes) {
        say(cli, "nothing was done");
        return NULL;
    }
    TRY(planning_is_free(cli, own->environment->name));
    TRY(move_branch(own, planning.plan->release));
    error = planning_run(cli, &planning);
    if (own->origin)
        next_add_other(cli, "let the others have it", "git push origin %s", own->branch);
    return error;
}

struct error *cmd_hotfix(struct cli *cli)
{
    struct hotfix own;
    const char *person;
    bool ended;

    if (cli->options.given[OPTION_WAIT] && cli->options.given[OPTION_SUPERSEDE])
        return error_new(ERR_USAGE, KIND_PERMANENT, "--wait and --supersede exclude each other");
    TRY(hotfix_read(cli, &own));
    TRY(record_need(cli, RECORD_WRITE));
    if (cli->options.given[OPTION_DRY_RUN])
        return dry_run(&own);
    TRY(person_need(cli, own.environment->name, &person));
    /* A hotfix that is none must not cost the live release anything; when that has ended, all may be different. */
    TRY(hotfix_check(&own, NULL));
    TRY(make_room(&own, person, &ended));
    if (ended)
        TRY(hotfix_check(&own, NULL));
    return release_it(&own);
}
