/* Records that one thread makes and another gives back. */
#include "base/cells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "support/child.h"

enum { RECORDS = 20000, SLOTS = 64, WORDS = 7 };

static struct cells *begin(void)
{
    struct cells *c = cells_new("records");
    assert_non_null(c);
    return c;
}

/* What was given back is taken again, zeroed. */
static void taken_again(void **state UNUSED)
{
    struct cells *c = begin();
    unsigned char *record = cells_take(c, 56);
    assert_non_null(record);
    record[55] = 1;
    cells_give(c, record);
    cells_give(c, NULL);
    assert_ptr_equal(cells_take(c, 56), record);
    assert_int_equal(record[55], 0);
    cells_give(c, record);
    cells_release(c);
    cells_release(NULL);
}

/* Records outlive their owner's release. */
static void given_back_late(void **state UNUSED)
{
    struct cells *c = begin();
    uint64_t *first = cells_take(c, 80), *second = cells_take(c, 24);
    assert_non_null(first);
    assert_non_null(second);
    cells_release(c);
    *first = *second = 7;
    cells_give(c, first);
    assert_int_equal(*second, 7);
    cells_give(c, second);
}

static bool opens(size_t bytes)
{
    return limit_addresses(bytes) && cells_new("these records");
}

/* That there are no addresses is seen, and said, when it begins. */
static void begins_with_its_addresses(void **state UNUSED)
{
    char log[4096];
    assert_int_equal(in_child(opens, (size_t)100 << 20, log, sizeof(log)), 1);
    assert_int_equal(in_child(opens, (size_t)8 << 20, log, sizeof(log)), 0);
    assert_non_null(strstr(log, "these records need at least 16 MiB of addresses"));
}

struct desk {
    struct cells *cells;
    _Atomic(uint64_t *) slots[SLOTS];
    unsigned given, torn;
};

static void *give_back(void *context)
{
    struct desk *d = context;
    for (size_t i = 0; d->given < RECORDS; i = (i + 1) % SLOTS) {
        uint64_t *record = atomic_exchange(&d->slots[i], NULL);
        if (!record)
            continue;
        for (size_t k = 1; k < WORDS; k++)
            d->torn += record[k] != record[0];
        cells_give(d->cells, record);
        d->given++;
    }
    return NULL;
}

static void two_threads(void **state UNUSED)
{
    struct desk d = {.cells = begin()};
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, give_back, &d), 0);
    size_t at = 0;
    for (uint64_t n = 1; n <= RECORDS; n++) {
        uint64_t *record = cells_take(d.cells, WORDS * sizeof(*record));
        assert_non_null(record);
        for (size_t k = 0; k < WORDS; k++) {
            assert_int_equal(record[k], 0);
            record[k] = n;
        }
        while (atomic_load(&d.slots[at]))
            at = (at + 1) % SLOTS;
        atomic_store(&d.slots[at], record);
    }
    cells_release(d.cells);
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_int_equal(d.given, RECORDS);
    assert_int_equal(d.torn, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_its_addresses),
        cmocka_unit_test(taken_again),
        cmocka_unit_test(given_back_late),
        cmocka_unit_test(two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
