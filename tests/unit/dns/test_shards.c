/* The array under the table of names: what is there is found, whatever came and went; the
 * dead are freed, once, after their array. */
#include "dns/shards.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/rand.h"

enum { KEYS = 5000, STEPS = 100000 };

/* To the array a node is an address, that no other has until it was freed. */
static _Atomic unsigned freed[STEPS];
static uint64_t hashes_of[STEPS];
static struct {
    _Alignas(1 << SHARD_UNUSED_BITS) char byte;
} nodes[STEPS];

static struct node *node_at(size_t i)
{
    return (struct node *)(void *)&nodes[i];
}

static size_t number_of(const struct node *n)
{
    return ((size_t)(uintptr_t)n - (size_t)(uintptr_t)nodes) / sizeof(*nodes);
}

static void note_freed(void *context UNUSED, struct node *n)
{
    atomic_fetch_add(&freed[number_of(n)], 1);
}

static struct node *find(const struct shards *s, uint64_t hash)
{
    size_t place = 0;
    struct shard_view v = shards_view(s, hash);
    struct node *n;
    while ((n = shard_next(&v, hash, &place)) && hashes_of[number_of(n)] != hash)
        continue;
    return n;
}

static void add(struct shards *s, uint64_t hash, size_t node)
{
    assert_true(shard_fits(node_at(node)));
    assert_int_equal(shards_reserve(s, hash, 1), ERR_OK);
    hashes_of[node] = hash;
    shards_add(s, hash, node_at(node));
}

static void replace(struct shards *s, uint64_t hash, size_t old, size_t node)
{
    assert_int_equal(shards_reserve(s, hash, 1), ERR_OK);
    hashes_of[node] = hash;
    shards_replace(s, hash, node_at(old), node_at(node));
}

static void end(struct shards *s)
{
    shards_free(s);
    rcu_drain();
    free(s);
}

static struct shards *begin(void)
{
    struct shards *s = malloc(sizeof(*s));
    assert_non_null(s);
    memset(freed, 0, sizeof(freed));
    shards_init(s, note_freed, NULL);
    return s;
}

/* Where all hashes fall into one place of one shard and have one tag, all are found. */
static void one_chain(void **state UNUSED)
{
    enum { MANY = 100 };
    struct shards *s = begin();
    for (size_t i = 0; i < MANY; i++)
        add(s, (i + 1) << 20, i);
    for (size_t i = 0; i < MANY; i += 2)
        shards_remove(s, (i + 1) << 20, node_at(i));
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(find(s, (i + 1) << 20), i % 2 ? node_at(i) : NULL);
    end(s);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(freed[i], 1);
}

/* Two names may have one hash. */
static void same_hash(void **state UNUSED)
{
    struct shards *s = begin();
    add(s, 77, 0);
    add(s, 77, 1);
    size_t place = 0;
    struct shard_view v = shards_view(s, 77);
    assert_ptr_equal(shard_next(&v, 77, &place), node_at(0));
    assert_ptr_equal(shard_next(&v, 77, &place), node_at(1));
    assert_null(shard_next(&v, 77, &place));
    shards_remove(s, 77, node_at(0));
    assert_ptr_equal(find(s, 77), node_at(1));
    end(s);
}

/* Against an array of what is there: nodes come, take each other's place and go. */
static void model(void **state UNUSED)
{
    enum { NONE = -1 };
    struct shards *s = begin();
    static int there[KEYS]; /* the node */
    static uint64_t hashes[KEYS];
    struct rand r;
    int used = 0;
    rand_seed(&r, 3);
    for (size_t i = 0; i < KEYS; i++) {
        hashes[i] = rand_next(&r) | 1;
        there[i] = NONE;
    }
    for (unsigned step = 0; step < STEPS; step++) {
        size_t i = rand_below(&r, KEYS);
        bool grows = step / 20000 % 2 == 0;
        if (there[i] == NONE && grows) {
            add(s, hashes[i], (size_t)used);
            there[i] = used++;
        } else if (there[i] != NONE && rand_below(&r, 4) == 0) {
            replace(s, hashes[i], (size_t)there[i], (size_t)used);
            there[i] = used++;
        } else if (there[i] != NONE && !grows) {
            shards_remove(s, hashes[i], node_at((size_t)there[i]));
            there[i] = NONE;
        }
    }
    uint64_t cursor = 0;
    size_t count = 0, walked = 0;
    for (size_t i = 0; i < KEYS; i++) {
        assert_ptr_equal(find(s, hashes[i]), there[i] == NONE ? NULL : node_at((size_t)there[i]));
        count += there[i] != NONE;
    }
    while (shards_walk(s, &cursor))
        walked++;
    assert_int_equal(walked, count);
    for (size_t i = 0; i < SHARD_COUNT; i++) /* the dead do not pile up */
        assert_true(s->shards[i].dead <= s->shards[i].live + 9);
    rcu_drain();
    for (size_t i = 0; i < KEYS; i++)
        assert_true(there[i] == NONE || freed[there[i]] == 0);
    end(s);
    for (int i = 0; i < used; i++)
        assert_int_equal(freed[i], 1);
}

/* One node out of many that is replaced again and again, in a large array. */
static void replaced_often(void **state UNUSED)
{
    enum { MANY = 1030 };
    struct shards *s = begin();
    size_t used = MANY;
    for (size_t i = 0; i < MANY; i++)
        add(s, i + 1, i);
    size_t there = 0;
    for (; used < STEPS / 2; used++) {
        replace(s, 1, there, used);
        assert_true(s->shards[0].dead <= MANY + 9);
        there = used;
    }
    assert_ptr_equal(find(s, 1), node_at(there));
    end(s);
}

/* Among nodes by the thousand hardly any but the one that is meant is looked into. */
static void few_are_mistaken(void **state UNUSED)
{
    enum { SHARE = 100 };
    struct shards *s = begin();
    struct rand r;
    unsigned mistaken = 0;
    rand_seed(&r, 5);
    for (size_t i = 0; i < STEPS / 2; i++)
        add(s, rand_next(&r), i);
    for (size_t i = 0; i < STEPS; i++) {
        uint64_t hash = rand_next(&r);
        struct shard_view v = shards_view(s, hash);
        for (size_t place = 0; shard_next(&v, hash, &place);)
            mistaken++;
    }
    assert_in_range(mistaken, 1, STEPS / SHARE);
    end(s);
}

/* An address for which an entry has no room. */
static void unfit(void **state UNUSED)
{
    const uintptr_t fine = (uintptr_t)node_at(0);
    assert_true(shard_fits((struct node *)fine));
    assert_false(shard_fits((struct node *)(fine + 4)));
    assert_false(shard_fits((struct node *)(fine | (uintptr_t)1 << 48)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_chain),
        cmocka_unit_test(same_hash),
        cmocka_unit_test(model),
        cmocka_unit_test(replaced_often),
        cmocka_unit_test(few_are_mistaken),
        cmocka_unit_test(unfit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
