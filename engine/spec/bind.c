#include "spec/bind.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "spec/diagnostics.h"
#include "spec/fields.h"
#include "spec/pipeline.h"
#include "spec/wording.h"
#include "spec/yaml_tree.h"

static void bind_table(struct bind *bind, const struct table *table, struct label label, const struct node *node,
                       char *object);

static void write_place(const struct place *place, struct strbuf *out)
{
    if (place->up != NULL)
        write_place(place->up, out);
    if (out->length > 0)
        strbuf_char(out, '.');
    strbuf_text(out, place->name);
}

struct diagnostic *bind_report(struct bind *bind, const struct node *node, const char *format, ...)
{
    struct strbuf see CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct diagnostic *own = NULL;
    char text[400];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    own = diagnostics_add(bind->problems, ERR_SPEC_INVALID, node->mark, "%s", text);
    own->width = node->width;
    if (bind->place != NULL)
        write_place(bind->place, &see);
    if (see.length > 0)
        own->see = arena_text(bind->words, strbuf_view(&see));
    return own;
}

const char *bind_label(struct bind *bind, struct label label)
{
    const char *quoted = label.name == NULL ? "the file" : wording_quote(bind->words, label.name);

    return label.element ? arena_printf(bind->words, "an element of %s", quoted) : quoted;
}

struct diagnostic *bind_expected(struct bind *bind, struct label label, const struct node *node, const char *expected)
{
    return bind_report(bind, node, "%s is %s; expected %s%s", bind_label(bind, label), wording_found(bind->words, node),
                       expected, label.or_mapping ? ", or a mapping" : "");
}

static void bind_defaults(struct bind *bind, const struct table *table, char *object, uint64_t seen)
{
    for (size_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];

        if (seen & (UINT64_C(1) << i))
            continue;
        if (field->type == FIELD_BLOCK)
            bind_defaults(bind, field->sub, object + field->offset, 0);
        else if (field->fallback != NULL)
            bind_fallback(bind, field, object + field->offset);
    }
}

static void set_count(char *object, const struct field *field, uint32_t count)
{
    int number = (int)count;

    memcpy(object + field->count_offset, &number, sizeof(number));
}

static bool check_count(struct bind *bind, const struct field *field, const struct node *node)
{
    if ((int64_t)node->count < field->min)
        bind_report(bind, node, "'%s' is empty; expected at least %lld", field->name, (long long)field->min);
    else if (field->max > 0 && (int64_t)node->count > field->max)
        bind_report(bind, node, "'%s' has %u elements; expected at most %lld", field->name, node->count,
                    (long long)field->max);
    else
        return true;
    return false;
}

/* Storage for the elements; the pointer to it and the count go into the object. */
static char *make_elements(struct bind *bind, const struct field *field, const struct table *table,
                           const struct node *node, char *object)
{
    char *elements = node->count == 0 ? NULL : arena_array(bind->arena, node->count, table->size);

    check_count(bind, field, node);
    memcpy(object + field->offset, &elements, sizeof(elements));
    set_count(object, field, node->count);
    return elements;
}

static void bind_list(struct bind *bind, const struct field *field, const struct node *node, char *object)
{
    struct label label = {.name = field->name, .element = true};
    char *elements = NULL;

    if (node->kind != NODE_LIST) {
        bind_expected(bind, (struct label){.name = field->name}, node, "a list");
        return;
    }
    elements = make_elements(bind, field, field->sub, node, object);
    for (uint32_t i = 0; i < node->count && !diagnostics_enough(bind->problems); i++)
        bind_table(bind, field->sub, label, node->items[i], elements + i * field->sub->size);
}

static void bind_named(struct bind *bind, const struct field *field, const struct node *node, char *object)
{
    const struct table *sub = field->sub;
    char *elements = NULL;

    if (node->kind != NODE_MAP) {
        bind_expected(bind, (struct label){.name = field->name}, node, "a mapping from names");
        return;
    }
    elements = make_elements(bind, field, sub, node, object);
    for (uint32_t i = 0; i < node->count && !diagnostics_enough(bind->problems); i++) {
        const struct node *key = node->pairs[i].key;
        char *element = elements + i * sub->size;
        const char *name = key->kind == NODE_TEXT ? key->text : "?";

        memcpy(element + sub->name_offset, &name, sizeof(name));
        if (key->kind == NODE_TEXT && !form_accepts(sub->name_form, name))
            bind_report(bind, key, "the name %s in '%s' is wrong; expected %s", wording_quote(bind->words, name),
                        field->name, form_words(sub->name_form));
        bind_table(bind, sub, (struct label){.name = name}, node->pairs[i].value, element);
        /* The name is the better place for an element as a whole. */
        memcpy(element + sub->mark_offset, &key->mark, sizeof(key->mark));
    }
}

/* The kind, or the last row, which is none. */
static const struct kind *find_kind(const struct kind *kinds, const char *text)
{
    for (; kinds->text != NULL; kinds++)
        if (text != NULL && strcmp(kinds->text, text) == 0)
            break;
    return kinds;
}

static void report_kind(struct bind *bind, const struct field *field, const struct node *node)
{
    const char *words[32];
    size_t count = 0;
    struct diagnostic *own = NULL;

    for (; count < 32 && field->kinds[count].text != NULL; count++)
        words[count] = field->kinds[count].text;
    own = bind_report(bind, node, "the stage %s is not there in this version; it has: %s",
                      wording_quote(bind->words, node->text), wording_list(bind->words, words, count));
    own->hint = wording_hint(bind->words, node->text, words, count, NULL);
}

struct kind_entry {
    const struct node *word;
    const struct node *value; /* NULL: everything has its default */
};

/* The key and the value of `- kind: {...}`, or the word of `- kind`. False: reported. */
static bool split_kind(struct bind *bind, const struct field *field, const struct node *node, struct kind_entry *out)
{
    struct label label = {.name = field->name, .element = true};

    *out = (struct kind_entry){NULL, NULL};
    if (node->kind == NODE_TEXT && !node_is_empty(node)) {
        out->word = node;
        return true;
    }
    if (node->kind != NODE_MAP || node->count == 0) {
        if (node->kind != NODE_BROKEN)
            bind_expected(bind, label, node, "the name of a kind, or a mapping with one kind as its key");
        return false;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const struct node *key = node->pairs[i].key;

        if (key->kind != NODE_TEXT || strncmp(key->text, "x-", 2) == 0)
            continue;
        if (out->word != NULL) {
            struct diagnostic *own = bind_report(bind, key, "%s has a second key, %s; expected one kind",
                                                 bind_label(bind, label), wording_quote(bind->words, key->text));

            if (find_kind(field->kinds, key->text)->text == NULL)
                own->hint = arena_printf(bind->words, "indent it, so that it stands below %s",
                                         wording_quote(bind->words, out->word->text));
            else
                own->hint = "begin each stage with a '-' of its own";
            break;
        }
        out->word = key;
        out->value = node_is_empty(node->pairs[i].value) ? NULL : node->pairs[i].value;
    }
    return out->word != NULL;
}

static void bind_kind(struct bind *bind, const struct field *field, const struct node *node, char *element)
{
    const struct table *head = field->kinds[0].table; /* the tables of all kinds fill the same struct */
    struct kind_entry entry;
    bool split = split_kind(bind, field, node, &entry);
    const struct kind *kind = find_kind(field->kinds, split ? entry.word->text : NULL);
    const struct mark *mark = split ? &entry.word->mark : &node->mark;

    memcpy(element + head->choice_offset, &kind->value, sizeof(kind->value));
    memcpy(element + head->mark_offset, mark, sizeof(*mark));
    if (split && kind->text == NULL)
        report_kind(bind, field, entry.word);
    if (kind->text == NULL)
        return;
    struct bind below = *bind;
    struct place place = {bind->place, kind->text};
    below.place = &place;
    bind_table(&below, kind->table, (struct label){.name = kind->text}, entry.value, element);
    memcpy(element + head->mark_offset, mark, sizeof(*mark));
}

static void bind_kinds(struct bind *bind, const struct field *field, const struct node *node, char *object)
{
    const struct table *head = field->kinds[0].table;
    char *elements = NULL;

    if (node->kind != NODE_LIST) {
        bind_expected(bind, (struct label){.name = field->name}, node, "a list");
        return;
    }
    elements = make_elements(bind, field, head, node, object);
    for (uint32_t i = 0; i < node->count && !diagnostics_enough(bind->problems); i++)
        bind_kind(bind, field, node->items[i], elements + i * head->size);
}

static void bind_field(struct bind *bind, const struct field *field, const struct node *key, const struct node *value,
                       char *object)
{
    struct place place = {bind->place, field->name};
    /* What is absent has no place of its own: the caret goes to the key. */
    const struct node *node = node_is_empty(value) && value->count == 0 ? key : value;
    struct node empty = {.kind = NODE_TEXT, .plain = true, .text = "", .mark = node->mark, .width = node->width};
    char *at = object + field->offset;

    bind->place = &place;
    if (node == key)
        value = &empty;
    if (field->mark_offset != 0)
        memcpy(object + field->mark_offset, &value->mark, sizeof(value->mark));
    if (field->given_offset != 0)
        object[field->given_offset] = true;
    if (value->kind == NODE_BROKEN)
        ;
    else if (field->type == FIELD_BLOCK)
        bind_table(bind, field->sub, (struct label){.name = field->name}, value, at);
    else if (field->type == FIELD_LIST)
        bind_list(bind, field, value, object);
    else if (field->type == FIELD_NAMED)
        bind_named(bind, field, value, object);
    else if (field->type == FIELD_KINDS)
        bind_kinds(bind, field, value, object);
    else if (field->type == FIELD_FLAGS)
        bind_flags(bind, field, (struct label){.name = field->name}, value, object);
    else
        bind_value(bind, field, (struct label){.name = field->name}, value, at);
    bind->place = place.up;
}

/* Returns the field that was probably meant, or NULL. */
static const struct field *report_unknown_key(struct bind *bind, const struct table *table, const struct node *key)
{
    const char *words[64];
    const char *near = NULL;
    struct diagnostic *own = NULL;

    for (size_t i = 0; i < table->field_count; i++)
        words[i] = table->fields[i].type == FIELD_IGNORED ? NULL : table->fields[i].name;
    own = bind_report(bind, key, "unknown key %s in %s", wording_quote(bind->words, key->text), table->what);
    own->hint = wording_hint(bind->words, key->text, words, table->field_count, "the keys here are");
    near = wording_nearest(bind->words, key->text, words, table->field_count);
    return near == NULL ? NULL : fields_find(table, near);
}

static const char *one_of_names(struct bind *bind, const struct table *table)
{
    const char *words[64];
    size_t count = 0;

    for (size_t i = 0; i < table->field_count; i++)
        if (table->fields[i].one_of)
            words[count++] = table->fields[i].name;
    return wording_list(bind->words, words, count);
}

static void store_choice(const struct table *table, const struct field *field, char *object)
{
    if (table->stores_choice && table->one_of != ONE_OF_NONE)
        memcpy(object + table->choice_offset, &field->choice, sizeof(field->choice));
}

static void check_missing(struct bind *bind, const struct table *table, const struct node *node, uint64_t seen)
{
    bool one = false;

    for (size_t i = 0; i < table->field_count; i++)
        if (table->fields[i].required && !(seen & (UINT64_C(1) << i)))
            bind_report(bind, node, "the key '%s' is missing in %s", table->fields[i].name, table->what)->width = 1;
    for (size_t i = 0; i < table->field_count; i++)
        if (table->fields[i].one_of && (seen & (UINT64_C(1) << i)))
            one = true;
    if (!one && table->one_of == ONE_OF_EXACTLY)
        bind_report(bind, node, "%s has none of the keys: %s; expected one of them", table->what,
                    one_of_names(bind, table))
            ->width = 1;
}

static void bind_pairs(struct bind *bind, const struct table *table, const struct node *node, char *object)
{
    const struct field *chosen = NULL;
    uint64_t seen = 0;
    uint64_t meant = 0; /* and mistyped: saying that they are missing would be saying it twice */

    for (uint32_t i = 0; i < node->count && !diagnostics_enough(bind->problems); i++) {
        const struct node *key = node->pairs[i].key;
        const struct field *field = NULL;

        if (key->kind != NODE_TEXT || strncmp(key->text, "x-", 2) == 0)
            continue;
        field = fields_find(table, key->text);
        if (field == NULL) {
            field = report_unknown_key(bind, table, key);
            meant |= field == NULL ? 0 : UINT64_C(1) << (field - table->fields);
            continue;
        }
        seen |= UINT64_C(1) << (field - table->fields);
        if (field->one_of && chosen != NULL) {
            bind_report(bind, key, "%s has '%s' and '%s'; expected one of them", table->what, chosen->name, field->name)
                ->hint = arena_printf(bind->words, "exactly one of: %s", one_of_names(bind, table));
        } else if (field->one_of) {
            chosen = field;
            store_choice(table, field, object);
        }
        bind_field(bind, field, key, node->pairs[i].value, object);
    }
    bind_defaults(bind, table, object, seen);
    check_missing(bind, table, node, seen | meant);
}

/* `node` NULL: a bare word, so everything has its default; the mark is there already. */
static void bind_table(struct bind *bind, const struct table *table, struct label label, const struct node *node,
                       char *object)
{
    struct node bare = {.kind = NODE_MAP, .width = 1};

    if (node == NULL) {
        memcpy(&bare.mark, object + table->mark_offset, sizeof(bare.mark));
        node = &bare;
    } else if (table->mark_offset != 0) {
        memcpy(object + table->mark_offset, &node->mark, sizeof(node->mark));
    }
    if (node->kind == NODE_MAP && table->field_count > 0) {
        bind_pairs(bind, table, node, object);
    } else if (node->kind == NODE_BROKEN) {
        bind_defaults(bind, table, object, 0);
        return;
    } else if (table->shorthand != NULL) {
        label.or_mapping = table->field_count > 0;
        bind_defaults(bind, table, object, 0);
        store_choice(table, table->shorthand, object);
        bind_value(bind, table->shorthand, label, node, object + table->shorthand->offset);
    } else {
        struct diagnostic *own = bind_expected(bind, label, node, "a mapping");

        if (node_is_empty(node) && fields_may_be_empty(table))
            own->hint = "write {} when everything has its default";
        bind_defaults(bind, table, object, 0);
        return;
    }
    if (table->after != NULL)
        table->after(bind, node, object);
}

void bind_document(struct bind *bind, const struct table *table, void *object)
{
    const struct node *root = bind->tree->root;

    bind->place = NULL;
    if (root != NULL)
        bind_table(bind, table, (struct label){.name = NULL}, root, object);
}
