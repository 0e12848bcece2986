#ifndef ENGINE_CLI_DECIDE_H
#define ENGINE_CLI_DECIDE_H

/* What all commands that decide about a live release share. */

#include "base/error.h"
#include "control/control.h"

struct cli;

/* A decision on its way: which release, who, and how it was said. */
struct deciding {
    const char *release;
    const char *environment;
    const char *person;
    struct decision_request request;
};

/* The release that the first argument means, the person, and the comment. Opens the record for writing. */
NODISCARD struct error *decide_begin(struct cli *cli, enum decision_kind decision, struct deciding *out);
/* Takes the live release of the first argument back: asks, decides, goes on (cmd_steer.c). */
NODISCARD struct error *decide_rollback(struct cli *cli);
/* Writes the decision down; when it is refused, says where to look. */
NODISCARD struct error *decide_now(struct cli *cli, const struct deciding *own);
/* What comes next: a runner acts on it, or one has to be started. */
void decide_advise(struct cli *cli, const struct deciding *own);
/* Says that it is in the record. */
void decide_show(struct cli *cli, const struct deciding *own);

#endif
