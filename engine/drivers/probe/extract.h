#ifndef ENGINE_DRIVERS_PROBE_EXTRACT_H
#define ENGINE_DRIVERS_PROBE_EXTRACT_H

/*
 * One number out of a reply's body. Anything but exactly one finite number of at least 0 is unknown, with a reason:
 * an unknown that read as zero would let a server be destroyed with rooms on it. Pure; bodies are outside input.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct arena;

enum extract_kind {
    EXTRACT_JSON,   /* "$.a.b": a path to a number */
    EXTRACT_COUNT,  /* "$.rooms": the length of the array there */
    EXTRACT_METRIC, /* `name` or `name{label="x"}` in a Prometheus text page: the one series that fits */
    EXTRACT_SQL,    /* a SELECT with one scalar; the body is bound as :body */
};

/* What is taken out of a body. */
struct extract {
    enum extract_kind kind;
    const char *expression;
};

bool extract_kind_parse(const char *text, enum extract_kind *out);

/* True: *out is the number. False: *why says what was wrong, in the arena. */
bool extract_number(struct arena *arena, const struct extract *extract, const char *body, size_t length, double *out,
                    const char **why);
/* A text or whole number at a JSON path, as text: who answered. NULL: not told. */
const char *extract_identity(struct arena *arena, const char *path, const char *body, size_t length);

/* Refuses an expression that can never give a number, before a release starts. */
NODISCARD struct error *extract_check(const struct extract *extract);

#endif
