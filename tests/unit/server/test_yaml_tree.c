/* YAML to nodes: places, quotes, and everything that is refused, with its place. */
#include "unit/server/common.h"

#include "server/yaml_tree.h"

static struct yaml_node *read_good(const char *bytes, size_t size)
{
    struct yaml_source source = {.file = "f", .bytes = bytes, .size = size};
    struct yaml_node *root = NULL;
    struct config_fault fault = {0};
    enum err err = yaml_tree_read(&source, &root, &fault);
    if (err)
        fail_msg("%u:%u: %s", fault.line, fault.column, fault.text);
    return root;
}

static void expect_fault(const char *bytes, size_t size, bool secret, const char *expected)
{
    struct yaml_source source = {.file = "f", .bytes = bytes, .size = size, .secret = secret};
    struct yaml_node *root = NULL;
    struct config_fault fault = {0};
    char line[700];
    assert_int_equal(yaml_tree_read(&source, &root, &fault), ERR_SYNTAX);
    assert_null(root);
    snprintf(line, sizeof line, "%u:%u: %s", fault.line, fault.column, fault.text);
    assert_string_equal(line, expected);
}

static void assert_node(const struct yaml_node *n, enum yaml_kind kind, const char *text,
                        unsigned line, unsigned column)
{
    assert_non_null(n);
    assert_int_equal(n->kind, kind);
    if (kind == YAML_TEXT) {
        assert_string_equal(n->text, text);
        assert_int_equal(n->size, strlen(text));
    }
    assert_int_equal(n->line, line);
    assert_int_equal(n->column, column);
}

static void test_shape_and_places(void **state UNUSED)
{
    static const char text[] = "# a comment\n"
                               "a: 1\n"
                               "b:\n"
                               "  - x\n"
                               "  - {c: \"1\", d: [y, z]}\n"
                               "e:\n";
    struct yaml_node *root = read_good(text, sizeof text - 1);
    assert_node(root, YAML_MAP, NULL, 2, 1);
    assert_int_equal(root->count, 3);
    const struct yaml_node *a = yaml_find(root, "a"), *b = yaml_find(root, "b");
    assert_node(a, YAML_TEXT, "1", 2, 4);
    assert_false(a->quoted);
    assert_node(a->key, YAML_TEXT, "a", 2, 1);
    assert_node(b, YAML_LIST, NULL, 4, 3);
    assert_int_equal(b->count, 2);
    assert_null(b->first->key);
    assert_node(b->first, YAML_TEXT, "x", 4, 5);
    const struct yaml_node *c = yaml_find(b->first->next, "c");
    assert_node(c, YAML_TEXT, "1", 5, 9);
    assert_true(c->quoted);
    assert_node(c->next->first->next, YAML_TEXT, "z", 5, 21);
    assert_true(yaml_is_null(yaml_find(root, "e")));
    assert_null(yaml_find(root, "f"));
    yaml_tree_free(root);
}

static void test_nothing(void **state UNUSED)
{
    static const char *const texts[] = {"", "\n", "# only this\n", "---\n", "---\n...\n", "~"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        assert_null(read_good(texts[i], strlen(texts[i])));
    yaml_tree_free(NULL);
}

static void test_null(void **state UNUSED)
{
    static const char text[] = "[~, null, '', \"null\", 0, Null]";
    static const bool expected[] = {true, true, false, false, false, false};
    struct yaml_node *root = read_good(text, sizeof text - 1);
    size_t i = 0;
    for (const struct yaml_node *n = root->first; n; n = n->next)
        assert_int_equal(yaml_is_null(n), expected[i++]);
    assert_int_equal(i, ARRAY_COUNT(expected));
    yaml_tree_free(root);
}

static void test_byte_order_mark(void **state UNUSED)
{
    static const char text[] = "\xef\xbb\xbf"
                               "a: \xc3\xa4";
    struct yaml_node *root = read_good(text, sizeof text - 1);
    assert_node(yaml_find(root, "a"), YAML_TEXT, "\xc3\xa4", 1, 4);
    yaml_tree_free(root);
}

static void test_faults(void **state UNUSED)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"a: &x 1\n"
         "b: *x\n",
         "1:4: an anchor (&), expected the value itself"},
        {"a: *x\n", "1:4: an alias (*), expected the value itself"},
        {"a: &x [*x]\n", "1:4: an anchor (&), expected the value itself"},
        {"- &anchor {b: 1}\n", "1:3: an anchor (&), expected the value itself"},
        {"a: 1\n"
         "---\n"
         "b: 2\n",
         "2:1: a second document, expected only one"},
        {"a: 1\n"
         "b: 2\n"
         "a: 3\n",
         "3:1: key \"a\" is there twice, first at 1:1"},
        {"x: {b: 1, c: 2, b: 3}\n", "1:17: key \"b\" is there twice, first at 1:5"},
        {"# c\n"
         "%TAG ! tag:x\n"
         "---\n"
         "a: 1\n",
         "2:1: a tag directive (%TAG), expected none"},
        {"a: !!int 5\n", "1:4: a tag (!), expected the value alone"},
        {"- !local {}\n", "1:3: a tag (!), expected the value alone"},
        {"a:\n"
         "\tb: 1\n",
         "2:1: a tab, expected spaces"},
        {"a: [1, 2\n"
         "b: 3\n",
         "2:2: did not find expected ',' or ']' (while parsing a flow sequence from line 1, "
         "column 4)"},
        {"a: \"open\n",
         "2:1: found unexpected end of stream (while scanning a quoted scalar from line 1, "
         "column 4)"},
        {"a: 1\n"
         " b: 2\n",
         "2:3: mapping values are not allowed in this context"},
        {"? [1, 2]\n"
         ": 3\n",
         "1:3: a list as a key, expected a word"},
        {"{{a: 1}: 2}\n", "1:2: a map as a key, expected a word"},
        {"a: ]\n", "1:4: did not find expected node content"},
        {"a: 'x' y\n",
         "1:8: did not find expected key (while parsing a block mapping from line 1, column 1)"},
        {"a: b: c\n", "1:5: mapping values are not allowed in this context"},
        {"%YAML 9.1\n"
         "---\n"
         "a: 1\n",
         "1:1: found incompatible YAML document"},
        {"a: @at\n", "1:4: found character that cannot start any token"},
        {"<<: *x\n", "1:5: an alias (*), expected the value itself"},
        {"a: \"\\q\"\n",
         "1:5: found unknown escape character (while parsing a quoted scalar from line 1, "
         "column 4)"},
        {"a: 1\n"
         "b: \xff"
         "\n",
         "2:4: invalid leading UTF-8 octet, expected text in UTF-8"},
        {"a: 1\n"
         "b\xc3"
         "\xa4"
         ": x\xc3"
         "",
         "2:6: incomplete UTF-8 octet sequence, expected text in UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        expect_fault(cases[i].text, strlen(cases[i].text), false, cases[i].fault);
}

static void test_nul(void **state UNUSED)
{
    static const char raw[] = "a: b\0c";
    expect_fault(raw, sizeof raw - 1, false,
                 "1:5: control characters are not allowed, expected text in UTF-8");
    expect_fault("a: \"b\\0c\"", 9, false, "1:4: a NUL character in a value, expected text");
}

static void test_secret_key_is_not_repeated(void **state UNUSED)
{
    static const char text[] = "hush: 1\nhush: 2\n";
    expect_fault(text, sizeof text - 1, true, "2:1: key is there twice, first at 1:1");
}

static void repeat(char *out, const char *text, size_t times)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < times; i++)
        memcpy(out + i * n, text, n);
    out[times * n] = '\0';
}

static void test_depth(void **state UNUSED)
{
    char text[64];
    repeat(text, "[", YAML_DEPTH_MAX);
    repeat(text + YAML_DEPTH_MAX, "]", YAML_DEPTH_MAX);
    yaml_tree_free(read_good(text, strlen(text)));
    repeat(text, "[", YAML_DEPTH_MAX + 1);
    expect_fault(text, strlen(text), false, "1:17: lists and maps nested more than 16 deep");
}

static void test_count(void **state UNUSED)
{
    char *text = malloc(2 * YAML_NODES_MAX + 16);
    assert_non_null(text);
    text[0] = '[';
    repeat(text + 1, "a,", YAML_NODES_MAX - 1);
    strcat(text, "]");
    yaml_tree_free(read_good(text, strlen(text)));
    repeat(text + 1, "a,", YAML_NODES_MAX);
    strcat(text, "]");
    expect_fault(text, strlen(text), false,
                 "1:200000: more than 100000 values, expected a smaller file");
    free(text);
}

static void test_size(void **state UNUSED)
{
    char *text = malloc(YAML_BYTES_MAX + 1);
    assert_non_null(text);
    memset(text, ' ', YAML_BYTES_MAX + 1);
    assert_null(read_good(text, YAML_BYTES_MAX));
    expect_fault(text, YAML_BYTES_MAX + 1, false,
                 "0:0: larger than 1048576 bytes, expected a configuration");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape_and_places),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_byte_order_mark),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_secret_key_is_not_repeated),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
