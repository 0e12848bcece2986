#ifndef ENGINE_SPEC_FACES_H
#define ENGINE_SPEC_FACES_H

/* What explain, schema and reference say in the same words. */

#include <stdbool.h>

struct field;
struct strbuf;
struct table;

/* "a duration from 1s", "one of: rollback, hold", "a list of mappings" */
void face_type(const struct field *field, struct strbuf *out);
/* "24h", "pipelines/<environment>.yaml"; false, and nothing written: it has none. */
bool face_default(const struct field *field, struct strbuf *out);
/* The keys of what the field holds; NULL: it holds no mappings. Also NULL for the list of stages. */
const struct table *face_sub(const struct field *field);

#endif
