#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/rand.h"

#define KEYS 400

struct thing {
    unsigned key;
    uint64_t hash;
    bool in;
};

static bool thing_has(const void *entry, const void *key)
{
    return ((const struct thing *)entry)->key == *(const unsigned *)key;
}

static void *find(const struct map *m, const struct thing *t)
{
    return map_find(m, t->hash, thing_has, &t->key);
}

static size_t walk(const struct map *m)
{
    size_t cursor = 0, n = 0;
    for (const struct thing *t; (t = map_next(m, &cursor)) != NULL; n++)
        assert_true(t->in);
    return n;
}

static void check_all(const struct map *m, struct thing *things, size_t count)
{
    size_t in = 0;
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(find(m, &things[i]), things[i].in ? &things[i] : NULL);
        in += things[i].in;
    }
    assert_int_equal(m->count, in);
    assert_int_equal(walk(m), in);
}

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
        assert_true(m.count * 4 <= (m.mask + 1) * 3);
        if (step % 50 == 0 || m.count < 8)
            check_all(&m, things, KEYS);
    }
    check_all(&m, things, KEYS);
    map_deinit(&m);
}

static void agrees_with_model(void **state UNUSED)
{
    run_against_model(1, UINT32_MAX, 0);
    run_against_model(2, 5, 0xfffffffd);           /* wraps at every table size */
    run_against_model(3, 1, 0xffffffffffffffff);   /* all in one run */
    run_against_model(4, 600, 0x12345678ffffff00); /* crosses 32 bits */
}

/* By hand in 8 slots: homes 6 6 7 0 lie in slots 6 7 0 1; taking the first moves the
 * others back over the end of the table, and the one in slot 1 goes home to 0. */
static void removal_shifts_over_the_end(void **state UNUSED)
{
    struct thing things[] = {{0, 6, true}, {1, 6, true}, {2, 7, true}, {3, 8, true}};
    struct map m = {0};
    for (size_t i = 0; i < ARRAY_COUNT(things); i++)
        assert_int_equal(map_insert(&m, things[i].hash, &things[i]), ERR_OK);
    assert_int_equal(m.mask, 7);
    assert_ptr_equal(m.entries[1], &things[3]);

    map_remove(&m, things[0].hash, &things[0]);
    things[0].in = false;
    assert_ptr_equal(m.entries[6], &things[1]);
    assert_ptr_equal(m.entries[7], &things[2]);
    assert_ptr_equal(m.entries[0], &things[3]);
    assert_null(m.entries[1]);
    check_all(&m, things, ARRAY_COUNT(things));
    map_deinit(&m);
}

static void removal_leaves_what_is_at_home(void **state UNUSED)
{
    struct thing things[] = {{0, 2, true}, {1, 3, true}, {2, 2, true}};
    struct map m = {0};
    for (size_t i = 0; i < ARRAY_COUNT(things); i++)
        assert_int_equal(map_insert(&m, things[i].hash, &things[i]), ERR_OK);
    map_remove(&m, 2, &things[0]);
    things[0].in = false;
    assert_ptr_equal(m.entries[2], &things[2]);
    assert_ptr_equal(m.entries[3], &things[1]);
    assert_null(m.entries[4]);
    check_all(&m, things, ARRAY_COUNT(things));
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

static void reserve_makes_room(void **state UNUSED)
{
    static struct thing things[KEYS];
    struct map m = {0};
    for (unsigned i = 0; i < KEYS; i++)
        things[i] = (struct thing){.key = i, .hash = i * 77u, .in = true};
    assert_int_equal(map_insert(&m, things[0].hash, &things[0]), ERR_OK);
    assert_int_equal(map_reserve(&m, KEYS - 1), ERR_OK);
    void **before = m.entries;
    for (unsigned i = 1; i < KEYS; i++)
        assert_int_equal(map_insert(&m, things[i].hash, &things[i]), ERR_OK);
    assert_ptr_equal(m.entries, before);
    check_all(&m, things, KEYS);

    assert_int_equal(map_reserve(&m, SIZE_MAX), ERR_MEMORY);
    check_all(&m, things, KEYS);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty),
        cmocka_unit_test(agrees_with_model),
        cmocka_unit_test(removal_shifts_over_the_end),
        cmocka_unit_test(removal_leaves_what_is_at_home),
        cmocka_unit_test(replaces_in_place),
        cmocka_unit_test(reserve_makes_room),
        cmocka_unit_test(equal_low_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
