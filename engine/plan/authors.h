#ifndef ENGINE_PLAN_AUTHORS_H
#define ENGINE_PLAN_AUTHORS_H

/*
 * Who wrote the commits of a release, by login name: for `barred: [authors]`. A mail address is no proof of who somebody
 * is, so every login that could be meant is taken: rather too many are barred than too few.
 */

#include <jansson.h>
#include <stdbool.h>

struct arena;
struct facts;
struct project_spec;

/* [{name, mail, logins}] of facts->rules.authors, each once. In the arena. */
const json_t *authors_of(struct arena *arena, const struct project_spec *project, const struct facts *facts);
/* All their logins, each once. In the arena. */
const json_t *authors_logins(struct arena *arena, const json_t *authors);
/* Login names are compared without regard to case. */
bool authors_has(const json_t *logins, const char *login);

#endif
