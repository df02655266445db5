/* Names: presentation form in and out, joining, comparing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "dns/name.h"

static struct name parsed(const char *text)
{
    struct name n;
    assert_int_equal(name_parse(text_of(text), &n), ERR_OK);
    return n;
}

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wire;
        unsigned size, labels;
    } good[] = {
        {".", "\0", 1, 0},
        {"a", "\1a\0", 3, 1},
        {"a.", "\1a\0", 3, 1},
        {"WWW.Disc.LOCAL", "\3www\4disc\5local\0", 16, 3},
        {"a\\.b.c", "\3a.b\1c\0", 7, 2},
        {"\\097\\000\\255", "\3a\0\377\0", 5, 1},
        {"\\\\", "\1\\\0", 3, 1},
        {"\\065", "\1a\0", 3, 1},   /* escapes are lower-cased too */
        {"\311", "\1\311\0", 3, 1}, /* but nothing outside ASCII */
    };
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        struct name n = parsed(good[i].text);
        assert_int_equal(n.size, good[i].size);
        assert_int_equal(n.labels, good[i].labels);
        assert_memory_equal(n.wire, good[i].wire, good[i].size);
    }
    static const char *const bad[] = {"",    "..",   ".a",    "a..b",  "\\",   "a\\",
                                      "\\1", "\\12", "\\256", "\\1a2", "\\999"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct name n;
        assert_int_equal(name_parse(text_of(bad[i]), &n), ERR_SYNTAX);
    }
}

/* `labels` times a label of 63 and one of `last` bytes. */
static struct text long_text(char *buffer, unsigned labels, unsigned last)
{
    size_t n = 0;
    for (unsigned i = 0; i < labels; i++) {
        memset(buffer + n, 'x', 63);
        n += 63;
        buffer[n++] = '.';
    }
    memset(buffer + n, 'y', last);
    return (struct text){buffer, n + last};
}

static void test_limits(void **state)
{
    (void)state;
    char buffer[600];
    struct name n;
    assert_int_equal(name_parse(long_text(buffer, 3, 61), &n), ERR_OK);
    assert_int_equal(n.size, 255);
    assert_int_equal(name_parse(long_text(buffer, 3, 62), &n), ERR_SPACE);
    assert_int_equal(name_parse(long_text(buffer, 8, 1), &n), ERR_SPACE);
    assert_int_equal(name_parse(long_text(buffer, 0, 63), &n), ERR_OK);
    assert_int_equal(name_parse(long_text(buffer, 0, 64), &n), ERR_SYNTAX);

    for (unsigned i = 0; i < 127; i++)
        memcpy(buffer + 2 * i, "a.", 2);
    assert_int_equal(name_parse((struct text){buffer, 254}, &n), ERR_OK);
    assert_int_equal(n.labels, NAME_MAX_LABELS);
    assert_int_equal(n.size, 255);
    assert_int_equal(name_parse((struct text){buffer, 256}, &n), ERR_SPACE);
}

static void test_join(void **state)
{
    (void)state;
    struct name zone = parsed("disc.local"), n;
    assert_int_equal(name_join(TEXT("User.rpc"), &zone, &n), ERR_OK);
    struct name expected = parsed("user.rpc.disc.local");
    assert_true(name_is(&n, &expected));
    assert_int_equal(n.labels, 4);
    assert_int_equal(name_join(TEXT(""), &zone, &n), ERR_OK);
    assert_true(name_is(&n, &zone));
    assert_int_equal(name_join(TEXT("a..b"), &zone, &n), ERR_SYNTAX);
    assert_int_equal(name_join(TEXT("a."), &zone, &n), ERR_SYNTAX);
    assert_int_equal(name_join(TEXT(".a"), &zone, &n), ERR_SYNTAX);
    char buffer[600];
    assert_int_equal(name_join(long_text(buffer, 0, 64), &zone, &n), ERR_SYNTAX);
    /* 12 bytes of zone leave 243. */
    assert_int_equal(name_join(long_text(buffer, 3, 50), &zone, &n), ERR_OK);
    assert_int_equal(n.size, 255);
    assert_int_equal(name_join(long_text(buffer, 3, 51), &zone, &n), ERR_SPACE);
    assert_int_equal(name_join(long_text(buffer, 5, 1), &zone, &n), ERR_SPACE);
}

static void test_format(void **state)
{
    (void)state;
    char out[NAME_TEXT];
    static const char *const texts[] = {".",
                                        "a.",
                                        "disc.local.",
                                        "a\\.b.c.",
                                        "\\000\\032\\255.",
                                        "x\\\\y.",
                                        "\\\"\\;\\(\\)\\@\\$."};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct name n = parsed(texts[i]);
        assert_string_equal(name_format(n.wire, out), texts[i]);
    }
    /* The longest text: 251 bytes that need escapes, in 4 labels. */
    struct name n = {.size = 255, .labels = 4};
    static const uint8_t lengths[] = {63, 63, 63, 61};
    for (size_t at = 0, i = 0; i < 4; i++) {
        n.wire[at] = lengths[i];
        memset(n.wire + at + 1, 0xff, lengths[i]);
        at += 1 + lengths[i];
    }
    assert_int_equal(strlen(name_format(n.wire, out)), 250 * 4 + 4);
    struct name again = parsed(out);
    assert_true(name_is(&n, &again));
}

static void test_below(void **state)
{
    (void)state;
    struct name zone = parsed("disc.local"), root = parsed("."), n = parsed("a.b.disc.local");
    struct name other = parsed("xdisc.local");
    struct name trick = parsed("x\\004disc.local"); /* the bytes of the zone, misaligned */
    assert_true(name_is_below(&n, &zone));
    assert_true(name_is_below(&zone, &zone));
    assert_true(name_is_below(&n, &root));
    assert_false(name_is_below(&zone, &n));
    assert_false(name_is_below(&other, &zone));
    assert_false(name_is_below(&trick, &zone));
    uint8_t size;
    const uint8_t *tail = name_tail(&n, 2, &size);
    assert_int_equal(size, zone.size);
    assert_memory_equal(tail, zone.wire, size);
    name_tail(&n, 4, &size);
    assert_int_equal(size, 1);
    name_tail(&n, 99, &size);
    assert_int_equal(size, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),  cmocka_unit_test(test_limits), cmocka_unit_test(test_join),
        cmocka_unit_test(test_format), cmocka_unit_test(test_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
