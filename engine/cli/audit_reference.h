#ifndef ENGINE_CLI_AUDIT_REFERENCE_H
#define ENGINE_CLI_AUDIT_REFERENCE_H

/* docs/reference/audit-views.md, from the comments at the heads of the queries and views. */

struct arena;
struct strbuf;

void audit_reference(struct arena *arena, struct strbuf *out);

#endif
