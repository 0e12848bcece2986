/* resume, retry, abort, and rollback of a live release: what people ask of a whole release. When no runner is alive, the command becomes it. */

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/decide.h"
#include "cli/follow.h"
#include "cli/load.h"
#include "cli/print.h"

/* After a decision about the whole release: the runner acts on it; when there is none, this process becomes it. */
static struct error *go_on(struct cli *cli, const struct deciding *own)
{
    const json_t *row;
    bool running;

    TRY(follow_is_running(cli, own->release, own->environment, &running));
    /* A runner that is gone by now may have carried it out already: then there is only the end to be shown. */
    TRY(release_need(cli, own->release, &row));
    if (!running && !text_is(json_get_text(row, "state"), "ended"))
        return follow_start(cli, own->release, own->environment, own->person);
    if (cli->options.given[OPTION_DETACH]) {
        next_add(cli, "follow it", "watch %s", own->release);
        decide_show(cli, own);
        return NULL;
    }
    return follow_watch(cli, own->release);
}

/* Asks, decides, goes on. */
static struct error *decide_and_go(struct cli *cli, struct deciding *own, const char *question)
{
    bool yes;

    TRY(ask_yes(cli, question, &yes));
    if (!yes) {
        say(cli, "nothing was done");
        return NULL;
    }
    TRY(decide_now(cli, own));
    return go_on(cli, own);
}

struct error *decide_rollback(struct cli *cli)
{
    struct deciding own = {0};

    TRY(decide_begin(cli, DECISION_ROLLBACK, &own));
    return decide_and_go(cli, &own, arena_printf(cli->arena, "roll %s back?", own.release));
}

struct error *cmd_abort(struct cli *cli)
{
    struct deciding own = {0};
    json_t *values CLEANUP(json_cleanup) = json_object();
    bool as_is = cli->options.given[OPTION_AS_IS] > 0;

    if (cli->options.given[OPTION_KEEP] && as_is)
        return error_new(ERR_USAGE, KIND_PERMANENT, "--keep and --as-is exclude each other");
    TRY(decide_begin(cli, DECISION_ABORT, &own));
    if (cli->options.given[OPTION_KEEP])
        json_object_set_new(values, "keep", json_true());
    if (as_is)
        json_object_set_new(values, "as_is", json_true());
    own.request.values = json_object_size(values) ? values : NULL;
    return decide_and_go(cli, &own,
                         arena_printf(cli->arena,
                                      as_is ? "end %s where it stands, and undo nothing?"
                                            : "abort %s and give the traffic back to the old unit?",
                                      own.release));
}

struct error *cmd_retry(struct cli *cli)
{
    struct deciding own = {0};

    TRY(decide_begin(cli, DECISION_RETRY, &own));
    TRY(decide_now(cli, &own));
    return go_on(cli, &own);
}

/* Without an argument, nothing live is an answer: there is nothing to go on with. */
static struct error *nothing_to_resume(struct cli *cli, const json_t *row)
{
    const char *id = json_get_text(row, "id");
    const char *end = text_spaced(cli->arena, json_get_text(row, "end"));

    if (cli->options.argument_count) {
        next_add(cli, "how it ended", "show %s", id);
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "release %s has ended: %s", id, end);
    }
    say(cli, "no release is live; the last one was %s: %s", id, end);
    next_add(cli, "what is live", "status");
    return NULL;
}

struct error *cmd_resume(struct cli *cli)
{
    const json_t *row;
    const char *environment;
    const char *person;

    TRY(record_need(cli, RECORD_WRITE));
    TRY(release_need(cli, cli->options.arguments[0], &row));
    if (text_is(json_get_text(row, "state"), "ended"))
        return nothing_to_resume(cli, row);
    environment = arena_text(cli->arena, json_get_text(row, "environment"));
    TRY(person_of_release(cli, row, &person));
    return follow_start(cli, cli->about, environment, person);
}
