#ifndef ENGINE_VIEW_RELEASE_VIEW_H
#define ENGINE_VIEW_RELEASE_VIEW_H

/*
 * The read model of one release: what its record says now, in one reading. All faces (JSON, text, live progress) are
 * made from it, so that they cannot tell different stories. Only reads.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct record;

struct release_view {
    struct record *record;
    struct arena *arena;
    const char *program; /* how commands in advice begin: "penstock -C /srv" */
    int64_t now_ms;      /* wall clock when it was read */

    const char *id;
    const char *environment;
    const char *state;
    json_t *release; /* rows of the queries; owned */
    json_t *stages;
    json_t *steps;
    json_t *stamps;
    json_t *instances;
    json_t *shares; /* now; of a release that has ended: when it ended */
    json_t *decisions;
    json_t *gates;
    json_t *prober;
    json_t *drains;          /* sums a probe */
    json_t *drain_instances; /* rows an instance and probe */
    json_t *authors;
    json_t *rules;
    json_t *picks;
    json_t *shortened;
    json_t *closures;
    bool runner_alive;
    int64_t last_ms; /* of the last event, when no runner is alive */
};

/* ERR_NOT_FOUND when there is no such release. Release also after an error. */
NODISCARD struct error *release_view_read(struct record *record, struct arena *arena, const char *release,
                                          const char *program, struct release_view *out);
void release_view_release(struct release_view *view); /* also for CLEANUP */

bool view_has_ended(const struct release_view *view);
/* A text column; "" when it is NULL. */
const char *view_text(const json_t *row, const char *key);

/* A drain step that ran past its deadline, or whose instance died: a person is asked about it. */
bool view_asks_person(const struct release_view *view, const json_t *step);
/* {probe: number or null} that a person would give up on the instance. New reference. */
json_t *view_left_on(const struct release_view *view, const char *instance);
/* The stage's step that runs now (the last one that began), or NULL. */
const json_t *view_stage_running(const struct release_view *view, const json_t *stage);

/*
 * What the release waits for: {"kind": "gate" | "drain" | "hold" | "person" | "runner" | "step", "what", "since_ms",
 * and for a gate "gate", "approved_by" [...], "approvals", "people" [...], "barred", "barred_authors" [...],
 * "expires_ms"; for a drain "left" {probe: number or null}}. JSON null when it has ended. New reference.
 */
json_t *view_waiting(const struct release_view *view);
/* A gate, an overdue drain, a hold that only people end, or a missing runner. */
bool view_waits_for_people(const struct release_view *view);
/* The same for the named gate (NULL: the only one) that asks now; JSON null when there is none. New reference. */
json_t *view_waiting_gate(const struct release_view *view, const char *name);
/* What a person may do next: [{"command", "why"}], likeliest first. New reference. */
json_t *view_next(const struct release_view *view);

/*
 * Why it failed: {"step", "stage", "title", "code", "text", "hint", "health", "log": {"path", "lines" [at most 20]}},
 * the cause before what followed from it; an empty list when nothing failed. New reference.
 */
NODISCARD struct error *view_failures(const struct release_view *view, json_t **out);

#endif
