/* One driver call, pumped: advance, perform the wanted effect, advance with the reply, until it is done or failed. */

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "run/runner.h"

#define CALL_TIMEOUT_MS 60000
#define SECRET_LIMIT_BYTES ((size_t)64 * 1024)

struct call_run {
    struct runner *runner;
    struct call_spec spec;
    struct call call;
    struct effect want;
    struct io_effect *effect; /* NULL: none under way */
    struct io_timer *deadline;
    struct io_timer *soon; /* it ended at once; that is told from the loop */
    enum call_status early;
    json_t *env;
};

struct call *call_of(struct call_run *run)
{
    return &run->call;
}

static void call_free(struct call_run *run)
{
    io_timer_stop(run->deadline);
    io_timer_stop(run->soon);
    if (run->effect)
        io_cancel(run->effect);
    call_release(&run->call);
    json_decref(run->env);
    arena_free(run->call.arena);
    free(run);
}

void call_cancel(struct call_run *run)
{
    if (run)
        call_free(run);
}

static void call_end(struct call_run *run, enum call_status status)
{
    run->effect = NULL;
    run->spec.ended(run->spec.context, run, status);
    call_free(run);
}

static void on_reply(void *context, const struct reply *reply);

/*
 * Between the commit of an intent and an effect of it much time may pass, and this process may have stood still while
 * another took over: it must not go on where it was. Nobody can take over between this look and the effect's beginning,
 * for the record's lock is held over both: no process is started by two runners. ERR_LEASE_HELD when somebody did.
 */
static struct error *begin_effect(struct call_run *run)
{
    struct runner *r = run->runner;
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;

    if (effect_changes(&run->want)) {
        TRY(tx_look(r->record, &tx));
        TRY(lease_check(&tx, &r->lease));
    }
    run->effect = io_start(r->io, &run->want, on_reply, run);
    return NULL;
}

static void begin_or_fail(struct call_run *run)
{
    struct error *error = begin_effect(run);

    if (error)
        runner_fail(run->runner, error);
}

static void call_advance(struct call_run *run, const struct reply *last)
{
    enum call_status status;

    run->want = (struct effect){0};
    status = run->spec.advance(&run->call, last, &run->want);
    if (status == CALL_WANTS)
        begin_or_fail(run);
    else
        call_end(run, status);
}

static void on_reply(void *context, const struct reply *reply)
{
    struct call_run *run = context;

    run->effect = NULL;
    call_advance(run, reply);
}

static void on_soon(void *context)
{
    struct call_run *run = context;

    run->soon = NULL;
    call_end(run, run->early);
}

static void on_deadline(void *context)
{
    struct call_run *run = context;

    run->deadline = NULL;
    if (run->effect)
        io_cancel(run->effect);
    error_free(run->call.error);
    run->call.error =
        error_new(ERR_TIMEOUT, KIND_IN_DOUBT, "%s of %s took longer than %s", run->spec.verb, run->spec.target,
                  duration_text(run->call.arena, run->spec.timeout_ms ? run->spec.timeout_ms : CALL_TIMEOUT_MS));
    call_end(run, CALL_FAILED);
}

/* A value that was fetched. What is wrong with it is said without it. */
static struct error *take_value(json_t *env, const char *name, const char *value, size_t length)
{
    json_t *text = memchr(value, '\0', length) ? NULL : json_stringn(value, length);

    if (!text)
        return error_hint(error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "the value of '%s' is no UTF-8 text", name),
                          "bytes that are no text can go in as base64");
    json_object_set_new(env, name, text);
    return NULL;
}

/* References to secrets are resolved right before use; the values go to the child and nowhere else. */
static struct error *resolve(const json_t *entry, json_t *env)
{
    const char *name = json_get_text(entry, "name"), *value = json_get_text(entry, "value");
    const char *source = json_get_text(entry, "source");

    if (text_is(source, "from_env")) {
        const char *found = getenv(value);

        if (!found)
            return error_hint(
                error_new(ERR_NOT_FOUND, KIND_PERMANENT, "variable '%s' for '%s' is not set", value, name),
                "set it where penstock is started");
        return take_value(env, name, found, strlen(found));
    }
    if (text_is(source, "from_file")) {
        struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(SECRET_LIMIT_BYTES);

        TRY_AS(file_read(value, &text), "while reading the value of '%s'", name);
        while (text.length && (text.bytes[text.length - 1] == '\n' || text.bytes[text.length - 1] == '\r'))
            text.bytes[--text.length] = '\0';
        return take_value(env, name, strbuf_view(&text), text.length);
    }
    json_object_set_new(env, name, json_string(value));
    return NULL;
}

static struct error *environment(const json_t *list, json_t *env)
{
    static const char *const inherited[] = {"PATH", "LANG", "TMPDIR", "USER"};
    const json_t *entry;
    size_t i;

    for (size_t k = 0; k < sizeof(inherited) / sizeof(*inherited); k++) {
        if (getenv(inherited[k]))
            json_object_set_new(env, inherited[k], json_string(getenv(inherited[k])));
    }
    json_array_foreach(list, i, entry) TRY(resolve(entry, env));
    return NULL;
}

struct call_run *call_start(struct runner *r, const struct call_spec *spec)
{
    struct call_run *run = heap_alloc(sizeof(*run));

    run->runner = r;
    run->spec = *spec;
    run->call = (struct call){.verb = spec->verb,
                              .target = spec->target,
                              .key = spec->key ? spec->key : "",
                              .params = spec->params,
                              .door = r->plan->door,
                              .instance = spec->instance ? json_object_get(r->instances, spec->instance) : NULL,
                              .self = r->self,
                              .epoch = r->state.epoch,
                              .arena = arena_new()};
    if (spec->env) {
        run->env = json_object();
        run->call.env = run->env;
        run->call.error = environment(spec->env, run->env);
    }
    run->deadline = io_timer_start(r->io, spec->timeout_ms ? spec->timeout_ms : CALL_TIMEOUT_MS, on_deadline, run);
    run->early = run->call.error ? CALL_FAILED : spec->advance(&run->call, NULL, &run->want);
    if (run->early == CALL_WANTS)
        begin_or_fail(run);
    else
        run->soon = io_timer_start(r->io, 0, on_soon, run);
    return run;
}
