#ifndef ENGINE_SPEC_BIND_H
#define ENGINE_SPEC_BIND_H

/* The generic binder: walks a located tree along a table, fills the structs, adds every problem. */

#include <stdbool.h>

#include "base/error.h"

struct arena;
struct diagnostic;
struct diagnostics;
struct field;
struct node;
struct strbuf;
struct table;
struct yaml_tree;

/* The way from the top of the file, for "see: penstock explain". On the caller's stack. */
struct place {
    const struct place *up;
    const char *name;
};

/* How a message names a value: 'name', or "an element of 'name'". */
struct label {
    const char *name;
    bool element;
    bool or_mapping; /* a mapping would have done as well */
};

struct bind {
    struct arena *arena; /* of the structs */
    struct arena *words; /* of the messages, which may live longer */
    struct diagnostics *problems;
    const struct yaml_tree *tree;
    const struct place *place; /* of what is being bound */
};

/* Fills `object`, which is zeroed, from the file's top node. Defaults are filled in also when there are problems. */
void bind_document(struct bind *bind, const struct table *table, void *object);

/* A problem at a node; the list's `see` is the current place. */
struct diagnostic *bind_report(struct bind *bind, const struct node *node, const char *format, ...) PRINTF_LIKE(3, 4);
/* "'name' is <found>; expected <expected>" */
struct diagnostic *bind_expected(struct bind *bind, struct label label, const struct node *node, const char *expected);
const char *bind_label(struct bind *bind, struct label label);

/* bind_value.c: the types without `sub`; `at` is the field's own storage. */
void bind_value(struct bind *bind, const struct field *field, struct label label, const struct node *node, void *at);
void bind_word(struct bind *bind, const struct field *field, struct label label, const struct node *node, int *out);
/* The field's default, written into its storage. */
void bind_fallback(struct bind *bind, const struct field *field, void *at);

/* bind_list.c: lists of texts and of flags. */
void bind_texts(struct bind *bind, const struct field *field, struct label label, const struct node *node, void *at);
void bind_flags(struct bind *bind, const struct field *field, struct label label, const struct node *node,
                char *object);
void bind_text(struct bind *bind, const struct field *field, struct label label, const struct node *node,
               const char **out);

/* bind_json.c: compact JSON of any tree. False: a value that two readers would read differently; reported. */
bool bind_json(struct bind *bind, const struct node *node, struct strbuf *out);

/* bind_template.c: reports each `${name}` without a value in the field's scope, at its `$`. */
void bind_template(struct bind *bind, const struct field *field, const struct node *node);

#endif
