#include "base/limiter.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct hash_key hash_key = {{3}};

static struct addr address(const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(text_of(text), &a), ERR_OK);
    return a;
}

static void test_bucket(void **state)
{
    (void)state;
    struct limiter l;
    struct addr a = address("10.0.0.1"), b = address("10.0.0.2");
    uint32_t wait;
    assert_int_equal(limiter_init(&l, 4, &hash_key), ERR_OK);
    limiter_set(&l, 200, 400);
    for (unsigned i = 0; i < 400; i++) {
        assert_true(limiter_has(&l, &a, 1000, &wait));
        assert_true(limiter_take(&l, &a, 1000));
    }
    assert_false(limiter_has(&l, &a, 1000, &wait));
    assert_int_equal(wait, 5);
    assert_false(limiter_take(&l, &a, 1000));
    assert_true(limiter_has(&l, &b, 1000, &wait));
    assert_false(limiter_has(&l, &a, 1004, &wait));
    assert_int_equal(wait, 1);
    assert_true(limiter_take(&l, &a, 1005));
    assert_false(limiter_take(&l, &a, 1005));
    /* 200 a second, never more than the burst. */
    unsigned taken = 0;
    for (uint64_t ms = 1005; ms < 2005; ms++)
        taken += limiter_take(&l, &a, ms);
    assert_in_range(taken, 199, 200);
    for (taken = 0; limiter_take(&l, &a, 1000000); taken++)
        assert_true(taken < 400);
    assert_int_equal(taken, 400);
    assert_false(limiter_has(&l, &a, 5, &wait)); /* time that went back is no time */
    limiter_set(&l, 0, 0);
    assert_true(limiter_take(&l, &a, 1000000));
    limiter_deinit(&l);
}

/* A flood of new addresses gets no more than the table's sum. */
static void test_bounded(void **state)
{
    (void)state;
    struct limiter l;
    unsigned taken = 0;
    assert_int_equal(limiter_init(&l, 4, &hash_key), ERR_OK); /* 64 entries */
    limiter_set(&l, 10, 10);
    for (uint32_t i = 0; i < 100000; i++) {
        struct addr a = {FAMILY_V4, {11, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
        taken += limiter_take(&l, &a, 1000);
    }
    assert_in_range(taken, 1, 640);
    limiter_deinit(&l);
}

/* An entry in use is not forgotten while there are rested ones to take over. */
static void test_takeover(void **state)
{
    (void)state;
    struct limiter l;
    struct addr a = address("10.0.0.1");
    uint32_t wait;
    assert_int_equal(limiter_init(&l, 0, &hash_key), ERR_OK); /* 4 entries */
    limiter_set(&l, 1, 10);
    for (unsigned i = 0; i < 10; i++)
        assert_true(limiter_take(&l, &a, 1000));
    for (uint32_t i = 0; i < 5; i++) {
        struct addr other = {FAMILY_V4, {11, 0, 0, (uint8_t)i}};
        assert_true(limiter_take(&l, &other, 1000));
    }
    assert_false(limiter_has(&l, &a, 1000, &wait));
    /* Who has no entry is asked for by the fullest of the others'. */
    struct addr b = address("10.0.0.2");
    assert_true(limiter_knows(&l, &a));
    assert_false(limiter_knows(&l, &b));
    assert_true(limiter_has(&l, &b, 1000, &wait));
    assert_false(limiter_knows(&l, &b)); /* to look changes nothing */
    limiter_deinit(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_takeover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
