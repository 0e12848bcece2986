#ifndef ENGINE_CLI_PLANNING_H
#define ENGINE_CLI_PLANNING_H

/* From arguments to a plan: the same way for `plan`, which shows it, and `release` and `destroy`, which run it. */

#include "base/error.h"
#include "plan/facts.h"

struct cli;
struct environment_spec;
struct pipeline_spec;
struct plan;

/* What a plan was made from. */
struct planning {
    const struct environment_spec *environment;
    const char *branch; /* what the commit is released from, when it is known better than by its name; else NULL */
    const char
        *superseded; /* a unit that will be gone by then: of a live release that is taken back first; else NULL */
    struct pipeline_spec *pipeline;
    struct facts facts;
    struct plan *plan;
};

/* Fills facts->rules (planning_rules.c); facts->commit, live and request are there already. */
NODISCARD struct error *planning_rules(struct cli *cli, const struct environment_spec *environment,
                                       struct facts *facts);
/*
 * Plans a release of `commit` (NULL = HEAD). Opens the record for reading if there is one and it is not open yet;
 * without one, plans as if an empty one were there, and makes none. out->facts.request says as what it is asked for.
 */
NODISCARD struct error *planning_release(struct cli *cli, const char *environment, const char *commit,
                                         struct planning *out);
/* Plans the end of a unit, or (`unit` NULL) of the whole environment. Needs the record. */
NODISCARD struct error *planning_destroy(struct cli *cli, const char *environment, const char *unit,
                                         struct planning *out);
/* ERR_CONFLICT when a release is live in the environment: which, since when, and what to do. Needs the record. */
NODISCARD struct error *planning_is_free(struct cli *cli, const char *environment);
/* The plan for a person who is asked, or who follows; a program reads the document at the end. */
void planning_show(struct cli *cli, const struct plan *plan);
/* Writes the plan into the record and runs it, or leaves a runner behind. */
NODISCARD struct error *planning_run(struct cli *cli, const struct planning *planning);

#endif
