#ifndef ENGINE_PLAN_RULES_H
#define ENGINE_PLAN_RULES_H

/*
 * What the environment demands of a release before anything runs. One row of a table a rule; what was found stands in
 * the plan's terms, what is not met is refused at its place in penstock.yaml, unless somebody who may has let it be broken.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct builder;

struct finding {
    bool met;
    const char *detail; /* met: what was found, "r-12 on int"; else what is wrong, as a sentence */
    struct mark mark;   /* not met: where it is demanded */
    const char *hint;   /* not met: what to do; may be NULL */
};

/* Judges every rule that applies: adds refusals to b->problems, and [{rule, verdict, detail, override_seq?}] to b->rules. */
void rules_check(struct builder *b);

/* Overrides that were given beforehand and count for this release: [{rule, until_ms, override_seq}]. In the arena. */
const json_t *rules_leaves(struct builder *b);

/* The rules that an override may name, in the order of the table; ends with NULL. */
const char *const *rules_overridable(void);

#endif
