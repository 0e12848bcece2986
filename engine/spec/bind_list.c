/* Texts and lists of texts: their forms, twins, templates. */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/fields.h"
#include "spec/pipeline.h"
#include "spec/scalar.h"
#include "spec/wording.h"
#include "spec/yaml_tree.h"

static const char *first_word_quoted(struct bind *bind, const struct node *node)
{
    return arena_printf(bind->words, "put it in quotes: \"%.40s\"", node->text);
}

void bind_text(struct bind *bind, const struct field *field, struct label label, const struct node *node,
               const char **out)
{
    const char *typed = NULL;

    if (node->kind == NODE_BROKEN)
        return;
    if (node->kind != NODE_TEXT || node_is_empty(node) || (node->count == 0 && field->form != FORM_ARGUMENT)) {
        bind_expected(bind, label, node, form_words(field->form));
        return;
    }
    typed = node->plain && !form_takes_numbers(field->form) ? scalar_type_words(node->text) : NULL;
    if (typed != NULL) {
        bind_report(bind, node, "%s is the %s %s; expected %s", bind_label(bind, label), typed,
                    wording_quote(bind->words, node->text), form_words(field->form))
            ->hint = first_word_quoted(bind, node);
        return;
    }
    if (!form_accepts(field->form, node->text)) {
        bind_expected(bind, label, node, form_words(field->form));
        return;
    }
    if (field->scope != SCOPE_LITERAL && memchr(node->text, '$', node->count) != NULL)
        bind_template(bind, field, node);
    *out = node->text;
}

static int compare_texts(const void *left, const void *right)
{
    const struct node *const *a = left;
    const struct node *const *b = right;
    int order = strcmp((*a)->text, (*b)->text);

    return order != 0 ? order : (*a)->begin < (*b)->begin ? -1 : 1;
}

/* An element that was there before is reported where it comes again. */
static void refuse_twins(struct bind *bind, struct label label, const struct node *list)
{
    const struct node **sorted = heap_alloc(list->count * sizeof(struct node *));
    size_t count = 0;

    for (uint32_t i = 0; i < list->count; i++)
        if (list->items[i]->kind == NODE_TEXT)
            sorted[count++] = list->items[i];
    qsort(sorted, count, sizeof(*sorted), compare_texts);
    for (size_t i = 1; i < count && !diagnostics_enough(bind->problems); i++)
        if (strcmp(sorted[i - 1]->text, sorted[i]->text) == 0)
            bind_report(bind, sorted[i], "%s is in %s twice", wording_quote(bind->words, sorted[i]->text),
                        bind_label(bind, label));
    free(sorted);
}

static const char *list_words(const struct field *field)
{
    switch (field->form) {
    case FORM_ARGUMENT:
        return "a list of arguments, such as [make, dist]";
    case FORM_BELOW:
        return "a list of paths";
    case FORM_MAIL:
        return "a list of mail addresses";
    case FORM_ANY:
    case FORM_NAME:
    case FORM_PERSON:
    case FORM_VARIABLE:
    case FORM_FILE:
    case FORM_ABSOLUTE:
    case FORM_HTTP_PATH:
    case FORM_DOOR_PATH:
    case FORM_URL:
    case FORM_BIND:
    case FORM_JSON_PATH:
    case FORM_METRIC:
    case FORM_SQL:
    case FORM_BRANCH:
    case FORM_BRANCHES:
    case FORM_ZONE:
    case FORM_COUNT_:
        break;
    }
    return "a list of names";
}

void bind_texts(struct bind *bind, const struct field *field, struct label label, const struct node *node, void *at)
{
    struct text_list *list = at;
    struct label element = {.name = label.name, .element = true};
    struct mark *marks = NULL;

    if (node->kind == NODE_BROKEN)
        return;
    if (node->kind != NODE_LIST) {
        struct diagnostic *own = bind_expected(bind, label, node, list_words(field));

        if (field->form == FORM_ARGUMENT && node->kind == NODE_TEXT && !node_is_empty(node))
            own->hint = "there is no shell between: each argument is an element of its own";
        return;
    }
    list->mark = node->mark;
    list->count = (int)node->count;
    if ((int64_t)node->count < field->min)
        bind_report(bind, node, "%s is an empty list; expected at least %lld", bind_label(bind, label),
                    (long long)field->min);
    if (field->max > 0 && (int64_t)node->count > field->max)
        bind_report(bind, node, "%s has %u elements; expected at most %lld", bind_label(bind, label), node->count,
                    (long long)field->max);
    if (node->count == 0)
        return;
    list->items = arena_array(bind->arena, node->count, sizeof(*list->items));
    list->marks = marks = arena_array(bind->arena, node->count, sizeof(*marks));
    for (uint32_t i = 0; i < node->count && !diagnostics_enough(bind->problems); i++) {
        marks[i] = node->items[i]->mark;
        list->items[i] = "";
        bind_text(bind, field, element, node->items[i], &list->items[i]);
    }
    if (field->form == FORM_ARGUMENT && node->items[0]->kind == NODE_TEXT && node->items[0]->count == 0 &&
        !node->items[0]->plain)
        bind_report(bind, node->items[0], "the first element of '%s' is empty; expected a program", field->name);
    if (field->unique && node->count > 1)
        refuse_twins(bind, label, node);
}

void bind_flags(struct bind *bind, const struct field *field, struct label label, const struct node *node, char *object)
{
    struct label element = {.name = label.name, .element = true};

    if (node->kind != NODE_LIST) {
        if (node->kind != NODE_BROKEN)
            bind_expected(bind, label, node, "a list");
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        int offset = 0;

        bind_word(bind, field, element, node->items[i], &offset);
        if (offset != 0)
            object[offset] = true;
    }
    refuse_twins(bind, label, node);
}
