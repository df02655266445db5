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
#include "support/child.h"
#include "support/failing.h"

#if ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

enum {
    ITEMS = 4000,
    OPERATIONS = 200000,
    GROWTH = 64 * 1024, /* bytes that it asks the system for at a time */
    MIB = 1024 * 1024,
};

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static unsigned given_back; /* calls of madvise */

int madvise(void *at, size_t size, int advice)
{
    given_back++;
    return (int)syscall(SYS_madvise, at, size, advice);
}

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
    size_t count = 0, pages = p->begun;
    unsigned char *in = calloc(pages, 1);
    assert_non_null(in);
    assert_int_equal((size_t)1 << p->chunk_bits, page_size());
    assert_int_equal(mincore(p->base, pages * page_size(), in), 0);
    for (size_t n = 0; n < pages; n++)
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
    assert_in_range(full, COUNT * SIZE / page_size(), COUNT * SIZE / page_size() * 51 / 50);
    for (unsigned n = 0; n < COUNT; n++)
        pool_free(&p, records[n]);
    assert_true(pages_of(&p) <= POOL_WARM_MAX);
    assert_true(given_back > full - POOL_WARM_MAX - 2);
    for (unsigned n = 0; n < COUNT / 2; n++)
        assert_non_null(records[n] = pool_new(&p, 2 * SIZE));
    assert_int_equal(p.begun, begun);
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
    assert_int_equal(refused, (COUNT * POOL_RECORD_MAX + GROWTH - 1) / GROWTH);
    for (unsigned n = 0; n < COUNT; n++) {
        check(&p, &items[n]);
        drop(&p, &items[n]);
    }
    pool_deinit(&p);
}

/* What users keep above an address must not meet its bits. */
static void addresses(void **state UNUSED)
{
    const uintptr_t behind = (uintptr_t)1 << POOL_ADDRESS_BITS;
    struct pool p = {0};
    assert_true(pool_may_begin(behind - POOL_RESERVED));
    assert_false(pool_may_begin(behind - POOL_RESERVED + page_size()));
    assert_false(pool_may_begin(behind));
    assert_false(pool_may_begin((uintptr_t)0xb4 << 56 | page_size())); /* a tag */
    assert_true(pool_reserve(&p, "records"));
    assert_true(pool_may_begin((uintptr_t)p.base));
    const char *base = p.base;
    assert_true(pool_reserve(&p, "records"));
    pool_free(&p, pool_new(&p, 8));
    assert_ptr_equal(p.base, base);
    pool_deinit(&p);
}

/* ---- bounds -------------------------------------------------------------------------------- */

/* Few, none smaller than asked for, and none with much to spare. */
static void sizes_are_few(void **state UNUSED)
{
    unsigned count = 0;
    for (size_t size = 1, last = 0; size <= POOL_RECORD_MAX; size++) {
        size_t taken = pool_taken(size);
        assert_in_range(taken, size, POOL_RECORD_MAX);
        assert_int_equal(taken % POOL_STEP, 0);
        assert_true(taken - size < POOL_STEP || taken - size <= size / 7);
        assert_int_equal(POOL_PAGE_LEAST / taken,
                         POOL_PAGE_LEAST / ((size + POOL_STEP - 1) / POOL_STEP * POOL_STEP));
        count += taken != last;
        last = taken;
    }
    assert_in_range(count, 30, 40);
}

/* Records of one size come, nearly all of them go, and the next size's come: those few that stay
 * hold a page each, whatever their sizes. */
static void survivors_hold_little(void **state UNUSED)
{
    enum { LIVE = 2 * MIB, EACH = 64 * 1024 };
    static void *records[LIVE / 104];
    static void *kept[LIVE / EACH * POOL_SIZES];
    struct pool p = {0};
    size_t stay = 0;
    for (size_t size = 104; size <= POOL_RECORD_MAX; size += POOL_STEP) {
        size_t count = LIVE / size;
        for (size_t n = 0; n < count; n++)
            assert_non_null(records[n] = pool_new(&p, size));
        for (size_t n = 0; n < count; n++)
            if (n % (EACH / size) == 0)
                kept[stay++] = records[n];
            else
                pool_free(&p, records[n]);
        assert_int_equal(p.records, stay);
        assert_true(pages_of(&p) <= stay + POOL_WARM_MAX);
    }
    while (stay)
        pool_free(&p, kept[--stay]);
    assert_true(pages_of(&p) <= POOL_WARM_MAX);
    pool_deinit(&p);
}

/* Wherever else there is room, and however many of them: a few that come and go do so without the
 * system. */
static void coming_and_going_is_cheap(void **state UNUSED)
{
    enum { COUNT = 2000, SIZE = 136, BATCH = 300 };
    static void *records[COUNT], *batch[BATCH];
    struct pool p = {0};
    for (unsigned n = 0; n < COUNT; n++)
        assert_non_null(records[n] = pool_new(&p, SIZE));
    pool_free(&p, records[7]);
    for (unsigned n = 0; n < BATCH; n++) /* to the edge of a chunk, and over it */
        assert_non_null(batch[n] = pool_new(&p, SIZE));
    for (unsigned n = 0; n < BATCH; n++)
        pool_free(&p, batch[n]);
    uint32_t begun = p.begun;
    given_back = 0;
    for (unsigned round = 0; round < 1000; round++) {
        unsigned count = 1 + round % BATCH;
        for (unsigned n = 0; n < count; n++)
            assert_non_null(batch[n] = pool_new(&p, round % 2 ? SIZE : 2 * SIZE));
        for (unsigned n = 0; n < count; n++)
            pool_free(&p, batch[n]);
    }
    assert_int_equal(given_back, 0);
    assert_true(p.begun <= begun + GROWTH / POOL_PAGE_LEAST);
    for (unsigned n = 0; n < COUNT; n++)
        pool_free(&p, n == 7 ? NULL : records[n]);
    pool_deinit(&p);
}

/* ---- in a process of its own ---------------------------------------------------------------- */

/* Three pools, as in the server, and what is left is for others. */
static bool serves_when_limited(size_t bytes)
{
    struct pool pools[3] = {0};
    if (!limit_addresses(bytes))
        return false;
    for (unsigned n = 0; n < ARRAY_COUNT(pools); n++) {
        struct pool *p = &pools[n];
        if (!pool_reserve(p, "records") || p->reserved > bytes / 4)
            return false;
        size_t count = 0, most = p->reserved / POOL_RECORD_MAX;
        while (count < most && pool_new(p, POOL_RECORD_MAX))
            count++;
        if (count < most * 9 / 10 || count == most || pool_new(p, 8))
            return false;
    }
    void *left = malloc(bytes / 4);
    free(left);
    return left != NULL;
}

static bool is_reserved(size_t bytes)
{
    struct pool p = {0};
    return limit_addresses(bytes) && (pool_reserve(&p, "records") || pool_new(&p, 8));
}

static void takes_less_where_addresses_are_limited(void **state UNUSED)
{
    char log[4096];
    assert_int_equal(in_child(serves_when_limited, 600 * (size_t)MIB, log, sizeof(log)), 1);
    assert_non_null(strstr(log, "records have 128 MiB of addresses, and should have 16384"));
    assert_int_equal(in_child(is_reserved, 40 * (size_t)MIB, log, sizeof(log)), 1);
    assert_non_null(strstr(log, "records have 32 MiB"));
    assert_int_equal(in_child(is_reserved, 8 * (size_t)MIB, log, sizeof(log)), 0);
    assert_non_null(strstr(log, "records need at least 16 MiB of addresses"));
}

/* The sanitizer sees who reads what is not in use. */
static void what_is_free_is_poisoned(void **state UNUSED)
{
#if ADDRESS_SANITIZER
    struct pool p = {0};
    char *first = pool_new(&p, 64), *second = pool_new(&p, 64);
    assert_false(__asan_address_is_poisoned(first + 63));
    assert_true(__asan_address_is_poisoned(second + 64));
    pool_free(&p, first);
    assert_true(__asan_address_is_poisoned(first));
    assert_true(__asan_address_is_poisoned(first + 63));
    assert_false(__asan_address_is_poisoned(second));
    pool_free(&p, second);
    assert_true(__asan_address_is_poisoned(second));
    pool_deinit(&p);
#else
    skip();
#endif
}

enum fault { TWICE, INSIDE, NEVER_GIVEN, FAR_AWAY };

static bool frees_wrongly(size_t fault)
{
    struct pool p = {0};
    char *record = pool_new(&p, 64);
    char *wrong[] = {[TWICE] = record,
                     [INSIDE] = record + 8,
                     [NEVER_GIVEN] = record + 64,
                     [FAR_AWAY] = record + GROWTH};
    pool_free(&p, fault == TWICE ? record : NULL);
    pool_free(&p, wrong[fault]);
    return true;
}

static void wrong_records_are_noticed(void **state UNUSED)
{
#ifdef NDEBUG
    skip();
#endif
    char log[4096];
    for (size_t fault = TWICE; fault <= FAR_AWAY; fault++)
        assert_int_equal(in_child(frees_wrongly, fault, log, sizeof(log)), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_list),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(gives_back),
        cmocka_unit_test(bears_lack_of_memory),
        cmocka_unit_test(addresses),
        cmocka_unit_test(sizes_are_few),
        cmocka_unit_test(survivors_hold_little),
        cmocka_unit_test(coming_and_going_is_cheap),
        cmocka_unit_test(takes_less_where_addresses_are_limited),
        cmocka_unit_test(what_is_free_is_poisoned),
        cmocka_unit_test(wrong_records_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
