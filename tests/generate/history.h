#ifndef TESTS_GENERATE_HISTORY_H
#define TESTS_GENERATE_HISTORY_H

/*
 * A record of many releases, for tests and benchmarks of what looks back at them. Every row is appended as the engine
 * appends it, so that the chain and all tables are right; only the syncs are left out. The same number gives the same rows.
 *
 * Three environments; of 100 releases some 90 succeed, one to five each end otherwise, four are hotfixes, one is a
 * rollback. The last one ended at HISTORY_UNTIL_MS, the first began up to ten years before.
 */

#include <stdint.h>

#include "base/error.h"

#define HISTORY_UNTIL_MS INT64_C(1793491200000) /* 2026-11-01T00:00:00Z */

/* `directory` becomes a state directory; it must not hold a record yet. */
NODISCARD struct error *history_generate(const char *directory, int64_t releases);

#endif
