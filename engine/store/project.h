#ifndef ENGINE_STORE_PROJECT_H
#define ENGINE_STORE_PROJECT_H

/*
 * From an event to the tables that people read. What an event changes is SQL, in state/project/<kind>.sql, and for an
 * event about a step also in state/project/<kind>.<verb>.sql; a kind without a file changes nothing. Each file holds
 * several statements, with values bound by name:
 *
 *     :seq :release :kind :epoch :actor :at_ms :boot_ms    the row; :release is '' when the event is about none
 *     :reason :step :attempt :number :expires_ms           the typed fields; :step is NULL when it is about no step
 *     :subject :decision :mode :end :error_kind            texts; NULL where the field has its default
 *     :body                                                the event's body, JSON; '{}' when there is none
 *     :detail :evidence                                    of the body: its detail, JSON, and a digest; NULL when not there
 *     :verb :target                                        of the step; in the second kind of file only
 *
 * They are bound from what the journal holds and nothing else, so that a rebuild gives the same bytes.
 */

#include <jansson.h>

#include "base/error.h"

struct journal_row;
struct projections;
struct record;

/* `event` is the encoded event. A constraint that does not hold is ERR_CONFLICT for a new release, else ERR_BUG. */
NODISCARD struct error *project_event(struct record *record, const struct journal_row *row, const json_t *event);
/* Empties all projections. */
NODISCARD struct error *project_clear(struct record *record);
/* The tables that are projections; ends with NULL. */
extern const char *const project_tables[];
void projections_free(struct projections *projections);

#endif
