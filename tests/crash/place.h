#ifndef TESTS_CRASH_PLACE_H
#define TESTS_CRASH_PLACE_H

/*
 * Where a sweep works: a git repository with a pipeline of commands, and beside it a state directory that is copied
 * away and back again, so that a process can be killed at many passes from the same beginning. Sockets that a killed
 * process left are part of such a copy.
 *
 * These programs end at the first thing that goes wrong with their own place; only findings are reported.
 */

#include <stdbool.h>

struct place {
    char *root;    /* removed by place_close */
    char *project; /* the repository */
    char *state;   /* the record's directory and the ledger, which the commands write a line to */
    char *ledger;
    char *output; /* what the last process printed */
    char *passes; /* the fault points that it passed */
};

/* On a file system in memory when there is one. */
void place_open(struct place *place, const char *pipeline);
void place_close(struct place *place);
/* `copy` is a directory that does not exist yet. */
void place_copy(const char *from, const char *copy);
/* The state is again as it was when it was copied to `copy`. */
void place_restore(const struct place *place, const char *copy);
void place_remove(const char *directory);
char *place_read(const char *file); /* "" when it is not there */

/* Ends the program with a message. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
