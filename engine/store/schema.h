#ifndef ENGINE_STORE_SCHEMA_H
#define ENGINE_STORE_SCHEMA_H

/*
 * The schema of the record: numbered files in state/schema/, applied forward only. PRAGMA user_version is the number
 * of the last one.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct record;

#define SCHEMA_APPLICATION 0x50454e53 /* 'PENS' */

struct migration {
    int version; /* from 1, without gaps */
    const char *sql;
};

/* Those that are built in; *count of them. They live for ever. */
const struct migration *schema_migrations(size_t *count);
/*
 * Brings the file to the last migration, in one transaction; a file that has something in it is copied first, to
 * "<path>.schema-<old version>". Refuses a foreign file and a newer schema. For a writer that holds the write lock.
 */
NODISCARD struct error *schema_migrate(struct record *record, const struct migration *migrations, size_t count);
/* Only looks: refuses a foreign file and a schema that is newer than `count`. An empty file is fine. */
NODISCARD struct error *schema_check_ours(struct record *record, size_t count);
/* Only looks: the file is one of ours and of exactly this schema. *empty: nothing is in it yet. */
NODISCARD struct error *schema_check(struct record *record, size_t count, bool *empty);

#endif
