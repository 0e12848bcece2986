/* The reference page in Markdown, from the field table: one section for each mapping, one table row for each key. */

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "spec/explain.h"
#include "spec/faces.h"
#include "spec/fields.h"

static void add_cell(struct strbuf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|' || *text == '<')
            strbuf_char(out, '\\');
        strbuf_char(out, *text);
    }
}

static void add_row(const struct field *field, struct strbuf *out)
{
    struct strbuf type CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct strbuf fallback CLEANUP(strbuf_release) = STRBUF_INIT(0);

    face_type(field, &type);
    strbuf_printf(out, "| `%s` | ", field->name);
    add_cell(out, strbuf_view(&type));
    strbuf_text(out, " | ");
    if (field->required)
        strbuf_text(out, "required");
    else if (field->one_of)
        strbuf_text(out, "one of these");
    else if (face_default(field, &fallback))
        add_cell(out, strbuf_view(&fallback));
    strbuf_text(out, " | ");
    add_cell(out, field->doc);
    if (field->more != NULL) {
        strbuf_text(out, ". ");
        add_cell(out, field->more);
    }
    strbuf_text(out, " |\n");
}

static void add_examples(const struct table *table, struct strbuf *out)
{
    bool any = false;

    for (size_t i = 0; i < table->field_count; i++) {
        if (table->fields[i].example == NULL)
            continue;
        if (!any)
            strbuf_text(out, "\n```yaml\n");
        any = true;
        strbuf_printf(out, "%s: %s\n", table->fields[i].name, table->fields[i].example);
    }
    if (any)
        strbuf_text(out, "```\n");
}

static void add_words(const struct table *table, struct strbuf *out)
{
    for (size_t i = 0; i < table->field_count; i++) {
        const struct word *word = table->fields[i].words;

        if (word == NULL || word->doc == NULL)
            continue;
        strbuf_printf(out, "\nThe words of `%s`:\n\n", table->fields[i].name);
        for (; word->text != NULL; word++)
            strbuf_printf(out, "- `%s`: %s\n", word->text, word->doc);
    }
}

static void add_section(const char *path, const struct table *table, struct strbuf *out)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();

    strbuf_printf(out, "\n## %s\n\n%s\n", *path == '\0' ? "The top of the file" : path, table->doc);
    if (table->shorthand != NULL && table->field_count > 0) {
        struct strbuf type CLEANUP(strbuf_release) = STRBUF_INIT(0);

        face_type(table->shorthand, &type);
        strbuf_printf(out, "Instead of the mapping there may be %s: ", strbuf_view(&type));
        strbuf_printf(out, "%s.\n", table->shorthand->doc);
    }
    strbuf_text(out, "\n| key | value | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < table->field_count; i++)
        add_row(&table->fields[i], out);
    add_words(table, out);
    add_examples(table, out);
    for (size_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        const char *below = arena_printf(arena, "%s%s%s", path, *path == '\0' ? "" : ".", field->name);

        if (face_sub(field) != NULL)
            add_section(below, face_sub(field), out);
        for (const struct kind *kind = field->kinds; kind != NULL && kind->text != NULL; kind++)
            add_section(arena_printf(arena, "%s.%s", below, kind->text), kind->table, out);
    }
}

void reference_render(enum spec_document document, struct strbuf *out)
{
    const struct table *table = fields_document(document);

    strbuf_printf(out, "# %s\n\n", document == SPEC_PROJECT ? "The project file" : "The pipeline file");
    strbuf_text(out, "<!-- Printed from the field table of engine/spec; do not edit. -->\n\n"
                     "Times are written with units (`250ms`, `90s`, `1h30m`), shares in percent (`5%`, `12.25%`). "
                     "Keys that begin with `x-` are free for the author; other keys that are not listed here are "
                     "errors.\n`penstock explain KEY.KEY` prints one entry.\n");
    add_section("", table, out);
}
