#ifndef ENGINE_MAIN_ZYGOTE_H
#define ENGINE_MAIN_ZYGOTE_H

/*
 * A fork server for crash tests: `penstock __zygote` is the program, loaded and not begun. For each request on its
 * standard input it forks a child that enters the program from its beginning. Linking the libraries takes longer than
 * most of what a short command then does; a sweep starts ten thousand of them. Compiled out of release builds.
 *
 * Standard input is a SOCK_SEQPACKET socket. A request is one message: struct zygote_request, then so many texts, each
 * ended by a NUL: the arguments (the program's name first), the environment. It carries ZYGOTE_FDS descriptors. There are
 * two answers, one when the child was begun and one when it has ended; the next request may come after that. The
 * server leaves when the socket is closed, with 1 when a request makes no sense.
 */

#ifdef PENSTOCK_FAULTS

#include <stdint.h>

#define ZYGOTE_REQUEST_MOST ((size_t)128 * 1024)

enum { ZYGOTE_DIRECTORY, ZYGOTE_STDIN, ZYGOTE_STDOUT, ZYGOTE_STDERR, ZYGOTE_FDS };

struct zygote_request {
    uint32_t argument_count;
    uint32_t variable_count;
};

struct zygote_answer {
    int32_t pid;
    int32_t ended;  /* 0: it was begun */
    int32_t status; /* as of waitpid */
};

/* Serves until the socket is closed; returns the exit code. `program` is what main() does. */
int zygote_serve(int (*program)(int argc, char **argv));

#endif
#endif
