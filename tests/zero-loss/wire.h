#ifndef TESTS_ZERO_LOSS_WIRE_H
#define TESTS_ZERO_LOSS_WIRE_H

/*
 * TCP connections to the front door, all on one epoll descriptor. Nothing blocks, nothing is tried again.
 *
 * A wire stands at the beginning of what owns it. Its owner is called when something changed: then it writes what it
 * still has, and looks at what came. An owner may close its own wire at any time; its memory is freed when the events of
 * this round are handled.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define WIRE_IN_MOST 4096

struct wire;
TAILQ_HEAD(wire_list, wire);

struct wires {
    int epoll;
    struct sockaddr_in address;
    int count;               /* open */
    struct wire_list closed; /* to be freed */
};

struct wire {
    int fd; /* -1 once closed */
    bool connected;
    bool failed;   /* no connection, or it was reset */
    bool ended;    /* the other side sends nothing more */
    size_t length; /* of what came and was not taken */
    char in[WIRE_IN_MOST];
    void (*changed)(struct wire *wire);
    TAILQ_ENTRY(wire) link;
};

void wires_open(struct wires *wires, const struct sockaddr_in *address);
/* Waits for at most `wait_us`, and calls the owners. */
void wires_wait(struct wires *wires, int64_t wait_us);
void wires_close(struct wires *wires);

/* `wire` is zeroed memory from calloc, of its owner. False when the system has no socket left. */
bool wire_open(struct wires *wires, struct wire *wire, void (*changed)(struct wire *));
/* How many bytes were taken; 0 when none can be now. A wire that was cut sets `failed`. */
size_t wire_write(struct wire *wire, const char *bytes, size_t length);
/* Takes `length` bytes out of what came. */
void wire_take(struct wire *wire, size_t length);
void wire_close(struct wires *wires, struct wire *wire);

#endif
