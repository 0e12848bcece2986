/* approve and reject: what people decide at a gate, or about what an overdue drain still counts. */

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/decide.h"
#include "cli/follow.h"
#include "cli/load.h"
#include "cli/print.h"
#include "view/faces.h"
#include "view/release_view.h"

/* What it binds to, for the person who is about to say yes. Goes to stderr: it belongs to the question. */
static struct error *show_gate(struct cli *cli, struct deciding *own)
{
    struct release_view view CLEANUP(release_view_release) = {0};
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct strbuf shown CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *waiting CLEANUP(json_cleanup) = NULL;
    size_t index;
    const json_t *gate;

    TRY(release_view_read(cli->record, cli->arena, own->release, program_words(cli), &view));
    waiting = view_waiting_gate(&view, own->request.gate);
    if (!json_is_object(waiting))
        return NULL; /* control says why not */
    json_array_foreach(view.gates, index, gate)
    {
        if (!text_is(view_text(gate, "name"), view_text(waiting, "gate")) ||
            !text_is(view_text(gate, "state"), "asked"))
            continue;
        own->request.subject = arena_text(cli->arena, json_get_text(gate, "subject"));
        own->request.gate = arena_text(cli->arena, json_get_text(gate, "name"));
    }
    gate_text(&view, waiting, &cli->err, &text);
    screen_wrap(&cli->err, &shown, strbuf_view(&text));
    if (!wants_json(cli))
        say(cli, "%.*s", (int)shown.length - 1, strbuf_view(&shown));
    return NULL;
}

/* "rooms=2,recordings=unknown" -> {"rooms": 2, "recordings": null} */
static struct error *parse_abandon(struct cli *cli, const char *typed, json_t **out)
{
    json_t *values CLEANUP(json_cleanup) = json_object();

    while (*typed) {
        size_t length = strcspn(typed, ",");
        const char *pair = arena_text_n(cli->arena, typed, length);
        const char *sign = strchr(pair, '=');
        const char *number = sign ? sign + 1 : "";
        bool unknown = text_is(number, "unknown");

        if (!sign || sign == pair || (!unknown && (!*number || strspn(number, "0123456789") != strlen(number))) ||
            strlen(number) > 15)
            return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "'%s' is not PROBE=NUMBER", pair),
                              "expected something like --abandon rooms=2,recordings=1");
        json_object_set_new(values, arena_text_n(cli->arena, pair, (size_t)(sign - pair)),
                            unknown ? json_null() : json_integer(strtoll(number, NULL, 10)));
        typed += length + (typed[length] == ',');
    }
    *out = json_incref(values);
    return NULL;
}

static struct error *give_up(struct cli *cli)
{
    struct deciding own = {0};
    json_t *values CLEANUP(json_cleanup) = NULL;
    const char *typed = cli->options.values[OPTION_ABANDON];
    bool yes;

    TRY(decide_begin(cli, DECISION_FORCE, &own));
    TRY(parse_abandon(cli, typed, &values));
    own.request.values = values;
    own.request.gate = cli->options.values[OPTION_INSTANCE];
    if (!*own.request.comment)
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "giving up work needs a reason"),
                          "say why with --comment");
    TRY(ask_yes(cli, arena_printf(cli->arena, "give up %s of %s for good?", typed, own.release), &yes));
    if (!yes) {
        say(cli, "nothing was done");
        return NULL;
    }
    TRY(decide_now(cli, &own));
    decide_advise(cli, &own);
    decide_show(cli, &own);
    return NULL;
}

static struct error *answer_gate(struct cli *cli, enum decision_kind decision)
{
    struct deciding own = {0};
    bool yes;

    TRY(decide_begin(cli, decision, &own));
    own.request.gate = cli->options.arguments[1];
    TRY(show_gate(cli, &own));
    if (!own.request.subject)
        return decide_now(cli, &own);
    TRY(ask_yes(cli,
                arena_printf(cli->arena, "%s gate %s of %s as %s?", decision_text(decision), own.request.gate,
                             own.release, own.person),
                &yes));
    if (!yes) {
        say(cli, "nothing was done");
        return NULL;
    }
    TRY(decide_now(cli, &own));
    decide_advise(cli, &own);
    decide_show(cli, &own);
    return NULL;
}

struct error *cmd_approve(struct cli *cli)
{
    return cli->options.values[OPTION_ABANDON] ? give_up(cli) : answer_gate(cli, DECISION_APPROVE);
}

struct error *cmd_reject(struct cli *cli)
{
    return answer_gate(cli, DECISION_REJECT);
}
