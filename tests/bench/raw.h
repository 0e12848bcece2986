#ifndef TESTS_BENCH_RAW_H
#define TESTS_BENCH_RAW_H

/* A table of a bare SQLite, with the record's journal mode and synchronous setting: the floor of whatever is durable. */

struct raw;

struct raw *raw_open(const char *directory);
void raw_commit(struct raw *raw); /* one row of 300 bytes, synced */
void raw_close(struct raw *raw);

#endif
