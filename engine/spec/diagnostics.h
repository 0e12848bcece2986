#ifndef ENGINE_SPEC_DIAGNOSTICS_H
#define ENGINE_SPEC_DIAGNOSTICS_H

/*
 * All problems of the files at once, in the order of their places, each with the source line and a caret.
 * Only the checking of files uses this; everything else returns one struct error.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct arena;
struct strbuf;

#define DIAGNOSTICS_MOST 50     /* kept and shown: those that stand first; the others are only counted */
#define DIAGNOSTICS_ENOUGH 1000 /* after so many, a reader may stop looking */

struct diagnostic {
    enum error_code code;
    struct mark mark;
    int width;          /* characters under the caret, at least 1 */
    const char *text;   /* what was found, what was expected */
    const char *hint;   /* "did you mean ..."; may be NULL */
    const char *see;    /* the path for `penstock explain`; may be NULL */
    const char *source; /* the line the mark points to; may be NULL */
};

/* Allocated in the arena; the list and its texts live as long. */
struct diagnostics;

struct diagnostics *diagnostics_new(struct arena *arena);
/* Where texts belong that a diagnostic borrows. */
struct arena *diagnostics_arena(const struct diagnostics *list);
/* Remembers the text of a file so that its lines can be shown. The bytes are borrowed. */
void diagnostics_add_file(struct diagnostics *list, const char *file, const char *bytes, size_t length);
/* Returns the new problem so that width, hint and see can be set, or a dropped one past the limit. Never NULL. */
struct diagnostic *diagnostics_add(struct diagnostics *list, enum error_code code, struct mark mark, const char *format,
                                   ...) PRINTF_LIKE(4, 5);
int diagnostics_count(const struct diagnostics *list); /* all, also those not kept */
/* DIAGNOSTICS_ENOUGH were found: what else is wrong need not be known, and looking for it costs. */
bool diagnostics_enough(const struct diagnostics *list);
/* Sorted by file (in the order of add_file), line, column. NULL past the end. */
const struct diagnostic *diagnostics_get(struct diagnostics *list, int index);
/* Every hint becomes what `words` makes of it, in the arena of the list. */
void diagnostics_reword(struct diagnostics *list, const char *(*words)(void *context, const char *hint), void *context);
/* The frame of the terminal, ASCII: error[E0201]: text / --> file:line:col / source / caret / = help / = see. */
void diagnostics_render(struct diagnostics *list, struct strbuf *out);
/* NULL when there are no problems, else one error: the first problem's text and how many there are. */
NODISCARD struct error *diagnostics_error(struct diagnostics *list);

#endif
