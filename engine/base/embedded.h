#ifndef ENGINE_BASE_EMBEDDED_H
#define ENGINE_BASE_EMBEDDED_H

/*
 * Files of the source tree that are built into the program: state/ (SQL) and templates/. The table is made by
 * tests/tools/embed and sorted by path, so numbered migrations come in their order.
 */

#include <stddef.h>

struct embedded {
    const char *path;  /* as in the source tree: "state/schema/0001_record.sql" */
    const char *bytes; /* NUL behind the last byte; lives for ever */
    size_t size;       /* without that NUL */
};

/* All of them; generated. `embedded_count` leaves out the empty row at the end. */
extern const struct embedded embedded_files[];
extern const size_t embedded_count;

/* NULL when there is no such file. */
const struct embedded *embedded_find(const char *path);
/* The next file after `after` (NULL: the first) whose path starts with `prefix`; NULL at the end. */
const struct embedded *embedded_next(const char *prefix, const struct embedded *after);

#endif
