#ifndef ENGINE_CONTROL_DECIDING_H
#define ENGINE_CONTROL_DECIDING_H

/* A decision while it is checked. For this room's files only. */

#include "control/control.h"

struct deciding {
    struct record *record;
    struct arena *arena;
    const struct decision_request *request;
    json_t *release;    /* row of release_show; NULL for an override without a live release */
    json_t *gates;      /* rows of gates */
    const json_t *gate; /* the one that is meant; NULL = about the release */
    int step;           /* the gate's or drain's; -1 = the release */
    const char *by;     /* who typed it */
    const char *subject;
    struct error *refusal; /* not permitted: to be journaled and returned */
};

/* A column's text; "" when it is NULL. */
const char *deciding_text(const json_t *row, const char *key);
/* The rows of a query by release. New reference. */
NODISCARD struct error *deciding_rows(struct deciding *own, const char *query, json_t **out);
/* The row of release_show into own->release. */
NODISCARD struct error *deciding_release(struct deciding *own);
/* "ana, bo" */
const char *deciding_people(struct arena *arena, const json_t *people);

/* exceptions.c: what breaks a rule with permission, and what is looked at afterwards. */
NODISCARD struct error *check_override(struct deciding *own, int64_t now_ms);
NODISCARD struct error *check_review(struct deciding *own);

#endif
