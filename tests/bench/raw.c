#include "bench/raw.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "bench/bench.h"

#define ROW_BYTES 300

struct raw {
    sqlite3 *db;
    sqlite3_stmt *insert;
    char body[ROW_BYTES];
};

static void must(sqlite3 *db, int code)
{
    if (code != SQLITE_OK && code != SQLITE_DONE)
        bench_fail("sqlite: %s", sqlite3_errmsg(db));
}

struct raw *raw_open(const char *directory)
{
    char *path CLEANUP(heap_cleanup) = heap_printf("%s/raw.db", directory);
    struct raw *raw = heap_alloc(sizeof(*raw));

    memset(raw->body, 'x', sizeof(raw->body));
    must(NULL, sqlite3_open(path, &raw->db));
    must(raw->db, sqlite3_exec(raw->db,
                               "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                               "CREATE TABLE row (seq INTEGER PRIMARY KEY, body TEXT)",
                               NULL, NULL, NULL));
    must(raw->db, sqlite3_prepare_v2(raw->db, "INSERT INTO row (body) VALUES (?1)", -1, &raw->insert, NULL));
    must(raw->db, sqlite3_bind_text(raw->insert, 1, raw->body, sizeof(raw->body), SQLITE_STATIC));
    return raw;
}

void raw_commit(struct raw *raw)
{
    must(raw->db, sqlite3_step(raw->insert));
    must(raw->db, sqlite3_reset(raw->insert));
}

void raw_close(struct raw *raw)
{
    sqlite3_finalize(raw->insert);
    sqlite3_close(raw->db);
    free(raw);
}
