#ifndef ENGINE_SPEC_NAMES_H
#define ENGINE_SPEC_NAMES_H

/* An index over names, so that files with many of them are checked without comparing each with each. */

#include <stddef.h>

struct arena;

struct names {
    const char **words; /* in the order of the file */
    struct name_slot *slots;
    size_t mask;
};

/* `words` are borrowed; a NULL word is skipped. */
void names_build(struct arena *arena, const char **words, size_t count, struct names *out);
/* The first place of the name in the file, or -1. */
int names_find(const struct names *names, const char *name);

#endif
