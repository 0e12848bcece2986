#ifndef TESTS_PICK_GENERATE_H
#define TESTS_PICK_GENERATE_H

/*
 * Made-up cherry-picks: what was, what the commits made of it, and what the branch did meanwhile. The same seed and number
 * give the same case.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILES_MOST 64
#define COMMITS_MOST 3
#define KIND_COUNT 25

struct arena;

struct made_file {
    const char *path;
    const char *mode; /* as git writes it: "100644", "100755", "120000", "160000" */
    const char *bytes;
    size_t size;
};

struct made_tree {
    struct made_file files[FILES_MOST];
    int count;
};

enum made_history {
    HISTORY_SIMPLE, /* branch and commits begin at one commit */
    HISTORY_CRISS_CROSS,
    HISTORY_MERGE_1, /* the commit is a merge; what was is its first parent */
    HISTORY_MERGE_2,
};

struct made_case {
    const char *kind;
    enum made_history history;
    struct made_tree base;
    struct made_tree branch;
    struct made_tree commits[COMMITS_MOST]; /* one behind the other */
    int commit_count;
};

const char *made_kind(int kind);
/* `number` from 0; its kind is number % KIND_COUNT. */
struct made_case *make_case(struct arena *arena, uint64_t seed, int number);

#endif
