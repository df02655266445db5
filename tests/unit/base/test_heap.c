#include "base/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rand.h"

#define NODES 1000
#define MANY 5000 /* so that the array shrinks */

static struct heap_node nodes[NODES];

static int by_key_and_order(const void *a, const void *b)
{
    const struct heap_node *x = *(struct heap_node *const *)a, *y = *(struct heap_node *const *)b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static void init_nodes(void)
{
    for (size_t i = 0; i < NODES; i++)
        heap_node_init(&nodes[i]);
}

static void check_shape(const struct heap *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        assert_int_equal(h->nodes[i]->at, i);
        if (i)
            assert_true(by_key_and_order(&h->nodes[(i - 1) / 2], &h->nodes[i]) < 0);
    }
}

/* Takes everything out and compares with qsort over the nodes that are in. */
static void drain_and_compare(struct heap *h)
{
    struct heap_node *sorted[NODES];
    size_t n = 0;

    for (size_t i = 0; i < NODES; i++)
        if (nodes[i].at != HEAP_ABSENT)
            sorted[n++] = &nodes[i];
    assert_int_equal(h->count, n);
    qsort(sorted, n, sizeof(sorted[0]), by_key_and_order);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(heap_first(h), sorted[i]);
        heap_remove(h, sorted[i]);
        assert_int_equal(sorted[i]->at, HEAP_ABSENT);
    }
    assert_null(heap_first(h));
}

static void agrees_with_sort(void **state UNUSED)
{
    struct heap h = {0};
    struct rand r;

    rand_seed(&r, 11);
    init_nodes();
    for (int step = 0; step < 30000; step++) {
        struct heap_node *node = &nodes[rand_below(&r, NODES)];
        uint64_t key = rand_below(&r, 300);
        if (node->at == HEAP_ABSENT)
            assert_int_equal(heap_add(&h, node, key), ERR_OK);
        else if (rand_below(&r, 3) == 0)
            heap_remove(&h, node);
        else
            heap_move(&h, node, key);
        if (step % 500 == 0)
            check_shape(&h);
    }
    assert_true(h.count > NODES / 2);
    drain_and_compare(&h);
    heap_deinit(&h);
}

static void equal_keys_leave_in_order(void **state UNUSED)
{
    struct heap h = {0};

    init_nodes();
    for (size_t i = 0; i < NODES; i++)
        assert_int_equal(heap_add(&h, &nodes[i], i % 2), ERR_OK);
    for (size_t i = 0; i < NODES; i++) {
        struct heap_node *expected = &nodes[i < NODES / 2 ? 2 * i : 2 * (i - NODES / 2) + 1];
        assert_ptr_equal(heap_first(&h), expected);
        heap_remove(&h, expected);
    }
    heap_deinit(&h);
}

static void extreme_keys(void **state UNUSED)
{
    struct heap h = {0};

    init_nodes();
    assert_int_equal(heap_add(&h, &nodes[0], UINT64_MAX), ERR_OK);
    assert_int_equal(heap_add(&h, &nodes[1], 0), ERR_OK);
    assert_int_equal(heap_add(&h, &nodes[2], UINT64_MAX - 1), ERR_OK);
    assert_ptr_equal(heap_first(&h), &nodes[1]);
    heap_move(&h, &nodes[1], UINT64_MAX); /* added before nodes[2], after nodes[0] */
    assert_ptr_equal(heap_first(&h), &nodes[2]);
    heap_remove(&h, &nodes[2]);
    assert_ptr_equal(heap_first(&h), &nodes[0]);
    heap_deinit(&h);
    assert_int_equal(nodes[0].at, HEAP_ABSENT);
    assert_null(heap_first(&h));
}

/* Gone in no order: at each step the array is a heap, and no larger than it must be. */
static void shrinks_again(void **state UNUSED)
{
    static struct heap_node many[MANY];
    struct heap_node *left[MANY];
    struct heap h = {0};
    struct rand r;

    rand_seed(&r, 12);
    for (uint32_t i = 0; i < MANY; i++) {
        left[i] = &many[i];
        heap_node_init(left[i]);
        assert_int_equal(heap_add(&h, left[i], rand_below(&r, 500)), ERR_OK);
    }
    uint32_t full = h.capacity;
    assert_true(full >= MANY);
    for (uint32_t count = MANY; count; count--) {
        uint32_t i = rand_below(&r, count);
        heap_remove(&h, left[i]);
        assert_int_equal(left[i]->at, HEAP_ABSENT);
        left[i] = left[count - 1];
        assert_int_equal(h.count, count - 1);
        assert_true(h.capacity >= h.count);
        assert_true(h.capacity <= 1024 || h.count > h.capacity / 4);
        if (count % 97 == 0 || h.capacity < full) {
            check_shape(&h);
            full = h.capacity;
        }
    }
    assert_true(h.capacity <= 1024);
    assert_null(heap_first(&h));
    heap_deinit(&h);
}

/* The number that keeps equal keys in order begins again at 0. */
static void order_begins_again(void **state UNUSED)
{
    struct heap h = {.next_order = UINT32_MAX - 2};

    init_nodes();
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(heap_add(&h, &nodes[i], 7), ERR_OK);
    assert_int_equal(h.next_order, 5);
    for (size_t i = 0; i < 8; i++) {
        assert_ptr_equal(heap_first(&h), &nodes[i]);
        heap_remove(&h, &nodes[i]);
    }
    heap_deinit(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_sort),   cmocka_unit_test(equal_keys_leave_in_order),
        cmocka_unit_test(extreme_keys),       cmocka_unit_test(shrinks_again),
        cmocka_unit_test(order_begins_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
