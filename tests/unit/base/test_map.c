#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/base/things.h"

static void starts_empty(void **state UNUSED)
{
    struct map m = {0};
    struct thing t = {.key = 7};
    size_t cursor = 0;
    assert_null(find(&m, &t));
    assert_null(map_next(&m, &cursor));
    map_deinit(&m);
}

/* Hashes are drawn from few values so that runs are long and overlap, and from the
 * top of the table so that they wrap; `spread` is the number of different hashes. */
static void run_against_model(uint64_t seed, uint32_t spread, uint64_t base)
{
    static struct thing things[KEYS];
    struct map m = {0};
    struct rand r;

    rand_seed(&r, seed);
    for (unsigned i = 0; i < KEYS; i++)
        things[i] = (struct thing){.key = i, .hash = base + rand_below(&r, spread)};
    for (int step = 0; step < 20000; step++) {
        /* grows and shrinks by turns, so that all fill levels are met */
        bool growing = (step / 2000) % 2 == 0;
        struct thing *t = &things[rand_below(&r, KEYS)];
        bool add = rand_below(&r, 10) < (growing ? 7u : 3u);
        if (add && !t->in)
            assert_int_equal(map_insert(&m, t->hash, t), ERR_OK);
        else if (!add && t->in)
            map_remove(&m, t->hash, t);
        else
            continue;
        t->in = add;
        if (step % 50 == 0 || m.count < 8)
            check_all(&m, things, KEYS);
    }
    check_all(&m, things, KEYS);
    map_deinit(&m);
}

static void agrees_with_model(void **state UNUSED)
{
    run_against_model(1, UINT32_MAX, 0);
    run_against_model(2, 5, 0xfffffffd);
    run_against_model(3, 1, 0xffffffffffffffff);   /* all in one run */
    run_against_model(4, 600, 0x12345678ffffff00); /* crosses 32 bits */
}

/* Hashes that the map scatters to its end: what is put there lies over the end of the table,
 * at its start, at every size. */
static void runs_over_the_end(void **state UNUSED)
{
    static struct thing things[KEYS];
    struct map m = {0};
    struct rand r;
    rand_seed(&r, 5);
    uint32_t hash = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        while (hash * 0x9e3779b1u < 0xfff00000u)
            hash++;
        things[i] = (struct thing){.key = i, .hash = hash++};
    }
    for (unsigned step = 0; step < 4000; step++) {
        struct thing *t = &things[rand_below(&r, step < 2000 ? 12 : KEYS)];
        if (t->in)
            map_remove(&m, t->hash, t);
        else
            assert_int_equal(map_insert(&m, t->hash, t), ERR_OK);
        t->in = !t->in;
        check_all(&m, things, step < 2000 ? 12 : KEYS);
    }
    map_deinit(&m);
}

static void replaces_in_place(void **state UNUSED)
{
    struct thing old = {7, 3, true}, new = {7, 3, true}, other = {8, 3, true};
    struct map m = {0};
    assert_int_equal(map_insert(&m, 3, &other), ERR_OK);
    assert_int_equal(map_insert(&m, 3, &old), ERR_OK);
    map_replace(&m, 3, &old, &new);
    assert_ptr_equal(find(&m, &old), &new);
    assert_ptr_equal(find(&m, &other), &other);
    assert_int_equal(m.count, 2);
    map_deinit(&m);
}

/* Only the low half of a hash is kept: entries that differ above it must be told
 * apart by the caller's comparison. */
static void equal_low_halves(void **state UNUSED)
{
    struct thing things[] = {{1, 0x100000005, true}, {2, 0x200000005, true}, {3, 5, false}};
    struct map m = {0};
    assert_int_equal(map_insert(&m, things[0].hash, &things[0]), ERR_OK);
    assert_int_equal(map_insert(&m, things[1].hash, &things[1]), ERR_OK);
    check_all(&m, things, ARRAY_COUNT(things));
    map_deinit(&m);
}

/* Large enough that parts are split many times, and none is ever nearly empty or large. */
static void grows_in_parts(void **state UNUSED)
{
    struct thing *things = many_new(6);
    struct map m = {0};
    put_in(&m, things, 0, MANY);
    check_all(&m, things, MANY);
    assert_in_range(1u << m.depth, 16, 64); /* of some 3000 entries, half full at least */
    for (unsigned i = 0; i < MANY; i += 3) {
        map_remove(&m, things[i].hash, &things[i]);
        things[i].in = false;
    }
    check_all(&m, things, MANY);
    map_deinit(&m);
    free(things);
}

/* Hashes that splitting does not tell apart: the part grows, and their number of parts not. */
static void bears_equal_hashes(void **state UNUSED)
{
    struct thing *things = many_new(7);
    struct map m = {0};
    for (unsigned i = 0; i < 6000; i++)
        things[i].hash = 99;
    put_in(&m, things, 0, 6000);
    check_all(&m, things, 6000);
    assert_in_range(1u << m.depth, 1, 64);
    map_deinit(&m);
    free(things);
}

/* When most have gone their room goes, too, and the parts are one again; on the way nothing
 * is lost, whether it goes in order or not. */
static void shrinks_again(void **state UNUSED)
{
    struct thing *things = many_new(10);
    struct map m = {0};
    for (unsigned round = 0; round < 3; round++) {
        put_in(&m, things, 0, MANY);
        assert_true(m.depth >= 4);
        for (unsigned n = 0; n < MANY; n++) {
            unsigned i = round == 0 ? n : round == 1 ? MANY - 1 - n : n * 7919u % MANY;
            map_remove(&m, things[i].hash, &things[i]);
            things[i].in = false;
            if (n % 10000 == 9999)
                check_all(&m, things, MANY);
            assert_true(slots_of(&m) <= 64 || n % 500 || slots_of(&m) < m.count * 5 + 64u * 16);
        }
        assert_int_equal(m.depth, 0);
        assert_true(slots_of(&m) <= 64);
    }
    map_deinit(&m);
    free(things);
}

/* A part of so many that comes and goes by one does not move each time, nor is it split and merged
 * by turns. */
static void does_not_swing(void **state UNUSED)
{
    struct thing *things = many_new(12);
    struct map m = {0};
    unsigned merged = 0;
    put_in(&m, things, 0, 4000);
    for (unsigned i = 3999; i > 100; i--) {
        unsigned depth = m.depth;
        map_remove(&m, things[i].hash, &things[i]);
        merged += m.depth != depth;
        size_t last = ((size_t)1 << m.depth) - 1;
        const struct map_part *before[] = {m.parts[0], m.parts[last]};
        depth = m.depth;
        for (unsigned round = 0; round < 2; round++) {
            assert_int_equal(map_insert(&m, things[i].hash, &things[i]), ERR_OK);
            assert_int_equal(m.depth, depth);
            assert_true(m.parts[0] == before[0] && m.parts[last] == before[1]);
            map_remove(&m, things[i].hash, &things[i]);
            assert_int_equal(m.depth, depth);
            assert_true(m.parts[0] == before[0] && m.parts[last] == before[1]);
        }
    }
    assert_int_equal(merged, 1);
    assert_int_equal(m.depth, 0);
    map_deinit(&m);
    free(things);
}

/* Entries of a pool: the same table with smaller slots. */
static void holds_entries_of_a_pool(void **state UNUSED)
{
    enum { COUNT = 20000 };
    struct pool pool = {0};
    struct map m = {.pool = &pool};
    struct thing **things = calloc(COUNT, sizeof(*things));
    struct rand r;
    assert_non_null(things);
    rand_seed(&r, 13);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_non_null(things[i] = pool_new(&pool, sizeof(struct thing)));
        *things[i] = (struct thing){.key = i, .hash = rand_next(&r), .in = true};
        assert_int_equal(map_insert(&m, things[i]->hash, things[i]), ERR_OK);
    }
    assert_int_equal(walk(&m), COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_ptr_equal(find(&m, things[i]), things[i]);
        if (i % 3)
            map_remove(&m, things[i]->hash, things[i]);
        things[i]->in = i % 3 == 0;
    }
    for (unsigned i = 0; i < COUNT; i++) {
        assert_ptr_equal(find(&m, things[i]), i % 3 ? NULL : things[i]);
        pool_free(&pool, i % 3 ? things[i] : NULL);
    }
    struct thing *twin = pool_new(&pool, sizeof(*twin));
    assert_non_null(twin);
    *twin = *things[3];
    map_replace(&m, twin->hash, things[3], twin);
    assert_ptr_equal(find(&m, things[3]), twin);
    assert_int_equal(walk(&m), (COUNT + 2) / 3);
    for (unsigned i = 0; i < COUNT; i += 3)
        pool_free(&pool, things[i]);
    pool_free(&pool, twin);
    map_deinit(&m);
    pool_deinit(&pool);
    free(things);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty),       cmocka_unit_test(agrees_with_model),
        cmocka_unit_test(runs_over_the_end),  cmocka_unit_test(replaces_in_place),
        cmocka_unit_test(equal_low_halves),   cmocka_unit_test(grows_in_parts),
        cmocka_unit_test(bears_equal_hashes), cmocka_unit_test(shrinks_again),
        cmocka_unit_test(does_not_swing),     cmocka_unit_test(holds_entries_of_a_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
