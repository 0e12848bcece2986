#include "unit/spec/spec.h"

#include "spec/explain.h"
#include "spec/fields.h"

static const char *explained(void **state, const char *path)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    assert_ok(explain_path(path, &text));
    return arena_text(*state, strbuf_view(&text));
}

static void assert_not_found(const char *path, const char *expected, const char *hint)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct error *error = explain_path(path, &text);

    assert_non_null(error);
    assert_string_equal(error->hint, hint);
    assert_int_equal(text.length, 0);
    assert_fails(error, ERR_NOT_FOUND, expected);
}

static void test_explain_path__a_list_of_mappings(void **state)
{
    assert_string_equal(
        explained(state, "stages.shift.steps"),
        "stages.shift.steps: the shares of new traffic, one after another\n"
        "\n"
        "  type      a list of mappings\n"
        "  default   [{share: 100%}]\n"
        "  example   steps: [{share: 5%, hold: 10m}, {share: 50%, gate: release-managers}, {share: 100%}]\n"
        "\n"
        "One step of the ladder from no traffic to all of it.\n"
        "\n"
        "Keys:\n"
        "  share  the part of new traffic that the new unit gets, in percent with up to two decimals (required)\n"
        "  hold   how long it must be seen well at this share before the next step (default: 0s)\n"
        "  gate   the gate that opens before the share is given, a name from penstock.yaml (default: none)\n");
}

static void test_explain_path__single_values(void **state)
{
    assert_string_equal(explained(state, "stages.shift.steps.hold"),
                        "stages.shift.steps.hold: how long it must be seen well at this share before the next step\n"
                        "\n"
                        "  type      a duration to 365d\n"
                        "  default   0s\n");
    assert_string_equal(explained(state, "environments.gates.on_expiry"),
                        "environments.gates.on_expiry: what happens when nobody decided in time\n"
                        "\n"
                        "  type      one of: hold, reject\n"
                        "  default   hold\n"
                        "\n"
                        "Words:\n"
                        "  hold        the release waits until a person says how it goes on\n"
                        "  reject      the release ends as if the gate had been rejected\n");
    assert_string_equal(explained(state, "stages.drain.until"),
                        "stages.drain.until: probes, and the number that each must be at or below on every old "
                        "instance\n"
                        "\n"
                        "  type      a mapping from names; each a whole number from 0 up\n"
                        "  example   until: {rooms: 0, recordings: 0}\n");
    assert_string_equal(explained(state, "stamps.regions"),
                        "stamps.regions: one stamp is made in each region\n"
                        "\n"
                        "  type      a list; each a name (letters, digits, '-', '_', '.'; a letter or digit first; at "
                        "most 63)\n"
                        "  default   [local]\n"
                        "  example   regions: [west, north]\n");
}

static void test_explain_path__names_of_templates(void **state)
{
    assert_string_equal(explained(state, "unit.build"),
                        "unit.build: the build command, as a list of arguments, run in a clean export of the commit\n"
                        "\n"
                        "There is no shell between, so nothing in an argument is ever split or expanded except "
                        "'${name}'.\n"
                        "\n"
                        "  type      a list; each text\n"
                        "  default   nothing is built; the export of the commit is the unit\n"
                        "  example   build: [make, dist, \"OUT=${unit.out}\"]\n"
                        "\n"
                        "Names that may stand in '${...}' here:\n"
                        "  project environment release.id release.commit release.branch unit.name\n"
                        "  unit.out unit.version\n");
}

static void test_explain_path__kinds(void **state)
{
    const char *stages = explained(state, "stages");
    const char *gate = explained(state, "stages.gate");

    assert_non_null(strstr(stages, "Kinds:\n  build     Builds the unit:"));
    assert_non_null(strstr(stages, "\n  command   Runs a command of yours.\n"));
    assert_non_null(strstr(gate, "'- gate: NAME' is short for '- gate: {gate: NAME}'.\n"));
    assert_non_null(strstr(gate, "  gate     the gate that must open, a name from penstock.yaml (required)\n"));
    assert_non_null(
        strstr(explained(state, "stages.deploy"), "'- deploy' alone is a stage where everything has its default.\n"));
    assert_null(strstr(explained(state, "stages.command"), "alone"));
}

static void test_explain_path__one_of_several_keys(void **state)
{
    const char *begin = explained(state, "stamps.drain.begin");

    assert_non_null(strstr(begin, "  type      a mapping, or none\n  default   none\n"));
    assert_non_null(strstr(begin, "  post     the path of a POST request to the instance (one of these)\n"));
    assert_non_null(
        strstr(explained(state, "stamps.env"), "  type      a mapping from names; each a mapping, or text\n"));
}

static void test_explain_path__nothing_lists_both_files(void **state)
{
    const char *all = explained(state, "");

    assert_non_null(strstr(all, "  environments  the environments, by name (required)\n"));
    assert_non_null(strstr(all, "  on_failure   what happens when a step fails (default: rollback)\n"));
}

static void test_explain_path__suggests(void **state)
{
    (void)state;
    assert_not_found("stages.shift.stepps", "there is no key 'stepps' below stages.shift",
                     "did you mean 'stages.shift.steps'?");
    assert_not_found("enviroments", "there is no key 'enviroments' at the top of a file",
                     "did you mean 'environments'?");
    assert_not_found("stages.shft", "there is no key 'shft' below stages", "did you mean 'stages.shift'?");
    assert_not_found("unit.zebra", "there is no key 'zebra' below unit",
                     "the keys there are: build, artifacts, timeout, api, schema");
    assert_not_found("unit.build.x", "there is no key 'x' below unit.build",
                     "'unit.build' has no keys below it; see: penstock explain unit.build");
    assert_not_found("unit.", "there is no key '' below unit",
                     "the keys there are: build, artifacts, timeout, api, schema");
}

/* Every row can be explained, and has what the faces print. */
static void walk(void **state, const char *path, const struct table *table, int *rows)
{
    assert_true(table->field_count < 64);
    for (size_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        const char *below = arena_printf(*state, "%s%s%s", path, *path ? "." : "", field->name);
        struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

        (*rows)++;
        assert_ok(explain_path(below, &text));
        assert_true(text.length > 0);
        assert_non_null(field->doc);
        assert_true(field->doc[0] != '\0' && field->doc[strlen(field->doc) - 1] != '.');
        assert_true(table->fields[i].offset < table->size);
        assert_true(text_is(field->name, "$schema") ||
                    strspn(field->name, "abcdefghijklmnopqrstuvwxyz_") == strlen(field->name));
        /* A name means one row. */
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(field->name, table->fields[j].name);
        if (field->sub != NULL && field->type != FIELD_WORD)
            walk(state, below, field->sub, rows);
        for (const struct kind *kind = field->kinds; kind != NULL && kind->text != NULL; kind++) {
            assert_int_equal(kind->table->size, field->kinds[0].table->size);
            assert_non_null(kind->table->doc);
            walk(state, arena_printf(*state, "%s.%s", below, kind->text), kind->table, rows);
        }
    }
}

static void test_fields__every_row_is_whole(void **state)
{
    int rows = 0;

    walk(state, "", fields_document(SPEC_PROJECT), &rows);
    walk(state, "", fields_document(SPEC_PIPELINE), &rows);
    assert_true(rows > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_explain_path__a_list_of_mappings),
        TEST_WITH_ARENA(test_explain_path__single_values),
        TEST_WITH_ARENA(test_explain_path__names_of_templates),
        TEST_WITH_ARENA(test_explain_path__kinds),
        TEST_WITH_ARENA(test_explain_path__one_of_several_keys),
        TEST_WITH_ARENA(test_explain_path__nothing_lists_both_files),
        TEST_WITH_ARENA(test_explain_path__suggests),
        TEST_WITH_ARENA(test_fields__every_row_is_whole),
    };

    return RUN_TESTS(tests);
}
