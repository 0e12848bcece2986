#ifndef ENGINE_DRIVERS_TRAFFIC_HAPROXY_CALL_H
#define ENGINE_DRIVERS_TRAFFIC_HAPROXY_CALL_H

/*
 * What the HAProxy driver's files share: verbs on servers (haproxy.c), what an earlier process still has on them
 * (haproxy_elders.c), and the front door itself (haproxy_door.c).
 */

#include <jansson.h>

#include "drivers/call.h"
#include "drivers/traffic/haproxy_config.h"
#include "drivers/traffic/haproxy_reply.h"

#define HAPROXY_ANSWER_LIMIT_BYTES ((size_t)8 * 1024 * 1024)
#define HAPROXY_FILE_TIMEOUT_MS 10000

/* {pid, start_s, uptime_s}: another pid or start than before means that HAProxy was restarted in between. */
json_t *haproxy_identity(const struct haproxy_seen *seen);
/* One line a server: what the outcome of a call rests on. */
const char *haproxy_evidence(struct arena *arena, const struct haproxy_seen *seen);
enum call_status want_haproxy(struct call *call, struct effect *want, const char *socket, const char *text);
enum call_status want_file(struct effect *want, enum effect_kind kind, const char *path, const char *text);
/* What a reply from the socket was, if not an answer. */
NODISCARD struct error *haproxy_trouble(struct call *call, const struct reply *last, const char *socket);
/*
 * The answer to a question. One of an HAProxy that is on its way out must not be taken for that of the new one.
 * Every failure is permanent or transient: a question leaves nothing in doubt.
 */
NODISCARD struct error *haproxy_read_answer(struct call *call, const struct reply *last, const char *socket,
                                            struct haproxy_seen *seen);

/* What `count` says of a server; but {in_flight: null, why} while an earlier process of a reloaded HAProxy lives. */
enum call_status haproxy_with_elders(struct call *call, const struct reply *last, struct effect *want,
                                     advance_fn count);
enum call_status haproxy_ensure(struct call *call, const struct reply *last, struct effect *want);
enum call_status haproxy_stop(struct call *call, const struct reply *last, struct effect *want);

#endif
