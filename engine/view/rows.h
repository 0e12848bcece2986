#ifndef ENGINE_VIEW_ROWS_H
#define ENGINE_VIEW_ROWS_H

/* The named queries that people's views rest on, each with its parameters. All give new references. */

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

struct record;

#define ROWS_EVENTS_MOST 1000

/* One release's row; JSON null when there is none. */
NODISCARD struct error *rows_release(struct record *record, const char *release, json_t **out);
/* Releases without an end, of the environment (NULL: of all). */
NODISCARD struct error *rows_live(struct record *record, const char *environment, json_t **out);
/* Which releases; NULL and 0: no bound. */
struct rows_page {
    const char *environment;
    int64_t since_ms, until_ms; /* created in this time; until not included */
    int64_t before;             /* with a smaller number */
    int limit;
};
/* The newest releases of the page, newest first. */
NODISCARD struct error *rows_page(struct record *record, const struct rows_page *page, json_t **out);
/* The newest releases of the environment (NULL: of all), newest first. */
NODISCARD struct error *rows_releases(struct record *record, const char *environment, int limit, json_t **out);
/* Hotfixes of the environment that still wait for their review, the most urgent first. */
NODISCARD struct error *rows_reviews(struct record *record, const char *environment, json_t **out);
/* Every environment: what is live in it, its live release, how the last one ended. */
NODISCARD struct error *rows_status(struct record *record, json_t **out);
/* Units of the environment that stand, newest first. */
NODISCARD struct error *rows_units(struct record *record, const char *environment, json_t **out);
/* The shares last proved in the environment: pool, unit, basis_points. */
NODISCARD struct error *rows_shares(struct record *record, const char *environment, json_t **out);
/* Events of the release after `after`, in order; ROWS_EVENTS_MOST at most, so ask again until there are fewer. */
NODISCARD struct error *rows_events(struct record *record, const char *release, int64_t after, json_t **out);
/* The seq of the release's last event; 0 = it has none. */
NODISCARD struct error *rows_last_seq(struct record *record, const char *release, int64_t *out);
/* Any other query that takes a release: "stages", "steps", "gates", ... */
NODISCARD struct error *rows_of(struct record *record, const char *query, const char *release, json_t **out);

#endif
