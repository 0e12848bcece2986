#ifndef ENGINE_UNIT_ARTIFACT_H
#define ENGINE_UNIT_ARTIFACT_H

/* What a build left behind: each named artifact must be there, as a regular file or a directory, inside `out`. */

#include <jansson.h>

#include "base/error.h"

/*
 * For each of `names` (paths relative to `out`): {"name", "bytes", "sha256"}. A directory's digest is over its sorted
 * entries' paths, modes and digests. A symlink that leaves `out` is refused. Blocks. New reference.
 */
NODISCARD struct error *artifact_collect(const char *out, const json_t *names, json_t **result);

#endif
