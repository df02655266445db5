#include "registry/agenda.h"

#define FIRST ((pool_ref)1 << POOL_REF_BITS) /* nothing is before it in the slot of this number */

void agenda_deinit(struct agenda *a)
{
    heap_deinit(&a->near);
}

/* A node's place in the heap lies where a listed one names its neighbour; the heap knows. */
static bool is_near(const struct agenda *a, const struct agenda_node *node)
{
    uint32_t at = node->near.at;
    return at < a->near.count && a->near.nodes[at] == &node->near;
}

static uint64_t near_end(const struct agenda *a)
{
    return a->until_ms + (a->opening ? AGENDA_SLOT_MS : 0);
}

static uint32_t slot_of(uint64_t ms)
{
    return (uint32_t)(ms / AGENDA_SLOT_MS % AGENDA_SLOTS);
}

static struct agenda_node *node_at(const struct agenda *a, pool_ref ref)
{
    return pool_at(a->pool, ref);
}

static void list(struct agenda *a, struct agenda_node *node, uint64_t key)
{
    uint64_t last = a->until_ms + (uint64_t)(AGENDA_SLOTS - 1) * AGENDA_SLOT_MS;
    uint32_t number = slot_of(key < last ? key : last);
    pool_ref *slot = &a->slots[number], ref = pool_ref_of(a->pool, node);
    a->filled[number / 64] |= (uint64_t)1 << number % 64;
    node->far.key = key;
    node->far.next = *slot;
    node->far.previous = FIRST | number;
    if (*slot)
        node_at(a, *slot)->far.previous = ref;
    *slot = ref;
    a->far++;
}

static void set_empty(struct agenda *a, uint32_t slot)
{
    a->filled[slot / 64] &= ~((uint64_t)1 << slot % 64);
}

static void unlist(struct agenda *a, struct agenda_node *node)
{
    pool_ref next = node->far.next, previous = node->far.previous;
    if (next)
        node_at(a, next)->far.previous = previous;
    if (previous & FIRST) {
        uint32_t number = previous & ~FIRST;
        a->slots[number] = next;
        if (!next)
            set_empty(a, number);
    } else {
        node_at(a, previous)->far.next = next;
    }
    a->far--;
}

void agenda_add(struct agenda *a, struct agenda_node *node, uint64_t key)
{
    if (key == AGENDA_NEVER) {
        node->key = key;
        return;
    }
    if (key < near_end(a)) {
        heap_node_init(&node->near);
        if (heap_add(&a->near, &node->near, key) == ERR_OK)
            return;
        key = near_end(a);
    }
    list(a, node, key);
}

void agenda_remove(struct agenda *a, struct agenda_node *node)
{
    if (node->key == AGENDA_NEVER)
        return;
    if (is_near(a, node))
        heap_remove(&a->near, &node->near);
    else
        unlist(a, node);
    node->key = AGENDA_NEVER;
}

void agenda_move(struct agenda *a, struct agenda_node *node, uint64_t key)
{
    if (node->key != AGENDA_NEVER && key < near_end(a) && is_near(a, node)) {
        heap_move(&a->near, &node->near, key);
        return;
    }
    agenda_remove(a, node);
    agenda_add(a, node, key);
}

struct agenda_node *agenda_pull(struct agenda *a, uint64_t now_ms, uint64_t *key)
{
    while (a->until_ms <= now_ms) {
        struct agenda_node *first = node_at(a, a->slots[slot_of(a->until_ms)]);
        if (first) {
            a->opening = true;
            if (first->far.next) /* the one behind it, which is on its way until then */
                __builtin_prefetch(node_at(a, node_at(a, first->far.next)->far.next), 1);
            unlist(a, first);
            *key = first->key;
            first->key = AGENDA_NEVER;
            return first;
        }
        a->opening = false;
        a->until_ms = a->far ? a->until_ms + AGENDA_SLOT_MS
                             : now_ms / AGENDA_SLOT_MS * AGENDA_SLOT_MS + AGENDA_SLOT_MS;
    }
    return NULL;
}

struct agenda_node *agenda_first(const struct agenda *a, uint64_t now_ms)
{
    struct heap_node *first = heap_first(&a->near);
    return first && first->key <= now_ms ? (struct agenda_node *)first : NULL;
}

/* How many slots from this one on, over the end, to the first one that is filled; one is. */
static uint32_t slots_ahead(const struct agenda *a, uint32_t from)
{
    uint64_t word = a->filled[from / 64] >> from % 64;
    if (word)
        return (uint32_t)__builtin_ctzll(word);
    uint32_t ahead = 64 - from % 64;
    while (!(word = a->filled[(from + ahead) % AGENDA_SLOTS / 64]))
        ahead += 64;
    return ahead + (uint32_t)__builtin_ctzll(word);
}

uint64_t agenda_next(const struct agenda *a)
{
    const struct heap_node *first = heap_first(&a->near);
    uint64_t next = first ? first->key : AGENDA_NEVER;
    if (!a->far)
        return next;
    uint64_t far = a->until_ms + (uint64_t)slots_ahead(a, slot_of(a->until_ms)) * AGENDA_SLOT_MS;
    return far < next ? far : next;
}
