/*
 * The JSON Schema (draft-07, which every editor reads) from the field table. What a schema cannot say stays with the
 * engine: ranges of durations, names that must exist elsewhere, twins, templates.
 */

#include <string.h>

#include <jansson.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "spec/bind.h"
#include "spec/diagnostics.h"
#include "spec/explain.h"
#include "spec/faces.h"
#include "spec/fields.h"
#include "spec/yaml_tree.h"

#define DURATION_PATTERN "^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"
#define SHARE_PATTERN "^(0*100(\\.0{1,2})?|0*[0-9]{1,2}(\\.[0-9]{1,2})?)%$"
#define CLOCK_PATTERN "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"
#define TIME_PATTERN "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2}))?$"
#define RANGE_PATTERN "^(0|[1-9][0-9]{0,17})(-(0|[1-9][0-9]{0,17}))?$"

static json_t *table_schema(const struct table *table);

/* YAML of our own tables as a JSON value. */
static json_t *value_of(const char *yaml)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct diagnostics *problems = diagnostics_new(arena);
    struct yaml_tree tree;
    struct bind bind = {.arena = arena, .words = arena, .problems = problems, .tree = &tree};

    yaml_tree_parse(arena, "the table", yaml, strlen(yaml), problems, &tree);
    MUST(tree.root != NULL && bind_json(&bind, tree.root, &text));
    return json_loads(strbuf_view(&text), JSON_DECODE_ANY, NULL);
}

static json_t *word_list(const struct word *words)
{
    json_t *list = json_array();

    for (; words->text != NULL; words++)
        json_array_append_new(list, json_string(words->text));
    return list;
}

static json_t *text_schema(const struct field *field)
{
    const char *pattern = form_pattern(field->form);
    json_t *schema = NULL;

    if (form_takes_numbers(field->form))
        schema = json_pack("{s:[s,s,s]}", "type", "string", "number", "boolean");
    else
        schema = json_pack("{s:s}", "type", "string");
    if (field->form == FORM_ANY)
        json_object_set_new(schema, "minLength", json_integer(1));
    if (pattern != NULL)
        json_object_set_new(schema, "pattern", json_string(pattern));
    return schema;
}

static json_t *number_schema(const struct field *field)
{
    json_t *schema = json_pack("{s:s}", "type", "integer");

    json_object_set_new(schema, "minimum", json_integer(field->min));
    if (field->max < INT64_MAX)
        json_object_set_new(schema, "maximum", json_integer(field->max));
    return schema;
}

static void set_sizes(json_t *schema, const struct field *field, const char *least, const char *most)
{
    if (field->min > 0)
        json_object_set_new(schema, least, json_integer(field->min));
    if (field->max > 0)
        json_object_set_new(schema, most, json_integer(field->max));
}

static json_t *texts_schema(const struct field *field)
{
    json_t *schema = json_pack("{s:s, s:o}", "type", "array", "items", text_schema(field));

    set_sizes(schema, field, "minItems", "maxItems");
    if (field->unique)
        json_object_set_new(schema, "uniqueItems", json_true());
    return schema;
}

static json_t *named_schema(const struct field *field)
{
    json_t *schema =
        json_pack("{s:s, s:{s:o}, s:b}", "type", "object", "patternProperties", form_pattern(field->sub->name_form),
                  table_schema(field->sub), "additionalProperties", 0);

    set_sizes(schema, field, "minProperties", "maxProperties");
    return schema;
}

/* One way to write a stage: `- kind: {...}`, where nothing may stand for everything's default. */
static json_t *kind_schema(const struct kind *kind)
{
    json_t *value = table_schema(kind->table);

    if (fields_may_be_empty(kind->table))
        value = json_pack("{s:[{s:s}, o]}", "anyOf", "type", "null", value);
    return json_pack("{s:s, s:s, s:[s], s:{s:o}, s:{s:{}}, s:b}", "type", "object", "description", kind->table->doc,
                     "required", kind->text, "properties", kind->text, value, "patternProperties", "^x-",
                     "additionalProperties", 0);
}

static json_t *kinds_schema(const struct field *field)
{
    json_t *ways = json_array();
    json_t *words = json_array();
    json_t *schema = NULL;

    json_array_append_new(ways, json_pack("{s:o}", "enum", words));
    for (const struct kind *kind = field->kinds; kind->text != NULL; kind++) {
        if (fields_may_be_empty(kind->table))
            json_array_append_new(words, json_string(kind->text));
        json_array_append_new(ways, kind_schema(kind));
    }
    schema = json_pack("{s:s, s:{s:o}}", "type", "array", "items", "anyOf", ways);
    set_sizes(schema, field, "minItems", "maxItems");
    return schema;
}

static json_t *type_schema(const struct field *field)
{
    switch (field->type) {
    case FIELD_TEXT:
        return text_schema(field);
    case FIELD_WORD:
        return json_pack("{s:o}", "enum", word_list(field->words));
    case FIELD_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case FIELD_INT:
    case FIELD_INT64:
        return number_schema(field);
    case FIELD_DURATION:
        return json_pack("{s:s, s:s}", "type", "string", "pattern", DURATION_PATTERN);
    case FIELD_SHARE:
        return json_pack("{s:s, s:s}", "type", "string", "pattern", SHARE_PATTERN);
    case FIELD_CLOCK:
        return json_pack("{s:s, s:s}", "type", "string", "pattern", CLOCK_PATTERN);
    case FIELD_TIME:
        return json_pack("{s:s, s:s}", "type", "string", "pattern", TIME_PATTERN);
    case FIELD_RANGE:
        return json_pack("{s:[s,s], s:s, s:i}", "type", "string", "integer", "pattern", RANGE_PATTERN, "minimum", 0);
    case FIELD_TEXTS:
        return texts_schema(field);
    case FIELD_FLAGS:
        return json_pack("{s:s, s:{s:o}, s:b}", "type", "array", "items", "enum", word_list(field->words),
                         "uniqueItems", 1);
    case FIELD_JSON:
    case FIELD_IGNORED:
        return json_object();
    case FIELD_BLOCK:
        return table_schema(field->sub);
    case FIELD_LIST:
        break;
    case FIELD_NAMED:
        return named_schema(field);
    case FIELD_KINDS:
        return kinds_schema(field);
    }
    json_t *schema = json_pack("{s:s, s:o}", "type", "array", "items", table_schema(field->sub));
    set_sizes(schema, field, "minItems", "maxItems");
    return schema;
}

static json_t *field_schema(const struct field *field)
{
    json_t *schema = type_schema(field);
    struct strbuf words CLEANUP(strbuf_release) = STRBUF_INIT(0);

    strbuf_text(&words, field->doc);
    if (field->more != NULL)
        strbuf_printf(&words, ". %s", field->more);
    json_object_set_new(schema, "description", json_string(strbuf_view(&words)));
    if (field->fallback != NULL && field->type == FIELD_TEXTS)
        json_object_set_new(schema, "default", json_pack("[s]", field->fallback));
    else if (field->fallback != NULL && field->type == FIELD_TEXT)
        json_object_set_new(schema, "default", json_string(field->fallback));
    else if (field->fallback != NULL)
        json_object_set_new(schema, "default", value_of(field->fallback));
    if (field->example != NULL)
        json_object_set_new(schema, "examples", json_pack("[o]", value_of(field->example)));
    return schema;
}

static json_t *required_one(const struct table *table)
{
    json_t *ways = json_array();

    for (size_t i = 0; i < table->field_count; i++)
        if (table->fields[i].one_of)
            json_array_append_new(ways, json_pack("{s:[s]}", "required", table->fields[i].name));
    return ways;
}

static json_t *table_schema(const struct table *table)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    json_t *schema = NULL;

    if (table->field_count == 0) {
        json_decref(properties);
        json_decref(required);
        return field_schema(table->shorthand);
    }
    for (size_t i = 0; i < table->field_count; i++) {
        json_object_set_new(properties, table->fields[i].name, field_schema(&table->fields[i]));
        if (table->fields[i].required)
            json_array_append_new(required, json_string(table->fields[i].name));
    }
    schema = json_pack("{s:s, s:s, s:o, s:{s:{}}, s:b}", "type", "object", "description", table->doc, "properties",
                       properties, "patternProperties", "^x-", "additionalProperties", 0);
    if (json_array_size(required) > 0)
        json_object_set(schema, "required", required);
    json_decref(required);
    if (table->one_of == ONE_OF_EXACTLY)
        json_object_set_new(schema, "oneOf", required_one(table));
    if (table->shorthand != NULL)
        schema = json_pack("{s:[o, o]}", "anyOf", field_schema(table->shorthand), schema);
    return schema;
}

void schema_render(enum spec_document document, struct strbuf *out)
{
    const struct table *table = fields_document(document);
    json_t *top CLEANUP(json_cleanup) =
        json_pack("{s:s, s:s}", "$schema", "http://json-schema.org/draft-07/schema#", "title",
                  document == SPEC_PROJECT ? "penstock.yaml" : "a penstock pipeline");
    json_t *body CLEANUP(json_cleanup) = table_schema(table);
    char *text CLEANUP(heap_cleanup) = NULL;

    json_object_update(top, body);
    text = json_dumps(top, JSON_INDENT(2));
    strbuf_text(out, text);
    strbuf_char(out, '\n');
}
