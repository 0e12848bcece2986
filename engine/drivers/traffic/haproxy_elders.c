/*
 * How many requests are on a server, when HAProxy was reloaded: the process that answers knows nothing of those that its
 * elders still serve, and their sockets are closed to us. Which elders there were stands in its command line, after -sf
 * or -st, also for the workers of a master (HAProxy 2.6 starts itself anew with the list). While one of them lives, what
 * is on a server is unknown. An HAProxy in a process namespace of its own, or hidden from us, tells nothing here.
 */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "drivers/traffic/haproxy_call.h"

#define ELDERS_MOST 64

enum elders_phase { ELDERS_COUNT, ELDERS_LISTED, ELDERS_AGE_READ, ELDERS_READ };

struct elders_call {
    enum elders_phase phase;
    struct call inner;
    json_t *detail; /* in the arena */
    int64_t pids[ELDERS_MOST];
    size_t count, at;
    uint64_t start; /* of who answers */
};

/* The numbers behind -sf and -st. `text` has NULs between the arguments. */
static size_t read_elders(const char *text, size_t length, int64_t *pids)
{
    const char *end = text + length;
    bool listed = false;
    size_t count = 0;

    for (const char *argument = text; argument < end && count < ELDERS_MOST; argument += strlen(argument) + 1) {
        if (*argument == '-')
            listed = text_is(argument, "-sf") || text_is(argument, "-st");
        else if (listed && strtoll(argument, NULL, 10) > 1)
            pids[count++] = strtoll(argument, NULL, 10);
    }
    return count;
}

/* The start of a live HAProxy in clock ticks, from /proc/PID/stat; 0: it is none. */
static uint64_t read_start(const char *stat)
{
    const char *rest = strrchr(stat, ')');
    uint64_t start = 0;
    char state = 'X';

    if (!rest || !strstr(stat, " (haproxy) ") ||
        sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64, &state,
               &start) != 2)
        return 0;
    return state == 'Z' || state == 'X' ? 0 : start;
}

static enum call_status want_proc(struct call *call, struct elders_call *own, enum elders_phase next, int64_t pid,
                                  const char *name, struct effect *want)
{
    own->phase = next;
    return want_file(want, EFFECT_READ_FILE, arena_printf(call->arena, "/proc/%lld/%s", (long long)pid, name), NULL);
}

static int64_t answering(const struct elders_call *own)
{
    return json_get_int(json_object_get(own->detail, "identity"), "pid", 0);
}

static enum call_status elders_done(struct call *call, struct elders_call *own)
{
    return call_done(call, json_incref(own->detail), own->inner.evidence);
}

static enum call_status elders_next(struct call *call, struct elders_call *own, struct effect *want)
{
    if (own->at == own->count)
        return elders_done(call, own);
    return want_proc(call, own, ELDERS_READ, own->pids[own->at], "stat", want);
}

static enum call_status elders_counted(struct call *call, struct elders_call *own, enum call_status status,
                                       struct effect *want)
{
    if (status != CALL_DONE) {
        call->error = own->inner.error;
        call->evidence = own->inner.evidence;
        return status;
    }
    own->detail = json_in_arena(call->arena, own->inner.detail);
    return want_proc(call, own, ELDERS_LISTED, answering(own), "cmdline", want);
}

static enum call_status elders_read(struct call *call, struct elders_call *own, const char *stat, struct effect *want)
{
    uint64_t start = read_start(stat);

    /* The kernel gives numbers out again: who is younger is somebody else. */
    if (start == 0 || start > own->start) {
        own->at++;
        return elders_next(call, own, want);
    }
    json_object_set_new(own->detail, "in_flight", json_null());
    json_object_set_new(own->detail, "why",
                        json_string(arena_printf(
                            call->arena, "haproxy was reloaded, and its earlier process %lld still ends what it had",
                            (long long)own->pids[own->at])));
    return elders_done(call, own);
}

enum call_status haproxy_with_elders(struct call *call, const struct reply *last, struct effect *want, advance_fn count)
{
    struct elders_call *own = call->scratch;
    const char *text = last ? arena_text_n(call->arena, last->text ? last->text : "", last->length) : "";

    if (!own) {
        own = call->scratch = ARENA_NEW(call->arena, struct elders_call);
        own->inner = *call;
        own->inner.scratch = NULL;
    }
    if (own->phase != ELDERS_COUNT)
        CALL_TRY(call, reply_error(last, "the list of processes"));
    switch (own->phase) {
    case ELDERS_COUNT:
        return elders_counted(call, own, count(&own->inner, last, want), want);
    case ELDERS_LISTED:
        own->count = read_elders(text, last->length, own->pids);
        if (own->count == 0)
            return elders_done(call, own);
        return want_proc(call, own, ELDERS_AGE_READ, answering(own), "stat", want);
    case ELDERS_AGE_READ:
        own->start = read_start(text);
        /* Then they cannot be told from those who got their numbers later: each counts. */
        if (own->start == 0)
            own->start = UINT64_MAX;
        return elders_next(call, own, want);
    case ELDERS_READ:
        return elders_read(call, own, text, want);
    }
    BUG("traffic.in_flight in phase %d", (int)own->phase);
}
