#ifndef ENGINE_CLI_HOTFIX_H
#define ENGINE_CLI_HOTFIX_H

/*
 * A hotfix before it is a release: what was asked for, and what the repository and the record say to it. Checking writes
 * nothing anywhere; the picked commits are in memory.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "unit/pick.h"
#include "unit/source.h"

struct cli;
struct environment_spec;

struct hotfix {
    struct cli *cli;
    const struct environment_spec *environment;
    const char *repository; /* absolute */
    const char *branch;     /* --onto */
    int mainline;
    bool by_hand;               /* --continue: a person made the picks */
    const char *made;           /* the last of these, full id */
    struct source_commit tip;   /* of the branch */
    const char *live;           /* the commit that is live */
    bool origin;                /* the clone knows the trunk of one */
    const char *const *sources; /* commits of the trunk, full ids, oldest first */
    int count;
    bool applied; /* the branch has the picks already, and they are not live: an interrupted hotfix goes on */
    struct pick_request request;
    struct pick_result result;
    const char *new_tip; /* what will be released; NULL until the picks are known to be good */
    struct pick_totals totals;
    const json_t *picks; /* [{commit, source, by_hand}] */
};

/* The arguments as commits, the environment, the branch. */
NODISCARD struct error *hotfix_read(struct cli *cli, struct hotfix *out);
/* By hand: what stands between what is live and the commit that was made, as sources and picks. */
NODISCARD struct error *hotfix_read_made(struct hotfix *own);
/* The same command again: "hotfix 1a2b3c4 --onto release/7". */
const char *hotfix_words(const struct hotfix *own);

/*
 * Every check in order, until one refuses. `seen` (may be NULL) gets a row for each that was made: {check, ok, text, hint}; with
 * it, the checks after a refusal are made too where they can be, and the first refusal is returned.
 */
NODISCARD struct error *hotfix_check(struct hotfix *own, json_t *seen);

/* Writes the picked commits into the repository; no ref knows them yet. Nothing to do where a person made them. */
NODISCARD struct error *hotfix_keep(struct hotfix *own);

#endif
