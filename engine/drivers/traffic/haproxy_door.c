/*
 * The front door itself: is an existing HAProxy fit for the work; or run one of our own, and end it.
 *
 * A managed HAProxy runs in the foreground (-db), so that the process that was started is the one that serves, and
 * carries a mark like an instance. One that is there is adopted, whoever started it: its socket in our directory
 * answers. Before one is started, the address is tried: HAProxy binds with SO_REUSEPORT, so a second one would start
 * without a word and take half of the connections. Beside one that only ends what it has, another one is started.
 */

#include <signal.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "drivers/child.h"
#include "drivers/traffic/haproxy_call.h"

#define LOOK_TIMEOUT_MS 10000
#define PROBE_TIMEOUT_MS 1000
#define CHECK_TIMEOUT_MS 30000
#define START_WAIT_MS 15000
#define STOP_WAIT_MS 5000
#define POLL_MS 100
#define TAKEN_MS 500
#define TAIL_BYTES ((size_t)4096)
#define FILE_LIMIT_BYTES ((size_t)8 * 1024 * 1024)

enum ensure_phase {
    ENSURE_BEGIN,
    ENSURE_LOOKED, /* by mark, or by the identity of the one that we started */
    ENSURE_ASKED,
    ENSURE_SLEPT,
    ENSURE_BIND_TRIED,
    ENSURE_DIR_MADE,
    ENSURE_CONFIG_READ,
    ENSURE_CONFIG_PUT,
    ENSURE_CHECKS_READ,
    ENSURE_CHECKS_PUT,
    ENSURE_CONFIG_CHECKED,
    ENSURE_STARTED,
    ENSURE_LOG_READ,
    ENSURE_DYNAMIC,
};
enum stop_phase {
    STOP_BEGIN,
    STOP_LOOKED,
    STOP_ASKED,
    STOP_TERM_SENT,
    STOP_TERM_AWAITED,
    STOP_KILL_SENT,
    STOP_KILL_AWAITED,
    STOP_REMOVED,
};

struct door_call {
    int phase; /* of the verb's own enum */
    struct haproxy_door door;
    struct haproxy_seen seen;
    struct process_identity process;
    bool there;   /* a process of ours runs */
    bool started; /* and this call started it */
    bool taken;   /* somebody listens on the address, and nobody answered at the socket */
    pid_t elder;  /* a process of ours that only ends what it has, and listens no more; 0: none */
    size_t pool;  /* index of the pool that is being asked about */
    int64_t waited_ms;
};

json_t *haproxy_identity(const struct haproxy_seen *seen)
{
    return json_pack("{s:I, s:I, s:I}", "pid", (json_int_t)seen->pid, "start_s", (json_int_t)seen->start_s, "uptime_s",
                     (json_int_t)seen->uptime_s);
}

const char *haproxy_evidence(struct arena *arena, const struct haproxy_seen *seen)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    strbuf_printf(&text, "haproxy %s pid %lld start %lld\n", seen->version ? seen->version : "?", (long long)seen->pid,
                  (long long)seen->start_s);
    for (size_t i = 0; i < seen->server_count; i++) {
        const struct haproxy_server *server = &seen->servers[i];

        strbuf_printf(&text, "%s/%s %s weight %d %s status '%s' check '%s' in_flight %lld\n", server->pool,
                      server->name, server->address, server->weight, haproxy_state_text(server->state), server->status,
                      server->check, (long long)server->in_flight);
    }
    return arena_text_n(arena, strbuf_view(&text), text.length);
}

enum call_status want_haproxy(struct call *call, struct effect *want, const char *socket, const char *text)
{
    want_line(call, want, socket, text);
    want->limit_bytes = HAPROXY_ANSWER_LIMIT_BYTES;
    return CALL_WANTS;
}

enum call_status want_file(struct effect *want, enum effect_kind kind, const char *path, const char *text)
{
    *want = (struct effect){
        .kind = kind,
        .timeout_ms = HAPROXY_FILE_TIMEOUT_MS,
        .limit_bytes = FILE_LIMIT_BYTES,
        .path = path,
        .text = text,
    };
    return CALL_WANTS;
}

struct error *haproxy_trouble(struct call *call, const struct reply *last, const char *socket)
{
    return reply_error(last, arena_printf(call->arena, "haproxy's socket '%s'", socket));
}

struct error *haproxy_read_answer(struct call *call, const struct reply *last, const char *socket,
                                  struct haproxy_seen *seen)
{
    struct error *error = haproxy_trouble(call, last, socket);

    /* It was only asked: nothing can have happened by half. */
    if (error && error->kind == KIND_IN_DOUBT)
        error->kind = KIND_TRANSIENT;
    TRY(error);
    TRY(haproxy_read_seen(call->arena, last->text ? last->text : "", last->length, seen));
    if (seen->stopping)
        return error_new(ERR_UNKNOWN_ANSWER, KIND_TRANSIENT, "the haproxy that answers at '%s' is stopping", socket);
    return NULL;
}

static enum call_status want_process(struct effect *want, enum effect_kind kind, const struct process_identity *process,
                                     int64_t timeout_ms)
{
    *want = (struct effect){.kind = kind, .timeout_ms = timeout_ms, .process = *process};
    return CALL_WANTS;
}

static enum call_status door_look(struct door_call *own, int next, struct effect *want)
{
    *want = (struct effect){.kind = EFFECT_LOOK, .timeout_ms = LOOK_TIMEOUT_MS, .mark = own->door.mark};
    if (own->process.pid > 0) {
        want->mark = NULL;
        want->process = own->process;
    }
    own->phase = next;
    return CALL_WANTS;
}

static enum call_status door_ask(struct call *call, struct door_call *own, int next, struct effect *want)
{
    own->phase = next;
    return want_haproxy(call, want, own->door.socket, haproxy_question(call->arena, NULL, own->door.managed));
}

static const char *door_pool(const struct door_call *own, size_t index)
{
    return json_get_text(json_array_get(own->door.pools, index), "name");
}

static json_t *door_detail(const struct door_call *own)
{
    json_t *detail = json_object();

    json_object_set_new(detail, "identity", haproxy_identity(&own->seen));
    json_object_set_new(detail, "started", json_boolean(own->started));
    json_object_set_new(detail, "version", json_string(own->seen.version ? own->seen.version : ""));
    return detail;
}

/* The HAProxy that answers has what the door says: its pools, and (managed) the address that it listens on. */
static struct error *door_check(const struct door_call *own)
{
    bool listens = false;

    for (size_t i = 0; i < json_array_size(own->door.pools); i++) {
        const char *name = door_pool(own, i);
        const struct haproxy_pool *pool = haproxy_find_pool(&own->seen, name);

        if (!pool && own->door.managed)
            return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT,
                                        "the front door that runs (process %lld) has no pool '%s'",
                                        (long long)own->seen.pid, name),
                              "it was started with other pools; end it once nothing needs it, and release again");
        if (!pool)
            return error_hint(error_new(ERR_NOT_FOUND, KIND_PERMANENT, "haproxy has no backend '%s'", name),
                              "a pool of the pipeline is a backend of the same name in haproxy's configuration");
        if (text_is(pool->algorithm, "first"))
            return error_hint(error_new(ERR_SPEC_INVALID, KIND_PERMANENT,
                                        "haproxy's backend '%s' balances by 'first', which knows no weights", name),
                              "give it 'balance roundrobin'");
    }
    for (size_t i = 0; i < own->seen.front_count && own->door.managed; i++)
        listens = listens || text_is(own->seen.fronts[i], own->door.front);
    if (own->door.managed && !listens)
        return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT,
                                    "the front door that runs (process %lld) does not listen on '%s'",
                                    (long long)own->seen.pid, own->door.bind),
                          "it was started with another address; end it once nothing needs it, and release again");
    return NULL;
}

static enum call_status door_answered(struct call *call, struct door_call *own, struct effect *want)
{
    CALL_TRY(call, door_check(own));
    if (own->door.managed)
        return call_done(call, door_detail(own), haproxy_evidence(call->arena, &own->seen));
    own->phase = ENSURE_DYNAMIC;
    return want_haproxy(call, want, own->door.socket, haproxy_dynamic_question(call->arena, door_pool(own, own->pool)));
}

/* Reads the log's end, to go with `error`. */
static enum call_status door_failed_with_log(struct call *call, struct door_call *own, struct error *error,
                                             struct effect *want)
{
    call_failed(call, error); /* owned by the call from here on */
    own->phase = ENSURE_LOG_READ;
    want_file(want, EFFECT_READ_FILE, own->door.log, NULL);
    want->limit_bytes = TAIL_BYTES;
    return CALL_WANTS;
}

static struct error *door_mute(const struct door_call *own)
{
    return error_hint(error_new(ERR_TIMEOUT, KIND_TRANSIENT,
                                "haproxy runs as process %d but its socket '%s' does not answer", (int)own->process.pid,
                                own->door.socket),
                      "was its directory removed? end it, and another one is started: kill %d", (int)own->process.pid);
}

static enum call_status door_pause(struct door_call *own, struct effect *want)
{
    own->waited_ms += POLL_MS;
    own->phase = ENSURE_SLEPT;
    return want_sleep(want, POLL_MS);
}

static enum call_status door_asked(struct call *call, struct door_call *own, const struct reply *last,
                                   struct effect *want)
{
    /* One that is just being killed takes a question and does not live to answer it. */
    if (last->transport == TRANSPORT_BROKEN && own->door.managed && own->waited_ms < START_WAIT_MS)
        return door_pause(own, want);
    if (last->transport != TRANSPORT_REFUSED) {
        CALL_TRY(call, haproxy_read_answer(call, last, own->door.socket, &own->seen));
        return door_answered(call, own, want);
    }
    if (!own->door.managed)
        return call_failed(call, error_hint(haproxy_trouble(call, last, own->door.socket),
                                            "is haproxy running, and does its configuration have 'stats socket %s "
                                            "level admin'?",
                                            own->door.socket));
    if (own->there && own->waited_ms < START_WAIT_MS)
        return door_pause(own, want);
    if (own->there && (own->started || own->taken))
        return door_failed_with_log(call, own, door_mute(own), want);
    /* Somebody told it to end softly, which may take as long as its longest connection; nobody is let in meanwhile. */
    own->elder = own->there ? own->process.pid : 0;
    if (own->taken)
        return call_failed(
            call, error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT,
                                       "somebody else listens on the front door's address '%s'", own->door.bind),
                             "find out who with 'ss -ltnp'; end it, or give the front door another bind"));
    own->phase = ENSURE_BIND_TRIED;
    return want_http(call, want, "GET", own->door.probe_url, NULL, PROBE_TIMEOUT_MS);
}

/* Found or started, but not known as which process: nothing may be signalled by that. */
static struct error *door_process_error(const struct reply *last)
{
    if (last->process.pid > 1)
        return NULL;
    return error_new(ERR_UNKNOWN_ANSWER, KIND_IN_DOUBT, "haproxy runs but it is not known as which process");
}

static enum call_status door_found(struct call *call, struct door_call *own, const struct reply *last,
                                   struct effect *want)
{
    CALL_TRY(call, reply_error(last, "the list of processes"));
    if (last->there)
        CALL_TRY(call, door_process_error(last));
    own->there = last->there;
    if (last->there && own->process.pid == 0)
        own->process = last->process;
    if (!last->there && own->started)
        return door_failed_with_log(
            call, own, error_new(ERR_IO, KIND_PERMANENT, "haproxy ended right after its start on '%s'", own->door.bind),
            want);
    own->process = last->there ? own->process : (struct process_identity){0};
    return door_ask(call, own, ENSURE_ASKED, want);
}

/* Only a refused connection says that nobody listens. */
static enum call_status door_bind_tried(struct call *call, struct door_call *own, const struct reply *last,
                                        struct effect *want)
{
    if (last->transport == TRANSPORT_FAILED)
        return call_failed(call, reply_error(last, arena_printf(call->arena, "address '%s'", own->door.bind)));
    if (last->transport != TRANSPORT_REFUSED) {
        /* An HAProxy that somebody starts right now has its address a moment before its socket. */
        own->taken = true;
        own->phase = ENSURE_SLEPT;
        return want_sleep(want, TAKEN_MS);
    }
    own->phase = ENSURE_DIR_MADE;
    return want_file(want, EFFECT_MAKE_DIR, own->door.dir, NULL);
}

static enum call_status door_config_read(struct call *call, struct door_call *own, const struct reply *last,
                                         struct effect *want)
{
    const char *old = arena_text_n(call->arena, last->text ? last->text : "", last->length);
    struct haproxy_seen servers;
    const char *text;

    /* A file that is left from before HAProxy died has the servers and their last weights: they stay. */
    haproxy_config_read(call->arena, old, &servers);
    CALL_TRY(call, haproxy_config_render(call->arena, &own->door, &servers, &text));
    own->phase = ENSURE_CONFIG_PUT;
    return want_file(want, EFFECT_PUT_FILE, own->door.config, text);
}

static enum call_status door_child(struct call *call, struct door_call *own, enum effect_kind kind, struct effect *want)
{
    const char **argv = arena_array(call->arena, 8, sizeof(*argv));
    const char **extra = arena_array(call->arena, 2, sizeof(*extra));
    struct child_place nowhere = {0};
    size_t count = 0;

    argv[count++] = "haproxy";
    argv[count++] = kind == EFFECT_RUN ? "-c" : "-db";
    argv[count++] = "-f";
    argv[count++] = own->door.config;
    if (kind == EFFECT_START && own->elder) {
        argv[count++] = "-sf";
        argv[count++] = arena_printf(call->arena, "%d", (int)own->elder);
    }
    extra[0] = kind == EFFECT_RUN ? NULL : own->door.mark;
    *want = (struct effect){
        .kind = kind, .timeout_ms = CHECK_TIMEOUT_MS, .argv = argv, .cwd = own->door.dir, .log = own->door.log};
    CALL_TRY(call, child_env(call, &nowhere, own->door.dir, extra, &want->env));
    own->phase = kind == EFFECT_RUN ? ENSURE_CONFIG_CHECKED : ENSURE_STARTED;
    return CALL_WANTS;
}

static struct error *door_child_error(const struct reply *last)
{
    struct error *error = reply_error(last, "the program 'haproxy'");

    return last->transport == TRANSPORT_FAILED
               ? error_hint(error, "is haproxy installed? on Debian: apt-get install haproxy")
               : error;
}

static enum call_status door_checked(struct call *call, struct door_call *own, const struct reply *last,
                                     struct effect *want)
{
    CALL_TRY(call, door_child_error(last));
    if (last->status == 0 && !last->timed_out)
        return door_child(call, own, EFFECT_START, want);
    return door_failed_with_log(
        call, own,
        error_new(ERR_CHECK_FAILED, KIND_PERMANENT, "haproxy refuses its configuration '%s'", own->door.config), want);
}

static enum call_status door_dynamic(struct call *call, struct door_call *own, const struct reply *last,
                                     struct effect *want)
{
    CALL_TRY(call, haproxy_trouble(call, last, own->door.socket));
    CALL_TRY(call, haproxy_read_dynamic(door_pool(own, own->pool), last->text, last->length));
    if (++own->pool < json_array_size(own->door.pools))
        return door_answered(call, own, want);
    return call_done(call, door_detail(own), haproxy_evidence(call->arena, &own->seen));
}

static struct door_call *door_own(struct call *call)
{
    if (!call->scratch)
        call->scratch = ARENA_NEW(call->arena, struct door_call);
    return call->scratch;
}

enum call_status haproxy_ensure(struct call *call, const struct reply *last, struct effect *want)
{
    struct door_call *own = door_own(call);

    switch ((enum ensure_phase)own->phase) {
    case ENSURE_BEGIN:
        CALL_TRY(call, haproxy_door_read(call->arena, call->door, &own->door));
        return own->door.managed ? door_look(own, ENSURE_LOOKED, want) : door_ask(call, own, ENSURE_ASKED, want);
    case ENSURE_LOOKED:
        return door_found(call, own, last, want);
    case ENSURE_ASKED:
        own->waited_ms += last->elapsed_ms;
        return door_asked(call, own, last, want);
    case ENSURE_SLEPT:
        return door_look(own, ENSURE_LOOKED, want);
    case ENSURE_BIND_TRIED:
        return door_bind_tried(call, own, last, want);
    case ENSURE_DIR_MADE:
        CALL_TRY(call, reply_error(last, own->door.dir));
        own->phase = ENSURE_CONFIG_READ;
        return want_file(want, EFFECT_READ_FILE, own->door.config, NULL);
    case ENSURE_CONFIG_READ:
        CALL_TRY(call, reply_error(last, own->door.config));
        return door_config_read(call, own, last, want);
    case ENSURE_CONFIG_PUT:
        CALL_TRY(call, reply_error(last, own->door.config));
        own->phase = ENSURE_CHECKS_READ;
        return want_file(want, EFFECT_READ_FILE, own->door.checks, NULL);
    case ENSURE_CHECKS_READ:
        CALL_TRY(call, reply_error(last, own->door.checks));
        own->phase = ENSURE_CHECKS_PUT;
        /* HAProxy wants the file to be there, if only empty; what it has stays. */
        return want_file(want, EFFECT_PUT_FILE, own->door.checks,
                         arena_text_n(call->arena, last->text ? last->text : "", last->length));
    case ENSURE_CHECKS_PUT:
        CALL_TRY(call, reply_error(last, own->door.checks));
        return door_child(call, own, EFFECT_RUN, want);
    case ENSURE_CONFIG_CHECKED:
        return door_checked(call, own, last, want);
    case ENSURE_STARTED:
        CALL_TRY(call, door_child_error(last));
        CALL_TRY(call, door_process_error(last));
        own->process = last->process;
        own->started = own->there = true;
        own->waited_ms = 0;
        own->phase = ENSURE_SLEPT;
        return want_sleep(want, POLL_MS);
    case ENSURE_LOG_READ:
        if (last->transport == TRANSPORT_OK)
            call->evidence = child_evidence(call, last->text, last->length, TAIL_BYTES);
        return CALL_FAILED;
    case ENSURE_DYNAMIC:
        return door_dynamic(call, own, last, want);
    }
    BUG("door.ensure in phase %d", own->phase);
}

static enum call_status door_stopped_asked(struct call *call, struct door_call *own, const struct reply *last,
                                           struct effect *want)
{
    if (last->transport == TRANSPORT_REFUSED) {
        own->phase = STOP_REMOVED;
        return want_file(want, EFFECT_REMOVE_TREE, own->door.dir, NULL);
    }
    CALL_TRY(call, haproxy_read_answer(call, last, own->door.socket, &own->seen));
    return call_failed(call, error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT,
                                                  "the haproxy at '%s' was started by somebody else, as process %lld",
                                                  own->door.socket, (long long)own->seen.pid),
                                        "end it by hand, then go on: kill %lld", (long long)own->seen.pid));
}

static enum call_status door_end(struct door_call *own, int number, struct effect *want)
{
    own->phase = number == SIGTERM ? STOP_TERM_SENT : STOP_KILL_SENT;
    want_process(want, EFFECT_SIGNAL, &own->process, LOOK_TIMEOUT_MS);
    want->signal = number;
    return CALL_WANTS;
}

enum call_status haproxy_stop(struct call *call, const struct reply *last, struct effect *want)
{
    struct door_call *own = door_own(call);
    const struct process_identity nobody = {0};

    switch ((enum stop_phase)own->phase) {
    case STOP_BEGIN:
        CALL_TRY(call, haproxy_door_read(call->arena, call->door, &own->door));
        if (!own->door.managed)
            return call_done(call, json_pack("{s:b}", "managed", 0), NULL);
        return door_look(own, STOP_LOOKED, want);
    case STOP_LOOKED:
        CALL_TRY(call, reply_error(last, "the list of processes"));
        if (!last->there)
            return door_ask(call, own, STOP_ASKED, want);
        CALL_TRY(call, door_process_error(last));
        own->process = last->process;
        return door_end(own, SIGTERM, want);
    case STOP_ASKED:
        return door_stopped_asked(call, own, last, want);
    case STOP_TERM_SENT:
    case STOP_KILL_SENT:
        CALL_TRY(call, reply_error(last, "haproxy"));
        own->phase = own->phase == STOP_TERM_SENT ? STOP_TERM_AWAITED : STOP_KILL_AWAITED;
        return want_process(want, EFFECT_AWAIT_EXIT, &own->process, STOP_WAIT_MS);
    case STOP_TERM_AWAITED:
    case STOP_KILL_AWAITED:
        if (last->timed_out || last->transport == TRANSPORT_TIMEOUT) {
            if (own->phase == STOP_TERM_AWAITED)
                return door_end(own, SIGKILL, want);
            return call_failed(call, error_new(ERR_TIMEOUT, KIND_TRANSIENT, "haproxy (process %d) does not end",
                                               (int)own->process.pid));
        }
        CALL_TRY(call, reply_error(last, "haproxy"));
        /* Look once more: there may be a second one with the same mark. */
        own->process = nobody;
        return door_look(own, STOP_LOOKED, want);
    case STOP_REMOVED:
        CALL_TRY(call, reply_error(last, own->door.dir));
        return call_done(call, json_pack("{s:b, s:b}", "managed", 1, "stopped", 1), NULL);
    }
    BUG("door.remove in phase %d", own->phase);
}
