/* The pool against a plain list of what is in use: nothing overlaps, nothing is lost, and memory
 * goes back. */
#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/rand.h"
#include "support/failing.h"

enum { ITEMS = 4000, OPERATIONS = 200000, PAGE = 4096 };

struct item {
    uint8_t *record; /* NULL = not there */
    size_t size;
    uint8_t mark; /* in each of its bytes */
};

static void check(const struct pool *p, const struct item *item)
{
    for (size_t n = 0; n < item->size; n++)
        assert_int_equal(item->record[n], item->mark);
    assert_ptr_equal(pool_at(p, pool_ref_of(p, item->record)), item->record);
}

static void make(struct pool *p, struct item *item, size_t size, uint8_t mark)
{
    static const uint8_t zeros[POOL_RECORD_MAX];
    assert_non_null(item->record = pool_new(p, size));
    assert_int_equal((uintptr_t)item->record % POOL_STEP, 0);
    assert_memory_equal(item->record, zeros, size);
    memset(item->record, mark, size);
    item->size = size;
    item->mark = mark;
}

static void drop(struct pool *p, struct item *item)
{
    pool_free(p, item->record);
    *item = (struct item){0};
}

/* Fills and empties by turns, in many sizes of which some are frequent. */
static void agrees_with_a_list(void **state UNUSED)
{
    static struct item items[ITEMS];
    struct pool p = {0};
    struct rand r;
    size_t count = 0;
    rand_seed(&r, 11);
    for (unsigned step = 0; step < OPERATIONS; step++) {
        struct item *item = &items[rand_below(&r, ITEMS)];
        bool growing = step / 20000 % 2 == 0;
        bool wanted = rand_below(&r, 10) < (growing ? 7u : 2u);
        if (wanted == (item->record != NULL))
            continue;
        if (wanted) {
            size_t size = rand_below(&r, 4) ? 100 + rand_below(&r, 3) * 8
                                            : 1 + rand_below(&r, POOL_RECORD_MAX);
            make(&p, item, size, (uint8_t)(1 + rand_below(&r, 255)));
            count++;
        } else {
            check(&p, item);
            drop(&p, item);
            count--;
        }
        assert_int_equal(p.records, count);
    }
    for (unsigned n = 0; n < ITEMS; n++) {
        if (items[n].record)
            check(&p, &items[n]);
        drop(&p, &items[n]);
    }
    pool_deinit(&p);
}

static void nothing_is_nothing(void **state UNUSED)
{
    struct pool p = {0};
    assert_int_equal(pool_ref_of(&p, NULL), 0);
    assert_null(pool_at(&p, 0));
    pool_free(&p, NULL);
    void *first = pool_new(&p, 1);
    assert_true(pool_ref_of(&p, first) > 0);
    pool_free(&p, first);
    pool_deinit(&p);
    pool_deinit(&p);
}

/* Pages of the chunks so far that have memory behind them. */
static size_t pages_of(const struct pool *p)
{
    size_t bytes = (size_t)p->begun * POOL_CHUNK, count = 0;
    unsigned char *in = malloc(bytes / PAGE);
    assert_non_null(in);
    assert_int_equal(mincore(p->base, bytes, in), 0);
    for (size_t n = 0; n < bytes / PAGE; n++)
        count += in[n] & 1;
    free(in);
    return count;
}

/* What has gone serves other sizes, and what nothing is in takes no memory. */
static void gives_back(void **state UNUSED)
{
    enum { COUNT = 40000, SIZE = 120 };
    void **records = calloc(COUNT, sizeof(*records));
    struct pool p = {0};
    assert_non_null(records);
    for (unsigned n = 0; n < COUNT; n++)
        assert_non_null(records[n] = pool_new(&p, SIZE));
    size_t full = pages_of(&p);
    uint32_t begun = p.begun;
    assert_in_range(full, COUNT * SIZE / PAGE, COUNT * SIZE / PAGE * 51 / 50);
    for (unsigned n = 0; n < COUNT; n++)
        pool_free(&p, records[n]);
    assert_true(pages_of(&p) <= POOL_CHUNK / PAGE);
    for (unsigned n = 0; n < COUNT / 2; n++)
        assert_non_null(records[n] = pool_new(&p, 2 * SIZE));
    assert_true(p.begun <= begun + 1); /* one chunk was kept for the first size */
    for (unsigned n = 0; n < COUNT / 2; n++)
        pool_free(&p, records[n]);
    pool_deinit(&p);
    free(records);
}

/* Each request for memory fails once: nothing is there, and later all is as ever. */
static void bears_lack_of_memory(void **state UNUSED)
{
    SKIP_WITHOUT_FAILURES();
    enum { COUNT = 5000 };
    static struct item items[COUNT];
    struct pool p = {0};
    unsigned refused = 0;
    for (unsigned n = 0; n < COUNT; n++) {
        until_failure = 0;
        void *record = pool_new(&p, POOL_RECORD_MAX);
        until_failure = -1;
        if (!record) {
            refused++;
            assert_int_equal(p.records, n);
            make(&p, &items[n], POOL_RECORD_MAX, (uint8_t)(n % 255 + 1));
            continue;
        }
        pool_free(&p, record);
        make(&p, &items[n], POOL_RECORD_MAX, (uint8_t)(n % 255 + 1));
    }
    assert_int_equal(refused, (COUNT * POOL_RECORD_MAX + POOL_CHUNK - 1) / POOL_CHUNK);
    for (unsigned n = 0; n < COUNT; n++) {
        check(&p, &items[n]);
        drop(&p, &items[n]);
    }
    pool_deinit(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_list),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(gives_back),
        cmocka_unit_test(bears_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
