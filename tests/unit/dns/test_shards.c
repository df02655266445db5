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
static char nodes[STEPS];

static struct node *node_at(size_t i)
{
    return (struct node *)(void *)&nodes[i];
}

static void note_freed(struct node *n)
{
    atomic_fetch_add(&freed[(char *)(void *)n - nodes], 1);
}

static struct node *find(const struct shards *s, uint64_t hash)
{
    size_t place = 0;
    struct shard_view v = shards_view(s, hash);
    return shard_next(&v, hash, &place);
}

static void add(struct shards *s, uint64_t hash, size_t node)
{
    assert_int_equal(shards_reserve(s, hash, 1), ERR_OK);
    shards_add(s, hash, node_at(node));
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
    shards_init(s, note_freed);
    return s;
}

/* Where all hashes fall into one place of one shard, all are told apart. */
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
            assert_int_equal(shards_reserve(s, hashes[i], 1), ERR_OK);
            shards_replace(s, hashes[i], node_at((size_t)there[i]), node_at((size_t)used));
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
        assert_int_equal(shards_reserve(s, 1, 1), ERR_OK);
        shards_replace(s, 1, node_at(there), node_at(used));
        assert_true(s->shards[0].dead <= MANY + 9);
        there = used;
    }
    assert_ptr_equal(find(s, 1), node_at(there));
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_chain),
        cmocka_unit_test(same_hash),
        cmocka_unit_test(model),
        cmocka_unit_test(replaced_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
