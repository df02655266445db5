#include "base/lease_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rand.h"

static void one_turn(void **state UNUSED)
{
    static const struct {
        uint64_t from, to, step, held_back;
    } rows[] = {
        {1000, 1000, 0, 0},
        {1000, 1001, 1, 0},
        {1000, 3000, 2000, 0},
        {1000, 3001, 2000, 1},
        {1000, 1000 + 86400000, 2000, 86398000},
        {1000, 999, 0, 0},
        {1000, 0, 0, 0},
        {0, UINT64_MAX, 2000, UINT64_MAX - 2000},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct lease_clock c;
        lease_clock_init(&c, rows[i].from);
        uint64_t before = c.lease_ms;
        assert_int_equal(lease_clock_turn(&c, rows[i].to), before + rows[i].step);
        assert_int_equal(c.held_back_ms, rows[i].held_back);
    }
}

static void never_jumps_nor_goes_back(void **state UNUSED)
{
    struct lease_clock c;
    struct rand r;
    uint64_t monotonic = 5000, forward = 0;

    rand_seed(&r, 3);
    lease_clock_init(&c, monotonic);
    uint64_t start = c.lease_ms;
    assert_true(start > 0); /* 0 can mean "never" */
    for (int i = 0; i < 10000; i++) {
        uint64_t before = c.lease_ms, next = monotonic + rand_below(&r, 4500);
        next = next > 500 ? next - 500 : 0;
        forward += next > monotonic ? next - monotonic : 0;
        monotonic = next;
        uint64_t now = lease_clock_turn(&c, monotonic);
        assert_true(now >= before && now - before <= LEASE_CLOCK_STEP_MAX);
    }
    assert_int_equal(c.lease_ms - start + c.held_back_ms, forward);
}

/* After a step back the clock goes on from there at once. */
static void runs_on_after_going_back(void **state UNUSED)
{
    struct lease_clock c;
    lease_clock_init(&c, 10000);
    uint64_t start = lease_clock_turn(&c, 4000);
    assert_int_equal(lease_clock_turn(&c, 4300), start + 300);
    assert_int_equal(c.held_back_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_turn),
        cmocka_unit_test(never_jumps_nor_goes_back),
        cmocka_unit_test(runs_on_after_going_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
