/* What one address may write and guess, over senders that a test cannot have. */
#include "http/rates.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/attr.h"

static const struct hash_key hash_key = {{3}};

static struct addr address(const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(text_of(text), &a), ERR_OK);
    return a;
}

static int set_up(void **state)
{
    static struct rates rates;
    assert_int_equal(rates_init(&rates, &hash_key), ERR_OK);
    *state = &rates;
    return 0;
}

static int tear_down(void **state)
{
    rates_deinit(*state);
    return 0;
}

typedef bool taker(struct rates *rates, const struct addr *from, uint64_t now_ms,
                   uint32_t *wait_ms);

/* How many in a row, of at most 1000. */
static unsigned taken(taker *take, struct rates *rates, const char *from)
{
    struct addr a = address(from);
    uint32_t wait_ms;
    unsigned n = 0;
    while (n < 1000 && take(rates, &a, 1000, &wait_ms))
        n++;
    assert_int_equal(wait_ms > 0, n < 1000);
    return n;
}

static void test_bursts(void **state)
{
    struct addr a = address("192.0.2.1");
    uint32_t wait_ms;
    assert_int_equal(taken(rates_guess, *state, "192.0.2.1"), RATES_GUESSES_BURST);
    assert_int_equal(taken(rates_write, *state, "192.0.2.1"), RATES_WRITES_BURST);
    assert_false(rates_guess(*state, &a, 1000, &wait_ms));
    assert_int_equal(wait_ms, 1000 / RATES_GUESSES_PER_S);
    assert_false(rates_guess(*state, &a, 1000 + wait_ms - 1, &wait_ms));
    assert_true(rates_guess(*state, &a, 1500, &wait_ms));
    assert_int_equal(taken(rates_guess, *state, "127.0.0.1"), 1000);
    assert_int_equal(taken(rates_write, *state, "::1"), 1000);
}

static void test_networks(void **state)
{
    assert_int_equal(taken(rates_guess, *state, "2001:db8::1"), RATES_GUESSES_BURST);
    assert_int_equal(taken(rates_guess, *state, "2001:db8::ffff:2"), 0);
    assert_int_equal(taken(rates_guess, *state, "2001:db8:0:1::1"), RATES_GUESSES_BURST);
    assert_int_equal(taken(rates_write, *state, "2001:db8::1"), RATES_WRITES_BURST);
    assert_int_equal(taken(rates_write, *state, "2001:db8::2"), 0);
}

/* However many guess, who never did is not taken for one of them. */
static void test_others(void **state)
{
    uint32_t wait_ms;
    for (uint32_t n = 0; n < 100000; n++) {
        struct addr a = {FAMILY_V4, {11, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
        for (unsigned times = 0; times < 2; times++)
            (void)rates_guess(*state, &a, 1000, &wait_ms);
    }
    for (uint32_t n = 0; n < 1000; n++) {
        struct addr a = {FAMILY_V4, {192, 0, (uint8_t)(n >> 8), (uint8_t)n}};
        assert_true(rates_guess(*state, &a, 1000, &wait_ms));
    }
}

#define WITH_RATES(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RATES(test_bursts),
        WITH_RATES(test_networks),
        WITH_RATES(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
