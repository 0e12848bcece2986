#ifndef ENGINE_DRIVERS_EFFECT_H
#define ENGINE_DRIVERS_EFFECT_H

/*
 * The vocabulary of wants: everything that a driver may ask the world for, and what comes back.
 *
 * A driver fills a struct effect; io performs it and gives a struct reply. Nothing here acts. All texts of an effect
 * live in the call's arena until its reply was read; texts of a reply are borrowed until the driver returns.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Who a process is, beyond its number, which the kernel uses again: all three must agree or it is "gone". */
struct process_identity {
    pid_t pid;
    uint64_t start;   /* field 22 of /proc/PID/stat, clock ticks since boot */
    char boot_id[40]; /* the kernel's boot id */
};

enum effect_kind {
    EFFECT_HTTP,        /* one request; no redirects, no proxy, body capped */
    EFFECT_LINE,        /* text to a UNIX stream socket, reads until the peer closes or the limit */
    EFFECT_RUN,         /* a child that must end with its step: inherits the runner's lock; reply has its exit */
    EFFECT_START,       /* a process that outlives the engine: own session, own log, no inherited descriptors */
    EFFECT_SIGNAL,      /* a signal to a process's group, after checking its identity */
    EFFECT_LOOK,        /* is this process there? or: which one carries this mark in its environment? */
    EFFECT_AWAIT_EXIT,  /* until the process is gone, or the timeout */
    EFFECT_FREE_PORT,   /* a TCP port on 127.0.0.1 that was free a moment ago */
    EFFECT_MAKE_DIR,    /* with parents, 0700; already there is success */
    EFFECT_REMOVE_TREE, /* without following links; not there is success */
    EFFECT_PUT_FILE,    /* temp, fsync, rename */
    EFFECT_READ_FILE,   /* the last limit_bytes of it; not there = empty */
    EFFECT_SLEEP,
};

struct effect {
    enum effect_kind kind;
    int64_t timeout_ms; /* of the whole effect; always set */
    size_t limit_bytes; /* of what may come back; 0 = 64 KiB */

    /* HTTP */
    const char *method;
    const char *url;
    const char *body; /* JSON text or NULL */
    /* LINE, PUT_FILE, READ_FILE, MAKE_DIR, REMOVE_TREE */
    const char *path;   /* absolute */
    const char *text;   /* what to send or put */
    size_t text_length; /* 0 = strlen(text) */
    unsigned mode;      /* PUT_FILE, default 0600 */
    /* RUN, START */
    const char *const *argv; /* NULL-terminated; argv[0] with '/' is a path (relative to cwd), else looked up in PATH */
    const char *const *env;  /* NULL-terminated NAME=value: the whole environment of the child */
    const char *cwd;
    const char *log;   /* stdout and stderr are appended there; made 0600, with its directory 0700. LOOK for a mark: a
                          process that wrote its title over its environment is known by this standard output */
    const char *input; /* RUN: its standard input, or NULL for /dev/null */
    bool keep_output;  /* RUN: stdout (only) comes back in the reply too, capped */
    /* SIGNAL, LOOK, AWAIT_EXIT */
    struct process_identity process; /* pid 0 in LOOK: search by mark */
    const char *mark;                /* LOOK: "NAME=value" that the environment must contain */
    bool anyone;                     /* LOOK for a mark: any process, not only a session's leader */
    int signal;
    /* SLEEP */
    int64_t sleep_ms;
};

enum transport_result {
    TRANSPORT_OK,
    TRANSPORT_REFUSED, /* nobody listens, no such socket: the request was certainly not received */
    TRANSPORT_TIMEOUT, /* in doubt */
    TRANSPORT_BROKEN,  /* cut in the middle: in doubt */
    TRANSPORT_CUT,     /* the answer is longer than the limit */
    TRANSPORT_FAILED,  /* could not even be tried: `text` says why */
};

struct reply {
    enum transport_result transport;
    const char *text; /* HTTP body, LINE answer, RUN's kept stdout, file bytes, or the system's words for a failure */
    size_t length;
    int status;                      /* HTTP status; RUN: exit code, or 128 + signal */
    bool timed_out;                  /* RUN: it was killed by the timeout; AWAIT_EXIT: still there */
    bool there;                      /* LOOK: found; SIGNAL: it was there to be signalled */
    struct process_identity process; /* START, LOOK */
    const char *environment; /* LOOK: "NAME=value\n" lines of the found process, only names that start with PENSTOCK_ */
    int port;                /* FREE_PORT */
    int64_t elapsed_ms;
};

/*
 * May it change the world? What only observes may be made again at will. A line to a socket counts as a change, because
 * only its driver knows what it says.
 */
bool effect_changes(const struct effect *effect);

#endif
