#ifndef ENGINE_CLI_COMMAND_H
#define ENGINE_CLI_COMMAND_H

/*
 * The command table: one row a command, from which come parsing, help, completion and the reference page, and
 * what every command function gets.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "cli/options.h"
#include "view/screen.h"

struct arena;
struct diagnostics;
struct project_spec;
struct record;

enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_JSONL, OUTPUT_CSV };

/* Exit codes that are no error's; the whole table is in help_topics.c. */
enum {
    EXIT_CODE_DONE = 0,
    EXIT_CODE_FAILED = 1,
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_INVALID = 3,
    EXIT_CODE_WAITING = 8,
    EXIT_CODE_CHANGES = 10,
    EXIT_CODE_BUG = 70,
    EXIT_CODE_SIGNAL = 128,
};

/* One call of the program. Everything lives in the arena, which ends with it. */
struct cli {
    struct arena *arena;
    const char *program;           /* argv[0] as typed, for advice */
    const struct command *command; /* NULL until it is known */
    struct options options;
    enum output output;
    struct screen out; /* what stdout can show */
    struct screen err; /* what stderr can show */
    int exit_code;     /* when the command returns NULL */
    json_t *next;      /* [{command, why}]: printed at the end; owned */
    const char *about; /* a release that an error is about, for the advice; may be NULL */
    bool data_shown;   /* a document went to stdout already */

    /* set by project_load(), state_directory() and record_need() */
    const struct project_spec *project; /* NULL until loaded */
    struct diagnostics *problems;       /* of the files; rendered when the error is shown */
    const char *root;                   /* absolute directory of the project file */
    const char *prefix;                 /* the same, relative to here and with its '/': how messages name the files */
    const char *state;                  /* absolute directory of the record */
    struct record *record;              /* closed at the end */
    json_t *release_row;                /* of the last release_need(); owned */
};

typedef struct error *(*command_fn)(struct cli *cli);

struct command {
    const char *group; /* the heading of help that begins here; NULL = goes on */
    const char *name;
    const char *arguments;      /* as usage shows them: "ENVIRONMENT [COMMIT]"; "" = none */
    int least, most;            /* how many; most -1 = any number */
    enum option_id options[12]; /* besides the global ones; ends with OPTION_NONE */
    const char *summary;        /* one line, lower case, no full stop */
    const char *doc;            /* whole sentences; paragraphs are parted by an empty line */
    const char *examples;       /* lines "COMMAND" + tab + "what it does"; may be NULL */
    const char *exits;          /* "0 1 7": which rows of the exit code table concern it */
    command_fn run;
    bool rows;   /* -o table and csv too */
    bool hidden; /* for the engine's own children */
};

/* All commands in the order of help; ends with a row without a name. */
const struct command *commands(void);
/* NULL when there is none of that name. */
const struct command *command_find(const char *name);

struct error *cmd_abort(struct cli *cli);
struct error *cmd_approve(struct cli *cli);
struct error *cmd_audit(struct cli *cli);
struct error *cmd_branch(struct cli *cli);
struct error *cmd_clean(struct cli *cli);
struct error *cmd_collect(struct cli *cli);
struct error *cmd_completion(struct cli *cli);
struct error *cmd_destroy(struct cli *cli);
struct error *cmd_doctor(struct cli *cli);
struct error *cmd_explain(struct cli *cli);
struct error *cmd_export(struct cli *cli);
struct error *cmd_help(struct cli *cli);
struct error *cmd_history(struct cli *cli);
struct error *cmd_hotfix(struct cli *cli);
struct error *cmd_init(struct cli *cli);
struct error *cmd_logs(struct cli *cli);
struct error *cmd_overview(struct cli *cli);
struct error *cmd_override(struct cli *cli);
struct error *cmd_plan(struct cli *cli);
struct error *cmd_reference(struct cli *cli);
struct error *cmd_rehearse(struct cli *cli);
struct error *cmd_reject(struct cli *cli);
struct error *cmd_release(struct cli *cli);
struct error *cmd_resume(struct cli *cli);
struct error *cmd_retry(struct cli *cli);
struct error *cmd_review(struct cli *cli);
struct error *cmd_rollback(struct cli *cli);
struct error *cmd_schema(struct cli *cli);
struct error *cmd_show(struct cli *cli);
struct error *cmd_status(struct cli *cli);
struct error *cmd_validate(struct cli *cli);
struct error *cmd_version(struct cli *cli);
struct error *cmd_watch(struct cli *cli);

#endif
