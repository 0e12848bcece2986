/*
 * A command: argv with a working directory, a declared environment and a log. Its exit code is the answer; a JSON
 * object on its standard output is its result. It ends with its step: io kills it at the timeout.
 */

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "drivers/call.h"
#include "drivers/child.h"
#include "drivers/drivers.h"
#include "drivers/evidence.h"
#include "drivers/registry.h"

#define TIMEOUT_DEFAULT_MS (10 * 60 * 1000)
#define FILE_TIMEOUT_MS 10000
#define OUTPUT_LIMIT_BYTES ((size_t)256 * 1024)
#define TAIL_BYTES ((size_t)4096)
/* So much of the output stands in the journal; the log has the rest. */
#define OUTPUT_SHOWN_BYTES ((size_t)1024)

enum phase { COMMAND_BEGIN, COMMAND_ENDED, COMMAND_LOG_READ };

struct command_call {
    enum phase phase;
    const char *name;
    const char *log; /* NULL: none */
    int64_t timeout_ms;
    int status;
    bool timed_out;
};

static enum call_status command_start(struct call *call, struct command_call *own, struct effect *want)
{
    const char *address = call->instance ? json_get_text(call->instance, "address") : NULL;
    const char *cwd = json_get_text(call->params, "cwd");
    struct child_place place;

    if (call->instance && !address)
        return call_failed(
            call, error_new(ERR_UNKNOWN_ANSWER, KIND_PERMANENT, "the address of '%s' is not known", call->target));
    child_place_init(call->arena, address, &place);
    *want = (struct effect){
        .kind = EFFECT_RUN,
        .timeout_ms = own->timeout_ms,
        .limit_bytes = OUTPUT_LIMIT_BYTES,
        .cwd = cwd,
        .log = own->log,
        .input = json_get_text(call->params, "input"),
        .keep_output = true,
    };
    CALL_TRY(call, child_argv(call, &place, &want->argv));
    CALL_TRY(call, child_env(call, &place, cwd, NULL, &want->env));
    if (!own->name)
        own->name = want->argv[0];
    own->phase = COMMAND_ENDED;
    return CALL_WANTS;
}

static json_t *command_detail(struct call *call, const struct reply *last)
{
    json_t *result = NULL;
    json_t *detail = json_object();
    const char *whole = child_evidence(call, last->text, last->length, SIZE_MAX);
    const char *shown = evidence_end(call->arena, whole, strlen(whole), OUTPUT_SHOWN_BYTES);

    json_object_set_new(detail, "exit", json_integer(last->status));
    json_object_set_new(detail, "output", json_string(shown));
    if (*whole)
        error_free(json_parse(whole, strlen(whole), "the output", &result));
    if (json_is_object(result))
        json_object_set(detail, "result", result);
    json_decref(result);
    return detail;
}

static struct error *command_error(const struct command_call *own, const char *seconds)
{
    if (own->timed_out)
        return error_hint(error_new(ERR_TIMEOUT, KIND_PERMANENT, "command '%s' did not end within %s and was killed",
                                    own->name, seconds),
                          "raise its timeout if it needs longer");
    if (own->status > 128 && sigabbrev_np(own->status - 128))
        return error_new(ERR_CHECK_FAILED, KIND_PERMANENT, "command '%s' was ended by signal %s", own->name,
                         sigabbrev_np(own->status - 128));
    return error_new(ERR_CHECK_FAILED, KIND_PERMANENT, "command '%s' ended with exit code %d", own->name, own->status);
}

static enum call_status command_run(struct call *call, const struct reply *last, struct effect *want)
{
    struct command_call *own = call->scratch;

    if (!own) {
        own = call->scratch = ARENA_NEW(call->arena, struct command_call);
        own->name = json_get_text(call->params, "name");
        own->log = json_get_text(call->params, "log");
        own->timeout_ms = json_get_int(call->params, "timeout_ms", TIMEOUT_DEFAULT_MS);
        if (own->timeout_ms <= 0)
            own->timeout_ms = TIMEOUT_DEFAULT_MS;
    }
    switch (own->phase) {
    case COMMAND_BEGIN:
        return command_start(call, own, want);
    case COMMAND_ENDED:
        /* Output past the limit is cut, and does not make a good command a bad one. */
        if (last->transport != TRANSPORT_OK && last->transport != TRANSPORT_CUT)
            return call_failed(call, reply_error(last, arena_printf(call->arena, "command '%s'", own->name)));
        own->status = last->status;
        own->timed_out = last->timed_out;
        if (own->status == 0 && !own->timed_out)
            return call_done(call, command_detail(call, last), NULL);
        call->evidence = child_evidence(call, last->text, last->length, TAIL_BYTES);
        own->phase = COMMAND_LOG_READ;
        *want = (struct effect){
            .kind = EFFECT_READ_FILE,
            .timeout_ms = FILE_TIMEOUT_MS,
            .limit_bytes = TAIL_BYTES,
            .path = own->log,
        };
        if (want->path)
            return CALL_WANTS;
        break;
    case COMMAND_LOG_READ:
        /* The log has standard error too, so it is the better evidence when it can be read. */
        if (last->transport == TRANSPORT_OK && last->length > 0)
            call->evidence = child_evidence(call, last->text, last->length, TAIL_BYTES);
        break;
    }
    return call_failed(call, command_error(own, duration_text(call->arena, own->timeout_ms)));
}

const struct command_driver command_driver = {
    .head = {.kind = DRIVER_COMMAND,
             .name = "command",
             .summary = "a program with arguments; its exit code is the answer"},
    .run = command_run,
};
