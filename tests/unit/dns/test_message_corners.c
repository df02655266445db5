/* OPT records at their edges: of a query with a fault among its options, and of an answer
 * that has no room for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/answer.h"
#include "unit/dns/hex.h"

#define QUESTION "1234 0100 0001 0000 0000 0001 015a 00 0001 0001 00 0029 04d0 00000000 "

/* One bad option makes the message a bad one, whatever stands behind it; these are read all
 * the same, and there is an OPT record to answer. */
static void test_good_option_behind_a_bad_one(void **state)
{
    uint8_t bytes[128];
    struct query q;
    size_t size = hex(QUESTION "000c 000a 0000 0003 0000 0009 0000", bytes, sizeof(bytes));
    assert_int_equal(query_parse(bytes, size, &q), QUERY_MALFORMED);
    assert_true(q.has_opt);
    assert_true(q.edns.nsid && q.edns.expire);
    assert_null(q.edns.cookie);
    /* one that is cut off behind it: options that cannot be told apart are none */
    size = hex(QUESTION "0008 000a 0000 0003 0001", bytes, sizeof(bytes));
    assert_int_equal(query_parse(bytes, size, &q), QUERY_MALFORMED);
    assert_false(q.has_opt);
    (void)state;
}

/* A subnet whose room was not set aside is left out whole, and so is what is longer, but
 * never what fits. */
static void test_subnet_without_room(void **state)
{
    enum { SUBNET = 4 + 4 + 3, KEEPALIVE = 4 + 2 };
    uint8_t bytes[128], out[512];
    struct query q;
    size_t size = hex(QUESTION "000b 0008 0007 0001 18 00 c00002", bytes, sizeof(bytes));
    assert_int_equal(query_parse(bytes, size, &q), QUERY_GOOD);
    for (size_t left = 0; left < SUBNET + KEEPALIVE + 2; left++) {
        struct answer a;
        answer_begin(&a, &q, out, sizeof(out));
        assert_non_null(answer_room(&a, answer_left(&a) - left));
        size_t at = a.at;
        a.has_subnet = a.has_keepalive = true;
        a.keepalive_ms = 100;
        size_t end = answer_end(&a, RCODE_NOERROR);
        bool subnet = left >= SUBNET, keepalive = left >= KEEPALIVE + (subnet ? SUBNET : 0);
        size_t options = (subnet ? SUBNET : 0) + (keepalive ? KEEPALIVE : 0);
        assert_int_equal(end, at + OPT_SIZE + options);
        assert_int_equal(get_u16(out + at + 9), options);
        if (options)
            assert_int_equal(get_u16(out + at + OPT_SIZE),
                             subnet ? OPTION_SUBNET : OPTION_KEEPALIVE);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_option_behind_a_bad_one),
        cmocka_unit_test(test_subnet_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
