#ifndef ENGINE_SPEC_FIELDS_H
#define ENGINE_SPEC_FIELDS_H

/*
 * The one table of the language. Each key has one row; the binder, the messages, `penstock explain`, the JSON Schema
 * and the reference page are printed or driven from the rows, so they cannot tell different stories.
 *
 * Rows are constants in fields_*.c. A row says where its value goes by offset in the struct
 * of its table. Offset 0 is never a count, a mark or a `given`, so 0 there means "has none".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spec/explain.h"

struct bind;
struct field;
struct node;
struct table;

enum field_type {
    FIELD_TEXT,     /* const char *; see enum text_form */
    FIELD_WORD,     /* int-sized enum or number; one of `words` */
    FIELD_BOOL,     /* bool */
    FIELD_INT,      /* int, min..max */
    FIELD_INT64,    /* int64_t, min..max */
    FIELD_DURATION, /* int64_t milliseconds, min..max */
    FIELD_SHARE,    /* int basis points, min..max */
    FIELD_CLOCK,    /* int minutes of a day, min..max: "09:00", "24:00" */
    FIELD_TIME,     /* int64_t wall clock milliseconds: a date, or a time with its zone */
    FIELD_RANGE,    /* struct range: "43", "41-43" */
    FIELD_TEXTS,    /* struct text_list, min..max elements, each of `form` */
    FIELD_FLAGS,    /* a list of `words`; each sets the bool at the offset that is its value */
    FIELD_JSON,     /* const char *: any YAML value as compact JSON */
    FIELD_BLOCK,    /* a mapping, bound by `sub` into the struct that begins at offset */
    FIELD_LIST,     /* a list of such mappings: pointer at offset, count at count_offset */
    FIELD_NAMED,    /* a mapping from names to such mappings */
    FIELD_KINDS,    /* a list whose elements are a word, or a mapping with one key, of `kinds` */
    FIELD_IGNORED,  /* for other readers */
};

/* What a text must look like. Each form has its check, words and pattern in forms.c. */
enum text_form {
    FORM_ANY,       /* not empty; an unquoted number is taken as it is written */
    FORM_ARGUMENT,  /* any text, also empty; an unquoted number is taken as it is written */
    FORM_NAME,      /* letters, digits, '-', '_', '.'; 63 at most */
    FORM_PERSON,    /* a login name or mail address */
    FORM_VARIABLE,  /* an environment variable's name */
    FORM_FILE,      /* a path */
    FORM_ABSOLUTE,  /* a path that begins with '/' */
    FORM_BELOW,     /* a relative path without '..' */
    FORM_HTTP_PATH, /* begins with '/' */
    FORM_DOOR_PATH, /* begins with '/', and the front door can be told it */
    FORM_URL,       /* http:// or https:// */
    FORM_BIND,      /* ip:port */
    FORM_JSON_PATH, /* $.a.b[0].c */
    FORM_METRIC,    /* name{label="value"} */
    FORM_SQL,       /* select ... */
    FORM_MAIL,      /* somebody@somewhere */
    FORM_BRANCH,    /* a branch, without refs/heads/ */
    FORM_BRANCHES,  /* the same, with '*' for any characters */
    FORM_ZONE,      /* a name of the zone data */
    FORM_COUNT_,
};

/* Which `${names}` have a value where the field is used. Each scope includes those above it. */
enum template_scope {
    SCOPE_NONE,     /* `${` is refused: it would stay as it is */
    SCOPE_LITERAL,  /* `${` is ordinary text */
    SCOPE_RELEASE,  /* project, environment, release.*, unit.* */
    SCOPE_STAMP,    /* and stamp.* */
    SCOPE_INSTANCE, /* and instance.* */
};

struct word {
    const char *text;
    int value;
    const char *doc;
};

struct kind {
    const char *text;
    int value;
    const struct table *table;
};

struct field {
    const char *name;
    enum field_type type;
    enum text_form form;
    enum template_scope scope;
    bool required;
    bool unique;    /* texts: no element twice */
    bool one_of;    /* one of the keys of which the table wants one */
    bool only_here; /* words: others may come in later versions */
    int choice;     /* one_of: what is stored at the table's choice_offset */
    int64_t min;
    int64_t max; /* numbers have one; for the others 0 is no limit */
    size_t offset;
    size_t count_offset;
    size_t mark_offset;         /* of the value's struct mark */
    size_t given_offset;        /* of a bool that says the key is there */
    const char *fallback;       /* the default as it would be written; NULL: absent stays absent */
    const char *fallback_words; /* the default in words, when it is not one value */
    const struct word *words;   /* ends with a NULL text */
    const struct kind *kinds;   /* ends with a NULL text, whose value stands for "none of them" */
    const struct table *sub;
    const char *doc;     /* one line, lower case, no full stop */
    const char *more;    /* further sentences; may be NULL */
    const char *example; /* YAML of the value; may be NULL */
};

enum one_of_rule { ONE_OF_NONE, ONE_OF_EXACTLY, ONE_OF_AT_MOST };

struct table {
    const char *what; /* for messages, with its article: "a shift step" */
    const char *doc;
    const struct field *fields;
    size_t field_count;
    size_t size; /* of one element, for FIELD_LIST, FIELD_NAMED and FIELD_KINDS */
    size_t mark_offset;
    size_t name_offset; /* FIELD_NAMED: of the const char * name, which is never wanted at 0 by others */
    enum text_form name_form;
    enum one_of_rule one_of;
    bool stores_choice;
    size_t choice_offset;
    const struct field *shorthand; /* a value that is no mapping is taken as this field */
    /* After the fields: what one row cannot say. `node` may be a shorthand. Not called for defaults. */
    void (*after)(struct bind *bind, const struct node *node, void *object);
};

#define FIELDS(array) .fields = (array), .field_count = sizeof(array) / sizeof((array)[0])

extern const struct table pipeline_table;
extern const struct table project_table;

const struct table *fields_document(enum spec_document document);
const struct field *fields_find(const struct table *table, const char *name);
const struct word *fields_word(const struct word *words, const char *text);
/* Whether `{}` is accepted. */
bool fields_may_be_empty(const struct table *table);
/* The names a `${name}` may have in the scope; ends with NULL. */
const char *const *fields_template_names(enum template_scope scope);

/* What a form accepts. */
bool form_accepts(enum text_form form, const char *text);
const char *form_words(enum text_form form);   /* "a path that begins with '/'" */
const char *form_pattern(enum text_form form); /* ECMA 262, for the JSON Schema; NULL = any */
bool form_takes_numbers(enum text_form form);

#endif
