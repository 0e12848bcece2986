#ifndef ENGINE_SPEC_SCALAR_H
#define ENGINE_SPEC_SCALAR_H

/* What YAML 1.2's core schema says about text without quotes, and what is ours alone: times and ranges. */

#include <stdbool.h>
#include <stdint.h>

enum scalar_type {
    SCALAR_TEXT,
    SCALAR_NULL,
    SCALAR_BOOL,
    SCALAR_INT,
    SCALAR_FLOAT,
    SCALAR_OTHER_NUMBER, /* hexadecimal, octal, infinity, not a number */
};

enum scalar_type scalar_type(const char *text);
/* "number", "boolean"; NULL: text. */
const char *scalar_type_words(const char *text);
/* yes, no, on, off, y, n: booleans for readers of YAML 1.1, text for those of 1.2. */
bool scalar_is_ambiguous(const char *text);
/* A number that JSON writes in the same way: no '+', no leading 0, digits on both sides of a point. */
bool scalar_is_json_number(const char *text);

/* "09:00", "24:00" -> minutes of a day. */
bool scalar_clock(const char *text, int *out_minutes);
/* "2026-12-19" (midnight UTC), "2026-12-19T18:00Z", "2026-12-19T18:00:30+01:00" -> wall clock milliseconds. */
bool scalar_time(const char *text, int64_t *out_wall_ms);
/* "43", "41-43" -> both ends; not negative, the first not above the last. */
bool scalar_range(const char *text, int64_t *out_first, int64_t *out_last);

#endif
