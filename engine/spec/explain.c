#include "spec/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "spec/faces.h"
#include "spec/fields.h"
#include "spec/wording.h"

/* What a path leads to: a key, or a kind of stage. */
struct target {
    const struct field *field;
    const struct kind *kind;
};

/* Where the next word of a path is looked up. */
struct step {
    const struct table *table; /* NULL: nothing is below */
    const struct kind *kinds;  /* or NULL */
};

static struct step step_below(const struct target *target)
{
    if (target->kind != NULL)
        return (struct step){target->kind->table, NULL};
    return (struct step){face_sub(target->field), target->field->kinds};
}

static bool step_find(const struct step *step, const char *word, struct target *out)
{
    *out = (struct target){NULL, NULL};
    if (step->table != NULL)
        out->field = fields_find(step->table, word);
    for (const struct kind *kind = step->kinds; kind != NULL && kind->text != NULL; kind++)
        if (strcmp(kind->text, word) == 0)
            out->kind = kind;
    return out->field != NULL || out->kind != NULL;
}

static size_t add_candidates(const struct step *step, const char **words, size_t count, size_t most)
{
    for (size_t i = 0; step->table != NULL && i < step->table->field_count && count < most; i++)
        words[count++] = step->table->fields[i].name;
    for (const struct kind *kind = step->kinds; kind != NULL && kind->text != NULL && count < most; kind++)
        words[count++] = kind->text;
    return count;
}

static struct error *not_found(struct arena *arena, const struct step *steps, size_t step_count, const char *before,
                               const char *word)
{
    const char *words[64];
    struct error *error = NULL;
    const char *near = NULL;
    size_t count = 0;

    for (size_t i = 0; i < step_count; i++)
        count = add_candidates(&steps[i], words, count, 64);
    error = error_new(ERR_NOT_FOUND, KIND_PERMANENT, "there is no key %s %s%s", wording_quote(arena, word),
                      *before == '\0' ? "at the top of a file" : "below ", before);
    if (count == 0)
        return error_hint(error, "'%s' has no keys below it; see: penstock explain %s", before, before);
    near = wording_nearest(arena, word, words, count);
    if (near != NULL)
        return error_hint(error, "did you mean '%s%s%s'?", before, *before == '\0' ? "" : ".", near);
    return error_hint(error, "the keys there are: %s", wording_list(arena, words, count));
}

static void add_row(struct strbuf *out, const char *left, int width, const char *format, ...) PRINTF_LIKE(4, 5);

static void add_row(struct strbuf *out, const char *left, int width, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    strbuf_printf(out, "  %-*s  %s\n", width, left, text);
}

static void explain_keys(const struct table *table, struct strbuf *out)
{
    int width = 0;

    for (size_t i = 0; i < table->field_count; i++)
        if ((int)strlen(table->fields[i].name) > width)
            width = (int)strlen(table->fields[i].name);
    for (size_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        struct strbuf fallback CLEANUP(strbuf_release) = STRBUF_INIT(0);

        if (field->required)
            add_row(out, field->name, width, "%s (required)", field->doc);
        else if (field->one_of)
            add_row(out, field->name, width, "%s (one of these)", field->doc);
        else if (face_default(field, &fallback))
            add_row(out, field->name, width, "%s (default: %s)", field->doc, strbuf_view(&fallback));
        else
            add_row(out, field->name, width, "%s", field->doc);
    }
}

static void explain_words(const struct word *words, struct strbuf *out)
{
    if (words == NULL || words->doc == NULL)
        return;
    strbuf_text(out, "\nWords:\n");
    for (; words->text != NULL; words++)
        add_row(out, words->text, 10, "%s", words->doc);
}

static void explain_names(const struct field *field, struct strbuf *out)
{
    const char *const *names = fields_template_names(field->scope);

    if (names[0] == NULL)
        return;
    strbuf_text(out, "\nNames that may stand in '${...}' here:\n");
    for (size_t i = 0; names[i] != NULL; i++)
        strbuf_printf(out, "%s%s", i == 0 ? "  " : i % 6 == 0 ? "\n  " : " ", names[i]);
    strbuf_char(out, '\n');
}

static void explain_field(const char *path, const struct field *field, struct strbuf *out)
{
    struct strbuf type CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct strbuf fallback CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const struct table *sub = face_sub(field);

    strbuf_printf(out, "%s: %s\n\n", path, field->doc);
    if (field->more != NULL)
        strbuf_printf(out, "%s\n\n", field->more);
    face_type(field, &type);
    add_row(out, "type", 8, "%s", strbuf_view(&type));
    if (field->required)
        add_row(out, "default", 8, "none; it is required");
    else if (face_default(field, &fallback))
        add_row(out, "default", 8, "%s", strbuf_view(&fallback));
    if (field->example != NULL)
        add_row(out, "example", 8, "%s: %s", field->name, field->example);
    explain_words(field->words, out);
    explain_names(field, out);
    if (sub != NULL) {
        strbuf_printf(out, "\n%s\n\nKeys:\n", sub->doc);
        explain_keys(sub, out);
    }
    if (field->kinds != NULL) {
        strbuf_text(out, "\nKinds:\n");
        for (const struct kind *kind = field->kinds; kind->text != NULL; kind++)
            add_row(out, kind->text, 8, "%s", kind->table->doc);
        strbuf_text(out, "\nsee: penstock explain stages.shift\n");
    }
}

static void explain_kind(const char *path, const struct kind *kind, struct strbuf *out)
{
    strbuf_printf(out, "%s: %s\n\n", path, kind->table->doc);
    if (kind->table->shorthand != NULL)
        strbuf_printf(out, "'- %s: NAME' is short for '- %s: {%s: NAME}'.\n\n", kind->text, kind->text,
                      kind->table->shorthand->name);
    else if (fields_may_be_empty(kind->table))
        strbuf_printf(out, "'- %s' alone is a stage where everything has its default.\n\n", kind->text);
    strbuf_text(out, "Keys:\n");
    explain_keys(kind->table, out);
}

static void explain_all(struct strbuf *out)
{
    strbuf_printf(out, "%s\n\n", project_table.doc);
    explain_keys(&project_table, out);
    strbuf_printf(out, "\n%s\n\n", pipeline_table.doc);
    explain_keys(&pipeline_table, out);
    strbuf_text(out,
                "\nKeys that begin with 'x-' are free for the author.\nsee: penstock explain stages.shift.steps\n");
}

struct error *explain_path(const char *path, struct strbuf *out)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct step steps[2] = {{&pipeline_table, NULL}, {&project_table, NULL}};
    struct target target = {NULL, NULL};
    size_t step_count = 2;
    const char *at = path;

    if (*path == '\0') {
        explain_all(out);
        return NULL;
    }
    while (at != NULL) {
        const char *dot = strchr(at, '.');
        const char *word = arena_text_n(arena, at, dot == NULL ? strlen(at) : (size_t)(dot - at));
        bool found = false;

        for (size_t i = 0; i < step_count && !found; i++)
            found = step_find(&steps[i], word, &target);
        if (!found)
            return not_found(arena, steps, step_count,
                             arena_text_n(arena, path, at == path ? 0 : (size_t)(at - path - 1)), word);
        steps[0] = step_below(&target);
        step_count = 1;
        at = dot == NULL ? NULL : dot + 1;
    }
    if (target.kind != NULL)
        explain_kind(path, target.kind, out);
    else
        explain_field(path, target.field, out);
    return NULL;
}
