#ifndef ENGINE_SPEC_WORDING_H
#define ENGINE_SPEC_WORDING_H

/* How messages name what was found, and what was probably meant. Safe for a terminal, whatever the file holds. */

#include <stddef.h>

struct arena;
struct node;

/* 'text', cut to 40 characters, control characters as '?'. */
const char *wording_quote(struct arena *arena, const char *text);
/* "a list", "a mapping", "empty", or the quoted text. */
const char *wording_found(struct arena *arena, const struct node *node);
/* As text_nearest, but bounded: long words and long lists have no suggestion. NULL words are skipped. */
const char *wording_nearest(struct arena *arena, const char *typed, const char *const *words, size_t count);
/* "did you mean 'a'?"; else "<lead>: a, b, c", or NULL when `lead` is NULL or there are no words. */
const char *wording_hint(struct arena *arena, const char *typed, const char *const *words, size_t count,
                         const char *lead);
/* "a, b, c", without the NULL words; NULL when there are none. A long list ends with "and 7 more". */
const char *wording_list(struct arena *arena, const char *const *words, size_t count);

#endif
