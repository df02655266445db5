#include "store/crc.h"

#include "unit/store/common.h"

static void known_sums(void **state UNUSED)
{
    static const uint8_t zeros[32];
    /* RFC 3720 appendix B.4; the check value of the polynomial. */
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(0, zeros, sizeof zeros), 0x8a9136aa);
    assert_int_equal(crc32c_plain(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(0, "", 0), 0);
}

static void in_pieces_and_in_plain_c_it_is_the_same(void **state UNUSED)
{
    struct rand r;
    uint8_t bytes[300];
    rand_seed(&r, 1);
    for (size_t n = 0; n < sizeof bytes; n++)
        bytes[n] = (uint8_t)rand_next(&r);
    for (size_t n = 0; n < sizeof bytes; n++) {
        size_t cut = rand_below(&r, (uint32_t)n + 1), at = sizeof bytes - n;
        uint32_t whole = crc32c(0, bytes + at, n);
        assert_int_equal(whole, crc32c_plain(0, bytes + at, n));
        assert_int_equal(whole, crc32c(crc32c(0, bytes + at, cut), bytes + at + cut, n - cut));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_sums),
        cmocka_unit_test(in_pieces_and_in_plain_c_it_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
