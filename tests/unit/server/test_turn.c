/* When a worker's turn at a socket is over. */
#include "server/turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* So many batches, when each takes so long. */
static unsigned batches(uint64_t began_ms, unsigned each_us)
{
    struct turn turn = turn_begin(began_ms);
    unsigned count = 1;
    while (turn_goes_on(&turn, began_ms + (uint64_t)count * each_us / 1000))
        count++;
    return count;
}

static void test_cheap(void **state)
{
    (void)state;
    assert_int_equal(batches(0, 0), TURN_BATCHES);
    assert_int_equal(batches(123456, 150), TURN_BATCHES);
}

/* Expensive ones end it with the first that ends after TURN_MS. */
static void test_expensive(void **state)
{
    (void)state;
    assert_int_equal(batches(5, 1000), TURN_MS + 1);
    assert_int_equal(batches(5, 300), 10);
    assert_int_equal(batches(UINT64_C(1) << 40, 4000), 1);
    assert_int_equal(batches(0, 14000), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cheap),
        cmocka_unit_test(test_expensive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
