/* The histogram of durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/latency.h"

static uint64_t total(const struct latency *l)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
        n += counter_get(&l->buckets[i]);
    return n;
}

static void bounds_grow(void **state)
{
    (void)state;
    for (unsigned i = 1; i < LATENCY_BUCKETS; i++)
        assert_true(latency_bound_us(i) > latency_bound_us(i - 1));
    assert_true(latency_bound_us(LATENCY_BUCKETS - 1) == UINT64_MAX);
}

/* Each bound belongs to its own bucket, what is one more to the next. */
static void each_value_has_one_bucket(void **state)
{
    (void)state;
    struct latency l = {0};
    uint64_t sum = 0;
    for (unsigned i = 0; i + 1 < LATENCY_BUCKETS; i++) {
        uint64_t bound = latency_bound_us(i), here = counter_get(&l.buckets[i]);
        latency_count(&l, bound);
        latency_count(&l, bound + 1);
        sum += 2 * bound + 1;
        assert_int_equal(counter_get(&l.buckets[i]), here + 1);
        assert_int_equal(counter_get(&l.buckets[i + 1]), 1);
    }
    assert_int_equal(total(&l), 2 * (LATENCY_BUCKETS - 1));
    assert_int_equal(counter_get(&l.sum_us), sum);
}

static void nothing_is_quick(void **state)
{
    (void)state;
    struct latency l = {0};
    latency_count(&l, 0);
    assert_int_equal(counter_get(&l.buckets[0]), 1);
    assert_int_equal(counter_get(&l.sum_us), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_grow),
        cmocka_unit_test(each_value_has_one_bucket),
        cmocka_unit_test(nothing_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
