#ifndef ENGINE_CLI_LOAD_H
#define ENGINE_CLI_LOAD_H

/*
 * What commands need before they begin: the project file and its pipelines, the record, the release that is meant, and
 * who asks. Each is looked up once and kept in struct cli.
 */

#include <jansson.h>

#include "base/error.h"
#include "store/record.h"

struct arena;
struct cli;
struct environment_spec;
struct facts;
struct pipeline_spec;
struct project_spec;

/*
 * Reads penstock.yaml, found upward from here, or the file that -f names. All problems are in cli->problems when this
 * fails with ERR_SPEC_INVALID.
 */
NODISCARD struct error *project_load(struct cli *cli);
/* The environment of that name; ERR_NOT_FOUND with the nearest. Loads the project. */
NODISCARD struct error *environment_need(struct cli *cli, const char *name, const struct environment_spec **out);
/* Reads and checks the environment's pipeline, adding to cli->problems. *out may be used only when this returns NULL. */
NODISCARD struct error *pipeline_load(struct cli *cli, const struct environment_spec *environment,
                                      struct pipeline_spec **out);
/* Absolute paths, below the project file's directory unless they are absolute already. */
const char *project_path(const struct cli *cli, const char *path);

/* Sets cli->state: --state, PENSTOCK_STATE, or what the project file says. */
NODISCARD struct error *state_need(struct cli *cli);
/* Opens cli->record. ERR_NOT_FOUND with advice when there is none (unless RECORD_CREATE). */
NODISCARD struct error *record_need(struct cli *cli, enum record_mode mode);

/*
 * The release that `typed` means: "r-17", "17", or an environment (its live release, else its newest). NULL: the only
 * live release of the record; else the newest. *out is its row of the query release_show, in the arena's reach
 * (owned by cli). ERR_NOT_FOUND, or ERR_USAGE when several are live. Needs the record.
 */
NODISCARD struct error *release_need(struct cli *cli, const char *typed, const json_t **out);

/* Who asks: the login name, or --as where the environment allows it. */
NODISCARD struct error *person_need(struct cli *cli, const char *environment, const char **out);
/* The same for a decision about the release of `row`, whose own terms have to allow --as too: the file may be another one now. */
NODISCARD struct error *person_of_release(struct cli *cli, const json_t *row, const char **out);

/* The file of this very program. In the arena. */
const char *program_path(struct arena *arena);

/* A duration option in milliseconds; 0 when it was not given. */
NODISCARD struct error *option_duration(struct cli *cli, int option, int64_t *out);
/*
 * A time option in UTC milliseconds: a date (its first moment), a date-time, or a duration before `now_ms`; 0 when it was
 * not given.
 */
NODISCARD struct error *option_time(struct cli *cli, int option, int64_t now_ms, int64_t *out);
/* --since and --until; ERR_USAGE when there is no time between them. */
NODISCARD struct error *option_period(struct cli *cli, int64_t now_ms, int64_t *since_ms, int64_t *until_ms);
/* A whole number option within bounds; `absent` when it was not given. */
NODISCARD struct error *option_number(struct cli *cli, int option, int64_t absent, int64_t *out);

#endif
