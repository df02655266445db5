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
#include "dns/pick.h"
#include "unit/dns/chi_square.h"

enum { ITEMS_MAX = 30000, NUMBERS_MAX = 1 << 20 };

static struct picker picker;
static struct rand rng;
static struct pick_group groups[8];
static struct part parts[ITEMS_MAX];
static uint32_t sums[ITEMS_MAX];
static uint64_t wide_sums[ITEMS_MAX];
static uint32_t ordinals[NUMBERS_MAX]; /* by number: which of all items */
static uint32_t fill = PART_MAX;       /* items in a part */

/* The items that were drawn, by the order in which they stand. */
static uint32_t item(unsigned n)
{
    assert_true(picker.items[n] < NUMBERS_MAX);
    return ordinals[picker.items[n]];
}

static uint32_t end_of(unsigned g)
{
    return g ? groups[g - 1].first_part + groups[g - 1].part_count : 0;
}

/* A part with `count` items, the first of them the n-th of all and the k-th of its group. */
static void add_part(struct pick_group *g, uint32_t n, uint32_t k, uint32_t count,
                     const uint64_t *pattern, unsigned size)
{
    uint32_t number = g->first_part + g->part_count++;
    struct part *p = &parts[number];
    uint64_t sum = 0;
    *p = (struct part){.sums = &sums[n], .before = g->total, .count = (uint8_t)count};
    for (uint32_t i = 0; i < count; i++) {
        uint64_t weight = pattern[(k + i) % size];
        p->zeros = (uint8_t)(p->zeros + (weight == 0));
        sum += weight;
        sums[n + i] = (uint32_t)sum;
        wide_sums[n + i] = sum;
        ordinals[number * PART_MAX + i] = n + i;
    }
    if (sum > UINT32_MAX) {
        p->is_wide = true;
        p->wide_sums = &wide_sums[n];
    }
    g->total += sum;
    g->zeros += p->zeros;
}

/* One group whose weights are repeated from `pattern`, in parts. Groups are made one after the
 * other. */
static void group_of(unsigned g, uint32_t first, uint32_t count, const uint64_t *pattern,
                     unsigned size)
{
    groups[g] = (struct pick_group){.first_part = end_of(g), .count = count};
    for (uint32_t k = 0; k < count; k += fill)
        add_part(&groups[g], first + k, k, count - k < fill ? count - k : fill, pattern, size);
}

static void check_distinct(unsigned n, uint32_t below)
{
    static uint8_t seen[ITEMS_MAX];
    memset(seen, 0, sizeof(seen));
    for (unsigned i = 0; i < n; i++) {
        assert_true(item(i) < below);
        assert_false(seen[item(i)]);
        seen[item(i)] = 1;
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
        seen[item(0) * 3 + item(1)]++;
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
    return pick_set(&picker, &rng, groups, 1, parts, 3);
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
    for (fill = 1; fill <= 3; fill++) {
        group_of(0, 0, 3, weights, 3);
        check_orders(by_totals);
    }
    check_orders(by_keys);
}

/* The way is another one from 32 bits on. */
static void test_large_weights(void **state)
{
    (void)state;
    for (unsigned bits = 20; bits <= 50; bits += 5) {
        const uint64_t weights[] = {10ull << bits, 30ull << bits, 60ull << bits};
        fill = 1 + bits % 3;
        group_of(0, 0, 3, weights, 3);
        check_orders(by_totals);
    }
}

/* The place of each item in the order, if all are drawn and all count alike. */
static void check_places(uint32_t count, double limit)
{
    static unsigned seen[PART_MAX * PART_MAX];
    static double share[PART_MAX * PART_MAX];
    unsigned rounds = 10000;
    memset(seen, 0, sizeof(seen));
    for (unsigned i = 0; i < rounds; i++) {
        assert_int_equal(pick_set(&picker, &rng, groups, 1, parts, count), count);
        check_distinct(count, count);
        for (uint32_t k = 0; k < count; k++)
            seen[item(k) * count + k]++;
    }
    for (uint32_t k = 0; k < count * count; k++)
        share[k] = 1.0 / count;
    double square = chi_square(seen, share, count * count, rounds);
    assert_true(square * (count - 1) / count < limit); /* as each row and each column is full */
}

/* Equal weights: each order as often as the others. */
static void test_even(void **state)
{
    (void)state;
    static const uint64_t weights[] = {7};
    static const struct {
        uint32_t count;
        double limit; /* of (count - 1) squared degrees, p = 0.001 */
    } cases[] = {{2, 10.8}, {11, 149.4}, {32, 1102}, {40, 1696}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        for (fill = 1; fill <= 64; fill += 21) {
            group_of(0, 0, cases[i].count, weights, 1);
            check_places(cases[i].count, cases[i].limit);
        }
    fill = PART_MAX;
    group_of(0, 0, 5, weights, 1);
    unsigned seen[3125] = {0}, orders[120], count = 0;
    double share[120];
    for (unsigned i = 0; i < 60000; i++) {
        pick_set(&picker, &rng, groups, 1, parts, 5);
        seen[(((item(0) * 5 + item(1)) * 5 + item(2)) * 5 + item(3)) * 5 + item(4)]++;
    }
    for (unsigned i = 0; i < ARRAY_COUNT(seen); i++)
        if (seen[i]) {
            assert_true(count < 120);
            share[count] = 1.0 / 120;
            orders[count++] = seen[i];
        }
    assert_int_equal(count, 120);
    assert_true(chi_square(orders, share, 120, 60000) < 173); /* 119 degrees */
}

/* How often each class of weight (1:3:6, equally many of each) comes first, and how many of
 * each are among `max`. */
static void classes(uint32_t count, unsigned max, unsigned rounds, unsigned first[3],
                    unsigned among[3])
{
    memset(first, 0, 3 * sizeof(*first));
    memset(among, 0, 3 * sizeof(*among));
    for (unsigned i = 0; i < rounds; i++) {
        unsigned n = pick_set(&picker, &rng, groups, 1, parts, max);
        assert_int_equal(n, max < count ? max : count);
        first[item(0) % 3]++;
        for (unsigned k = 0; k < n; k++)
            among[item(k) % 3]++;
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
        uint32_t fill;
    } cases[] = {{30, 10, 20000, 64},   {300, 30, 20000, 64}, {300, 200, 4000, 64},
                 {29997, 40, 4000, 64}, {30, 10, 20000, 2},   {300, 30, 20000, 7},
                 {300, 200, 4000, 1},   {29997, 40, 4000, 29}};
    double inclusion[ARRAY_COUNT(cases)][3];
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        unsigned first[3], among[3];
        fill = cases[i].fill;
        group_of(0, 0, cases[i].count, weights, 3);
        classes(cases[i].count, cases[i].max, cases[i].rounds, first, among);
        assert_true(chi_square(first, share, 3, cases[i].rounds) < 13.8); /* 2 degrees */
        for (int c = 0; c < 3; c++)
            inclusion[i][c] = among[c] / (double)cases[i].max / cases[i].rounds;
        check_distinct(cases[i].max, cases[i].count);
    }
    /* Few out of very many: the shares of a sample are those of the weights. */
    for (int c = 0; c < 3; c++) {
        assert_true(inclusion[3][c] > share[c] - 0.01 && inclusion[3][c] < share[c] + 0.01);
        assert_true(inclusion[7][c] > share[c] - 0.01 && inclusion[7][c] < share[c] + 0.01);
    }
}

/* By whichever way, those among the first `max` of `count` are as by keys. */
static void check_agrees(uint32_t count, unsigned max)
{
    static const uint64_t weights[] = {1, 5, 50};
    unsigned first[3], drawn[3], keyed[3] = {0}, rounds = 20000;
    group_of(0, 0, count, weights, 3);
    classes(count, max, rounds, first, drawn);
    for (unsigned i = 0; i < rounds; i++) {
        pick_begin(&picker, max);
        for (uint32_t k = 0; k < count; k++)
            pick_offer(&picker, k, 0, pick_key(rand_next(&rng), (double)weights[k % 3]));
        unsigned n = pick_finish(&picker);
        for (unsigned k = 0; k < n; k++)
            keyed[picker.items[k] % 3]++;
    }
    for (int c = 0; c < 3; c++) { /* within 5 standard deviations of a binomial, roughly */
        double a = drawn[c], d = keyed[c] - a;
        assert_true(d * d < 50 * a);
    }
}

static void test_ways_agree(void **state)
{
    (void)state;
    static const uint32_t fills[] = {64, 20, 1};
    for (size_t i = 0; i < ARRAY_COUNT(fills); i++) {
        fill = fills[i];
        check_agrees(99, 20); /* repeats rejected */
        check_agrees(15, 6);  /* totals */
        check_agrees(30, 12); /* more of them */
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
        assert_int_equal(pick_set(&picker, &rng, groups, 1, parts, 100), 100);
        assert_int_equal(item(0), 500);
        check_distinct(100, 1000);
    }
}

static void test_priorities(void **state)
{
    (void)state;
    static const uint64_t weights[] = {1, 0, 7};
    for (unsigned round = 0; round <= 333; round++) {
        unsigned max = round % 111;
        fill = round < 111 ? PART_MAX : 1 + round % 7;
        group_of(0, 0, 3, weights, 3);
        group_of(1, 3, 100, weights, 3);
        group_of(2, 103, 2, weights, 3);
        unsigned n = pick_set(&picker, &rng, groups, 3, parts, max);
        assert_int_equal(n, max < 105 ? max : 105);
        check_distinct(n, 105);
        for (unsigned i = 0; i < n; i++) {
            unsigned group = i < 3 ? 0 : i < 103 ? 1 : 2;
            assert_int_equal(item(i) < 3 ? 0 : item(i) < 103 ? 1 : 2, group);
        }
    }
}

/* The zeros together are one ticket while the others last. */
static void check_zeros(uint32_t count, const uint64_t *weights, unsigned size, unsigned max)
{
    unsigned rounds = 200000, zeros_first = 0;
    group_of(0, 0, count, weights, size);
    for (unsigned i = 0; i < rounds; i++) {
        pick_set(&picker, &rng, groups, 1, parts, max);
        zeros_first += weights[item(0) % size] == 0;
    }
    double expected = (double)rounds / (double)(groups[0].total + 1), off = zeros_first - expected;
    assert_true(off * off < 12 * expected);
}

static void test_zeros(void **state)
{
    (void)state;
    static const uint64_t small[] = {0, 3, 0, 16}, mixed[] = {0, 0, 0, 1};
    static const uint32_t fills[] = {64, 9, 1};
    for (size_t i = 0; i < ARRAY_COUNT(fills); i++) {
        fill = fills[i];
        check_zeros(4, small, 4, 4);
        check_zeros(24, mixed, 4, 4);
        check_zeros(40, mixed, 4, 1);  /* rejection */
        check_zeros(40, mixed, 4, 20); /* keys */
    }
}

static void test_only_zeros(void **state)
{
    (void)state;
    static const uint64_t weights[] = {0};
    static const uint32_t counts[] = {3, 100};
    for (size_t c = 0; c < ARRAY_COUNT(counts); c++) {
        unsigned seen[100] = {0}, rounds = 100000, count = counts[c];
        double share[100];
        fill = count == 3 ? 2 : 30;
        group_of(0, 0, count, weights, 1);
        for (unsigned i = 0; i < rounds; i++) {
            assert_int_equal(pick_set(&picker, &rng, groups, 1, parts, 2), 2);
            seen[item(0)]++;
        }
        for (unsigned i = 0; i < count; i++)
            share[i] = 1.0 / count;
        assert_true(chi_square(seen, share, count, rounds) < (count == 3 ? 13.8 : 148.2));
    }
}

static bool is_even(const void *context UNUSED, uint32_t number)
{
    return ordinals[number] % 2 == 0;
}

/* Some of a group of nearly only zeros, in parts of unequal sizes. Of them only the
 * even ones are wanted. */
static void test_some_of_zeros(void **state)
{
    (void)state;
    enum { COUNT = 90, ROUNDS = 90000 };
    uint64_t weights[COUNT] = {0};
    struct pick_some some = {&groups[0], parts, is_even, NULL};
    unsigned seen[COUNT / 2] = {0};
    double share[COUNT / 2];
    weights[0] = 1;
    fill = 40;
    group_of(0, 0, COUNT, weights, COUNT);
    for (unsigned i = 0; i < ROUNDS; i++) {
        assert_int_equal(pick_some(&picker, &rng, &some, 0, 1, 1000), 1);
        assert_true(item(0) % 2 == 0);
        seen[item(0) / 2]++;
    }
    /* An item of weight 1 against 44 of 89 that share one ticket. */
    for (unsigned i = 0; i < COUNT / 2; i++)
        share[i] = (i ? 1.0 / (COUNT - 1) : 1.0) / (1.0 + 44.0 / (COUNT - 1));
    assert_true(chi_square(seen, share, COUNT / 2, ROUNDS) < 78.7); /* 44 degrees, p = 0.001 */
}

static void test_bounds(void **state)
{
    (void)state;
    static const uint64_t weights[] = {1};
    group_of(0, 0, 5000, weights, 1);
    assert_int_equal(pick_set(&picker, &rng, groups, 1, parts, 5000), PICK_MAX);
    check_distinct(PICK_MAX, 5000);
    assert_int_equal(pick_set(&picker, &rng, groups, 1, parts, 0), 0);
    assert_int_equal(pick_set(&picker, &rng, groups, 0, parts, 10), 0);
}

/* Keys that are worked out only where they may count: exactly the same are kept. */
static void test_bits(void **state)
{
    (void)state;
    enum { OFFERED = 3000 };
    static const double weights[] = {1, 65535, 0.001, 840 * 65535.0};
    for (unsigned round = 0; round < 300; round++) {
        struct rand start = rng;
        unsigned max = 1 + round % 40, behind = round % 3 == 0 ? 1000000 : 0;
        uint32_t kept[40];
        double most = 0;
        for (unsigned i = 0; i < 1 + round % 4; i++)
            most = weights[i] > most ? weights[i] : most;
        for (int way = 0; way < 3; way++) {
            unsigned passed_over = 0;
            rng = start;
            pick_begin(&picker, max);
            for (uint32_t i = 0; i < OFFERED; i++) {
                uint64_t bits = rand_next(&rng) << (round % 5 == 0 ? 40 : 0);
                double weight = weights[(i + round) % (1 + round % 4)];
                uint16_t priority = (uint16_t)(round % 7 == 0 ? bits % 3 : 0);
                if (way == 2 && bits < pick_bits_wanted(&picker, priority, most, behind))
                    passed_over++;
                else if (way)
                    pick_offer_bits(&picker, i, priority, bits, weight, behind);
                else
                    pick_offer(&picker, i, priority, behind + pick_key(bits, weight));
            }
            assert_int_equal(pick_finish(&picker), max);
            if (way == 2 && round % 20 == 4) /* all of one weight, random bits */
                assert_in_range(passed_over, OFFERED / 2, OFFERED - max);
            if (way)
                assert_memory_equal(kept, picker.items, max * sizeof(*kept));
            memcpy(kept, picker.items, max * sizeof(*kept));
        }
    }
}

static int seed(void **state)
{
    (void)state;
    rand_seed(&rng, 42);
    fill = PART_MAX;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_orders, seed),
        cmocka_unit_test_setup(test_large_weights, seed),
        cmocka_unit_test_setup(test_even, seed),
        cmocka_unit_test_setup(test_large_groups, seed),
        cmocka_unit_test_setup(test_ways_agree, seed),
        cmocka_unit_test_setup(test_heavy_item, seed),
        cmocka_unit_test_setup(test_priorities, seed),
        cmocka_unit_test_setup(test_zeros, seed),
        cmocka_unit_test_setup(test_only_zeros, seed),
        cmocka_unit_test_setup(test_some_of_zeros, seed),
        cmocka_unit_test_setup(test_bounds, seed),
        cmocka_unit_test_setup(test_bits, seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
