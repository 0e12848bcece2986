#ifndef TESTS_ZERO_LOSS_SCHEDULE_H
#define TESTS_ZERO_LOSS_SCHEDULE_H

/*
 * What is sent when, as a pure function of a seed: request n leaves at n/rate after the start, whatever the answers do.
 * Times are microseconds from the start, or milliseconds where the name says so.
 */

#include <stdbool.h>
#include <stdint.h>

enum kind {
    KIND_KEEP,   /* GET on a connection that is kept */
    KIND_CLOSE,  /* GET with Connection: close, on a connection of its own */
    KIND_POST,   /* POST, which must not happen twice */
    KIND_SLOW,   /* GET whose answer takes asked_ms */
    KIND_UPLOAD, /* POST whose body takes asked_ms to be sent */
    KIND_COUNT
};

extern const char *const kind_names[KIND_COUNT];

struct schedule {
    uint64_t seed;
    double rate;         /* a second */
    int mix[KIND_COUNT]; /* per mille, by kind */
    int slow_ms;         /* the most that a slow answer takes, mostly */
    int slowest_ms;      /* and one of SLOWEST_OF takes so long */
    int upload_ms;       /* the most that an upload takes */
    int sleep_ms;        /* the most that a kept connection is left alone on purpose */
    int socket_ms;       /* the most that a websocket lives; at least half of it */
};

struct task {
    enum kind kind;
    bool oldest;         /* on the connection that has been idle longest; else on the one used last */
    uint32_t asked_ms;   /* slow and upload */
    uint32_t body_bytes; /* post and upload */
    uint32_t pieces;     /* of an upload's body, sent at even distances */
    uint32_t sleep_ms;   /* how long the connection is left alone afterwards */
};

struct socket_task {
    uint32_t pause_ms; /* before it is opened */
    uint32_t life_ms;
    uint32_t every_ms; /* between two messages */
};

int64_t schedule_due_us(const struct schedule *schedule, uint64_t number);
struct task schedule_task(const struct schedule *schedule, uint64_t number);
struct socket_task schedule_socket(const struct schedule *schedule, uint64_t number);

#endif
