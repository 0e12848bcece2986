#ifndef ENGINE_PLAN_APPROVAL_H
#define ENGINE_PLAN_APPROVAL_H

/* Whose approval counts at a gate: the one rule for those who decide and for those who are shown who may. */

#include <jansson.h>

enum approval {
    APPROVAL_COUNTS,
    APPROVAL_OF_STRANGER,  /* not one of the gate's people */
    APPROVAL_OF_REQUESTER, /* asked for the release, and the gate wants somebody else */
    APPROVAL_OF_AUTHOR,    /* may have written commits of the release, and the gate wants somebody else */
    APPROVAL_TWICE,        /* has approved what is asked already */
};

/* `gate`: {people: [], empty = anyone; bar_requester; requester; barred: []; approvers: [] of what is asked now}. */
enum approval approval_of(const json_t *gate, const char *person);

#endif
