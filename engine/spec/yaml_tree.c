#include "spec/yaml_tree.h"

/*
 * One pass over libyaml's events. Open lists and mappings are frames; their finished children wait on one stack and are
 * moved into an exact array when the frame closes, so that nothing here is quadratic and nothing recurses.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/memory.h"
#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/wording.h"
#include "spec/yaml_error.h"

#define FEW_KEYS 8 /* compared pair by pair; more are sorted */

struct frame {
    struct node *node;
    size_t first; /* of its children on the stack */
};

struct anchor {
    uint32_t hash;
    const char *name;
    struct node *node;
};

struct builder {
    struct arena *arena;
    struct diagnostics *problems;
    struct yaml_tree *tree;
    struct frame frames[YAML_TREE_DEPTH];
    int depth;
    struct node **waiting; /* finished nodes of the open frames */
    size_t waiting_count;
    size_t waiting_capacity;
    struct anchor *anchors;
    size_t anchor_count;
    size_t anchor_capacity;
    int aliases;
    uint32_t weight; /* nodes so far, aliases written out */
    uint32_t alias_bytes;
    bool ascii; /* then a character is a byte */
    size_t cursor_character;
    size_t cursor_byte;
    struct node *pool; /* nodes are made many at a time */
    size_t pool_left;
    int documents;
    bool given_up;
};

static struct diagnostic *report(struct builder *b, struct mark mark, const char *format, ...) PRINTF_LIKE(3, 4);

static struct diagnostic *report(struct builder *b, struct mark mark, const char *format, ...)
{
    struct diagnostic *own = NULL;
    char text[300];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    own = diagnostics_add(b->problems, ERR_SPEC_INVALID, mark, "%s", text);
    if (diagnostics_enough(b->problems))
        b->given_up = true;
    return own;
}

static struct diagnostic *give_up(struct builder *b, struct mark mark, const char *what, long limit)
{
    b->given_up = true;
    return diagnostics_add(b->problems, ERR_LIMIT, mark, "%s; the limit is %ld", what, limit);
}

/* libyaml counts characters; the file is bytes. Its marks go forward, so the result never goes back. */
static size_t byte_of(struct builder *b, size_t character)
{
    const char *bytes = b->tree->bytes;
    size_t length = b->tree->length;

    if (b->ascii)
        return character < length ? character : length;
    for (; b->cursor_character < character && b->cursor_byte < length; b->cursor_character++) {
        b->cursor_byte++;
        while (b->cursor_byte < length && ((unsigned char)bytes[b->cursor_byte] & 0xC0) == 0x80)
            b->cursor_byte++;
    }
    return b->cursor_byte;
}

static struct mark mark_from(const struct builder *b, const yaml_mark_t *mark)
{
    return (struct mark){b->tree->file, (int)mark->line + 1, (int)mark->column + 1};
}

static struct node *make_node(struct builder *b, enum node_kind kind, const yaml_event_t *event)
{
    struct node *node = NULL;

    if (b->pool_left == 0) {
        b->pool_left = 64;
        b->pool = arena_array(b->arena, b->pool_left, sizeof(*b->pool));
    }
    b->pool_left--;
    node = b->pool++;
    node->kind = kind;
    node->mark = mark_from(b, &event->start_mark);
    node->width = 1;
    node->weight = 1;
    if (++b->weight > YAML_TREE_NODES)
        give_up(b, node->mark, "too many values in this file", YAML_TREE_NODES);
    return node;
}

static uint32_t hash_text(const char *text, size_t length)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash;
}

static bool wants_key(const struct builder *b)
{
    const struct frame *frame = b->depth > 0 ? &b->frames[b->depth - 1] : NULL;

    return frame != NULL && frame->node->kind == NODE_MAP && (b->waiting_count - frame->first) % 2 == 0;
}

static void check_key(struct builder *b, struct node *key)
{
    if (key->kind == NODE_BROKEN)
        return;
    if (key->kind != NODE_TEXT) {
        report(b, key->mark, "a key is %s; expected a word", key->kind == NODE_LIST ? "a list" : "a mapping");
    } else if (key->count == 0) {
        report(b, key->mark, "a key is empty; expected a word");
    } else if (key->plain && strcmp(key->text, "<<") == 0) {
        struct diagnostic *own = report(b, key->mark, "merge keys ('<<') are not read");
        own->width = 2;
        own->hint = "name the whole value with an anchor (&name) and use it as '*name'";
    } else {
        key->hash = hash_text(key->text, key->count);
        return;
    }
    key->kind = NODE_BROKEN;
}

/* Hands a finished or just opened node to the frame it stands in. */
static void attach(struct builder *b, struct node *node)
{
    if (wants_key(b))
        check_key(b, node);
    if (b->depth == 0) {
        b->tree->root = node;
        return;
    }
    if (b->waiting_count == b->waiting_capacity) {
        b->waiting_capacity = b->waiting_capacity == 0 ? 256 : b->waiting_capacity * 2;
        b->waiting = heap_realloc(b->waiting, b->waiting_capacity * sizeof(struct node *));
    }
    b->waiting[b->waiting_count++] = node;
}

static void remember_anchor(struct builder *b, const yaml_char_t *name, struct node *node)
{
    struct anchor *own = NULL;

    if (name == NULL)
        return;
    own = ARENA_PUSH(b->arena, b->anchors, b->anchor_count, b->anchor_capacity);
    own->name = arena_text(b->arena, (const char *)name);
    own->hash = hash_text(own->name, strlen(own->name));
    own->node = node;
}

static void refuse_tag(struct builder *b, const yaml_char_t *tag, struct node *node)
{
    struct diagnostic *own = NULL;

    if (tag == NULL)
        return;
    own = report(b, node->mark, "YAML tags are not read");
    own->hint = "remove the tag; a number that is meant as text goes in quotes";
    if (node->kind == NODE_TEXT)
        node->kind = NODE_BROKEN;
}

/* libyaml lets a text begin at its anchor; the caret belongs under the text. */
static void step_over_anchor(struct builder *b, struct node *node, size_t name_length)
{
    const char *bytes = b->tree->bytes;
    size_t at = node->begin;

    if (at >= node->end || bytes[at] != '&')
        return;
    at += 1 + name_length;
    while (at < node->end && (bytes[at] == ' ' || bytes[at] == '\t'))
        at++;
    if (at < node->end && bytes[at] != '\n' && bytes[at] != '\r') {
        node->mark.column += (int)(at - node->begin);
        node->begin = (uint32_t)at;
    }
}

static void on_scalar(struct builder *b, const yaml_event_t *event)
{
    struct node *node = make_node(b, NODE_TEXT, event);
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    const yaml_char_t *anchor = event->data.scalar.anchor;

    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = arena_text_n(b->arena, value, length);
    node->count = (uint32_t)length;
    node->bytes = (uint32_t)length;
    node->begin = (uint32_t)byte_of(b, event->start_mark.index);
    node->end = (uint32_t)byte_of(b, event->end_mark.index);
    if (anchor != NULL)
        step_over_anchor(b, node, strlen((const char *)anchor));
    if (event->end_mark.line == event->start_mark.line && (int)event->end_mark.column + 1 > node->mark.column)
        node->width = (int)event->end_mark.column + 1 - node->mark.column;
    node->closed = true;
    if (memchr(value, '\0', length) != NULL) {
        report(b, node->mark, "this text holds a NUL character, which no value may have");
        node->kind = NODE_BROKEN;
    }
    refuse_tag(b, event->data.scalar.tag, node);
    remember_anchor(b, anchor, node);
    attach(b, node);
}

static void on_open(struct builder *b, const yaml_event_t *event)
{
    bool list = event->type == YAML_SEQUENCE_START_EVENT;
    struct node *node = make_node(b, list ? NODE_LIST : NODE_MAP, event);

    if (b->depth == YAML_TREE_DEPTH) {
        give_up(b, node->mark, "lists and mappings are nested too deep", YAML_TREE_DEPTH);
        return;
    }
    refuse_tag(b, list ? event->data.sequence_start.tag : event->data.mapping_start.tag, node);
    remember_anchor(b, list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor, node);
    b->frames[b->depth].node = node;
    b->frames[b->depth].first = b->waiting_count;
    b->depth++;
}

static int compare_keys(const void *left, const void *right)
{
    const struct node *a = ((const struct pair *)left)->key;
    const struct node *b = ((const struct pair *)right)->key;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return strcmp(a->text, b->text);
}

static int compare_keys_and_places(const void *left, const void *right)
{
    const struct node *a = ((const struct pair *)left)->key;
    const struct node *b = ((const struct pair *)right)->key;
    int order = compare_keys(left, right);

    return order != 0 ? order : a->begin < b->begin ? -1 : 1;
}

static void refuse_twin(struct builder *b, const struct node *first, struct node *second)
{
    struct diagnostic *own = NULL;

    if (b->given_up)
        return;
    own = report(b, second->mark, "the key %s is written twice; the first is at line %d, column %d",
                 wording_quote(b->arena, second->text), first->mark.line, first->mark.column);
    own->width = second->width;
    second->kind = NODE_BROKEN;
}

static void refuse_twins(struct builder *b, struct node *map)
{
    struct pair *sorted = NULL;
    uint32_t count = 0;

    if (map->count <= FEW_KEYS) {
        for (uint32_t i = 1; i < map->count; i++)
            for (uint32_t j = 0; j < i && map->pairs[i].key->kind == NODE_TEXT; j++)
                if (map->pairs[j].key->kind == NODE_TEXT && compare_keys(&map->pairs[i], &map->pairs[j]) == 0)
                    refuse_twin(b, map->pairs[j].key, map->pairs[i].key);
        return;
    }
    sorted = heap_alloc(map->count * sizeof(*sorted));
    for (uint32_t i = 0; i < map->count; i++)
        if (map->pairs[i].key->kind == NODE_TEXT)
            sorted[count++] = map->pairs[i];
    qsort(sorted, count, sizeof(*sorted), compare_keys_and_places);
    for (uint32_t i = 1, first = 0; i < count; i++) {
        if (compare_keys(&sorted[first], &sorted[i]) == 0)
            refuse_twin(b, sorted[first].key, sorted[i].key);
        else
            first = i;
    }
    free(sorted);
}

static void on_close(struct builder *b)
{
    const struct frame *frame = &b->frames[--b->depth];
    struct node *node = frame->node;
    size_t children = b->waiting_count - frame->first;

    if (children > 0) {
        node->items = arena_alloc(b->arena, children * sizeof(struct node *));
        memcpy(node->items, b->waiting + frame->first, children * sizeof(struct node *));
    }
    b->waiting_count = frame->first;
    node->closed = true;
    for (size_t i = 0; i < children; i++) {
        node->weight += node->items[i]->weight;
        node->bytes += node->items[i]->bytes;
        if (node->items[i]->height > node->height)
            node->height = node->items[i]->height;
    }
    node->height++;
    node->count = (uint32_t)children;
    if (node->kind == NODE_MAP) {
        /* A pair is two pointers, so the array of children is the array of pairs. */
        _Static_assert(sizeof(struct pair) == 2 * sizeof(struct node *), "pairs are two children");
        node->count /= 2;
        node->pairs = (struct pair *)(void *)node->items;
        refuse_twins(b, node);
    }
    attach(b, node);
}

static struct node *find_anchor(const struct builder *b, const char *name)
{
    uint32_t hash = hash_text(name, strlen(name));

    for (size_t i = b->anchor_count; i > 0; i--)
        if (b->anchors[i - 1].hash == hash && strcmp(b->anchors[i - 1].name, name) == 0)
            return b->anchors[i - 1].node;
    return NULL;
}

static void on_alias(struct builder *b, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct node *own = make_node(b, NODE_BROKEN, event);
    struct node *target = find_anchor(b, name);

    own->width = 1 + (int)strlen(name);
    if (++b->aliases > YAML_TREE_ALIASES) {
        give_up(b, own->mark, "too many aliases in this file", YAML_TREE_ALIASES);
    } else if (wants_key(b)) {
        report(b, own->mark, "a key is an alias; expected a word");
    } else if (target == NULL) {
        report(b, own->mark, "there is no anchor %s above this alias", wording_quote(b->arena, name));
    } else if (!target->closed) {
        report(b, own->mark, "the alias %s stands inside the value it names", wording_quote(b->arena, name));
    } else if (b->depth + target->height > YAML_TREE_DEPTH) {
        give_up(b, own->mark, "lists and mappings are nested too deep", YAML_TREE_DEPTH);
    } else {
        b->weight += target->weight;
        b->alias_bytes += target->bytes;
        if (b->weight > YAML_TREE_NODES)
            give_up(b, own->mark, "too many values in this file, aliases written out", YAML_TREE_NODES);
        else if (b->alias_bytes > YAML_TREE_BYTES)
            give_up(b, own->mark, "too many bytes in this file, aliases written out", YAML_TREE_BYTES);
        own = target;
    }
    attach(b, own);
}

static void on_document(struct builder *b, const yaml_event_t *event)
{
    struct mark mark = mark_from(b, &event->start_mark);

    if (++b->documents > 1) {
        report(b, mark, "a second document begins here; expected one in a file");
        b->given_up = true;
    } else if (event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end) {
        report(b, mark, "YAML tags are not read")->hint = "remove the %TAG directive";
    }
}

/* False: the last event. */
static bool take(struct builder *b, const yaml_event_t *event)
{
    switch ((int)event->type) {
    case YAML_SCALAR_EVENT:
        on_scalar(b, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        on_open(b, event);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_close(b);
        break;
    case YAML_ALIAS_EVENT:
        on_alias(b, event);
        break;
    case YAML_DOCUMENT_START_EVENT:
        on_document(b, event);
        break;
    case YAML_STREAM_END_EVENT:
        return false;
    default:
        break;
    }
    return !b->given_up;
}

static void run_events(struct builder *b)
{
    yaml_parser_t parser;
    yaml_event_t event;
    bool more = true;

    if (!yaml_parser_initialize(&parser))
        out_of_memory();
    /* Told, not guessed: otherwise a byte order mark would make libyaml read UTF-16, and no byte would be where it says. */
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)b->tree->bytes, b->tree->length);
    while (more) {
        if (!yaml_parser_parse(&parser, &event)) {
            yaml_error_report(b->tree, &parser, b->problems);
            b->given_up = true;
            break;
        }
        more = take(b, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

static bool is_ascii(const char *bytes, size_t length)
{
    unsigned char all = 0;

    for (size_t i = 0; i < length; i++)
        all |= (unsigned char)bytes[i];
    return all < 0x80;
}

void yaml_tree_parse(struct arena *arena, const char *file, const char *bytes, size_t length,
                     struct diagnostics *problems, struct yaml_tree *out)
{
    struct builder b = {.arena = arena, .problems = problems, .tree = out};

    out->file = arena_text(arena, file);
    out->root = NULL;
    if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        bytes += 3;
        length -= 3;
    }
    out->bytes = bytes;
    out->length = length;
    diagnostics_add_file(problems, file, bytes, length);
    if (length > YAML_TREE_BYTES) {
        struct mark whole = {out->file, 0, 0};
        diagnostics_add(problems, ERR_LIMIT, whole, "the file has %zu bytes; the limit is %d", length, YAML_TREE_BYTES);
        return;
    }
    b.ascii = is_ascii(bytes, length);
    run_events(&b);
    free(b.waiting);
    if (b.given_up)
        out->root = NULL;
    else if (out->root == NULL)
        diagnostics_add(problems, ERR_SPEC_INVALID, (struct mark){out->file, 1, 1},
                        "the file is empty; expected a mapping");
}

const struct node *node_find(const struct node *map, const char *key)
{
    if (map == NULL || map->kind != NODE_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->count; i++)
        if (map->pairs[i].key->kind == NODE_TEXT && strcmp(map->pairs[i].key->text, key) == 0)
            return map->pairs[i].value;
    return NULL;
}

bool node_is_empty(const struct node *node)
{
    if (node->kind != NODE_TEXT || !node->plain || node->count > 4)
        return false;
    return node->count == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0 ||
           strcmp(node->text, "Null") == 0 || strcmp(node->text, "NULL") == 0;
}

static size_t count_dollars(const char *bytes, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += bytes[i] == '$';
    return count;
}

void node_cursor_init(struct node_cursor *cursor, const struct yaml_tree *tree, const struct node *node)
{
    *cursor = (struct node_cursor){.tree = tree, .node = node, .next = node->mark, .file_at = node->begin};
    /* An escape hides a dollar from the file; then the value's own place is the best there is. */
    cursor->lost =
        count_dollars(node->text, node->count) != count_dollars(tree->bytes + node->begin, node->end - node->begin);
}

/* The place of the file's next dollar; steps behind it. */
static struct mark next_dollar(struct node_cursor *cursor)
{
    const char *bytes = cursor->tree->bytes;
    struct mark mark = cursor->next;
    bool found = false;

    while (!found && cursor->file_at < cursor->node->end) {
        mark = cursor->next;
        found = bytes[cursor->file_at] == '$';
        if (bytes[cursor->file_at] == '\n') {
            cursor->next.line++;
            cursor->next.column = 1;
        } else if (((unsigned char)bytes[cursor->file_at] & 0xC0) != 0x80) {
            cursor->next.column++;
        }
        cursor->file_at++;
    }
    return mark;
}

struct mark node_cursor_mark(struct node_cursor *cursor, size_t offset)
{
    struct mark mark = cursor->node->mark;

    if (cursor->lost)
        return mark;
    for (; cursor->value_at <= offset; cursor->value_at++)
        if (cursor->node->text[cursor->value_at] == '$')
            mark = next_dollar(cursor);
    return mark;
}
