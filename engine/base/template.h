#ifndef ENGINE_BASE_TEMPLATE_H
#define ENGINE_BASE_TEMPLATE_H

/*
 * Text templates: `${name}` and `$$` (a dollar), nothing else. No loops, no conditions, no calls.
 * An unknown name is an error at validation, never an empty text. Values never reach a shell as text.
 */

#include "base/error.h"

struct arena;

/* Looks a name up; NULL = unknown. The text is borrowed. */
typedef const char *(*template_lookup_fn)(const void *context, const char *name);

enum template_format {
    TEMPLATE_ARGV,    /* any bytes but NUL; one element stays one element */
    TEMPLATE_HAPROXY, /* a value with a control character, blank or quote is refused */
};

/* Where values come from, and what they may hold. */
struct template_values {
    enum template_format format;
    template_lookup_fn lookup;
    const void *context; /* handed to lookup */
};

/* Expands into the arena. `mark` is where the text stands, for the message. */
NODISCARD struct error *template_expand(struct arena *arena, const struct template_values *values, const char *text,
                                        struct mark mark, const char **out);
/*
 * Calls `visit` for each name in the text, with the byte offset of its `${`. Stops at the first error, which is either
 * the visitor's or bad syntax (an unclosed `${`, a lone `$`).
 */
typedef struct error *(*template_visit_fn)(void *context, const char *name, int offset);
NODISCARD struct error *template_names(const char *text, struct mark mark, template_visit_fn visit, void *context);

#endif
