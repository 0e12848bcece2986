#ifndef TESTS_ZERO_LOSS_CLIENT_H
#define TESTS_ZERO_LOSS_CLIENT_H

/*
 * The load: an open-loop client on one thread. Requests (requests.c) leave when the schedule says so, whatever became of
 * those before; websockets (sockets.c) live beside them. Nothing is tried again, and all of it is in the ledger.
 *
 * Times are microseconds: CLOCK_MONOTONIC inside, Unix time in the ledger.
 */

#include <stdio.h>

#include "zero-loss/ledger.h"
#include "zero-loss/wire.h"

struct client_options {
    struct sockaddr_in to;
    const char *ledger;
    const char *name;
    const char *until_file; /* it goes on until this file is there, too */
    int requests;           /* at least */
    int rate, seed;         /* as in struct schedule */
    int kept;               /* connections that are kept, about */
    int sockets;            /* open at a time */
};

struct client {
    struct client_options options;
    struct schedule schedule;
    struct ledger ledger;
    FILE *sockets_ledger;
    struct wires wires;
    int64_t start_us;
    int64_t wall_us; /* Unix time minus CLOCK_MONOTONIC, at the start */
    bool ending;     /* nothing new is begun */
    int64_t ended_us;

    uint64_t number;                              /* the next request */
    int quick_count;                              /* under way, and nothing was asked to take long */
    struct wire_list busy, idle, asleep, leaving; /* kept connections; idle: the one used last comes first */
    int idle_count;
    int64_t look_us; /* when the lists are looked through next */

    struct wire_list sockets;
    uint64_t socket_number;
    int socket_count;
};

int64_t clock_us(clockid_t clock);

/* Begins what is due, looks after uploads and sleepers; returns when it wants to be called again. */
int64_t requests_tick(struct client *client, int64_t now_us);
/* Everything was answered, or has waited for so long that it is given up. */
bool requests_are_over(struct client *client, int64_t now_us);

void sockets_tick(struct client *client, int64_t now_us);
/* The same for websockets. */
bool sockets_are_over(struct client *client, int64_t now_us);

#endif
