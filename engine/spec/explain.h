#ifndef ENGINE_SPEC_EXPLAIN_H
#define ENGINE_SPEC_EXPLAIN_H

/*
 * Faces of the one field table: `penstock explain PATH`, JSON Schema (draft-07) and the reference page.
 * All pure: they print into the buffer.
 */

#include "base/error.h"

struct strbuf;

enum spec_document { SPEC_PROJECT, SPEC_PIPELINE };

/* "stages.shift.steps.share"; "" lists the top keys of both files. Unknown path: ERR_NOT_FOUND with the nearest. */
NODISCARD struct error *explain_path(const char *path, struct strbuf *out);
/* JSON Schema of the file. */
void schema_render(enum spec_document document, struct strbuf *out);
/* Markdown. */
void reference_render(enum spec_document document, struct strbuf *out);

#endif
