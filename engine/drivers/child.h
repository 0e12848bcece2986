#ifndef ENGINE_DRIVERS_CHILD_H
#define ENGINE_DRIVERS_CHILD_H

/*
 * What drivers that start programs share: the argument list, the whole environment of the child, and what of its
 * output may be kept as evidence. Pure: nothing of the engine's own environment leaks into a child.
 */

#include <stddef.h>

#include "base/error.h"

struct arena;
struct call;

/* Where programs are looked for, unless a pipeline declares a PATH: /usr/sbin too, which an ordinary user's own leaves out. */
#define CHILD_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What `${instance.*}` and `${stamp.url}` stand for; NULL address: the texts are taken as they are. */
struct child_place {
    const char *address; /* "ip:port" */
    const char *port;
    const char *url; /* "http://ip:port" */
};

void child_place_init(struct arena *arena, const char *address, struct child_place *out);

/* params.argv as a NULL-terminated list. Not a list of texts, empty, or an unknown name: ERR_SPEC_INVALID. */
NODISCARD struct error *child_argv(struct call *call, const struct child_place *place, const char *const **out);

/*
 * The whole environment: PATH, LANG and HOME unless declared, then call->env, then the PENSTOCK_ names of `place` and
 * `extra` (NULL-terminated "NAME=value"). A declared name that starts with PENSTOCK_ is ERR_SPEC_INVALID.
 */
NODISCARD struct error *child_env(struct call *call, const struct child_place *place, const char *home,
                                  const char *const *extra, const char *const **out);

/*
 * A child's output as evidence: without control characters, with the values of referenced (secret) environment
 * entries masked, and only the last `most` bytes of it, from a line's beginning where there is one. The text may be a
 * piece of a longer one: halves of secrets at its ends are masked too.
 */
const char *child_evidence(struct call *call, const char *text, size_t length, size_t most);

#endif
