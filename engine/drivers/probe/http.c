/*
 * Questions to an instance over HTTP: its counters, its health, a check, a request that has to be accepted.
 *
 * Several probes of one path are answered by one request, so that their numbers are of one moment. What is not
 * certainly a number is null with a reason, and never fails the call: whoever asked decides what unknown means.
 */

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "drivers/call.h"
#include "drivers/drivers.h"
#include "drivers/evidence.h"
#include "drivers/probe/extract.h"

#define TIMEOUT_DEFAULT_MS 5000
#define BODY_LIMIT_BYTES ((size_t)1024 * 1024)
#define SHOWN_BYTES ((size_t)200)
#define WHY_BYTES ((size_t)300)
#define EVIDENCE_BYTES ((size_t)4096)

/* What is asked: an `http` object, or the few fields of a health check. */
struct request {
    const char *method;
    const char *path;
    const char *body;
    int64_t timeout_ms;
};

struct probe {
    const char *name;
    const char *kind;
    const char *expression;
    const char *identity; /* JSON path, or NULL */
    struct request request;
    bool answered;
};

struct sample_call {
    struct probe *probes;
    size_t count, capacity;
    size_t asked;   /* index of the probe whose request is under way */
    json_t *values; /* owned by call->detail */
    json_t *why;
    const char *identity; /* what the first reply that told it said */
    bool identity_wanted;
    bool identity_missing;
    bool identity_changed;
    const char *evidence; /* the replies' beginnings */
};

static struct request request_read(const json_t *http)
{
    struct request request = {
        .method = json_get_text(http, "method"),
        .path = json_get_text(http, "path"),
        .body = json_get_text(http, "body"),
        .timeout_ms = json_get_int(http, "timeout_ms", TIMEOUT_DEFAULT_MS),
    };

    if (!request.method)
        request.method = "GET";
    if (!request.path)
        request.path = "/";
    if (request.timeout_ms <= 0)
        request.timeout_ms = TIMEOUT_DEFAULT_MS;
    return request;
}

static bool is_url_safe(const char *text)
{
    for (const char *at = text; *at; at++) {
        if ((unsigned char)*at <= ' ' || *at == 0x7f)
            return false;
    }
    return true;
}

/* The address is the step's, else that of the instance. */
static struct error *ask(struct call *call, const struct request *request, struct effect *want)
{
    const char *address = json_get_text(call->params, "address");
    const char *url = json_get_text(call->params, "url");

    if (!address && !url)
        address = json_get_text(call->instance, "address");
    if (!address && !url)
        return error_new(ERR_UNKNOWN_ANSWER, KIND_PERMANENT, "the address of '%s' is not known", call->target);
    url = address ? arena_printf(call->arena, "http://%s%s", address, request->path)
                  : arena_printf(call->arena, "%s%s", url, text_is(request->path, "/") ? "" : request->path);
    if (request->path[0] != '/' || !is_url_safe(url))
        return error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "'%s' is no path to ask for", request->path);
    want_http(call, want, request->method, url, request->body, request->timeout_ms);
    want->limit_bytes = BODY_LIMIT_BYTES;
    return NULL;
}

/* The start of an answer, fit for a message. */
static const char *shown(struct call *call, const struct reply *last, size_t most)
{
    return evidence_start(call->arena, last->text, last->length, most);
}

/* Why a reply is not an answer to a question; NULL when it is one. */
static const char *no_answer(struct call *call, const struct reply *last)
{
    switch (last->transport) {
    case TRANSPORT_OK:
        return last->status == 200 ? NULL : arena_printf(call->arena, "it answered with status %d", last->status);
    case TRANSPORT_REFUSED:
        return "nobody listens there";
    case TRANSPORT_TIMEOUT:
        return "it did not answer in time";
    case TRANSPORT_BROKEN:
        return "it broke off in the middle of its answer";
    case TRANSPORT_CUT:
        return "its answer is longer than the limit";
    case TRANSPORT_FAILED:
        return arena_printf(call->arena, "it could not be asked: %s", shown(call, last, SHOWN_BYTES));
    }
    BUG("transport result %d", (int)last->transport);
}

static bool same_request(const struct request *a, const struct request *b)
{
    return text_is(a->method, b->method) && text_is(a->path, b->path) && text_is(a->body, b->body);
}

static void sample_unknown(struct call *call, struct sample_call *own, const struct probe *probe, const char *why)
{
    json_object_set_new(own->values, probe->name, json_null());
    json_object_set_new(own->why, probe->name, json_string(evidence_start(call->arena, why, strlen(why), WHY_BYTES)));
}

/* Who answered. Two replies of one sample that name two servers were not given by one. */
static bool sample_identity(struct call *call, struct sample_call *own, const struct probe *probe,
                            const struct reply *last)
{
    const char *identity;

    if (!probe->identity)
        return true;
    identity = extract_identity(call->arena, probe->identity, last->text, last->length);
    if (!identity) {
        own->identity_missing = true;
        sample_unknown(call, own, probe,
                       arena_printf(call->arena, "the answer has no identity at '%s'", probe->identity));
        return false;
    }
    if (own->identity && !text_is(own->identity, identity))
        own->identity_changed = true;
    own->identity = identity;
    return true;
}

static void sample_probe(struct call *call, struct sample_call *own, const struct probe *probe,
                         const struct reply *last)
{
    const char *why = no_answer(call, last);
    struct extract extract = {.expression = probe->expression};
    double number = 0;

    if (why) {
        own->identity_missing = own->identity_missing || probe->identity;
        sample_unknown(call, own, probe, why);
        return;
    }
    if (!sample_identity(call, own, probe, last))
        return;
    if (!extract_kind_parse(probe->kind, &extract.kind))
        sample_unknown(call, own, probe,
                       arena_printf(call->arena, "'%s' is no kind of probe", probe->kind ? probe->kind : ""));
    else if (!extract_number(call->arena, &extract, last->text ? last->text : "", last->length, &number, &why))
        sample_unknown(call, own, probe, why);
    else if (number < 9e15 && number == (double)(json_int_t)number)
        json_object_set_new(own->values, probe->name, json_integer((json_int_t)number));
    else
        json_object_set_new(own->values, probe->name, json_real(number));
}

static enum call_status sample_done(struct call *call, struct sample_call *own)
{
    json_t *detail = call->detail;

    call->detail = NULL;
    if (own->identity_changed) {
        for (size_t i = 0; i < own->count; i++)
            sample_unknown(call, own, &own->probes[i], "the server changed its identity within the sample");
    }
    json_object_set_new(detail, "identity",
                        own->identity && !own->identity_changed && !own->identity_missing ? json_string(own->identity)
                                                                                          : json_null());
    return call_done(call, detail, own->evidence);
}

static void sample_begin(struct call *call, struct sample_call *own)
{
    json_t *probes = json_object_get(call->params, "probes");
    const char *name;
    json_t *entry;

    own->values = json_object();
    own->why = json_object();
    own->evidence = "";
    /* The call owns the detail from the start, so that one that is given up in the middle leaves nothing behind. */
    call->detail = json_pack("{s:o, s:o}", "values", own->values, "why", own->why);
    json_object_foreach(probes, name, entry)
    {
        struct probe *probe = ARENA_PUSH(call->arena, own->probes, own->count, own->capacity);

        probe->name = name;
        probe->kind = json_get_text(entry, "kind");
        probe->expression = json_get_text(entry, "expression");
        probe->identity = json_get_text(entry, "identity");
        probe->request = request_read(json_object_get(entry, "http"));
    }
}

static enum call_status probe_sample(struct call *call, const struct reply *last, struct effect *want)
{
    struct sample_call *own = call->scratch;

    if (!own) {
        own = call->scratch = ARENA_NEW(call->arena, struct sample_call);
        sample_begin(call, own);
    } else {
        const struct request *asked = &own->probes[own->asked].request;

        for (size_t i = own->asked; i < own->count; i++) {
            if (!own->probes[i].answered && same_request(&own->probes[i].request, asked)) {
                own->probes[i].answered = true;
                sample_probe(call, own, &own->probes[i], last);
            }
        }
        own->evidence =
            arena_printf(call->arena, "%s%s %s: %d\n%s\n", own->evidence, asked->method, asked->path,
                         last->transport == TRANSPORT_OK ? last->status : 0, shown(call, last, EVIDENCE_BYTES));
    }
    while (own->asked < own->count && own->probes[own->asked].answered)
        own->asked++;
    if (own->asked == own->count)
        return sample_done(call, own);
    CALL_TRY(call, ask(call, &own->probes[own->asked].request, want));
    return CALL_WANTS;
}

static enum call_status probe_health(struct call *call, const struct reply *last, struct effect *want)
{
    const char *why;
    bool healthy;

    if (!last) {
        struct request request = {.method = "GET",
                                  .path = json_get_text(call->params, "get"),
                                  .timeout_ms = json_get_int(call->params, "timeout_ms", TIMEOUT_DEFAULT_MS)};

        if (!request.path)
            request.path = "/";
        CALL_TRY(call, ask(call, &request, want));
        return CALL_WANTS;
    }
    healthy = last->transport == TRANSPORT_OK && last->status >= 200 && last->status < 300;
    why = healthy ? shown(call, last, SHOWN_BYTES) : no_answer(call, last);
    return call_done(call, json_pack("{s:b, s:s}", "healthy", healthy, "answer", why),
                     shown(call, last, EVIDENCE_BYTES));
}

/* The trouble that kept a request from being answered. A mere question leaves nothing in doubt. */
static struct error *reply_trouble(struct call *call, const struct request *request, const struct reply *last)
{
    struct error *error =
        reply_error(last, arena_printf(call->arena, "'%s %s' of '%s'", request->method, request->path, call->target));

    if (error && error->kind == KIND_IN_DOUBT && (text_is(request->method, "GET") || text_is(request->method, "HEAD")))
        error->kind = KIND_TRANSIENT;
    return error;
}

static enum call_status probe_check(struct call *call, const struct reply *last, struct effect *want)
{
    struct request request = request_read(json_object_get(call->params, "http"));
    const json_t *expect = json_object_get(call->params, "expect");
    int64_t status = json_get_int(expect, "status", 0);
    const char *contains = json_get_text(expect, "contains");
    const char *body;

    if (!last) {
        CALL_TRY(call, ask(call, &request, want));
        return CALL_WANTS;
    }
    CALL_TRY(call, reply_trouble(call, &request, last));
    call->evidence = shown(call, last, EVIDENCE_BYTES);
    if (status == 0 ? last->status < 200 || last->status > 299 : last->status != status)
        return call_failed(call, error_new(ERR_CHECK_FAILED, KIND_PERMANENT,
                                           "'%s %s' of '%s' answered with status %d, not %s", request.method,
                                           request.path, call->target, last->status,
                                           status ? arena_printf(call->arena, "%lld", (long long)status) : "2xx"));
    body = arena_text_n(call->arena, last->text ? last->text : "", last->length);
    if (contains && !memmem(body, last->length, contains, strlen(contains)))
        return call_failed(call, error_new(ERR_CHECK_FAILED, KIND_PERMANENT,
                                           "the answer of '%s' to '%s %s' does not contain '%s'; it starts with '%s'",
                                           call->target, request.method, request.path, contains,
                                           shown(call, last, SHOWN_BYTES)));
    return call_done(call, json_pack("{s:i}", "status", last->status), call->evidence);
}

static enum call_status probe_request(struct call *call, const struct reply *last, struct effect *want)
{
    struct request request = request_read(json_object_get(call->params, "http"));

    if (!last) {
        CALL_TRY(call, ask(call, &request, want));
        return CALL_WANTS;
    }
    CALL_TRY(call, reply_trouble(call, &request, last));
    call->evidence = shown(call, last, EVIDENCE_BYTES);
    if (last->status >= 200 && last->status <= 299)
        return call_done(call, json_pack("{s:i}", "status", last->status), call->evidence);
    return call_failed(call, error_new(ERR_CHECK_FAILED, last->status >= 500 ? KIND_TRANSIENT : KIND_PERMANENT,
                                       "'%s' answered '%s %s' with status %d: '%s'", call->target, request.method,
                                       request.path, last->status, shown(call, last, SHOWN_BYTES)));
}

const struct probe_driver probe_http = {
    .head = {.kind = DRIVER_PROBE, .name = "http", .summary = "questions over HTTP: numbers, health, checks"},
    .sample = probe_sample,
    .health = probe_health,
    .check = probe_check,
    .request = probe_request,
};
