#ifndef ENGINE_DRIVERS_TRAFFIC_HAPROXY_CONFIG_H
#define ENGINE_DRIVERS_TRAFFIC_HAPROXY_CONFIG_H

/*
 * The two files of a managed front door, rendered from what HAProxy itself says: haproxy.cfg (templates/haproxy.cfg
 * with pools and servers filled in) and checks.map. Pure. Whoever restarts HAProxy from them gets back the servers,
 * weights and checks that it had.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct arena;
struct haproxy_seen;

/* The plan's door, read and checked. Texts are borrowed from it or stand in the arena. */
struct haproxy_door {
    bool managed;
    const char *socket; /* absolute */
    /* managed only */
    const char *bind;
    const char *dir;
    const char *mark;
    const char *config; /* path of haproxy.cfg */
    const char *checks; /* path of checks.map */
    const char *log;
    const char *front;     /* the frontend's name, made of `bind` so that a running HAProxy tells what it listens on */
    const char *probe_url; /* where to ask whether somebody listens on `bind` already */
    /* both */
    const json_t *pools; /* [{name, match}] */
};

NODISCARD struct error *haproxy_door_read(struct arena *arena, const json_t *door, struct haproxy_door *out);

/* `seen` may have no servers at all. */
NODISCARD struct error *haproxy_config_render(struct arena *arena, const struct haproxy_door *door,
                                              const struct haproxy_seen *seen, const char **out);
const char *haproxy_checks_render(struct arena *arena, const struct haproxy_seen *seen);
/* Takes the servers' lines out of a file of ours, for a front door that is not running. Other lines are left out. */
void haproxy_config_read(struct arena *arena, const char *text, struct haproxy_seen *out);

/* "PATH#INTERVAL_MS#ADDRESS" from the step's check object; ERR_SPEC_INVALID when the path cannot stand there. */
NODISCARD struct error *haproxy_check_make(struct arena *arena, const json_t *check, const char *address,
                                           const char **out);

#endif
