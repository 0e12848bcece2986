#ifndef ENGINE_CLI_HELP_H
#define ENGINE_CLI_HELP_H

/* Help, completion words and the reference page: faces of the command table. */

#include <stdbool.h>

#include "base/error.h"

struct arena;
struct cli;
struct command;
struct strbuf;

/* The help of a command, or of all (NULL), to stdout. `whole`: with options, doc and exit codes. */
void help_print(struct cli *cli, const struct command *command, bool whole);
/* docs/reference/command-line.md */
void help_reference(struct arena *arena, struct strbuf *out);

struct help_topic {
    const char *name;
    const char *summary;
    const char *text; /* lines of at most 80 columns */
};

/* Ends with a row without a name. */
const struct help_topic *help_topics(void);

struct exit_row {
    int code;
    const char *meaning;
};

/* All exit codes; ends with a row without a meaning. */
const struct exit_row *exit_rows(void);
/* What is true of the codes of all commands. */
const char *help_any_exit(void);

#endif
