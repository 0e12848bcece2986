#ifndef ENGINE_CLI_OPTIONS_H
#define ENGINE_CLI_OPTIONS_H

/*
 * Options: one table of all of them, and getopt_long behind it. A command accepts the global ones and those its row
 * names; anything else is refused with the nearest that it would take. Options are written in full, so that a new one
 * never changes what an old script means.
 */

#include <stdbool.h>

#include "base/error.h"

struct arena;

enum option_id {
    OPTION_NONE, /* ends a command's list */
    /* global */
    OPTION_DIRECTORY,
    OPTION_FILE,
    OPTION_STATE,
    OPTION_OUTPUT,
    OPTION_COLOR,
    OPTION_NO_INPUT,
    OPTION_QUIET,
    OPTION_VERBOSE,
    OPTION_SHORT_HELP,
    OPTION_HELP,
    OPTION_VERSION,
    /* of some commands */
    OPTION_YES,
    OPTION_AS,
    OPTION_TIMEOUT,
    OPTION_COMMENT,
    OPTION_DETACH,
    OPTION_UNTIL_GATE,
    OPTION_TAKEOVER,
    OPTION_DETAILED_EXITCODE,
    OPTION_KEEP,
    OPTION_AS_IS,
    OPTION_ABANDON,
    OPTION_INSTANCE,
    OPTION_CONFIRM,
    OPTION_LINES,
    OPTION_FOLLOW,
    OPTION_LIMIT,
    OPTION_FOR,
    OPTION_KEEP_FOR,
    OPTION_SCHEDULED,
    OPTION_ONTO,
    OPTION_ENVIRONMENT,
    OPTION_MAINLINE,
    OPTION_DRY_RUN,
    OPTION_CONTINUE,
    OPTION_WAIT,
    OPTION_SUPERSEDE,
    OPTION_SEED,
    OPTION_RUNS,
    OPTION_FAULTS,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_BEFORE,
    OPTION_NO_EVIDENCE,
    OPTION_COUNT,
};

struct option_row {
    const char *name;     /* long; NULL = has none */
    char letter;          /* short; 0 = has none */
    const char *argument; /* "DIR"; NULL = takes none */
    bool global;
    const char *doc; /* one line, lower case, no full stop */
};

struct options {
    const char *values[OPTION_COUNT]; /* of the last time it was given; borrowed from argv */
    int given[OPTION_COUNT];          /* how often */
    const char **arguments;           /* what is no option; ends with NULL */
    int argument_count;
};

const struct option_row *option_row(enum option_id id);
/* As help prints it: "-o, --output FORM". In the arena. */
const char *option_usage(struct arena *arena, enum option_id id);

/*
 * Adds the options of argv[1..] to `out`; argv may be permuted. `allowed` (ends with OPTION_NONE) are accepted besides
 * the global ones. With `stop_at`, ends before the first argument that is no option, and *stop_at is its index; without
 * it, all arguments that are no options go to out->arguments.
 */
NODISCARD struct error *options_parse(struct arena *arena, int argc, char **argv, const enum option_id *allowed,
                                      int *stop_at, struct options *out);

#endif
