#include "base/text.h"

#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/rand.h"

static struct text of(const char *s)
{
    return text_of(s);
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void compares(void **state UNUSED)
{
    static const struct {
        const char *a, *b;
        int order;
        bool nocase;
    } rows[] = {
        {"", "", 0, true},           {"a", "", 1, false},      {"abc", "abc", 0, true},
        {"ab", "abc", -1, false},    {"abd", "abc", 1, false}, {"ABC", "abc", -1, true},
        {"a-Z", "A-z", 1, true},     {"[", "{", -1, false},    {"@", "`", -1, false},
        {"\xc4", "\xe4", -1, false}, {"z", "\x80", -1, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct text a = of(rows[i].a), b = of(rows[i].b);
        assert_int_equal(sign(text_compare(a, b)), rows[i].order);
        assert_int_equal(sign(text_compare(b, a)), -rows[i].order);
        assert_int_equal(text_is_nocase(a, b), rows[i].nocase);
        assert_int_equal(text_is(a, b), rows[i].order == 0);
    }
    assert_true(text_is((struct text){NULL, 0}, TEXT("")));
    assert_true(text_is_nocase((struct text){NULL, 0}, TEXT("")));
    assert_int_equal(text_compare((struct text){NULL, 0}, TEXT("")), 0);
}

static void cuts(void **state UNUSED)
{
    struct text rest = TEXT("a,,bc,");
    assert_true(text_is(text_cut(&rest, ','), TEXT("a")));
    assert_true(text_is(text_cut(&rest, ','), TEXT("")));
    assert_true(text_is(text_cut(&rest, ','), TEXT("bc")));
    assert_true(rest.s != NULL && rest.n == 0); /* there was a separator */
    assert_true(text_is(text_cut(&rest, ','), TEXT("")));
    assert_null(rest.s);
    assert_true(text_is(text_cut(&rest, ','), TEXT("")));

    rest = TEXT("whole");
    assert_true(text_is(text_cut(&rest, ','), TEXT("whole")));
    assert_null(rest.s);
    assert_int_equal(rest.n, 0);
}

static void numbers(void **state UNUSED)
{
    static const struct {
        const char *s;
        uint64_t max;
        enum err err;
        uint64_t value;
    } rows[] = {
        {"0", 0, ERR_OK, 0},
        {"1", 0, ERR_VALUE, 0},
        {"65535", 65535, ERR_OK, 65535},
        {"65536", 65535, ERR_VALUE, 0},
        {"0000000000000000000000000000000000007", 9, ERR_OK, 7},
        {"18446744073709551615", UINT64_MAX, ERR_OK, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, ERR_VALUE, 0},
        {"99999999999999999999999999", UINT64_MAX, ERR_VALUE, 0},
        {"184467440737095516150", UINT64_MAX, ERR_VALUE, 0},
        {"99", 5, ERR_VALUE, 0},
        {"990", 5, ERR_VALUE, 0},
        {"", 5, ERR_SYNTAX, 0},
        {"+1", 5, ERR_SYNTAX, 0},
        {"-1", 5, ERR_SYNTAX, 0},
        {" 1", 5, ERR_SYNTAX, 0},
        {"1 ", 5, ERR_SYNTAX, 0},
        {"0x1", 5, ERR_SYNTAX, 0},
        {"99999x", 5, ERR_SYNTAX, 0},
        {"1:", 5, ERR_SYNTAX, 0},
        {"1/", 5, ERR_SYNTAX, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint64_t value = 4711;
        assert_int_equal(text_number(of(rows[i].s), rows[i].max, &value), rows[i].err);
        assert_int_equal(value, rows[i].err ? 4711 : rows[i].value);
    }
}

static void copies(void **state UNUSED)
{
    char out[4] = "???";
    assert_int_equal(text_copy(TEXT("abcd"), out, sizeof(out)), ERR_SPACE);
    assert_string_equal(out, "???");
    assert_int_equal(text_copy(TEXT("abc"), out, sizeof(out)), ERR_OK);
    assert_string_equal(out, "abc");
    assert_int_equal(text_copy((struct text){NULL, 0}, out, 1), ERR_OK);
    assert_string_equal(out, "");
    assert_int_equal(text_copy((struct text){NULL, 0}, out, 0), ERR_SPACE);
}

#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void labels(void **state UNUSED)
{
    static const struct {
        const char *s;
        size_t max;
        bool is;
        const char *made;
    } rows[] = {
        {"a", 63, true, "a"},
        {"0", 63, true, "0"},
        {"Hello-Svc", 63, true, "hello-svc"},
        {"a--b", 63, true, "a--b"},
        {"", 63, false, ""},
        {"-a", 63, false, "a"},
        {"a-", 63, false, "a"},
        {"--", 63, false, ""},
        {"1.4.2", 63, false, "1-4-2"},
        {"_x y_", 63, false, "x-y"},
        {"caf\xc3\xa9", 63, false, "caf"},
        {"a@[`{/:b", 63, false, "a------b"},
        {SIXTY "123", 63, true, SIXTY "123"},
        {SIXTY "1234", 63, false, SIXTY "123"},
        {SIXTY "1234", 100, false, SIXTY "123"},
        {SIXTY "12.4", 63, false, SIXTY "12"},
        {"..." SIXTY "1234", 63, false, SIXTY "123"},
        {"abc", 2, false, "abc"},
        {"ab", 2, true, "ab"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char out[63];
        size_t n = text_to_label(of(rows[i].s), out);
        assert_int_equal(text_is_label(of(rows[i].s), rows[i].max), rows[i].is);
        assert_true(text_is((struct text){out, n}, of(rows[i].made)));
        assert_true(n == 0 || text_is_label((struct text){out, n}, 63));
    }
}

static void globs(void **state UNUSED)
{
    static const struct {
        const char *s, *glob;
        bool matches;
    } rows[] = {
        {"batch-7", "batch-*", true},
        {"batch-", "batch-*", true},
        {"batch", "batch-*", false},
        {"", "*", true},
        {"", "", true},
        {"", "?", false},
        {"abc", "a?c", true},
        {"abc", "b", false},
        {"b2", "b[0-4]", true},
        {"b7", "b[0-4]", false},
        {"b7", "b[!0-4]", true},
        {"user.rpc", "*.rpc", true},
        {".hidden", "*", true},
        {"a/b", "a*b", true},
        {"axb", "a*b", true},
        {"axc", "a*b", false},
        {"ab", "a\\*", false},
        {"a*", "a\\*", true},
        {"a\\b", "a\\*", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(text_matches(of(rows[i].s), rows[i].glob), rows[i].matches);

    char large[256];
    memset(large, 'x', sizeof(large));
    assert_true(text_matches((struct text){large, 255}, "x*"));
    assert_false(text_matches((struct text){large, 256}, "x*"));
    assert_false(text_matches(TEXT("ab\0c"), "ab"));
    assert_true(text_matches((struct text){"abcdef", 3}, "abc")); /* not terminated */
}

static struct text random_letters(struct rand *r, char out[8])
{
    static const char letters[] = "aab.*?[]\\!-/^";
    struct text t = {out, rand_below(r, 8)};
    for (size_t n = 0; n < t.n; n++)
        out[n] = letters[rand_below(r, sizeof(letters) - 1)];
    out[t.n] = '\0';
    return t;
}

static void globs_as_fnmatch(void **state UNUSED)
{
    struct rand r;
    char s[8], glob[8];
    unsigned matches = 0;
    rand_seed(&r, 5);
    for (unsigned n = 0; n < 200000; n++) {
        struct text t = random_letters(&r, s);
        random_letters(&r, glob);
        bool is = fnmatch(glob, s, 0) == 0;
        assert_int_equal(text_matches(t, glob), is);
        matches += is;
    }
    assert_true(matches > 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),         cmocka_unit_test(cuts),   cmocka_unit_test(numbers),
        cmocka_unit_test(copies),           cmocka_unit_test(labels), cmocka_unit_test(globs),
        cmocka_unit_test(globs_as_fnmatch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
