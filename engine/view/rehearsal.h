#ifndef ENGINE_VIEW_REHEARSAL_H
#define ENGINE_VIEW_REHEARSAL_H

/* What `penstock rehearse` shows: one run with its time line, or many runs in sum. Documents are as model/ makes them. */

#include <jansson.h>
#include <stdbool.h>

struct arena;
struct screen;
struct strbuf;

/* One run. `all`: the time lines of all acts, also of those that have nothing special. */
void rehearsal_text(struct arena *arena, const json_t *run, bool all, const struct screen *screen, struct strbuf *out);

/* Many runs, which differ in their seeds: {good, bad, ends, lost, findings, worst ...}. New reference. */
json_t *rehearsals_sum(const json_t *runs);
void rehearsals_text(struct arena *arena, const json_t *sum, const struct screen *screen, struct strbuf *out);

#endif
