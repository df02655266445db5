#include "base/counter.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attr.h"

#define STEPS 100000

static void *count(void *arg)
{
    for (int i = 0; i < STEPS; i++)
        counter_up(arg);
    return NULL;
}

static void others_may_read_while_the_owner_adds(void **state UNUSED)
{
    struct counter c = {0};
    uint64_t last = 0;
    pthread_t owner;

    assert_int_equal(pthread_create(&owner, NULL, count, &c), 0);
    for (int i = 0; i < 1000; i++) {
        uint64_t now = counter_get(&c);
        assert_true(now >= last && now <= STEPS);
        last = now;
    }
    assert_int_equal(pthread_join(owner, NULL), 0);
    assert_int_equal(counter_get(&c), STEPS);
    counter_add(&c, UINT64_MAX - STEPS);
    assert_int_equal(counter_get(&c), UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_may_read_while_the_owner_adds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
