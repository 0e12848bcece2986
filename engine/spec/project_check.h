#ifndef ENGINE_SPEC_PROJECT_CHECK_H
#define ENGINE_SPEC_PROJECT_CHECK_H

/* What a row of the table cannot say of penstock.yaml: names that must be there, circles, ladders. Private to the room. */

struct arena;
struct diagnostics;
struct project_spec;

void project_check(struct arena *arena, const struct project_spec *project, struct diagnostics *problems);

#endif
