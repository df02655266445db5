#include "base/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attr.h"

/* Computed apart from this code, by the generators' published definitions. */
static void known_outputs(void **state UNUSED)
{
    static const struct {
        uint64_t seed, outputs[4];
    } rows[] = {
        {0, {0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0, 0x6aa594f1262d2d2c}},
        {1, {0xb3f2af6d0fc710c5, 0x853b559647364cea, 0x92f89756082a4514, 0x642e1c7bc266a3a7}},
        {UINT64_MAX,
         {0x8f5520d52a7ead08, 0xc476a018caa1802d, 0x81de31c0d260469e, 0xbf658d7e065f3c2f}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct rand r;
        rand_seed(&r, rows[i].seed);
        for (size_t j = 0; j < 4; j++)
            assert_int_equal(rand_next(&r), rows[i].outputs[j]);
    }

    struct rand r = {{1, 2, 3, 4}};
    static const uint64_t from_small_state[] = {11520, 0, 1509978240, 1215971899390074240};
    for (size_t i = 0; i < ARRAY_COUNT(from_small_state); i++)
        assert_int_equal(rand_next(&r), from_small_state[i]);
}

static uint64_t draw(struct rand *r, uint32_t bound, bool wide)
{
    return wide ? rand_below64(r, bound) : rand_below(r, bound);
}

/* The limits are the chi-square quantiles at 0.999 for bound - 1 degrees of freedom;
 * with fixed seeds the outcome is always the same. */
static void small_bounds_are_uniform(void **state UNUSED)
{
    static const struct {
        uint32_t bound;
        double limit;
    } rows[] = {{2, 10.83}, {3, 13.82}, {10, 27.88}, {100, 148.2}, {256, 330.5}};
    const int draws = 100000;

    for (size_t i = 0; i < 2 * ARRAY_COUNT(rows); i++) {
        uint32_t bound = rows[i / 2].bound;
        double seen[256] = {0}, chi_square = 0, expected = (double)draws / bound;
        struct rand r;

        rand_seed(&r, 42 + i);
        for (int j = 0; j < draws; j++) {
            uint64_t value = draw(&r, bound, i % 2);
            assert_true(value < bound);
            seen[value]++;
        }
        for (uint32_t j = 0; j < bound; j++)
            chi_square += (seen[j] - expected) * (seen[j] - expected) / expected;
        assert_true(chi_square < rows[i / 2].limit);
    }
}

/* At 3/4 of the range a plain remainder gives the lowest third twice as often, and a
 * plain multiplication makes every third value twice as likely: both show. */
static void large_bounds_have_no_bias(void **state UNUSED)
{
    const int draws = 90000;
    int low32 = 0, low64 = 0, residue[3] = {0};
    struct rand r;

    rand_seed(&r, 7);
    for (int i = 0; i < draws; i++) {
        uint32_t v = rand_below(&r, 3u << 30);
        assert_true(v < 3u << 30);
        low32 += v < 1u << 30;
        residue[v % 3]++;
        uint64_t w = rand_below64(&r, 3ull << 62);
        assert_true(w < 3ull << 62);
        low64 += w < 1ull << 62;
    }
    /* 30000 expected, standard deviation 141 */
    assert_in_range(low32, 29400, 30600);
    assert_in_range(low64, 29400, 30600);
    for (int i = 0; i < 3; i++)
        assert_in_range(residue[i], 29400, 30600);
}

static void edges(void **state UNUSED)
{
    struct rand r;

    rand_seed(&r, 9);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(rand_below(&r, 0), 0);
        assert_int_equal(rand_below(&r, 1), 0);
        assert_int_equal(rand_below64(&r, 0), 0);
        assert_int_equal(rand_below64(&r, 1), 0);
        assert_true(rand_below(&r, UINT32_MAX) < UINT32_MAX);
        assert_true(rand_below64(&r, UINT64_MAX) < UINT64_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_outputs),
        cmocka_unit_test(small_bounds_are_uniform),
        cmocka_unit_test(large_bounds_have_no_bias),
        cmocka_unit_test(edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
