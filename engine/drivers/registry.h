#ifndef ENGINE_DRIVERS_REGISTRY_H
#define ENGINE_DRIVERS_REGISTRY_H

/*
 * All drivers, by kind and name. The runner finds the function for a step here; the planner is told capabilities
 * through driver heads; the contract tests run over every row.
 */

#include <stdbool.h>

#include "drivers/call.h"

enum driver_kind { DRIVER_STAMP, DRIVER_TRAFFIC, DRIVER_PROBE, DRIVER_COMMAND };

/* Capabilities of a traffic driver. */
enum {
    CAP_ZERO_SHARE = 1, /* a share of 0 is possible while the instance stays known */
    CAP_DRAIN = 2,
    CAP_IN_FLIGHT = 4, /* tells how many requests and connections are on an instance */
    CAP_MANAGED = 8,   /* the engine can run the front door itself */
};

struct driver_head {
    enum driver_kind kind;
    const char *name;
    const char *summary;
    unsigned caps;
};

struct stamp_driver {
    struct driver_head head;
    advance_fn create;  /* detail: {address, pid, start, boot_id, mark, adopted: bool} */
    advance_fn observe; /* detail: {alive: bool}; failed = unknown */
    advance_fn stop;    /* detail: {exited: bool, exit: number or null} */
    advance_fn kill;    /* detail: {exited: true} */
    advance_fn remove;  /* proof that it is gone, then its directory; detail: {kept: bool} */
    advance_fn signal;  /* params.signal; for drain by signal */
};

struct traffic_driver {
    struct driver_head head;
    int weight_max;
    advance_fn ensure;     /* detail: {identity: {...}, started: bool} */
    advance_fn observe;    /* params {pool}; detail: {identity, servers: {name: {weight, state, check, in_flight}}} */
    advance_fn add;        /* params {pool, server, address, health}; waits until checked healthy by the door */
    advance_fn set_shares; /* params {pool, weights: {server: weight}}; servers that are not named get 0 */
    advance_fn drain;      /* params {pool, server} */
    advance_fn undrain;
    advance_fn remove;
    advance_fn
        in_flight;   /* params {pool, server}; detail: {in_flight: number}, or null when nobody can say, with `why`; a
                      server that is not there: 0, absent: true */
    advance_fn stop; /* managed: ends the front door itself and removes its files */
};

struct probe_driver {
    struct driver_head head;
    advance_fn
        sample; /* params {address, probes: {name: {...}}}; detail: {values: {name: number|null}, identity: text|null,
                              why: {name: text for each null}} — unknown values never fail the call */
    advance_fn health;  /* params {address, get, timeout_ms}; done: {healthy: bool, answer: text} */
    advance_fn check;   /* params {address|url, http, expect}; failed with the answer's start when not as expected */
    advance_fn request; /* params {address, http}: drain begin and cancel; any 2xx is success */
};

struct command_driver {
    struct driver_head head;
    advance_fn run; /* params {argv, env, cwd, log, timeout_ms, input}; detail: {exit, output} */
};

const struct stamp_driver *registry_stamp(const char *name); /* NULL: no such driver */
const struct traffic_driver *registry_traffic(const char *name);
const struct probe_driver *registry_probe(const char *name);
const struct command_driver *registry_command(const char *name);

#endif
