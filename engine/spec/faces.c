#include "spec/faces.h"

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "spec/fields.h"

static void add_words(const struct word *words, struct strbuf *out)
{
    for (const struct word *word = words; word->text != NULL; word++)
        strbuf_printf(out, "%s%s", word == words ? "" : ", ", word->text);
}

static void add_duration_range(const struct field *field, struct strbuf *out)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();

    if (field->min > 0)
        strbuf_printf(out, " from %s", duration_text(arena, field->min));
    if (field->max > 0)
        strbuf_printf(out, " to %s", duration_text(arena, field->max));
}

static void add_number(const struct field *field, struct strbuf *out)
{
    strbuf_text(out, "a whole number");
    if (field->max == INT64_MAX)
        strbuf_printf(out, " from %lld up", (long long)field->min);
    else
        strbuf_printf(out, " from %lld to %lld", (long long)field->min, (long long)field->max);
}

static void add_shorthand(const struct field *field, struct strbuf *out)
{
    const struct table *sub = field->sub;

    if (sub->shorthand == NULL) {
        strbuf_text(out, "a mapping");
        return;
    }
    if (sub->field_count > 0)
        strbuf_text(out, "a mapping, or ");
    face_type(sub->shorthand, out);
}

void face_type(const struct field *field, struct strbuf *out)
{
    switch (field->type) {
    case FIELD_TEXT:
        strbuf_text(out, form_words(field->form));
        break;
    case FIELD_WORD:
        strbuf_text(out, field->words[1].text == NULL ? "" : "one of: ");
        add_words(field->words, out);
        break;
    case FIELD_BOOL:
        strbuf_text(out, "true or false");
        break;
    case FIELD_INT:
    case FIELD_INT64:
        add_number(field, out);
        break;
    case FIELD_DURATION:
        strbuf_text(out, "a duration");
        add_duration_range(field, out);
        break;
    case FIELD_SHARE:
        strbuf_text(out, "a share from 0% to 100%");
        break;
    case FIELD_CLOCK:
        strbuf_text(out, "a time of the day, HH:MM");
        break;
    case FIELD_TIME:
        strbuf_text(out, "a date (midnight UTC), or a time with its zone");
        break;
    case FIELD_RANGE:
        strbuf_text(out, "a version or a range of them, such as 43 or 41-43");
        break;
    case FIELD_TEXTS:
        strbuf_printf(out, "a list; each %s", form_words(field->form));
        break;
    case FIELD_FLAGS:
        strbuf_text(out, "a list of: ");
        add_words(field->words, out);
        break;
    case FIELD_JSON:
        strbuf_text(out, "anything that JSON can hold");
        break;
    case FIELD_BLOCK:
        add_shorthand(field, out);
        break;
    case FIELD_LIST:
        strbuf_text(out, "a list of mappings");
        break;
    case FIELD_NAMED:
        strbuf_text(out, "a mapping from names; each ");
        add_shorthand(field, out);
        break;
    case FIELD_KINDS:
        strbuf_text(out, "a list of stages");
        break;
    case FIELD_IGNORED:
        strbuf_text(out, "anything; it is not read");
        break;
    }
}

bool face_default(const struct field *field, struct strbuf *out)
{
    const char *text = field->fallback != NULL ? field->fallback : field->fallback_words;

    if (text == NULL)
        return false;
    if (field->type == FIELD_TEXTS && field->fallback != NULL)
        strbuf_printf(out, "[%s]", text);
    else
        strbuf_text(out, text);
    return true;
}

const struct table *face_sub(const struct field *field)
{
    return field->sub != NULL && field->sub->field_count > 0 ? field->sub : NULL;
}
