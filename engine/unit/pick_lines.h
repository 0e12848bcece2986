#ifndef ENGINE_UNIT_PICK_LINES_H
#define ENGINE_UNIT_PICK_LINES_H

/* Lines merged by the histogram way of comparing, which git merges by and libgit2 does not offer. Pure. */

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

struct pick_text {
    const char *bytes;
    size_t size;
};

/* False: the changes touch each other, or the lines repeat so often that git would compare them in another way. */
bool pick_lines_merge(const struct pick_text *base, const struct pick_text *ours, const struct pick_text *theirs,
                      struct strbuf *out);

#endif
