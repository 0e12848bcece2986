#ifndef ENGINE_SPEC_YAML_TREE_H
#define ENGINE_SPEC_YAML_TREE_H

/*
 * YAML bytes -> a located tree in an arena. The only file pair that knows libyaml's parser.
 *
 * The tree is made of events, never of libyaml's documents, because those keep duplicate keys and let an alias hold
 * itself. What could hurt a reader is refused here: tags, merge keys, keys that are no words, duplicate keys, aliases to
 * an open ancestor, a second document, and more than the limits below. An alias is the node it names, so the tree may
 * share nodes; `weight` and `bytes` count as if all were written out, which bounds every walk.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct diagnostics;

#define YAML_TREE_BYTES (1024 * 1024)
#define YAML_TREE_DEPTH 64
#define YAML_TREE_NODES 100000
#define YAML_TREE_ALIASES 1000

enum node_kind {
    NODE_TEXT,
    NODE_LIST,
    NODE_MAP,
    NODE_BROKEN, /* was wrong and has been reported; readers keep silent about it */
};

struct pair;

struct node {
    enum node_kind kind;
    bool plain;       /* text without quotes: may be meant as a number, true, false or nothing */
    bool closed;      /* its end was seen; an alias to an open node would hold itself */
    uint8_t height;   /* levels below it, its own included */
    int width;        /* characters on its first line, at least 1: for the caret */
    struct mark mark; /* where it begins, behind any anchor */
    uint32_t count;   /* bytes of text, elements, or pairs */
    uint32_t weight;  /* nodes in it, itself included, aliases written out */
    uint32_t bytes;   /* of the texts in it, aliases written out */
    uint32_t hash;    /* of the text */
    uint32_t begin;   /* text: its bytes in the file, quotes included */
    uint32_t end;
    union {
        const char *text; /* NUL-terminated, no NUL inside */
        struct node **items;
        struct pair *pairs;
    };
};

struct pair {
    struct node *key; /* NODE_TEXT, or NODE_BROKEN */
    struct node *value;
};

struct yaml_tree {
    const char *file;
    const char *bytes; /* without a byte order mark */
    size_t length;
    struct node *root; /* NULL: not YAML, too large, or empty; reported */
};

/* Reads the bytes (borrowed for the arena's life). Problems go to the list; the rest of the tree is still usable. */
void yaml_tree_parse(struct arena *arena, const char *file, const char *bytes, size_t length,
                     struct diagnostics *problems, struct yaml_tree *out);

/* The value of a key of a mapping; NULL when there is none, or when `map` is no mapping. */
const struct node *node_find(const struct node *map, const char *key);

/* Nothing was written: `key:`, `key: ~` or `key: null`. */
bool node_is_empty(const struct node *node);

/* Leads from the dollars of a text node's value to those of the file; the offsets asked for go up. */
struct node_cursor {
    const struct yaml_tree *tree;
    const struct node *node;
    size_t value_at;
    size_t file_at;
    struct mark next; /* of file_at */
    bool lost;        /* the file has other dollars than the value */
};

void node_cursor_init(struct node_cursor *cursor, const struct yaml_tree *tree, const struct node *node);
/* Where the dollar at byte `offset` of the value stands in the file; the node's own place when that is not known. */
struct mark node_cursor_mark(struct node_cursor *cursor, size_t offset);

#endif
