/* Weighted drawing: whichever way is taken, the distribution is that of tickets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "dns/distinct.h"
#include "dns/pick.h"

enum { ITEMS_MAX = 30000 };

static struct picker picker;
static struct rand rng;
static struct pick_group groups[8];
static uint64_t sums[ITEMS_MAX];

/* One group whose weights are repeated from `pattern`. */
static void group_of(unsigned g, uint32_t first, uint32_t count, const uint64_t *pattern,
                     unsigned size)
{
    groups[g] = (struct pick_group){.first = first, .count = count};
    for (uint32_t i = 0; i < count; i++) {
        uint64_t weight = pattern[i % size];
        groups[g].total += weight;
        groups[g].zeros += weight == 0;
        sums[first + i] = groups[g].total;
    }
}

static double chi_square(const unsigned *seen, const double *share, unsigned count, unsigned n)
{
    double sum = 0;
    for (unsigned i = 0; i < count; i++) {
        double expected = share[i] * n, off = seen[i] - expected;
        sum += off * off / expected;
    }
    return sum;
}

static void check_distinct(unsigned n, uint32_t below)
{
    static uint8_t seen[ITEMS_MAX];
    memset(seen, 0, sizeof(seen));
    for (unsigned i = 0; i < n; i++) {
        assert_true(picker.items[i] < below);
        assert_false(seen[picker.items[i]]);
        seen[picker.items[i]] = 1;
    }
}

/* First and second of three, all orders: P(a then b) = w(a)/W * w(b)/(W - w(a)). */
static void check_orders(unsigned (*draw)(void))
{
    static const double w[3] = {10, 30, 60};
    unsigned seen[9] = {0}, n = 60000;
    double share[6];
    unsigned compact[6], k = 0;
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(draw(), 3);
        seen[picker.items[0] * 3 + picker.items[1]]++;
    }
    for (unsigned a = 0; a < 3; a++)
        for (unsigned c = 0; c < 3; c++)
            if (a != c) {
                share[k] = w[a] / 100 * w[c] / (100 - w[a]);
                compact[k++] = seen[a * 3 + c];
            }
    assert_true(chi_square(compact, share, 6, n) < 20.5); /* 5 degrees, p = 0.001 */
}

static unsigned by_totals(void)
{
    return pick_set(&picker, &rng, groups, 1, sums, 3);
}

static unsigned by_keys(void)
{
    static const double w[3] = {10, 30, 60};
    pick_begin(&picker, 3);
    for (uint32_t i = 0; i < 3; i++)
        pick_offer(&picker, i, 0, pick_key(rand_next(&rng), w[i]));
    return pick_finish(&picker);
}

static void test_orders(void **state)
{
    (void)state;
    static const uint64_t weights[] = {10, 30, 60};
    group_of(0, 0, 3, weights, 3);
    check_orders(by_totals);
    check_orders(by_keys);
}

/* How often each class of weight (1:3:6, equally many of each) comes first, and how many of
 * each are among `max`. */
static void classes(uint32_t count, unsigned max, unsigned rounds, unsigned first[3],
                    unsigned among[3])
{
    memset(first, 0, 3 * sizeof(*first));
    memset(among, 0, 3 * sizeof(*among));
    for (unsigned i = 0; i < rounds; i++) {
        unsigned n = pick_set(&picker, &rng, groups, 1, sums, max);
        assert_int_equal(n, max < count ? max : count);
        first[picker.items[0] % 3]++;
        for (unsigned k = 0; k < n; k++)
            among[picker.items[k] % 3]++;
    }
}

static void test_large_groups(void **state)
{
    (void)state;
    static const uint64_t weights[] = {10, 30, 60};
    static const double share[] = {0.1, 0.3, 0.6};
    static const struct {
        uint32_t count;
        unsigned max, rounds;
    } cases[] = {{30, 10, 20000}, {300, 30, 20000}, {300, 200, 4000}, {29997, 40, 4000}};
    double inclusion[ARRAY_COUNT(cases)][3];
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        unsigned first[3], among[3];
        group_of(0, 0, cases[i].count, weights, 3);
        classes(cases[i].count, cases[i].max, cases[i].rounds, first, among);
        assert_true(chi_square(first, share, 3, cases[i].rounds) < 13.8); /* 2 degrees */
        for (int c = 0; c < 3; c++)
            inclusion[i][c] = among[c] / (double)cases[i].max / cases[i].rounds;
        check_distinct(cases[i].max, cases[i].count);
    }
    /* Few out of very many: the shares of a sample are those of the weights. */
    for (int c = 0; c < 3; c++)
        assert_true(inclusion[3][c] > share[c] - 0.01 && inclusion[3][c] < share[c] + 0.01);
}

/* Rejection and keys draw alike: the same set once by each. */
static void test_ways_agree(void **state)
{
    (void)state;
    static const uint64_t weights[] = {1, 5, 50};
    unsigned first[3], rejected[3], keyed[3] = {0}, rounds = 20000, max = 20;
    group_of(0, 0, 99, weights, 3);
    classes(99, max, rounds, first, rejected);
    for (unsigned i = 0; i < rounds; i++) {
        pick_begin(&picker, max);
        for (uint32_t k = 0; k < 99; k++)
            pick_offer(&picker, k, 0, pick_key(rand_next(&rng), (double)weights[k % 3]));
        unsigned n = pick_finish(&picker);
        for (unsigned k = 0; k < n; k++)
            keyed[picker.items[k] % 3]++;
    }
    for (int c = 0; c < 3; c++) { /* within 5 standard deviations of a binomial, roughly */
        double a = rejected[c], d = keyed[c] - a;
        assert_true(d * d < 50 * a);
    }
}

static void test_heavy_item(void **state)
{
    (void)state;
    /* One of 1000 holds nearly all tickets: repeats are the rule. */
    static uint64_t weights[1000];
    for (int i = 0; i < 1000; i++)
        weights[i] = 1;
    weights[500] = 60000000;
    group_of(0, 0, 1000, weights, 1000);
    for (int round = 0; round < 200; round++) {
        assert_int_equal(pick_set(&picker, &rng, groups, 1, sums, 100), 100);
        assert_int_equal(picker.items[0], 500);
        check_distinct(100, 1000);
    }
}

static void test_priorities(void **state)
{
    (void)state;
    static const uint64_t weights[] = {1, 0, 7};
    group_of(0, 0, 3, weights, 3);
    group_of(1, 3, 100, weights, 3);
    group_of(2, 103, 2, weights, 3);
    for (unsigned max = 0; max <= 110; max++) {
        unsigned n = pick_set(&picker, &rng, groups, 3, sums, max);
        assert_int_equal(n, max < 105 ? max : 105);
        check_distinct(n, 105);
        for (unsigned i = 0; i < n; i++) {
            unsigned group = i < 3 ? 0 : i < 103 ? 1 : 2;
            uint32_t item = picker.items[i];
            assert_int_equal(item < 3 ? 0 : item < 103 ? 1 : 2, group);
        }
    }
}

/* The zeros together are one ticket while the others last. */
static void check_zeros(uint32_t count, const uint64_t *weights, unsigned size, unsigned max)
{
    unsigned rounds = 200000, zeros_first = 0;
    group_of(0, 0, count, weights, size);
    for (unsigned i = 0; i < rounds; i++) {
        pick_set(&picker, &rng, groups, 1, sums, max);
        zeros_first += weights[picker.items[0] % size] == 0;
    }
    double expected = (double)rounds / (double)(groups[0].total + 1), off = zeros_first - expected;
    assert_true(off * off < 12 * expected);
}

static void test_zeros(void **state)
{
    (void)state;
    static const uint64_t small[] = {0, 3, 0, 16}, mixed[] = {0, 0, 0, 1};
    check_zeros(4, small, 4, 4);
    check_zeros(40, mixed, 4, 1);  /* rejection */
    check_zeros(40, mixed, 4, 20); /* keys */
}

static void test_only_zeros(void **state)
{
    (void)state;
    static const uint64_t weights[] = {0};
    static const uint32_t counts[] = {3, 100};
    for (size_t c = 0; c < ARRAY_COUNT(counts); c++) {
        unsigned seen[100] = {0}, rounds = 100000, count = counts[c];
        double share[100];
        group_of(0, 0, count, weights, 1);
        for (unsigned i = 0; i < rounds; i++) {
            assert_int_equal(pick_set(&picker, &rng, groups, 1, sums, 2), 2);
            seen[picker.items[0]]++;
        }
        for (unsigned i = 0; i < count; i++)
            share[i] = 1.0 / count;
        assert_true(chi_square(seen, share, count, rounds) < (count == 3 ? 13.8 : 148.2));
    }
}

static void test_bounds(void **state)
{
    (void)state;
    static const uint64_t weights[] = {1};
    group_of(0, 0, 5000, weights, 1);
    assert_int_equal(pick_set(&picker, &rng, groups, 1, sums, 5000), PICK_MAX);
    check_distinct(PICK_MAX, 5000);
    assert_int_equal(pick_set(&picker, &rng, groups, 1, sums, 0), 0);
    assert_int_equal(pick_set(&picker, &rng, groups, 0, sums, 10), 0);
}

/* ---- distinct addresses ------------------------------------------------------------------- */

static struct distinct_set set;
static uint8_t addresses[ITEMS_MAX][4];

static void test_distinct_sum(void **state)
{
    (void)state;
    /* Held by three of weight 10, 20, 30; another by one of 40: 60 to 40. */
    static const struct {
        unsigned address;
        double weight;
    } holders[] = {{0, 10}, {1, 40}, {0, 20}, {0, 30}};
    static const double share[] = {0.6, 0.4};
    unsigned seen[2] = {0}, rounds = 50000;
    addresses[1][3] = 1;
    for (unsigned i = 0; i < rounds; i++) {
        distinct_begin(&set, 4);
        for (size_t h = 0; h < ARRAY_COUNT(holders); h++)
            distinct_add(&set, &picker, addresses[holders[h].address], 0,
                         pick_key(rand_next(&rng), holders[h].weight), holders[h].weight);
        assert_int_equal(set.count, 2);
        assert_true(set.slots[set.used[0]].weight == 60 && set.slots[set.used[1]].weight == 40);
        pick_begin(&picker, 1);
        distinct_offer(&set, &picker);
        assert_int_equal(pick_finish(&picker), 1);
        seen[set.slots[picker.items[0]].bytes[3]]++;
    }
    assert_true(chi_square(seen, share, 2, rounds) < 10.8);
    assert_false(set.dropped);
}

static void test_distinct_many(void **state)
{
    (void)state;
    distinct_begin(&set, 4);
    for (unsigned round = 0; round < 2; round++) /* each of them twice */
        for (unsigned i = 0; i < ITEMS_MAX; i++) {
            unsigned n = i * 7919 % ITEMS_MAX;
            memcpy(addresses[n], &n, 4);
            distinct_add(&set, &picker, addresses[n], 0, round ? n : n + 0.5, 1);
        }
    assert_true(set.dropped);
    pick_begin(&picker, PICK_MAX);
    distinct_offer(&set, &picker);
    assert_int_equal(pick_finish(&picker), PICK_MAX);
    for (unsigned i = 0; i < PICK_MAX; i++) { /* exactly the smallest, in order */
        const struct distinct_entry *e = &set.slots[picker.items[i]];
        assert_ptr_equal(e->bytes, addresses[i]);
        assert_true(e->key == i);
    }
}

static int seed(void **state)
{
    (void)state;
    rand_seed(&rng, 42);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_orders, seed),
        cmocka_unit_test_setup(test_large_groups, seed),
        cmocka_unit_test_setup(test_ways_agree, seed),
        cmocka_unit_test_setup(test_heavy_item, seed),
        cmocka_unit_test_setup(test_priorities, seed),
        cmocka_unit_test_setup(test_zeros, seed),
        cmocka_unit_test_setup(test_only_zeros, seed),
        cmocka_unit_test_setup(test_bounds, seed),
        cmocka_unit_test_setup(test_distinct_sum, seed),
        cmocka_unit_test_setup(test_distinct_many, seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
