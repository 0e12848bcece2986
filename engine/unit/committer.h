#ifndef ENGINE_UNIT_COMMITTER_H
#define ENGINE_UNIT_COMMITTER_H

/* Who commits here, as git is set up: the repository's configuration, else the person's. */

#include "base/error.h"
#include "unit/pick.h"

/* At that time, in UTC. ERR_REPOSITORY with the command that helps when git does not know a name and an address. */
NODISCARD struct error *committer_read(struct arena *arena, const char *repository, int64_t at_s,
                                       struct pick_person *out);

#endif
