/*
 * Single values: numbers, words, durations, shares. YAML 1.2 core types only, and of those only what nobody can read in
 * two ways: `yes` is no boolean, `010` is no number, a number in quotes is text.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/fields.h"
#include "spec/pipeline.h"
#include "spec/scalar.h"
#include "spec/wording.h"
#include "spec/yaml_tree.h"

/* Text that was written; otherwise the problem is reported. */
static bool is_text(struct bind *bind, struct label label, const struct node *node, const char *expected)
{
    if (node->kind == NODE_TEXT && !node_is_empty(node))
        return true;
    if (node->kind != NODE_BROKEN)
        bind_expected(bind, label, node, expected);
    return false;
}

static void bind_bool(struct bind *bind, struct label label, const struct node *node, bool *out)
{
    const char *text = node->text;

    if (!is_text(bind, label, node, "true or false"))
        return;
    if (node->plain && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
        *out = strcmp(text, "true") == 0;
        return;
    }
    bind_report(bind, node, "%s is %s; write true or false%s", bind_label(bind, label),
                wording_quote(bind->words, text), node->plain ? "" : " without quotes");
}

static const char *range_words(struct bind *bind, const struct field *field)
{
    if (field->max == INT64_MAX)
        return arena_printf(bind->words, "a whole number from %lld up", (long long)field->min);
    return arena_printf(bind->words, "a whole number from %lld to %lld", (long long)field->min, (long long)field->max);
}

static bool bind_number(struct bind *bind, const struct field *field, struct label label, const struct node *node,
                        int64_t *out)
{
    const char *digits = NULL;
    char *end = NULL;
    long long value = 0;

    if (node->kind != NODE_TEXT || node_is_empty(node)) {
        if (node->kind != NODE_BROKEN)
            bind_expected(bind, label, node, range_words(bind, field));
        return false;
    }
    digits = node->text + (node->text[0] == '-' ? 1 : 0);
    if (!node->plain && digits[0] != '\0' && strspn(digits, "0123456789") == strlen(digits)) {
        bind_report(bind, node, "%s is the text %s; expected a number without quotes", bind_label(bind, label),
                    wording_quote(bind->words, node->text));
        return false;
    }
    if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') {
        bind_report(bind, node, "%s is %s; a number may not begin with 0", bind_label(bind, label),
                    wording_quote(bind->words, node->text));
        return false;
    }
    errno = 0;
    if (digits[0] >= '0' && digits[0] <= '9')
        value = strtoll(node->text, &end, 10);
    if (end == NULL || *end != '\0' || errno != 0 || value < field->min || value > field->max) {
        bind_expected(bind, label, node, range_words(bind, field));
        return false;
    }
    *out = value;
    return true;
}

static void bind_duration(struct bind *bind, const struct field *field, struct label label, const struct node *node,
                          int64_t *out)
{
    static const char expected[] = "a duration with units, such as 250ms, 90s, 1h30m";
    int64_t value = 0;

    if (!is_text(bind, label, node, expected))
        return;
    if (!duration_parse(node->text, &value)) {
        struct diagnostic *own = bind_expected(bind, label, node, expected);

        if (node->count > 0 && node->text[strspn(node->text, "0123456789")] == '\0')
            own->hint = arena_printf(bind->words, "add a unit: %.20ss", node->text);
        return;
    }
    if (value < field->min)
        bind_report(bind, node, "%s is %s; expected at least %s", bind_label(bind, label),
                    wording_quote(bind->words, node->text), duration_text(bind->words, field->min));
    else if (field->max > 0 && value > field->max)
        bind_report(bind, node, "%s is %s; expected at most %s", bind_label(bind, label),
                    wording_quote(bind->words, node->text), duration_text(bind->words, field->max));
    else
        *out = value;
}

/* "120%", "12.345%": a share by its form, wrong by its size. */
static bool is_percent(const char *text, size_t *decimals)
{
    size_t whole = strspn(text, "0123456789");
    size_t dot = text[whole] == '.' ? 1 : 0;

    *decimals = dot == 0 ? 0 : strspn(text + whole + 1, "0123456789");
    return whole > 0 && (dot == 0 || *decimals > 0) && strcmp(text + whole + dot + *decimals, "%") == 0;
}

static void bind_share(struct bind *bind, struct label label, const struct node *node, int *out)
{
    static const char expected[] = "a share in percent, such as 5% or 12.5%";
    const char *found = NULL;
    struct diagnostic *own = NULL;
    size_t decimals = 0;

    if (!is_text(bind, label, node, expected) || share_parse(node->text, out))
        return;
    found = wording_quote(bind->words, node->text);
    if (is_percent(node->text, &decimals) && decimals > 2) {
        bind_report(bind, node, "share %.*s has more than two decimals", (int)strlen(found) - 2, found + 1);
    } else if (is_percent(node->text, &decimals)) {
        own = bind_report(bind, node, "share %.*s is above 100%%", (int)strlen(found) - 2, found + 1);
        own->hint = "a share is the part of new traffic that the new unit gets, from 0% to 100%";
    } else {
        own = bind_expected(bind, label, node, expected);
        if (node->count > 0 && node->text[strspn(node->text, "0123456789.")] == '\0')
            own->hint = arena_printf(bind->words, "add the percent sign: %.20s%%", node->text);
    }
}

static void bind_clock(struct bind *bind, const struct field *field, struct label label, const struct node *node,
                       int *out)
{
    static const char expected[] = "a time of the day, such as 09:00";
    int minutes = 0;

    if (!is_text(bind, label, node, expected))
        return;
    if (!scalar_clock(node->text, &minutes))
        bind_expected(bind, label, node, expected);
    else if (minutes < field->min || minutes > field->max)
        bind_report(bind, node, "%s is %s; expected %s", bind_label(bind, label),
                    wording_quote(bind->words, node->text),
                    minutes > field->max ? "a time before 24:00" : "a time after 00:00");
    else
        *out = minutes;
}

static void bind_time(struct bind *bind, struct label label, const struct node *node, int64_t *out)
{
    static const char expected[] = "a date, or a time with its zone, such as 2026-12-19T18:00:00+01:00";

    if (is_text(bind, label, node, expected) && !scalar_time(node->text, out))
        bind_expected(bind, label, node, expected);
}

static void bind_range(struct bind *bind, struct label label, const struct node *node, struct range *out)
{
    static const char expected[] = "a version or a range of them, such as 43 or 41-43";

    if (is_text(bind, label, node, expected) && !scalar_range(node->text, &out->first, &out->last))
        bind_expected(bind, label, node, expected);
}

void bind_word(struct bind *bind, const struct field *field, struct label label, const struct node *node, int *out)
{
    const struct word *word = node->kind == NODE_TEXT ? fields_word(field->words, node->text) : NULL;
    const char *words[32] = {NULL};
    struct diagnostic *own = NULL;
    const char *list = NULL;
    size_t count = 0;

    if (word != NULL) {
        *out = word->value;
        return;
    }
    for (; count < 32 && field->words[count].text != NULL; count++)
        words[count] = field->words[count].text;
    list = wording_list(bind->words, words, count);
    if (!is_text(bind, label, node, count == 1 ? list : arena_printf(bind->words, "one of: %s", list)))
        return;
    if (field->only_here)
        own = bind_report(bind, node, "%s %s is not there in this version; it has: %s", label.name,
                          wording_quote(bind->words, node->text), list);
    else
        own = bind_expected(bind, label, node, count == 1 ? list : arena_printf(bind->words, "one of: %s", list));
    own->hint = wording_hint(bind->words, node->text, words, count, NULL);
}

static void bind_body(struct bind *bind, const struct node *node, const char **out)
{
    struct strbuf json CLEANUP(strbuf_release) = STRBUF_INIT(YAML_TREE_BYTES);

    if (!bind_json(bind, node, &json))
        return;
    if (json.cut)
        bind_report(bind, node, "the value is too large as JSON; the limit is %d bytes", YAML_TREE_BYTES);
    else
        *out = arena_text_n(bind->arena, strbuf_view(&json), json.length);
}

void bind_value(struct bind *bind, const struct field *field, struct label label, const struct node *node, void *at)
{
    int64_t number = 0;

    switch (field->type) {
    case FIELD_TEXT:
        bind_text(bind, field, label, node, at);
        break;
    case FIELD_WORD:
        bind_word(bind, field, label, node, at);
        break;
    case FIELD_BOOL:
        bind_bool(bind, label, node, at);
        break;
    case FIELD_INT:
        if (bind_number(bind, field, label, node, &number))
            *(int *)at = (int)number;
        break;
    case FIELD_INT64:
        bind_number(bind, field, label, node, at);
        break;
    case FIELD_DURATION:
        bind_duration(bind, field, label, node, at);
        break;
    case FIELD_SHARE:
        bind_share(bind, label, node, at);
        break;
    case FIELD_CLOCK:
        bind_clock(bind, field, label, node, at);
        break;
    case FIELD_TIME:
        bind_time(bind, label, node, at);
        break;
    case FIELD_RANGE:
        bind_range(bind, label, node, at);
        break;
    case FIELD_TEXTS:
        bind_texts(bind, field, label, node, at);
        break;
    case FIELD_JSON:
        bind_body(bind, node, at);
        break;
    case FIELD_IGNORED:
        break;
    case FIELD_FLAGS: /* GCOVR_EXCL_LINE: as below */
    case FIELD_BLOCK:
    case FIELD_LIST:
    case FIELD_NAMED:
    case FIELD_KINDS:
        BUG("the field '%s' is bound elsewhere", field->name); /* GCOVR_EXCL_LINE: a fault of ours */
    }
}

/* The tables are ours, so a default that cannot be read is our fault. */
void bind_fallback(struct bind *bind, const struct field *field, void *at)
{
    struct node node = {.kind = NODE_TEXT, .plain = true, .width = 1, .text = field->fallback};
    struct text_list *list = at;
    int before = diagnostics_count(bind->problems);

    node.count = (uint32_t)strlen(field->fallback);
    if (field->type == FIELD_TEXT) {
        *(const char **)at = field->fallback;
    } else if (field->type == FIELD_TEXTS) {
        list->items = arena_array(bind->arena, 1, sizeof(*list->items));
        list->items[0] = field->fallback;
        list->count = 1;
    } else {
        bind_value(bind, field, (struct label){.name = field->name}, &node, at);
        MUST(diagnostics_count(bind->problems) == before);
    }
}
