/*
 * The front door HAProxy 2.6, through its runtime socket: servers, weights, drain.
 *
 * Each verb is a pure decision over what HAProxy shows: it agrees with what is wanted, or these commands would bring
 * it nearer, or it needs time. One phase machine (steer) looks, lets the verb decide, sends its commands, and looks
 * again; a verb is done only when a look agrees. Commands have no status code, so a "yes" that changes nothing is
 * found by that look, and is a failure.
 *
 * A managed front door's files are written from the look that agreed, before the verb is done: a restart of HAProxy
 * by anybody brings back the weights that it had. Writers do not exclude each other, so each looks once more after it
 * has written, and writes again if the look has moved on; the last one to write has the last word, and it is right.
 */

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "drivers/drivers.h"
#include "drivers/traffic/haproxy_call.h"

#define WEIGHT_MAX 256
#define WAIT_DEFAULT_MS 30000
/* A wait is polled at a fifth of the time that it has taken so far, within these. */
#define POLL_LEAST_MS 100
#define POLL_MOST_MS 1000
/* A change is visible at once; this is for a HAProxy whose threads are all busy. */
#define UNCHANGED_LOOKS 3
#define ROUNDS_MOST 200
#define WRITES_MOST 10
#define TORN_MOST 20
#define TORN_MS 20
/* HAProxy reads a command line into one buffer of 16 KiB. */
#define COMMANDS_MOST_BYTES ((size_t)8 * 1024)

enum verdict { VERDICT_AGREES, VERDICT_ACT, VERDICT_WAIT, VERDICT_FAILS };

enum phase {
    STEER_BEGIN,
    STEER_LOOK, /* time has passed, look again */
    STEER_SEEN,
    STEER_ACTED,
    STEER_CONFIG_READ,
    STEER_CHECKS_READ,
    STEER_WRITTEN,
};

struct steer {
    enum phase phase;
    struct haproxy_door door;
    const char *pool;
    const char *server;
    const char *address;
    bool writes_files; /* which have all pools, so all of them are looked at */
    bool whole;        /* the same, since a frontend has the pool's name, and `show stat` takes it for the pool */
    struct haproxy_seen seen;
    const char *commands; /* sent last */
    int same_commands;    /* how often they were wanted again */
    int rounds;
    int writes;
    int torn;  /* looks in a row that were no whole picture */
    bool busy; /* a server could not be deleted, connections are attached */
    int64_t waited_ms;
};

/* Says what to do about what is seen. ACT: fills `commands`. FAILS: fills `error`. Pure. */
typedef enum verdict (*decide_fn)(struct call *call, struct steer *own, struct strbuf *commands, struct error **error);
typedef json_t *(*detail_fn)(const struct call *call, const struct steer *own);

struct haproxy_verb {
    bool has_server;
    bool writes; /* a managed front door's files follow what it did */
    decide_fn decide;
    detail_fn detail;
};

static enum verdict fails(struct error **out, struct error *error)
{
    *out = error;
    return VERDICT_FAILS;
}

static const struct haproxy_server *seen_server(const struct steer *own)
{
    return haproxy_find(&own->seen, own->pool, own->server);
}

static struct error *is_gone(const struct steer *own, const char *server)
{
    return error_hint(
        error_new(ERR_FOREIGN_CHANGE, KIND_PERMANENT, "haproxy has no server '%s' in pool '%s'", server, own->pool),
        "somebody deleted it, or haproxy restarted and forgot it; servers added at run time live in "
        "memory only");
}

static json_t *server_json(const struct haproxy_server *server)
{
    json_t *json = json_object();

    json_object_set_new(json, "address", json_string(server->address));
    json_object_set_new(json, "weight", json_integer(server->weight));
    json_object_set_new(json, "state", json_string(haproxy_state_text(server->state)));
    json_object_set_new(json, "up", json_boolean(server->up));
    json_object_set_new(json, "check", json_string(server->check));
    json_object_set_new(json, "in_flight", json_integer(server->in_flight));
    return json;
}

/* {identity, servers: {name: {...}}} of the pool. */
static json_t *pool_detail(const struct call *call, const struct steer *own)
{
    json_t *detail = json_object();
    json_t *servers = json_object();

    (void)call;
    for (size_t i = 0; i < own->seen.server_count; i++) {
        const struct haproxy_server *server = &own->seen.servers[i];

        if (text_is(server->pool, own->pool))
            json_object_set_new(servers, server->name, server_json(server));
    }
    json_object_set_new(detail, "identity", haproxy_identity(&own->seen));
    json_object_set_new(detail, "servers", servers);
    return detail;
}

/* {identity, server: {...}} or {identity, absent: true}. */
static json_t *server_detail(const struct call *call, const struct steer *own)
{
    const struct haproxy_server *server = seen_server(own);
    json_t *detail = json_object();

    (void)call;
    json_object_set_new(detail, "identity", haproxy_identity(&own->seen));
    if (server)
        json_object_set_new(detail, "server", server_json(server));
    else
        json_object_set_new(detail, "absent", json_true());
    return detail;
}

static json_t *in_flight_detail(const struct call *call, const struct steer *own)
{
    const struct haproxy_server *server = seen_server(own);
    json_t *detail = json_object();

    (void)call;
    json_object_set_new(detail, "identity", haproxy_identity(&own->seen));
    json_object_set_new(detail, "in_flight", json_integer(server ? server->in_flight : 0));
    if (!server)
        json_object_set_new(detail, "absent", json_true());
    return detail;
}

static enum verdict observe_decide(struct call *call, struct steer *own, struct strbuf *commands, struct error **error)
{
    (void)call, (void)own, (void)commands, (void)error;
    return VERDICT_AGREES;
}

static void add_commands(const struct call *call, const struct steer *own, const char *check_value,
                         struct strbuf *commands)
{
    const json_t *check = json_object_get(call->params, "check");

    if (own->door.managed && !text_is(haproxy_check_value(&own->seen, own->server), check_value)) {
        if (haproxy_check_value(&own->seen, own->server))
            strbuf_printf(commands, "del map %s %s; ", HAPROXY_CHECK_MAP, own->server);
        strbuf_printf(commands, "add map %s %s %s; ", HAPROXY_CHECK_MAP, own->server, check_value);
    }
    strbuf_printf(commands,
                  "add server %s/%s %s check inter %lldms rise %lld fall %lld weight 0 pool-max-conn 0; "
                  "enable health %s/%s; enable server %s/%s",
                  own->pool, own->server, own->address, (long long)json_get_int(check, "every_ms", 1000),
                  (long long)json_get_int(check, "healthy", 2), (long long)json_get_int(check, "unhealthy", 3),
                  own->pool, own->server, own->pool, own->server);
}

/* Requests are on it, or HAProxy just said that connections are attached. */
static bool is_busy(const struct steer *own, const struct haproxy_server *server)
{
    return server->in_flight > 0 || own->busy;
}

static struct error *still_busy(const struct steer *own, const struct haproxy_server *server)
{
    if (server->in_flight == 0)
        return error_new(ERR_CONFLICT, KIND_TRANSIENT, "server '%s' in pool '%s' still has connections attached",
                         own->server, own->pool);
    return error_new(ERR_CONFLICT, KIND_TRANSIENT, "server '%s' in pool '%s' still has %lld requests or connections",
                     own->server, own->pool, (long long)server->in_flight);
}

static struct error *serves_elsewhere(const struct steer *own, const struct haproxy_server *server)
{
    return error_hint(error_new(ERR_FOREIGN_CHANGE, KIND_PERMANENT,
                                "server '%s' in pool '%s' is at '%s', not '%s', and has weight %d there", own->server,
                                own->pool, server->address, own->address, server->weight),
                      "does another copy of this project release through the same haproxy?");
}

/* A server may be in several pools; its check stays as long as one of them has it. */
static bool is_in_any_pool(const struct steer *own)
{
    for (size_t i = 0; i < own->seen.server_count; i++) {
        if (text_is(own->seen.servers[i].name, own->server))
            return true;
    }
    return false;
}

/* Known to the front door with share 0, and found healthy by its own checks. */
static enum verdict add_decide(struct call *call, struct steer *own, struct strbuf *commands, struct error **error)
{
    const struct haproxy_server *server = seen_server(own);
    int64_t wait_ms = json_get_int(call->params, "wait_ms", WAIT_DEFAULT_MS);
    const char *check_value;

    *error = haproxy_check_make(call->arena, json_object_get(call->params, "check"), own->address, &check_value);
    if (*error)
        return VERDICT_FAILS;
    if (server && !text_is(server->address, own->address)) {
        /* The name of an earlier attempt, whose instance is gone; or somebody else's of the same name. */
        if (server->state == HAPROXY_READY && server->weight > 0 && server->up)
            return fails(error, serves_elsewhere(own, server));
        if (is_busy(own, server))
            return fails(error, still_busy(own, server));
        strbuf_printf(commands, "set server %s/%s state maint; del server %s/%s", own->pool, own->server, own->pool,
                      own->server);
        return VERDICT_ACT;
    }
    if (!server) {
        add_commands(call, own, check_value, commands);
        return VERDICT_ACT;
    }
    if (server->state == HAPROXY_MAINT || text_is(server->status, "no check")) {
        /* An add that was cut off in the middle, or a server that somebody switched off: it starts without share. */
        if (server->state == HAPROXY_MAINT && server->weight > 0)
            strbuf_printf(commands, "set server %s/%s weight 0; ", own->pool, own->server);
        strbuf_printf(commands, "enable health %s/%s; set server %s/%s state ready", own->pool, own->server, own->pool,
                      own->server);
        return VERDICT_ACT;
    }
    if (server->up && server->checked)
        return VERDICT_AGREES;
    if (own->waited_ms < wait_ms)
        return VERDICT_WAIT;
    return fails(error, error_new(ERR_UNHEALTHY, KIND_TRANSIENT,
                                  "haproxy does not find server '%s' healthy after %s: %s%s%s", own->server,
                                  duration_text(call->arena, wait_ms), *server->check ? server->check : server->status,
                                  *server->check_why ? ", " : "", server->check_why));
}

/* The weight that a server shall have: those that are not named get none. -1: no weight at all. */
static int64_t wanted_weight(const struct call *call, const char *server)
{
    const json_t *weight = json_object_get(json_object_get(call->params, "weights"), server);

    if (!weight)
        return 0;
    if (!json_is_integer(weight) || json_integer_value(weight) < 0 || json_integer_value(weight) > WEIGHT_MAX)
        return -1;
    return json_integer_value(weight);
}

static struct error *shares_check(const struct call *call, const struct steer *own)
{
    json_t *weights = json_object_get(call->params, "weights");
    const char *name;
    json_t *value;

    if (!json_is_object(weights))
        return error_new(ERR_BUG, KIND_PERMANENT, "the shares of pool '%s' have no weights", own->pool);
    json_object_foreach(weights, name, value)
    {
        const struct haproxy_server *server = haproxy_find(&own->seen, own->pool, name);
        int64_t weight = wanted_weight(call, name);

        if (!haproxy_is_name(name) || weight < 0)
            return error_new(ERR_BUG, KIND_PERMANENT, "server '%s' has no weight from 0 to %d", name, WEIGHT_MAX);
        if (weight == 0)
            continue;
        if (!server)
            return is_gone(own, name);
        /* Its share would silently go to the others. */
        if (server->state != HAPROXY_READY)
            return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT,
                                        "server '%s' in pool '%s' is in state %s, so it can have no share", name,
                                        own->pool, haproxy_state_text(server->state)),
                              "set it to ready first; if no step of the release drained it, somebody did by hand");
    }
    return NULL;
}

/* First those that rise, then those that fall, so that the pool never has less than it needs. */
static enum verdict shares_decide(struct call *call, struct steer *own, struct strbuf *commands, struct error **error)
{
    bool differs = false;

    *error = shares_check(call, own);
    if (*error)
        return VERDICT_FAILS;
    for (int rising = 1; rising >= 0; rising--) {
        for (size_t i = 0; i < own->seen.server_count; i++) {
            const struct haproxy_server *server = &own->seen.servers[i];
            int64_t wanted = wanted_weight(call, server->name);

            if (!text_is(server->pool, own->pool) || server->weight == wanted || (wanted > server->weight) != rising)
                continue;
            differs = true;
            if (commands->length < COMMANDS_MOST_BYTES)
                strbuf_printf(commands, "%sset server %s/%s weight %lld", commands->length ? "; " : "", own->pool,
                              server->name, (long long)wanted);
        }
    }
    return differs ? VERDICT_ACT : VERDICT_AGREES;
}

static enum verdict drain_decide(struct call *call, struct steer *own, struct strbuf *commands, struct error **error)
{
    const struct haproxy_server *server = seen_server(own);

    (void)call, (void)error;
    /* What is not there, or switched off, gets no new traffic either. */
    if (!server || server->state != HAPROXY_READY)
        return VERDICT_AGREES;
    strbuf_printf(commands, "set server %s/%s state drain", own->pool, own->server);
    return VERDICT_ACT;
}

static enum verdict undrain_decide(struct call *call, struct steer *own, struct strbuf *commands, struct error **error)
{
    const struct haproxy_server *server = seen_server(own);

    (void)call;
    if (!server)
        return fails(error, is_gone(own, own->server));
    if (server->state == HAPROXY_READY)
        return VERDICT_AGREES;
    strbuf_printf(commands, "set server %s/%s state ready", own->pool, own->server);
    return VERDICT_ACT;
}

static enum verdict remove_decide(struct call *call, struct steer *own, struct strbuf *commands, struct error **error)
{
    const struct haproxy_server *server = seen_server(own);

    (void)call;
    if (!server) {
        if (!own->door.managed || !haproxy_check_value(&own->seen, own->server) || is_in_any_pool(own))
            return VERDICT_AGREES;
        strbuf_printf(commands, "del map %s %s", HAPROXY_CHECK_MAP, own->server);
        return VERDICT_ACT;
    }
    if (server->state == HAPROXY_READY && server->weight > 0)
        return fails(error,
                     error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT, "server '%s' in pool '%s' still has weight %d",
                                          own->server, own->pool, server->weight),
                                "its share has to be 0, or it has to be drained, before it can be removed"));
    if (is_busy(own, server) && json_get_bool(call->params, "cut", false)) {
        if (server->state != HAPROXY_MAINT)
            strbuf_printf(commands, "set server %s/%s state maint; ", own->pool, own->server);
        strbuf_printf(commands, "shutdown sessions server %s/%s", own->pool, own->server);
        own->busy = false;
        return VERDICT_ACT;
    }
    if (is_busy(own, server))
        return fails(error, still_busy(own, server));
    if (server->state != HAPROXY_MAINT)
        strbuf_printf(commands, "set server %s/%s state maint; ", own->pool, own->server);
    strbuf_printf(commands, "del server %s/%s", own->pool, own->server);
    return VERDICT_ACT;
}

static enum call_status steer_look(struct call *call, struct steer *own, struct effect *want)
{
    own->phase = STEER_SEEN;
    return want_haproxy(
        call, want, own->door.socket,
        haproxy_question(call->arena, own->writes_files || own->whole ? NULL : own->pool, own->writes_files));
}

static enum call_status steer_begin(struct call *call, struct steer *own, const struct haproxy_verb *verb,
                                    struct effect *want)
{
    CALL_TRY(call, haproxy_door_read(call->arena, call->door, &own->door));
    own->writes_files = own->door.managed && verb->writes;
    own->pool = json_get_text(call->params, "pool");
    own->server = json_get_text(call->params, "server");
    own->address = json_get_text(call->params, "address");
    if (!own->address)
        own->address = json_get_text(call->instance, "address");
    if (!haproxy_is_name(own->pool))
        return call_failed(
            call, error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "'%s' is no name of a pool", own->pool ? own->pool : ""));
    if (verb->has_server && !haproxy_is_name(own->server))
        return call_failed(call, error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "'%s' is no name of a server",
                                           own->server ? own->server : ""));
    if (verb->decide == add_decide && !haproxy_is_address(own->address))
        return call_failed(
            call, error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "server '%s' has no address ip:port", own->server));
    return steer_look(call, own, want);
}

/* The look agrees: write the files of a managed front door, if they say something else; else done. */
static enum call_status steer_agrees(struct call *call, struct steer *own, const struct haproxy_verb *verb,
                                     struct effect *want)
{
    if (own->writes_files) {
        own->phase = STEER_CONFIG_READ;
        return want_file(want, EFFECT_READ_FILE, own->door.config, NULL);
    }
    return call_done(call, verb->detail(call, own), haproxy_evidence(call->arena, &own->seen));
}

static enum call_status steer_act(struct call *call, struct steer *own, const char *commands, struct effect *want)
{
    if (++own->rounds > ROUNDS_MOST)
        return call_failed(call, error_new(ERR_FOREIGN_CHANGE, KIND_TRANSIENT,
                                           "pool '%s' does not come to rest: somebody else changes it too", own->pool));
    if (!text_is(own->commands, commands)) {
        own->commands = commands;
        own->same_commands = 0;
        own->phase = STEER_ACTED;
        return want_haproxy(call, want, own->door.socket, commands);
    }
    if (++own->same_commands < UNCHANGED_LOOKS) {
        own->phase = STEER_LOOK;
        return want_sleep(want, POLL_LEAST_MS);
    }
    return call_failed(call,
                       error_new(ERR_UNKNOWN_ANSWER, KIND_TRANSIENT, "haproxy said yes but changed nothing: '%.*s'",
                                 (int)strcspn(commands, ";"), commands));
}

static enum call_status steer_wait(struct steer *own, struct effect *want)
{
    int64_t pause_ms = own->waited_ms / 5;

    pause_ms = pause_ms < POLL_LEAST_MS ? POLL_LEAST_MS : pause_ms > POLL_MOST_MS ? POLL_MOST_MS : pause_ms;
    own->waited_ms += pause_ms;
    own->phase = STEER_LOOK;
    return want_sleep(want, pause_ms);
}

static enum call_status steer_seen(struct call *call, struct steer *own, const struct haproxy_verb *verb,
                                   struct effect *want)
{
    struct strbuf commands CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct error *error = NULL;

    own->torn = 0;
    if (own->seen.missing || !haproxy_find_pool(&own->seen, own->pool))
        return call_failed(
            call, error_hint(error_new(ERR_NOT_FOUND, KIND_PERMANENT, "haproxy has no backend '%s'", own->pool),
                             "a pool of the pipeline is a backend of the same name in haproxy"));
    switch (verb->decide(call, own, &commands, &error)) {
    case VERDICT_AGREES:
        return steer_agrees(call, own, verb, want);
    case VERDICT_ACT:
        return steer_act(call, own, arena_text_n(call->arena, strbuf_view(&commands), commands.length), want);
    case VERDICT_WAIT:
        return steer_wait(own, want);
    case VERDICT_FAILS:
        break;
    }
    call->evidence = haproxy_evidence(call->arena, &own->seen);
    return call_failed(call, error);
}

/* Puts the file, and looks once more after: another writer may have been at work with an older look. */
static enum call_status steer_put(struct call *call, struct steer *own, const char *path, const char *text,
                                  struct effect *want)
{
    if (++own->writes > WRITES_MOST)
        return call_failed(call, error_new(ERR_FOREIGN_CHANGE, KIND_TRANSIENT,
                                           "file '%s' does not come to rest: somebody else writes it too", path));
    own->phase = STEER_WRITTEN;
    return want_file(want, EFFECT_PUT_FILE, path, text);
}

static bool same_bytes(const struct reply *last, const char *text)
{
    return last->length == strlen(text) && (last->length == 0 || memcmp(last->text, text, last->length) == 0);
}

/* Other calls add and remove servers at the same time; one of the next looks falls between their changes. */
static enum call_status steer_torn(struct call *call, struct steer *own, struct effect *want)
{
    if (++own->torn > TORN_MOST)
        return call_failed(call,
                           error_new(ERR_UNKNOWN_ANSWER, KIND_TRANSIENT,
                                     "haproxy shows other servers each time it is asked about pool '%s'", own->pool));
    own->phase = STEER_LOOK;
    return want_sleep(want, TORN_MS);
}

static enum call_status steer(struct call *call, const struct reply *last, struct effect *want,
                              const struct haproxy_verb *verb)
{
    struct steer *own = call->scratch;
    enum haproxy_said said;
    struct error *error;
    const char *text;

    if (!own)
        own = call->scratch = ARENA_NEW(call->arena, struct steer);
    own->waited_ms += last && own->phase != STEER_LOOK ? last->elapsed_ms : 0;
    switch (own->phase) {
    case STEER_BEGIN:
        return steer_begin(call, own, verb, want);
    case STEER_WRITTEN:
        CALL_TRY(call, reply_error(last, "the front door's file"));
        return steer_look(call, own, want);
    case STEER_LOOK:
        return steer_look(call, own, want);
    case STEER_SEEN:
        CALL_TRY(call, haproxy_read_answer(call, last, own->door.socket, &own->seen));
        if (!own->writes_files && !own->whole && !own->seen.missing && !haproxy_find_pool(&own->seen, own->pool)) {
            own->whole = true;
            return steer_look(call, own, want);
        }
        return own->seen.torn ? steer_torn(call, own, want) : steer_seen(call, own, verb, want);
    case STEER_ACTED:
        CALL_TRY(call, haproxy_trouble(call, last, own->door.socket));
        said = haproxy_read_change(last->text, last->length, &error);
        own->busy = said == HAPROXY_SAID_BUSY;
        if (said == HAPROXY_SAID_NO)
            return call_failed(call, error);
        return steer_look(call, own, want);
    case STEER_CONFIG_READ:
        CALL_TRY(call, reply_error(last, own->door.config));
        CALL_TRY(call, haproxy_config_render(call->arena, &own->door, &own->seen, &text));
        if (!same_bytes(last, text))
            return steer_put(call, own, own->door.config, text, want);
        own->phase = STEER_CHECKS_READ;
        return want_file(want, EFFECT_READ_FILE, own->door.checks, NULL);
    case STEER_CHECKS_READ:
        CALL_TRY(call, reply_error(last, own->door.checks));
        text = haproxy_checks_render(call->arena, &own->seen);
        if (!same_bytes(last, text))
            return steer_put(call, own, own->door.checks, text, want);
        return call_done(call, verb->detail(call, own), haproxy_evidence(call->arena, &own->seen));
    }
    BUG("'%s' in phase %d", call->verb, (int)own->phase);
}

#define HAPROXY_VERB(name, ...)                                                                              \
    static enum call_status haproxy_##name(struct call *call, const struct reply *last, struct effect *want) \
    {                                                                                                        \
        static const struct haproxy_verb verb = {__VA_ARGS__};                                               \
                                                                                                             \
        return steer(call, last, want, &verb);                                                               \
    }

HAPROXY_VERB(observe, .decide = observe_decide, .detail = pool_detail)
HAPROXY_VERB(add, .has_server = true, .writes = true, .decide = add_decide, .detail = server_detail)
HAPROXY_VERB(set_shares, .writes = true, .decide = shares_decide, .detail = pool_detail)
HAPROXY_VERB(drain, .has_server = true, .writes = true, .decide = drain_decide, .detail = server_detail)
HAPROXY_VERB(undrain, .has_server = true, .writes = true, .decide = undrain_decide, .detail = server_detail)
HAPROXY_VERB(remove, .has_server = true, .writes = true, .decide = remove_decide, .detail = server_detail)
HAPROXY_VERB(count, .has_server = true, .decide = observe_decide, .detail = in_flight_detail)

static enum call_status haproxy_in_flight(struct call *call, const struct reply *last, struct effect *want)
{
    return haproxy_with_elders(call, last, want, haproxy_count);
}

const struct traffic_driver traffic_haproxy = {
    .head = {.kind = DRIVER_TRAFFIC,
             .name = "haproxy",
             .summary = "weights and servers through the HAProxy runtime socket",
             .caps = CAP_ZERO_SHARE | CAP_DRAIN | CAP_IN_FLIGHT | CAP_MANAGED},
    .weight_max = WEIGHT_MAX,
    .ensure = haproxy_ensure,
    .observe = haproxy_observe,
    .add = haproxy_add,
    .set_shares = haproxy_set_shares,
    .drain = haproxy_drain,
    .undrain = haproxy_undrain,
    .remove = haproxy_remove,
    .in_flight = haproxy_in_flight,
    .stop = haproxy_stop,
};
