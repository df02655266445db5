#include "base/heap.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#define CAPACITY_MIN 16
#define CAPACITY_IDLE 1024 /* larger arrays shrink when a quarter would do */

void heap_deinit(struct heap *h)
{
    for (uint32_t i = 0; i < h->count; i++)
        h->nodes[i]->at = HEAP_ABSENT;
    free(h->nodes);
    *h = (struct heap){0};
}

static bool is_before(const struct heap_node *a, const struct heap_node *b)
{
    return a->key != b->key ? a->key < b->key : (int32_t)(a->order - b->order) < 0;
}

static void place(struct heap *h, struct heap_node *node, uint32_t at)
{
    h->nodes[at] = node;
    node->at = at;
}

static void sift_up(struct heap *h, struct heap_node *node, uint32_t at)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (!is_before(node, h->nodes[parent]))
            break;
        place(h, h->nodes[parent], at);
        at = parent;
    }
    place(h, node, at);
}

static void sift_down(struct heap *h, struct heap_node *node, uint32_t at)
{
    for (uint64_t child; (child = 2 * (uint64_t)at + 1) < h->count; at = (uint32_t)child) {
        if (child + 1 < h->count && is_before(h->nodes[child + 1], h->nodes[child]))
            child++;
        if (!is_before(h->nodes[child], node))
            break;
        place(h, h->nodes[child], at);
    }
    place(h, node, at);
}

static void settle(struct heap *h, struct heap_node *node, uint32_t at)
{
    if (at > 0 && is_before(node, h->nodes[(at - 1) / 2]))
        sift_up(h, node, at);
    else
        sift_down(h, node, at);
}

static enum err resize(struct heap *h, uint32_t capacity)
{
    struct heap_node **nodes = reallocarray(h->nodes, capacity, sizeof(*nodes));
    if (!nodes)
        return ERR_MEMORY;
    h->nodes = nodes;
    h->capacity = capacity;
    return ERR_OK;
}

static enum err grow(struct heap *h)
{
    if (h->capacity > HEAP_ABSENT / 2)
        return ERR_MEMORY;
    return resize(h, h->capacity ? h->capacity * 2 : CAPACITY_MIN);
}

static void shrink(struct heap *h)
{
    if (h->capacity <= CAPACITY_IDLE || h->count > h->capacity / 4)
        return;
    enum err err = resize(h, h->capacity / 2);
    (void)err; /* then it stays as it is */
}

enum err heap_add(struct heap *h, struct heap_node *node, uint64_t key)
{
    assert(node->at == HEAP_ABSENT);
    if (h->count == h->capacity) {
        enum err err = grow(h);
        if (err)
            return err;
    }
    node->key = key;
    node->order = h->next_order++;
    sift_up(h, node, h->count++);
    return ERR_OK;
}

void heap_move(struct heap *h, struct heap_node *node, uint64_t key)
{
    assert(node->at < h->count && h->nodes[node->at] == node);
    node->key = key;
    settle(h, node, node->at);
}

void heap_remove(struct heap *h, struct heap_node *node)
{
    uint32_t at = node->at;

    assert(at < h->count && h->nodes[at] == node);
    struct heap_node *last = h->nodes[--h->count];
    if (last != node)
        settle(h, last, at);
    node->at = HEAP_ABSENT;
    shrink(h);
}
