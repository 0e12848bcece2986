#include "unit/spec/spec.h"

#include "spec/yaml_tree.h"

/* A text of `count` times `piece`, between two others. */
static char *repeated(void **state, const char *before, const char *piece, int count, const char *behind)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    strbuf_text(&text, before);
    for (int i = 0; i < count; i++)
        strbuf_text(&text, piece);
    strbuf_text(&text, behind);
    return arena_text(*state, strbuf_view(&text));
}

static struct diagnostics *tree_of(void **state, const char *text, struct yaml_tree *tree)
{
    struct diagnostics *problems = diagnostics_new(*state);

    yaml_tree_parse(*state, "t.yaml", text, strlen(text), problems, tree);
    return problems;
}

static void assert_tree_problems(void **state, const char *text, const char *expected)
{
    struct yaml_tree tree;
    struct diagnostics *problems = tree_of(state, text, &tree);

    assert_string_equal(problems_text(state, problems, false), expected);
}

static void test_yaml_tree__locates_keys_and_values(void **state)
{
    struct yaml_tree tree;
    struct diagnostics *problems = tree_of(state, "a: 1\nb:\n  - x\n  - \"y z\"\nc: {d: ä, e: f}\n", &tree);
    const struct node *list = node_find(tree.root, "b");
    const struct node *map = node_find(tree.root, "c");

    assert_int_equal(diagnostics_count(problems), 0);
    assert_int_equal(tree.root->kind, NODE_MAP);
    assert_int_equal(tree.root->count, 3);
    assert_int_equal(list->kind, NODE_LIST);
    assert_int_equal(list->count, 2);
    assert_int_equal(list->items[1]->mark.line, 4);
    assert_int_equal(list->items[1]->mark.column, 5);
    assert_int_equal(list->items[1]->width, 5);
    assert_false(list->items[1]->plain);
    assert_string_equal(list->items[1]->text, "y z");
    assert_true(list->items[0]->plain);
    assert_int_equal(node_find(map, "e")->mark.column, 14);
    assert_int_equal(map->weight, 5);
    assert_int_equal(tree.root->height, 2);
    assert_null(node_find(map, "x"));
    assert_null(node_find(list, "x"));
    assert_null(node_find(NULL, "x"));
}

static void test_yaml_tree__text_begins_behind_its_anchor(void **state)
{
    struct yaml_tree tree;

    tree_of(state, "a: &long_name  text\nb: &x\n  below\nc: !!str &y z\n", &tree);
    assert_int_equal(node_find(tree.root, "c")->mark.column, 4);
    assert_int_equal(node_find(tree.root, "a")->mark.column, 16);
    assert_int_equal(node_find(tree.root, "a")->width, 4);
    assert_int_equal(node_find(tree.root, "b")->mark.column, 4);
}

static void test_yaml_tree__aliases_are_the_node_they_name(void **state)
{
    struct yaml_tree tree;
    struct diagnostics *problems = tree_of(state, "a: &a [1, 2]\nb: *a\nc: &a x\nd: *a\n", &tree);

    assert_int_equal(diagnostics_count(problems), 0);
    assert_ptr_equal(node_find(tree.root, "a"), node_find(tree.root, "b"));
    assert_string_equal(node_find(tree.root, "d")->text, "x");
    assert_int_equal(tree.root->weight, 1 + 4 + 3 + 3 + 1 + 1);
}

static void test_yaml_tree__knows_what_is_empty(void **state)
{
    struct yaml_tree tree;

    tree_of(state, "[~, null, Null, NULL, '', 'null', nil, [], ]", &tree);
    for (uint32_t i = 0; i < tree.root->count; i++)
        assert_int_equal(node_is_empty(tree.root->items[i]), i < 4);
}

static void test_yaml_tree__refuses_a_file_that_is_too_long(void **state)
{
    char *text = repeated(state, "", "#", YAML_TREE_BYTES + 1, "");

    assert_tree_problems(state, text, "0:0 the file has 1048577 bytes; the limit is 1048576\n");
    text[YAML_TREE_BYTES] = '\0';
    assert_tree_problems(state, text, "1:1 the file is empty; expected a mapping\n");
}

static void test_yaml_tree__refuses_deep_nesting(void **state)
{
    assert_tree_problems(state, repeated(state, repeated(state, "", "[", 64, ""), "]", 64, ""), "");
    assert_tree_problems(state, repeated(state, "", "[", 100000, ""),
                         "1:65 lists and mappings are nested too deep; the limit is 64\n");
    assert_tree_problems(state, repeated(state, "", "- ", 100000, ""),
                         "1:129 lists and mappings are nested too deep; the limit is 64\n");
    assert_tree_problems(state, repeated(state, "", "{a: ", 100, ""),
                         "1:257 lists and mappings are nested too deep; the limit is 64\n");
}

static void test_yaml_tree__counts_the_depth_behind_aliases(void **state)
{
    char *deep = repeated(state, repeated(state, "a: &a ", "[", 40, ""), "]", 40, "\n");

    assert_tree_problems(state, arena_printf(*state, "%sb: [[*a]]\n", deep), "");
    assert_tree_problems(state, arena_printf(*state, "%sb: %s*a\n", deep, repeated(state, "", "[", 24, "")),
                         "2:28 lists and mappings are nested too deep; the limit is 64\n");
}

static void test_yaml_tree__refuses_too_many_values(void **state)
{
    assert_tree_problems(state, repeated(state, "[", "x,", YAML_TREE_NODES - 1, "]"), "");
    assert_tree_problems(state, repeated(state, "[", "x,", YAML_TREE_NODES, "]"),
                         "1:200000 too many values in this file; the limit is 100000\n");
}

static void test_yaml_tree__refuses_the_billion_laughs(void **state)
{
    assert_tree_problems(state,
                         "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
                         "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
                         "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
                         "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
                         "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n",
                         "5:36 too many values in this file, aliases written out; the limit is 100000\n");
}

static void test_yaml_tree__refuses_too_many_aliases(void **state)
{
    assert_tree_problems(state, repeated(state, "a: &a x\nb: [", "*a,", YAML_TREE_ALIASES, "]\n"), "");
    assert_tree_problems(state, repeated(state, "a: &a x\nb: [", "*a,", YAML_TREE_ALIASES + 1, "]\n"),
                         "2:3005 too many aliases in this file; the limit is 1000\n");
}

static void test_yaml_tree__refuses_long_texts_many_times(void **state)
{
    char *text = repeated(state, "a: &a ", "x", 1000000, "\nb: [*a, *a]\n");

    assert_tree_problems(state, text, "2:9 too many bytes in this file, aliases written out; the limit is 1048576\n");
}

static void test_yaml_tree__refuses_twins_of_many_keys(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < 40000; i++)
        strbuf_printf(&text, "k%d: 1\n", i);
    assert_tree_problems(state, strbuf_view(&text), "");
    strbuf_text(&text, "k7: 2\n");
    assert_tree_problems(state, strbuf_view(&text),
                         "40001:1 the key 'k7' is written twice; the first is at line 8, column 1\n");
}

static void test_yaml_tree__stops_when_there_are_enough_problems(void **state)
{
    struct yaml_tree tree;
    struct diagnostics *problems = tree_of(state, repeated(state, "", "a: 1\n", 5000, ""), &tree);

    assert_int_equal(diagnostics_count(problems), DIAGNOSTICS_ENOUGH);
    assert_null(tree.root);
}

static void test_yaml_tree__reports_a_broken_key_once(void **state)
{
    struct yaml_tree tree;
    struct diagnostics *problems = tree_of(state, "a: 1\n!!str b: 2\n[c]: 3\n\"\": 4\nd: 5\n", &tree);

    assert_string_equal(problems_text(state, problems, false), "2:1 YAML tags are not read\n"
                                                               "3:1 a key is a list; expected a word\n"
                                                               "4:1 a key is empty; expected a word\n");
    assert_non_null(node_find(tree.root, "d"));
    assert_null(node_find(tree.root, "b"));
}

static void test_yaml_tree__says_what_libyaml_found(void **state)
{
    assert_tree_problems(state, "a: b\n- c\n", "2:1 expected a key here\n");
    assert_tree_problems(state, "- a\nb: c\n", "2:1 expected '-' here\n");
    assert_tree_problems(state, "a: - b\n", "1:4 a list may not begin here\n");
    assert_tree_problems(state, "a: ? b\n", "1:4 a key may not begin here\n");
    assert_tree_problems(state, "a: \"\\x4\"\n", "1:7 expected hexadecimal digits in the escape\n");
    assert_tree_problems(state, "a: \"\\ud800\"\n", "1:7 the escape names no character\n");
    assert_tree_problems(state, "a: \"b\n---\nc\"\n",
                         "1:4 the quote that opens here is not closed before the next document\n");
    assert_tree_problems(state, "a: |\n \tb\n\tc\n", "2:2 a tab cannot indent YAML\n");
    assert_tree_problems(state, "a: |\n\tb\n", "2:1 a tab cannot indent YAML\n");
    assert_tree_problems(state, "a: [b\n]]\n", "2:2 expected a key here\n");
    assert_tree_problems(state, "a: ]\n", "1:4 expected a value here\n");
    assert_tree_problems(state, "[a]\nb: c\n", "2:1 expected the end of the file here\n");
    assert_tree_problems(state, "a: !x!y z\n", "1:4 YAML tags are not read\n");
    assert_tree_problems(state, "a: &\n",
                         "1:5 not valid YAML: did not find expected alphabetic or numeric character\n");
    assert_tree_problems(state, "%YAML 9.9\n---\na: b\n", "1:1 not valid YAML: found incompatible YAML document\n");
    assert_tree_problems(state, "a: `b\n", "1:4 '`' cannot begin a value\n");
    assert_tree_problems(state, "x: ä\ra: é @b\xC2\x85y: [ä, @b]\n", "3:8 '@' cannot begin a value\n");
    assert_tree_problems(state, "x: ä\r\na: é\xE2\x80\xA8\t b: c\n", "3:1 a tab cannot indent YAML\n");
    assert_tree_problems(state, "a: b\xC3", "1:5 the byte 0xC3 here is not UTF-8\n");
    assert_tree_problems(state, "a: \xED\xA0\x80", "1:4 the byte 0xED here is not UTF-8\n");
    assert_tree_problems(state, "a:\r\n  b: 1\rc: \x01\n", "3:4 the control character U+0001 is not allowed in YAML\n");
}

static void test_node_cursor__finds_each_dollar(void **state)
{
    struct yaml_tree tree;
    struct node_cursor cursor;
    const char *value = NULL;

    tree_of(state, "a: 'it''s ä $ and $$'\nb: |\n  one $\n   two $\nc: \"\\x24 $\"\n", &tree);
    node_cursor_init(&cursor, &tree, node_find(tree.root, "a"));
    value = node_find(tree.root, "a")->text;
    assert_int_equal(node_cursor_mark(&cursor, (size_t)(strchr(value, '$') - value)).column, 13);
    assert_int_equal(node_cursor_mark(&cursor, (size_t)(strrchr(value, '$') - value)).column, 20);

    value = node_find(tree.root, "b")->text;
    node_cursor_init(&cursor, &tree, node_find(tree.root, "b"));
    assert_int_equal(node_cursor_mark(&cursor, (size_t)(strrchr(value, '$') - value)).line, 4);
    node_cursor_init(&cursor, &tree, node_find(tree.root, "b"));
    assert_int_equal(node_cursor_mark(&cursor, (size_t)(strrchr(value, '$') - value)).column, 8);

    /* An escape hides a dollar: the place of the value. */
    node_cursor_init(&cursor, &tree, node_find(tree.root, "c"));
    assert_int_equal(node_cursor_mark(&cursor, 2).column, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_yaml_tree__locates_keys_and_values),
        TEST_WITH_ARENA(test_yaml_tree__text_begins_behind_its_anchor),
        TEST_WITH_ARENA(test_yaml_tree__aliases_are_the_node_they_name),
        TEST_WITH_ARENA(test_yaml_tree__knows_what_is_empty),
        TEST_WITH_ARENA(test_yaml_tree__refuses_a_file_that_is_too_long),
        TEST_WITH_ARENA(test_yaml_tree__refuses_deep_nesting),
        TEST_WITH_ARENA(test_yaml_tree__counts_the_depth_behind_aliases),
        TEST_WITH_ARENA(test_yaml_tree__refuses_too_many_values),
        TEST_WITH_ARENA(test_yaml_tree__refuses_the_billion_laughs),
        TEST_WITH_ARENA(test_yaml_tree__refuses_too_many_aliases),
        TEST_WITH_ARENA(test_yaml_tree__refuses_long_texts_many_times),
        TEST_WITH_ARENA(test_yaml_tree__refuses_twins_of_many_keys),
        TEST_WITH_ARENA(test_yaml_tree__stops_when_there_are_enough_problems),
        TEST_WITH_ARENA(test_yaml_tree__reports_a_broken_key_once),
        TEST_WITH_ARENA(test_yaml_tree__says_what_libyaml_found),
        TEST_WITH_ARENA(test_node_cursor__finds_each_dollar),
    };

    return RUN_TESTS(tests);
}
