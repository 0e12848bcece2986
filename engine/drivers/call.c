#include "drivers/call.h"

#include <string.h>

#include "base/memory.h"

void call_release(struct call *call)
{
    json_decref(call->detail);
    call->detail = NULL;
    error_free(call->error);
    call->error = NULL;
}

enum call_status call_done(struct call *call, json_t *detail, const char *evidence)
{
    MUST(!call->detail);
    call->detail = detail;
    call->evidence = evidence;
    return CALL_DONE;
}

enum call_status call_failed(struct call *call, struct error *error)
{
    MUST(error && !call->error);
    call->error = error;
    return CALL_FAILED;
}

struct error *reply_error(const struct reply *reply, const char *what)
{
    switch (reply->transport) {
    case TRANSPORT_OK:
        return NULL;
    case TRANSPORT_REFUSED:
        return error_new(ERR_IO, KIND_TRANSIENT, "%s is not there: nobody listens", what);
    case TRANSPORT_TIMEOUT:
        return error_new(ERR_TIMEOUT, KIND_IN_DOUBT, "%s did not answer in time", what);
    case TRANSPORT_BROKEN:
        return error_new(ERR_IO, KIND_IN_DOUBT, "%s broke off in the middle of its answer", what);
    case TRANSPORT_CUT:
        return error_new(ERR_LIMIT, KIND_PERMANENT, "the answer of %s is longer than its limit", what);
    case TRANSPORT_FAILED:
        return error_new(ERR_IO, KIND_PERMANENT, "%s cannot be used: %s", what,
                         reply->text ? reply->text : "no reason");
    }
    BUG("transport result %d", (int)reply->transport);
}

enum call_status want_http(struct call *call, struct effect *want, const char *method, const char *url,
                           const char *body, int64_t timeout_ms)
{
    *want = (struct effect){
        .kind = EFFECT_HTTP,
        .timeout_ms = timeout_ms,
        .method = arena_text(call->arena, method),
        .url = arena_text(call->arena, url),
        .body = arena_text(call->arena, body),
    };
    return CALL_WANTS;
}

enum call_status want_line(struct call *call, struct effect *want, const char *socket, const char *text)
{
    size_t length = strlen(text);
    bool ends = length > 0 && text[length - 1] == '\n';

    *want = (struct effect){
        .kind = EFFECT_LINE,
        .timeout_ms = 5000,
        .path = arena_text(call->arena, socket),
        .text = arena_printf(call->arena, "%s%s", text, ends ? "" : "\n"),
    };
    return CALL_WANTS;
}

enum call_status want_sleep(struct effect *want, int64_t ms)
{
    /* The timeout is of the whole effect, so it must not end a sleep early. */
    *want = (struct effect){.kind = EFFECT_SLEEP, .timeout_ms = ms + 60000, .sleep_ms = ms};
    return CALL_WANTS;
}
