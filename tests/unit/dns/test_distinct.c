/* The set of distinct addresses: the smallest keys are kept, at a cost that no choice of addresses
 * raises. */
#include "dns/distinct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "base/attr.h"
#include "base/rand.h"

enum { ITEMS_MAX = 30000, MANY = 160000 };

static const struct hash_key hash_key = {{1, 2, 3}};
static struct picker picker;
static struct rand rng;
static struct distinct_set set;
static uint8_t addresses[MANY][4];

static void test_sum(void **state)
{
    (void)state;
    /* Held by three of weight 10, 20, 30; another by one of 40: 60 to 40. */
    static const struct {
        unsigned address;
        double weight;
    } holders[] = {{0, 10}, {1, 40}, {0, 20}, {0, 30}};
    unsigned seen[2] = {0}, rounds = 50000;
    addresses[1][3] = 1;
    for (unsigned i = 0; i < rounds; i++) {
        distinct_begin(&set, &hash_key);
        for (size_t h = 0; h < ARRAY_COUNT(holders); h++)
            distinct_add(&set, &picker, addresses[holders[h].address], 4, 0,
                         pick_key(rand_next(&rng), holders[h].weight), holders[h].weight);
        assert_int_equal(set.count, 2);
        assert_true(set.slots[set.used[0]].weight == 60 && set.slots[set.used[1]].weight == 40);
        pick_begin(&picker, 1);
        distinct_offer(&set, &picker);
        assert_int_equal(pick_finish(&picker), 1);
        seen[set.slots[picker.items[0]].bytes[3]]++;
    }
    assert_in_range(seen[0], rounds * 0.6 - 360, rounds * 0.6 + 360); /* 3.3 deviations */
    assert_int_equal(seen[0] + seen[1], rounds);
    assert_false(set.dropped);
}

static void test_many(void **state)
{
    (void)state;
    distinct_begin(&set, &hash_key);
    for (unsigned round = 0; round < 2; round++) /* each of them twice */
        for (unsigned i = 0; i < ITEMS_MAX; i++) {
            unsigned n = i * 7919 % ITEMS_MAX;
            memcpy(addresses[n], &n, 4);
            distinct_add(&set, &picker, addresses[n], 4, 0, round ? n : n + 0.5, 1);
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

/* ---- cost ----------------------------------------------------------------------------------- */

/* Steps beyond the first that it takes to find each that is there once. */
static unsigned steps(void)
{
    unsigned sum = 0;
    for (uint32_t i = 0; i < set.count; i++)
        sum += (set.used[i] - set.slots[set.used[i]].hash) & (DISTINCT_SLOTS - 1);
    return sum;
}

/* The next of those that meet in one slot where a multiplication is all that there is to a hash. */
static uint32_t next_meeting(uint32_t last)
{
    do
        last++;
    while (((4 ^ last) * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (DISTINCT_SLOTS - 1)) != 7);
    return last;
}

/* And others that differ in their upper bits only, or their lower ones. */
static void test_chosen(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 3; way++) {
        uint32_t address = 0;
        distinct_begin(&set, &hash_key);
        for (unsigned n = 0; n < DISTINCT_MAX; n++) {
            address = way == 0 ? next_meeting(address) : way == 1 ? n << 19 : n;
            memcpy(addresses[n], &address, 4);
            distinct_add(&set, &picker, addresses[n], 4, 0, n, 1);
        }
        assert_int_equal(set.count, DISTINCT_MAX);
        assert_in_range(steps(), DISTINCT_MAX, DISTINCT_MAX * 2); /* 1.5 each */
        assert_true(distinct_has(&set, addresses[DISTINCT_MAX - 1], 4));
    }
}

/* The places are the process' own. */
static void test_key(void **state)
{
    (void)state;
    static const struct hash_key other = {{1, 2, 4}};
    uint32_t at[2][64];
    for (unsigned k = 0; k < 2; k++) {
        distinct_begin(&set, k ? &other : &hash_key);
        for (unsigned n = 0; n < ARRAY_COUNT(at[k]); n++) {
            memcpy(addresses[n], &n, 4);
            distinct_add(&set, &picker, addresses[n], 4, 0, n, 1);
            at[k][n] = set.used[n];
        }
    }
    unsigned same = 0;
    for (unsigned n = 0; n < ARRAY_COUNT(at[0]); n++)
        same += at[0][n] == at[1][n];
    assert_in_range(same, 0, 2);
}

/* Adds MANY; returns how often the set was cut down. */
static unsigned cuts(double (*key)(unsigned n))
{
    distinct_begin(&set, &hash_key);
    uint32_t before = set.stamp;
    for (unsigned n = 0; n < MANY; n++) {
        memcpy(addresses[n], &n, 4);
        distinct_add(&set, &picker, addresses[n], 4, 0, key(n), 1);
    }
    assert_true(set.dropped);
    assert_in_range(set.count, PICK_MAX, DISTINCT_MAX);
    return set.stamp - before;
}

static double random_key(unsigned n)
{
    (void)n;
    return pick_key(rand_next(&rng), 1);
}

static double rising(unsigned n)
{
    return n;
}

static double falling(unsigned n)
{
    return -1.0 * n;
}

/* What is behind all that are kept is not taken. */
static void test_cuts(void **state)
{
    (void)state;
    assert_in_range(cuts(random_key), 4, 10); /* 6.5 are to be expected */
    assert_int_equal(cuts(rising), 1);
    assert_int_equal(set.count, PICK_MAX + 1);
    assert_int_equal(cuts(falling),
                     (MANY - PICK_MAX - 1) / (DISTINCT_MAX - PICK_MAX)); /* the most there can be */
}

/* Only a few matter: these are there, whatever is passed over by its bits alone, and their weights
 * can be made up for. */
static void test_keep_only(void **state)
{
    (void)state;
    enum { KEEP = 9, HEAVY = 50 };
    static double keys[ITEMS_MAX];
    unsigned passed_over = 0, smaller;
    distinct_begin(&set, &hash_key);
    distinct_keep_only(&set, KEEP);
    for (unsigned n = 0; n < ITEMS_MAX; n++) {
        uint64_t bits = rand_next(&rng);
        double weight = n % 3 ? HEAVY : 1;
        memcpy(addresses[n], &n, 4);
        keys[n] = pick_key(bits, weight);
        if (bits < distinct_bits_wanted(&set, 0, HEAVY, 0))
            passed_over++;
        else
            distinct_add(&set, &picker, addresses[n], 4, 0, keys[n], weight);
        assert_in_range(set.count, 1, 4 * KEEP + 16);
    }
    assert_in_range(passed_over, ITEMS_MAX / 10 * 9, ITEMS_MAX);
    assert_true(set.dropped && set.count >= KEEP);
    pick_begin(&picker, KEEP);
    distinct_offer(&set, &picker);
    assert_int_equal(pick_finish(&picker), KEEP);
    for (unsigned k = 0; k < KEEP; k++) { /* the k-th smallest of all */
        smaller = 0;
        uint32_t item;
        memcpy(&item, set.slots[picker.items[k]].bytes, 4);
        for (unsigned n = 0; n < ITEMS_MAX; n++)
            smaller += keys[n] < keys[item];
        assert_int_equal(smaller, k);
    }
    struct distinct_entry *first = &set.slots[picker.items[0]];
    double before = first->weight;
    distinct_weigh(&set, first->bytes, 4, 5);
    assert_true(first->weight == before + 5);
    distinct_clear(&set);
    assert_false(distinct_has(&set, first->bytes, 4) || set.dropped);
    assert_int_equal(distinct_bits_wanted(&set, 0, HEAVY, 0), 0);
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
        cmocka_unit_test_setup(test_sum, seed),  cmocka_unit_test_setup(test_many, seed),
        cmocka_unit_test(test_chosen),           cmocka_unit_test(test_key),
        cmocka_unit_test_setup(test_cuts, seed), cmocka_unit_test_setup(test_keep_only, seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
