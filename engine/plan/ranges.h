#ifndef ENGINE_PLAN_RANGES_H
#define ENGINE_PLAN_RANGES_H

/*
 * Old and new unit have traffic at the same time and work on the same data: what one writes the other must read, and at
 * least one version of the API must be answered by both. The live unit's side is in its contract, as it was released.
 */

#include <stdbool.h>

struct builder;
struct finding;

/* The live unit has said what it knows, so the new one is held against it. */
bool ranges_schema_applies(const struct builder *b);
void ranges_schema(struct builder *b, struct finding *out);
bool ranges_api_applies(const struct builder *b);
void ranges_api(struct builder *b, struct finding *out);

#endif
