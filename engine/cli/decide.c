#include "cli/decide.h"

#include "base/json.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/load.h"
#include "cli/print.h"

struct error *decide_begin(struct cli *cli, enum decision_kind decision, struct deciding *out)
{
    const char *comment = cli->options.values[OPTION_COMMENT];
    const json_t *row;

    TRY(record_need(cli, RECORD_WRITE));
    TRY(release_need(cli, cli->options.arguments[0], &row));
    out->release = cli->about;
    out->environment = arena_text(cli->arena, json_get_text(row, "environment"));
    TRY(person_of_release(cli, row, &out->person));
    out->request = (struct decision_request){
        .release = out->release, .decision = decision, .person = out->person, .comment = comment ? comment : ""};
    return NULL;
}

struct error *decide_now(struct cli *cli, const struct deciding *own)
{
    struct error *error = control_decide(cli->record, cli->arena, &own->request);

    if (error)
        next_add(cli, "where it stands, and what it waits for", "show %s", own->release);
    return error;
}

void decide_show(struct cli *cli, const struct deciding *own)
{
    json_t *document;

    if (!wants_json(cli)) {
        say(cli, "%s: %s by %s is in the record", own->release, decision_text(own->request.decision), own->person);
        return;
    }
    document = document_new("decision");
    json_object_set_new(document, "release", json_string(own->release));
    json_object_set_new(document, "decision", json_string(decision_text(own->request.decision)));
    json_object_set_new(document, "gate", own->request.gate ? json_string(own->request.gate) : json_null());
    json_object_set_new(document, "person", json_string(own->person));
    json_object_set_new(document, "comment", json_string(own->request.comment));
    json_object_set_new(document, "next", cli->next ? json_incref(cli->next) : json_array());
    print_document(cli, document);
}

void decide_advise(struct cli *cli, const struct deciding *own)
{
    bool running;
    struct error *error = follow_is_running(cli, own->release, own->environment, &running);

    /* Advice only: the decision stands whatever this says. */
    if (error) {
        error_free(error);
        running = true;
    }
    if (running)
        next_add(cli, "follow it", "watch %s", own->release);
    else
        next_add(cli, "no runner is alive: go on from the journal", "resume %s", own->release);
}
