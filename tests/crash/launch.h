#ifndef TESTS_CRASH_LAUNCH_H
#define TESTS_CRASH_LAUNCH_H

/*
 * Processes of the program. Most are forks of one that was loaded once and never begun (main/zygote.h); some are
 * started the plain way, so that it shows if that makes a difference.
 */

#include <stdbool.h>

struct launch {
    const char *const *arguments; /* the program's name first, NULL at the end */
    const char *fault;            /* PENSTOCK_FAULT, or NULL */
    const char *output;           /* the file for both streams */
    bool plain;
};

/* `program` is a path. */
void launch_open(const char *program);
/* Runs it to its end; the status is as of waitpid. One that takes longer than 20 s is ended with SIGALRM. */
int launch_wait(const struct launch *launch);
/* Also waits for the server, so that its processor time and that of its children counts as ours. */
void launch_close(void);

#endif
