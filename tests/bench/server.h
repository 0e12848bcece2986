#ifndef TESTS_BENCH_SERVER_H
#define TESTS_BENCH_SERVER_H

/* The smallest thing that answers health questions: 200 with three bytes, on every address of 127/8, connections kept. */

#include <sys/types.h>

/* A child process; *port is where it listens. */
pid_t server_start(int *port);

#endif
