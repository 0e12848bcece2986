#ifndef ENGINE_BASE_TEXT_H
#define ENGINE_BASE_TEXT_H

/*
 * Small pure helpers over text: comparing, counting, and the units that people write (durations, shares).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct strbuf;

#define SHARE_ALL 10000 /* basis points: all of the new traffic */

bool text_is(const char *a, const char *b); /* NULL is equal to NULL only */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
/* Matches `pattern` with '*' for any run of characters (also '/'). */
bool text_glob(const char *pattern, const char *text);

/* A path of a URL, with its query, in which nothing has a meaning of its own for a front door's configuration. */
bool text_is_plain_url(const char *text);

/* "90s", "10m", "1h30m", "250ms", "3d" -> milliseconds. False: not a duration or past 10 years. */
bool duration_parse(const char *text, int64_t *out_ms);
/* The shortest exact form: 90000 -> "1m30s". */
const char *duration_text(struct arena *arena, int64_t ms);
/* "5%", "12.25%" -> basis points (0..10000). */
bool share_parse(const char *text, int *out_basis_points);
const char *share_text(struct arena *arena, int basis_points);

/*
 * The candidate nearest to `typed` by git's weights for mistyped words (swap 0, substitute 2, insert 1, delete 4;
 * floor 7, see git's help.autocorrect), or NULL when none is near. `candidates` ends with NULL.
 */
const char *text_nearest(const char *typed, const char *const *candidates);

/* A program's word as people read it: "rolled_back" -> "rolled back". */
const char *text_spaced(struct arena *arena, const char *word);
/* Columns that a terminal needs for the UTF-8 text (wcwidth); bytes that are no UTF-8 count 1. */
int text_columns(const char *text);
bool text_is_utf8(const char *text);
/* Copies outside text, dropping control characters and ANSI sequences; keeps newline and tab. */
void text_clean(struct strbuf *out, const char *text, size_t length);

#endif
