/* What a map promised it keeps, and what it did not it refuses: with no memory left. */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing.h"
#include "unit/base/things.h"

static void reserve_makes_room(void **state UNUSED)
{
    SKIP_WITHOUT_FAILURES();
    static struct thing things[KEYS];
    struct map m = {0};
    for (unsigned i = 0; i < KEYS; i++)
        things[i] = (struct thing){.key = i, .hash = i * 77u, .in = true};
    assert_int_equal(map_insert(&m, things[0].hash, &things[0]), ERR_OK);
    assert_int_equal(map_reserve(&m, KEYS - 1), ERR_OK);
    until_failure = 0; /* any allocation from here on */
    for (unsigned i = 1; i < KEYS; i++)
        assert_int_equal(map_insert(&m, things[i].hash, &things[i]), ERR_OK);
    until_failure = -1;
    check_all(&m, things, KEYS);

    assert_int_equal(map_reserve(&m, SIZE_MAX), ERR_MEMORY);
    check_all(&m, things, KEYS);
    map_deinit(&m);
}

/* Each number of insertions that was promised succeeds without memory, wherever they go;
 * later, with memory, all is as if nothing had been. */
static void keeps_its_promise_without_memory(void **state UNUSED)
{
    SKIP_WITHOUT_FAILURES();
    static const unsigned starts[] = {0, 5, 3000, 3276, 3277, 20000};
    static const unsigned promises[] = {1, 2, 700, 9000};
    for (unsigned s = 0; s < ARRAY_COUNT(starts); s++)
        for (unsigned p = 0; p < ARRAY_COUNT(promises); p++) {
            struct thing *things = many_new(s + 1);
            unsigned full = starts[s] + promises[p], extra = full + 2000;
            struct map m = {0};
            put_in(&m, things, 0, starts[s]);
            assert_int_equal(map_reserve(&m, promises[p]), ERR_OK);
            for (unsigned i = starts[s]; i < full; i++) {
                until_failure = 0;
                enum err err = map_insert(&m, things[i].hash, &things[i]);
                until_failure = -1;
                assert_int_equal(err, ERR_OK);
                things[i].in = true;
            }
            check_all(&m, things, extra);
            for (unsigned i = 0; i < full; i += 2) {
                map_remove(&m, things[i].hash, &things[i]);
                things[i].in = false;
            }
            check_all(&m, things, extra);
            put_in(&m, things, full, extra);
            check_all(&m, things, extra);
            map_deinit(&m);
            free(things);
        }
}

/* Nor is it broken where most of what was there goes before: the only part, and the spare one,
 * stay as large as they were promised to be. */
static void keeps_its_promise_when_others_go(void **state UNUSED)
{
    SKIP_WITHOUT_FAILURES();
    enum { PROMISED = 1000, MOST = 12000, ADDED = 2000 };
    static const unsigned starts[] = {200, 2000, MOST};
    for (unsigned s = 0; s < ARRAY_COUNT(starts); s++) {
        struct thing *things = many_new(s + 20);
        struct map m = {0};
        put_in(&m, things, 0, starts[s]);
        assert_int_equal(map_reserve(&m, PROMISED), ERR_OK);
        size_t slots = slots_of(&m);
        for (unsigned i = 0; i < starts[s] - 10; i++) {
            map_remove(&m, things[i].hash, &things[i]);
            things[i].in = false;
        }
        assert_int_equal(slots_of(&m), slots);
        for (unsigned i = MOST; i < MOST + PROMISED; i++) {
            until_failure = 0;
            enum err err = map_insert(&m, things[i].hash, &things[i]);
            until_failure = -1;
            assert_int_equal(err, ERR_OK);
            things[i].in = true;
        }
        check_all(&m, things, MOST + ADDED);
        map_deinit(&m);
        free(things);
    }
}

/* What was promised and is not wanted stands in the way of nothing: not even where what has come of
 * it lies in the spare part. */
static void a_promise_is_taken_back(void **state UNUSED)
{
    SKIP_WITHOUT_FAILURES();
    enum { FIRST = 10000, ALL = 14000 };
    struct thing *things = many_new(30);
    struct map m = {0};
    map_release(&m);
    put_in(&m, things, 0, FIRST);
    assert_int_equal(map_reserve(&m, 8000), ERR_OK);
    for (unsigned i = FIRST; i < ALL; i++) {
        until_failure = 0;
        assert_int_equal(map_insert(&m, things[i].hash, &things[i]), ERR_OK);
        until_failure = -1;
        things[i].in = true;
    }
    assert_true(m.spare->count > 0);
    map_release(&m);
    assert_null(m.spare);
    check_all(&m, things, ALL);
    assert_int_equal(map_reserve(&m, 1), ERR_OK);
    map_release(&m);
    for (unsigned i = 0; i < ALL; i++) {
        map_remove(&m, things[i].hash, &things[i]);
        things[i].in = false;
    }
    check_all(&m, things, ALL);
    assert_true(slots_of(&m) <= 64);
    map_deinit(&m);
    free(things);
}

/* Every allocation fails once: what was not promised is refused, and nothing has changed. */
static void refuses_without_memory(void **state UNUSED)
{
    SKIP_WITHOUT_FAILURES();
    struct thing *things = many_new(8);
    struct map m = {0};
    unsigned refused = 0, n = 0;
    for (unsigned i = 0; i < 20000; i++) {
        for (long fails_at = 0;; fails_at++) {
            until_failure = fails_at;
            enum err err = map_insert(&m, things[i].hash, &things[i]);
            until_failure = -1;
            if (err == ERR_OK)
                break;
            assert_int_equal(err, ERR_MEMORY);
            assert_int_equal(m.count, i);
            if (refused++ % 8 == 0)
                check_all(&m, things, i + 1);
        }
        things[i].in = true;
        n++;
    }
    assert_true(refused > 30);
    check_all(&m, things, n);
    until_failure = 0;
    enum err err = map_reserve(&m, 5000);
    until_failure = -1;
    assert_int_equal(err, ERR_MEMORY);
    check_all(&m, things, n);
    map_deinit(&m);
    free(things);
}

/* What lies in the spare part is found, replaced and walked over like all else. */
static void the_spare_part_is_no_different(void **state UNUSED)
{
    SKIP_WITHOUT_FAILURES();
    struct thing *things = many_new(9), *twins = many_new(9);
    struct map m = {0};
    put_in(&m, things, 0, 3276 + 3000);
    assert_int_equal(map_reserve(&m, 8000), ERR_OK);
    for (unsigned i = 6276; i < 14276; i++) {
        until_failure = 0;
        assert_int_equal(map_insert(&m, things[i].hash, &things[i]), ERR_OK);
        until_failure = -1;
        map_replace(&m, things[i].hash, &things[i], &twins[i]);
        assert_ptr_equal(find(&m, &things[i]), &twins[i]);
        assert_ptr_equal(map_guess(&m, things[i].hash), &twins[i]);
        map_replace(&m, things[i].hash, &twins[i], &things[i]);
        things[i].in = true;
    }
    check_all(&m, things, 14276);
    map_deinit(&m);
    free(things);
    free(twins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserve_makes_room),
        cmocka_unit_test(keeps_its_promise_without_memory),
        cmocka_unit_test(keeps_its_promise_when_others_go),
        cmocka_unit_test(a_promise_is_taken_back),
        cmocka_unit_test(refuses_without_memory),
        cmocka_unit_test(the_spare_part_is_no_different),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
