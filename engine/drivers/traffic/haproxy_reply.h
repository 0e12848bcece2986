#ifndef ENGINE_DRIVERS_TRAFFIC_HAPROXY_REPLY_H
#define ENGINE_DRIVERS_TRAFFIC_HAPROXY_REPLY_H

/*
 * Reading what HAProxy says on its runtime socket. Pure; texts go into the arena.
 *
 * One question line chains several commands with ';', and their answers come one behind the other, each ended by an
 * empty line: `show servers state` (weights and administrative state), `show stat` (CSV, read by column names), the
 * map of checks (managed front doors only), and `show info` last, so that an answer without its end is noticed.
 * Whatever does not read as expected is an error, never a zero. HAProxy does not hold still between two commands of
 * a line, so a server may be in one table and not in the other: then the picture is torn.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;

/* The map that a managed front door keeps its servers' checks in: key server, value "PATH#INTERVAL_MS#ADDRESS". */
#define HAPROXY_CHECK_MAP "checks.map"

enum haproxy_state { HAPROXY_READY, HAPROXY_DRAIN, HAPROXY_MAINT };

struct haproxy_server {
    const char *pool;
    const char *name;
    const char *address; /* "ip:port" */
    int weight;          /* as it is used now, 0..256 */
    enum haproxy_state state;
    bool up;               /* HAProxy would send traffic, as far as health goes */
    bool checked;          /* the last check that ended was good */
    const char *status;    /* HAProxy's word: "UP", "DOWN 1/2", "no check" … */
    const char *check;     /* "L7OK", "L4CON", "" when there was none */
    const char *check_why; /* "Connection refused", "" */
    int64_t in_flight;     /* requests, queued ones, and connections in use; -1 = not told */
    int64_t rise;          /* -1 = not told */
    int64_t fall;
    const char *line; /* a line of our own old file, taken as it is; NULL in an answer of a running HAProxy */
};

struct haproxy_pool {
    const char *name;
    const char *algorithm; /* "roundrobin"; "unknown" for random in 2.6; "" when not told */
};

struct haproxy_check {
    const char *server;
    const char *value; /* "PATH#INTERVAL_MS#ADDRESS" */
};

struct haproxy_seen {
    int64_t pid;
    int64_t start_s; /* since 1970, HAProxy's own clock */
    int64_t uptime_s;
    bool stopping; /* an old worker that only ends its connections */
    bool missing;  /* the pool that was asked for does not exist */
    bool torn;     /* a server came or went between two of the commands: no whole picture, ask again */
    const char *version;
    struct haproxy_server *servers;
    size_t server_count, server_capacity;
    size_t next; /* where the next row of `show stat` will find its server: both commands list them in one order */
    struct haproxy_pool *pools;
    size_t pool_count, pool_capacity;
    const char **fronts; /* names of frontends */
    size_t front_count, front_capacity;
    struct haproxy_check *checks;
    size_t check_count, check_capacity;
};

/* The question whose answer haproxy_read_seen reads. `pool` NULL: all of them; `with_checks`: the map too. */
const char *haproxy_question(struct arena *arena, const char *pool, bool with_checks);
NODISCARD struct error *haproxy_read_seen(struct arena *arena, const char *text, size_t length,
                                          struct haproxy_seen *out);
/* NULL when it is not there. */
const struct haproxy_server *haproxy_find(const struct haproxy_seen *seen, const char *pool, const char *name);
const struct haproxy_pool *haproxy_find_pool(const struct haproxy_seen *seen, const char *name);
const char *haproxy_check_value(const struct haproxy_seen *seen, const char *server);

enum haproxy_said {
    HAPROXY_SAID_YES,
    HAPROXY_SAID_BUSY, /* "Server still has connections attached to it" */
    HAPROXY_SAID_NO,   /* *out_error has it */
};

/* Judges the answer of commands that change something: there is no status code, so each non-empty line is weighed. */
enum haproxy_said haproxy_read_change(const char *text, size_t length, struct error **out_error);
/* Judges the question whether servers can be added to `pool` (haproxy_dynamic_question). */
NODISCARD struct error *haproxy_read_dynamic(const char *pool, const char *text, size_t length);
/* An `add server` without an address: it cannot succeed, and what it complains of tells what would be possible. */
const char *haproxy_dynamic_question(struct arena *arena, const char *pool);

/* Letters, digits, '.', '-', '_' and ':' only: safe in a command line and in the configuration. */
bool haproxy_is_name(const char *name);
/* "ip:port" of numbers, or "[ipv6]:port". */
bool haproxy_is_address(const char *address);

const char *haproxy_state_text(enum haproxy_state state);

#endif
