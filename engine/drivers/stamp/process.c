/*
 * A stamp's instance as a local process: started in a session of its own, so that it outlives the engine, and found
 * again by a mark in its environment.
 *
 * The mark is looked for before anything is started, so a create that was cut off between start and journal adopts
 * what it had started. Signals go only to the full identity (pid, start time, boot id): one that does not agree means
 * "gone", since the kernel gives numbers out again, and is never signalled.
 *
 * An instance may be more than the one process that was started: a wrapper's child, workers, a daemon. It has ended when
 * nobody carries its mark any more; until then it has its files, its port, and perhaps people.
 */

#include <signal.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "drivers/call.h"
#include "drivers/child.h"
#include "drivers/drivers.h"
#include "drivers/stamp/process_identity.h"

#define ACT_TIMEOUT_MS 10000
/* SIGKILL needs no consent; what is still there after this sits in the kernel. */
#define KILL_WAIT_MS 10000
/* Long enough for a program to find that it cannot read its own configuration; readiness is another step's question. */
#define SETTLE_MS 100
#define TAIL_BYTES ((size_t)4096)
#define GRACE_DEFAULT_MS 30000

/* Each verb has its own phases; 0 is the beginning of all. */
enum create_phase {
    CREATE_BEGIN,
    CREATE_LOOKED,
    CREATE_DIR_MADE,
    CREATE_PORT_GIVEN,
    CREATE_STARTED,
    CREATE_SETTLED,
    CREATE_READ_BACK,
    CREATE_LOG_READ,
};
enum observe_phase { OBSERVE_BEGIN, OBSERVE_LOOKED };
enum end_phase { END_BEGIN, END_LOOKED, END_SIGNALLED, END_AWAITED, END_REST_LOOKED, END_REST_SIGNALLED };
enum remove_phase { REMOVE_BEGIN, REMOVE_LOOKED, REMOVE_LOOKED_BY_MARK, REMOVE_REMOVED };
enum signal_phase { SIGNAL_BEGIN, SIGNAL_LOOKED, SIGNAL_SENT };

struct process_call {
    int phase; /* of the verb's own enum */
    struct process_identity process;
    bool known;     /* the identity is a full one */
    bool signalled; /* it was there, and so its whole group got the signal */
    int64_t waited_ms;
    const char *mark;
    const char *dir;
    const char *log;
    const char *address;
};

/* A field of the step's parameters, or else of what is known of the instance. */
static const char *process_text(const struct call *call, const char *key)
{
    const char *text = json_get_text(call->params, key);

    return text ? text : json_get_text(call->instance, key);
}

static struct process_call *process_own(struct call *call)
{
    struct process_call *own = call->scratch;

    if (own)
        return own;
    own = call->scratch = ARENA_NEW(call->arena, struct process_call);
    own->mark = process_text(call, "mark");
    own->dir = process_text(call, "dir");
    own->log = process_text(call, "log");
    own->known = process_identity_read(call->instance, &own->process);
    return own;
}

static enum call_status want_look(struct effect *want, const struct process_identity *process, const char *mark)
{
    *want = (struct effect){.kind = EFFECT_LOOK, .timeout_ms = ACT_TIMEOUT_MS, .mark = mark};
    if (process)
        want->process = *process;
    return CALL_WANTS;
}

static enum call_status want_look_for(const struct process_call *own, bool anyone, struct effect *want)
{
    want_look(want, NULL, own->mark);
    want->log = own->log;
    want->anyone = anyone;
    return CALL_WANTS;
}

static enum call_status want_path(struct effect *want, enum effect_kind kind, const char *path)
{
    *want = (struct effect){.kind = kind, .timeout_ms = ACT_TIMEOUT_MS, .path = path};
    return CALL_WANTS;
}

/* By its identity when that is known, else by its mark. */
static enum call_status process_look(struct call *call, struct process_call *own, int next, struct effect *want)
{
    own->phase = next;
    if (own->known)
        return want_look(want, &own->process, NULL);
    if (!own->mark || !strchr(own->mark, '='))
        return call_failed(
            call, error_new(ERR_BUG, KIND_PERMANENT, "instance '%s' has neither identity nor mark", call->target));
    return want_look_for(own, false, want);
}

/* An answer that is no answer must not read as "gone". `doing`: "start", "look for". */
static struct error *process_trouble(struct call *call, const struct reply *last, const char *doing)
{
    struct error *error;

    if (last->transport == TRANSPORT_FAILED)
        return error_new(ERR_IO, KIND_PERMANENT, "cannot %s instance '%s': %s", doing, call->target, last->text);
    error = reply_error(last, "the system");
    return error ? error_wrap(error, "cannot %s instance '%s'", doing, call->target) : NULL;
}

/* Remembers who was found or started. Without a number there is nobody to look for, and nobody to signal. */
static struct error *process_take(struct call *call, struct process_call *own, const struct reply *last)
{
    if (last->process.pid <= 1)
        return error_new(ERR_UNKNOWN_ANSWER, KIND_IN_DOUBT, "instance '%s' runs but it is not known as which process",
                         call->target);
    own->process = last->process;
    return NULL;
}

static bool process_dir_is_safe(const char *dir)
{
    /* At least two levels below the root, and no way up: this path is going to be removed with all that is in it. */
    return dir && dir[0] == '/' && dir[1] && strchr(dir + 1, '/') && !strstr(dir, "/../") && !strstr(dir, "//") &&
           !text_ends(dir, "/..") && !text_ends(dir, "/");
}

static json_t *process_detail(const struct process_call *own, bool adopted)
{
    json_t *detail = json_object();

    json_object_set_new(detail, "address", json_string(own->address));
    process_identity_write(detail, &own->process);
    json_object_set_new(detail, "mark", json_string(own->mark));
    json_object_set_new(detail, "adopted", json_boolean(adopted));
    return detail;
}

static enum call_status process_adopt(struct call *call, struct process_call *own, const struct reply *last)
{
    CALL_TRY(call, process_take(call, own, last));
    own->address = environment_value(call->arena, last->environment, "PENSTOCK_ADDRESS");
    if (!own->address || strspn(own->address, "0123456789abcdefABCDEF.:[]") != strlen(own->address) ||
        !strchr(own->address, ':'))
        return call_failed(call, error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT,
                                                      "process %d carries the mark of instance '%s' but no address",
                                                      (int)own->process.pid, call->target),
                                            "look at it with 'ps -fp %d'; end it if it is not needed",
                                            (int)own->process.pid));
    return call_done(call, process_detail(own, true), NULL);
}

static enum call_status process_start(struct call *call, struct process_call *own, int port, struct effect *want)
{
    const char *cwd = json_get_text(call->params, "cwd");
    const char **extra = arena_array(call->arena, 2, sizeof(*extra));
    struct child_place place;

    if (port <= 0 || port > 65535)
        return call_failed(
            call, error_new(ERR_UNKNOWN_ANSWER, KIND_TRANSIENT, "%d is no port for instance '%s'", port, call->target));
    own->address = arena_printf(call->arena, "127.0.0.1:%d", port);
    child_place_init(call->arena, own->address, &place);
    extra[0] = own->mark;
    *want = (struct effect){
        .kind = EFFECT_START,
        .timeout_ms = ACT_TIMEOUT_MS,
        .cwd = cwd ? cwd : own->dir,
        .log = own->log,
    };
    CALL_TRY(call, child_argv(call, &place, &want->argv));
    CALL_TRY(call, child_env(call, &place, own->dir, extra, &want->env));
    own->phase = CREATE_STARTED;
    return CALL_WANTS;
}

/* The free port was asked for a moment before the program took it; another attempt gets another one. */
static bool says_port_taken(const char *log)
{
    return strcasestr(log, "address already in use") || strcasestr(log, "address in use") || strstr(log, "EADDRINUSE");
}

static enum call_status process_ended_at_once(struct call *call, const struct reply *last)
{
    bool taken = false;

    if (last->transport == TRANSPORT_OK) {
        call->evidence = child_evidence(call, last->text, last->length, TAIL_BYTES);
        taken = says_port_taken(call->evidence);
    }
    return call_failed(call, error_new(ERR_UNHEALTHY, taken ? KIND_TRANSIENT : KIND_PERMANENT,
                                       "instance '%s' ended right after its start%s", call->target,
                                       taken ? ": its port was taken" : ""));
}

static enum call_status process_create(struct call *call, const struct reply *last, struct effect *want)
{
    struct process_call *own = process_own(call);

    switch ((enum create_phase)own->phase) {
    case CREATE_BEGIN:
        if (!own->mark || !strchr(own->mark, '=') || !process_dir_is_safe(own->dir) || !own->log || own->log[0] != '/')
            return call_failed(call, error_new(ERR_SPEC_INVALID, KIND_PERMANENT,
                                               "instance '%s' needs a mark, an absolute 'dir' and an absolute 'log'",
                                               call->target));
        own->phase = CREATE_LOOKED;
        return want_look_for(own, false, want);
    case CREATE_LOOKED:
        CALL_TRY(call, process_trouble(call, last, "look for"));
        if (last->there)
            return process_adopt(call, own, last);
        own->phase = CREATE_DIR_MADE;
        return want_path(want, EFFECT_MAKE_DIR, own->dir);
    case CREATE_DIR_MADE:
        CALL_TRY(call, process_trouble(call, last, "make the directory of"));
        own->phase = CREATE_PORT_GIVEN;
        *want = (struct effect){.kind = EFFECT_FREE_PORT, .timeout_ms = ACT_TIMEOUT_MS};
        return CALL_WANTS;
    case CREATE_PORT_GIVEN:
        CALL_TRY(call, process_trouble(call, last, "find a port for"));
        return process_start(call, own, last->port, want);
    case CREATE_STARTED:
        CALL_TRY(call, process_trouble(call, last, "start"));
        CALL_TRY(call, process_take(call, own, last));
        own->phase = CREATE_SETTLED;
        return want_sleep(want, SETTLE_MS);
    case CREATE_SETTLED:
        own->phase = CREATE_READ_BACK;
        return want_look(want, &own->process, NULL);
    case CREATE_READ_BACK:
        CALL_TRY(call, process_trouble(call, last, "look for"));
        if (last->there)
            return call_done(call, process_detail(own, false), NULL);
        own->phase = CREATE_LOG_READ;
        want_path(want, EFFECT_READ_FILE, own->log);
        want->limit_bytes = TAIL_BYTES;
        return CALL_WANTS;
    case CREATE_LOG_READ:
        return process_ended_at_once(call, last);
    }
    BUG("instance.create in phase %d", own->phase);
}

static enum call_status process_observe(struct call *call, const struct reply *last, struct effect *want)
{
    struct process_call *own = process_own(call);

    switch ((enum observe_phase)own->phase) {
    case OBSERVE_BEGIN:
        return process_look(call, own, OBSERVE_LOOKED, want);
    case OBSERVE_LOOKED:
        CALL_TRY(call, process_trouble(call, last, "look for"));
        return call_done(call, json_pack("{s:b}", "alive", last->there), NULL);
    }
    BUG("instance.observe in phase %d", own->phase);
}

static enum call_status process_exited(struct call *call, bool exited, bool already_gone)
{
    json_t *detail = json_pack("{s:b, s:n}", "exited", exited, "exit");

    if (already_gone)
        json_object_set_new(detail, "already_gone", json_true());
    return call_done(call, detail, NULL);
}

static enum call_status process_await(struct process_call *own, int64_t wait_ms, struct effect *want)
{
    own->phase = END_AWAITED;
    *want = (struct effect){.kind = EFFECT_AWAIT_EXIT, .timeout_ms = wait_ms, .process = own->process};
    return CALL_WANTS;
}

static enum call_status want_signal(struct process_call *own, int next, int number, struct effect *want)
{
    own->phase = next;
    *want =
        (struct effect){.kind = EFFECT_SIGNAL, .timeout_ms = ACT_TIMEOUT_MS, .process = own->process, .signal = number};
    return CALL_WANTS;
}

/* Who was started is gone: is anybody left of it? */
static enum call_status process_rest(struct call *call, struct process_call *own, struct effect *want)
{
    if (!own->mark || !strchr(own->mark, '='))
        return process_exited(call, true, !own->signalled);
    own->phase = END_REST_LOOKED;
    return want_look_for(own, true, want);
}

/* A second SIGTERM means "at once" to many a program, so it is sent once: who is left was in the group that had it. */
static enum call_status process_rest_looked(struct call *call, struct process_call *own, const struct reply *last,
                                            struct effect *want, int number, int64_t left_ms)
{
    CALL_TRY(call, process_trouble(call, last, "look for what is left of"));
    if (!last->there)
        return process_exited(call, true, !own->signalled);
    if (left_ms <= 0)
        return process_exited(call, false, false);
    CALL_TRY(call, process_take(call, own, last));
    if (own->signalled && number != SIGKILL)
        return process_await(own, left_ms, want);
    return want_signal(own, END_REST_SIGNALLED, number, want);
}

/* One way for stop and kill: look, signal the group, wait; and then the same for each that is left of it. */
static enum call_status process_end(struct call *call, const struct reply *last, struct effect *want, int number,
                                    int64_t wait_ms)
{
    struct process_call *own = process_own(call);
    int64_t left_ms = wait_ms - own->waited_ms;

    switch ((enum end_phase)own->phase) {
    case END_BEGIN:
        return process_look(call, own, END_LOOKED, want);
    case END_LOOKED:
        CALL_TRY(call, process_trouble(call, last, "look for"));
        if (!last->there)
            return process_rest(call, own, want);
        if (!own->known)
            CALL_TRY(call, process_take(call, own, last));
        return want_signal(own, END_SIGNALLED, number, want);
    case END_SIGNALLED:
        CALL_TRY(call, process_trouble(call, last, "signal"));
        if (!last->there)
            return process_rest(call, own, want);
        own->signalled = true;
        return process_await(own, wait_ms, want);
    case END_AWAITED:
        /* A timeout is the answer "still there", in whichever of the two ways it is told. */
        if (last->timed_out || last->transport == TRANSPORT_TIMEOUT)
            return process_exited(call, false, false);
        CALL_TRY(call, process_trouble(call, last, "wait for the end of"));
        own->waited_ms += last->elapsed_ms;
        return process_rest(call, own, want);
    case END_REST_LOOKED:
        return process_rest_looked(call, own, last, want, number, left_ms);
    case END_REST_SIGNALLED:
        CALL_TRY(call, process_trouble(call, last, "signal what is left of"));
        return process_await(own, left_ms, want);
    }
    BUG("instance.stop in phase %d", own->phase);
}

/* Plans have its number, people its name. 0: it is none; *name is how it is called, or was written. */
static int signal_wanted(const struct call *call, const char **name)
{
    const json_t *signal = json_object_get(call->params, "signal");
    int number = json_is_integer(signal) ? (int)json_integer_value(signal) : 0;

    if (!json_is_integer(signal)) {
        *name = json_string_value(signal);
        return signal_number(*name);
    }
    *name = sigabbrev_np(number);
    return *name ? number : 0;
}

static enum call_status process_stop(struct call *call, const struct reply *last, struct effect *want)
{
    const char *name = "TERM";
    int number = json_object_get(call->params, "signal") ? signal_wanted(call, &name) : SIGTERM;
    int64_t grace_ms = json_get_int(call->params, "grace_ms", GRACE_DEFAULT_MS);

    if (number == 0)
        return call_failed(call, error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "'%s' is no signal", name ? name : ""));
    return process_end(call, last, want, number, grace_ms > 0 ? grace_ms : 1);
}

static enum call_status process_kill(struct call *call, const struct reply *last, struct effect *want)
{
    enum call_status status = process_end(call, last, want, SIGKILL, KILL_WAIT_MS);

    if (status != CALL_DONE || json_get_bool(call->detail, "exited", false))
        return status;
    json_decref(call->detail);
    call->detail = NULL;
    return call_failed(
        call, error_hint(error_new(ERR_TIMEOUT, KIND_TRANSIENT, "instance '%s' is still there %d s after SIGKILL",
                                   call->target, KILL_WAIT_MS / 1000),
                         "a process that sits in the kernel (a dead disk?) ends when the kernel lets it"));
}

static enum call_status process_still_there(struct call *call, pid_t pid)
{
    return call_failed(call, error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT,
                                                  "instance '%s' still runs as process %d, its directory is kept",
                                                  call->target, (int)pid),
                                        "it has to be stopped before it can be removed"));
}

static enum call_status process_remove(struct call *call, const struct reply *last, struct effect *want)
{
    struct process_call *own = process_own(call);

    switch ((enum remove_phase)own->phase) {
    case REMOVE_BEGIN:
        if (!process_dir_is_safe(own->dir))
            return call_failed(call, error_new(ERR_BUG, KIND_PERMANENT, "'%s' is no directory of an instance",
                                               own->dir ? own->dir : ""));
        return process_look(call, own, REMOVE_LOOKED, want);
    case REMOVE_LOOKED:
        CALL_TRY(call, process_trouble(call, last, "look for"));
        if (last->there)
            return process_still_there(call, last->process.pid);
        /* The identity is gone. Is anybody left of it, or started by a create that was cut off? */
        own->phase = REMOVE_LOOKED_BY_MARK;
        if (own->mark && strchr(own->mark, '='))
            return want_look_for(own, true, want);
        return call_failed(call, error_new(ERR_BUG, KIND_PERMANENT, "instance '%s' has no mark", call->target));
    case REMOVE_LOOKED_BY_MARK:
        CALL_TRY(call, process_trouble(call, last, "look for the mark of"));
        if (last->there)
            return process_still_there(call, last->process.pid);
        own->phase = REMOVE_REMOVED;
        return want_path(want, EFFECT_REMOVE_TREE, own->dir);
    case REMOVE_REMOVED:
        CALL_TRY(call, process_trouble(call, last, "remove the directory of"));
        return call_done(call, json_pack("{s:b}", "kept", 0), NULL);
    }
    BUG("instance.remove in phase %d", own->phase);
}

static enum call_status process_signal(struct call *call, const struct reply *last, struct effect *want)
{
    struct process_call *own = process_own(call);
    const char *name;
    int number = signal_wanted(call, &name);

    switch ((enum signal_phase)own->phase) {
    case SIGNAL_BEGIN:
        if (number == 0)
            return call_failed(call,
                               error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "'%s' is no signal", name ? name : ""));
        return process_look(call, own, SIGNAL_LOOKED, want);
    case SIGNAL_LOOKED:
        CALL_TRY(call, process_trouble(call, last, "look for"));
        if (last->there) {
            if (!own->known)
                CALL_TRY(call, process_take(call, own, last));
            own->phase = SIGNAL_SENT;
            *want = (struct effect){
                .kind = EFFECT_SIGNAL, .timeout_ms = ACT_TIMEOUT_MS, .process = own->process, .signal = number};
            return CALL_WANTS;
        }
        break;
    case SIGNAL_SENT:
        CALL_TRY(call, process_trouble(call, last, "signal"));
        if (last->there)
            return call_done(call, json_pack("{s:s}", "signal", name), NULL);
        break;
    }
    return call_failed(call, error_new(ERR_UNHEALTHY, KIND_PERMANENT, "instance '%s' is gone, so it got no signal %s",
                                       call->target, name));
}

const struct stamp_driver stamp_process = {
    .head = {.kind = DRIVER_STAMP, .name = "process", .summary = "local processes, each in a session of its own"},
    .create = process_create,
    .observe = process_observe,
    .stop = process_stop,
    .kill = process_kill,
    .remove = process_remove,
    .signal = process_signal,
};
