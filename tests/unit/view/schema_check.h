#ifndef TESTS_UNIT_VIEW_SCHEMA_CHECK_H
#define TESTS_UNIT_VIEW_SCHEMA_CHECK_H

/*
 * As much of JSON Schema as docs/reference/show.schema.json uses: type, enum, required, properties,
 * additionalProperties, items, $ref to #/definitions. A key that a schema with properties does not name is a fault too:
 * what programs get must be written down.
 */

#include "unit/unit.h"

#include <jansson.h>

#include "base/strbuf.h"
#include "base/text.h"

static bool schema_type_is(const json_t *value, const char *type)
{
    if (text_is(type, "object"))
        return json_is_object(value);
    if (text_is(type, "array"))
        return json_is_array(value);
    if (text_is(type, "string"))
        return json_is_string(value);
    if (text_is(type, "integer"))
        return json_is_integer(value);
    if (text_is(type, "boolean"))
        return json_is_boolean(value);
    return text_is(type, "null") && json_is_null(value);
}

static bool schema_has_type(const json_t *types, const json_t *value)
{
    size_t index;
    const json_t *type;

    if (!types)
        return true;
    if (json_is_string(types))
        return schema_type_is(value, json_string_value(types));
    json_array_foreach(types, index, type)
    {
        if (schema_type_is(value, json_string_value(type)))
            return true;
    }
    return false;
}

static bool schema_in_enum(const json_t *words, const json_t *value)
{
    size_t index;
    const json_t *word;

    if (!words)
        return true;
    json_array_foreach(words, index, word)
    {
        if (json_equal(word, value))
            return true;
    }
    return false;
}

/* Adds a line for each fault of `value`, which stands at `path`. */
static void schema_check(const json_t *root, const json_t *schema, const json_t *value, const char *path,
                         struct strbuf *faults);

static void schema_check_object(const json_t *root, const json_t *schema, const json_t *value, const char *path,
                                struct strbuf *faults)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *others = json_object_get(schema, "additionalProperties");
    size_t index;
    const json_t *name;
    const char *key;
    json_t *member;

    json_array_foreach(json_object_get(schema, "required"), index, name)
    {
        if (!json_object_get(value, json_string_value(name)))
            strbuf_printf(faults, "%s.%s is not there\n", path, json_string_value(name));
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        char *place = heap_printf("%s.%s", path, key);
        const json_t *own = json_object_get(properties, key);

        if (own || others)
            schema_check(root, own ? own : others, member, place, faults);
        else if (properties)
            strbuf_printf(faults, "%s is not in the schema\n", place);
        free(place);
    }
}

static void schema_check(const json_t *root, const json_t *schema, const json_t *value, const char *path,
                         struct strbuf *faults)
{
    const char *reference = json_string_value(json_object_get(schema, "$ref"));
    size_t index;
    const json_t *element;

    if (reference) {
        assert_true(text_starts(reference, "#/definitions/"));
        schema = json_object_get(json_object_get(root, "definitions"), reference + strlen("#/definitions/"));
        assert_non_null(schema);
    }
    if (!schema_has_type(json_object_get(schema, "type"), value))
        strbuf_printf(faults, "%s is of another type\n", path);
    if (!schema_in_enum(json_object_get(schema, "enum"), value))
        strbuf_printf(faults, "%s is another word\n", path);
    if (json_is_object(value))
        schema_check_object(root, schema, value, path, faults);
    json_array_foreach(value, index, element)
    {
        char *place = heap_printf("%s[%zu]", path, index);

        if (json_object_get(schema, "items"))
            schema_check(root, json_object_get(schema, "items"), element, place, faults);
        free(place);
    }
}

/* Fails the test with all faults of the document. */
static void assert_schema(const char *file, const json_t *document)
{
    json_t *schema = json_load_file(file, JSON_REJECT_DUPLICATES, NULL);
    struct strbuf faults CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if (!schema)
        fail_msg("cannot read %s", file);
    schema_check(schema, schema, document, "$", &faults);
    json_decref(schema);
    assert_string_equal(strbuf_view(&faults), "");
}

#endif
