#include "unit/spec/spec.h"

#include "base/json.h"
#include "spec/explain.h"

static json_t *schema_of(enum spec_document document)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *schema = NULL;

    schema_render(document, &text);
    assert_ok(json_parse(strbuf_view(&text), text.length, "the schema", &schema));
    return schema;
}

/* The value behind keys and indexes: "properties/stages/items/anyOf/1". */
static json_t *at(json_t *json, const char *path)
{
    char word[64];

    while (*path != '\0' && json != NULL) {
        size_t length = strcspn(path, "/");

        snprintf(word, sizeof(word), "%.*s", (int)length, path);
        json = json_is_array(json) ? json_array_get(json, strtoul(word, NULL, 10)) : json_object_get(json, word);
        path += length + (path[length] == '/');
    }
    return json;
}

static void assert_at(void **state, json_t *schema, const char *path, const char *expected)
{
    json_t *found = at(schema, path);

    if (found == NULL)
        print_error("nothing at %s\n", path);
    assert_non_null(found);
    {
        char *text CLEANUP(heap_cleanup) = json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY);

        assert_string_equal(arena_text(*state, text), expected);
    }
}

static void test_schema_render__pipeline(void **state)
{
    json_t *schema CLEANUP(json_cleanup) = schema_of(SPEC_PIPELINE);

    assert_at(state, schema, "$schema", "\"http://json-schema.org/draft-07/schema#\"");
    assert_at(state, schema, "additionalProperties", "false");
    assert_at(state, schema, "patternProperties", "{\"^x-\":{}}");
    assert_at(state, schema, "required", "[\"pipeline\",\"environment\",\"stages\"]");
    assert_at(state, schema, "properties/on_failure/enum", "[\"rollback\",\"hold\"]");
    assert_at(state, schema, "properties/on_failure/default", "\"rollback\"");
    assert_at(state, schema, "properties/unit/properties/build/minItems", "1");
    assert_at(state, schema, "properties/unit/properties/artifacts/uniqueItems", "true");
    assert_at(state, schema, "properties/stamps/properties/regions/default", "[\"local\"]");
    assert_at(state, schema, "properties/stamps/properties/instances/minimum", "1");
    assert_at(state, schema, "properties/stamps/properties/instances/maximum", "100");
    assert_at(state, schema, "properties/stamps/properties/instances/default", "1");
    assert_at(state, schema, "properties/traffic/oneOf", "[{\"required\":[\"socket\"]},{\"required\":[\"managed\"]}]");
    assert_at(state, schema, "properties/stages/minItems", "1");
}

static void test_schema_render__stages(void **state)
{
    json_t *schema CLEANUP(json_cleanup) = schema_of(SPEC_PIPELINE);

    assert_at(state, schema, "properties/stages/items/anyOf/0/enum",
              "[\"build\",\"deploy\",\"validate\",\"shift\",\"drain\",\"destroy\"]");
    assert_at(state, schema, "properties/stages/items/anyOf/1/required", "[\"build\"]");
    assert_at(state, schema, "properties/stages/items/anyOf/1/properties/build/anyOf/0", "{\"type\":\"null\"}");
    assert_at(state, schema, "properties/stages/items/anyOf/5/properties/gate/anyOf/0/type", "\"string\"");
    assert_at(state, schema, "properties/stages/items/anyOf/8/properties/command/properties/repeatable/type",
              "\"boolean\"");
    assert_at(state, schema, "properties/stages/items/anyOf/8/properties/command/required", "[\"run\"]");
    assert_at(state, schema,
              "properties/stages/items/anyOf/6/properties/drain/anyOf/1/properties/until/patternProperties/"
              "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/type",
              "\"integer\"");
    assert_at(
        state, schema,
        "properties/stages/items/anyOf/4/properties/shift/anyOf/1/properties/steps/items/properties/share/examples",
        "[\"5%\"]");
}

static void test_schema_render__project(void **state)
{
    json_t *schema CLEANUP(json_cleanup) = schema_of(SPEC_PROJECT);
    json_t *environment = at(schema, "properties/environments/patternProperties/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$");
    json_t *gate = at(environment, "properties/gates/patternProperties/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$");

    assert_at(state, schema, "title", "\"penstock.yaml\"");
    assert_at(state, schema, "properties/environments/minProperties", "1");
    assert_at(state, environment, "properties/allow_as/default", "false");
    assert_at(state, gate, "properties/barred/items/enum", "[\"requester\",\"authors\"]");
    assert_at(state, gate, "properties/expires/default", "\"24h\"");
    assert_at(state, gate, "properties/people/examples", "[[\"ana\",\"bo\",\"chi\"]]");
}

static void test_reference_render__has_a_section_for_each_mapping(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    static const char *const parts[] = {
        "# The pipeline file\n",
        "\n## The top of the file\n",
        "\n## stages.shift.steps\n",
        "| `hold` | a duration to 365d | 0s | how long it must be seen well at this share before the next step |\n",
        "| `share` | a share from 0% to 100% | required | the part of new traffic",
        "| `socket` | an absolute path | one of these | path of an existing HAProxy's admin socket |\n",
        "\n- `ask`: wait for a person's decision\n",
        "\n## stamps.env\n\nA text, or where to take it from. What is taken is never stored and never shown.\n"
        "Instead of the mapping there may be text: the text itself.\n",
        "| `url` | a URL that begins with http:// or https:// | http://\\<managed.bind> |",
        "```yaml\nshare: 5%\ngate: release-managers\n```\n",
        NULL,
    };

    (void)state;
    reference_render(SPEC_PIPELINE, &text);
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (strstr(strbuf_view(&text), parts[i]) == NULL)
            print_error("not there: %s\n", parts[i]);
        assert_non_null(strstr(strbuf_view(&text), parts[i]));
    }
    strbuf_reset(&text);
    reference_render(SPEC_PROJECT, &text);
    assert_non_null(strstr(strbuf_view(&text), "# The project file\n"));
    assert_non_null(strstr(strbuf_view(&text), "\n## environments.gates\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_schema_render__pipeline),
        TEST_WITH_ARENA(test_schema_render__stages),
        TEST_WITH_ARENA(test_schema_render__project),
        TEST_WITH_ARENA(test_reference_render__has_a_section_for_each_mapping),
    };

    return RUN_TESTS(tests);
}
