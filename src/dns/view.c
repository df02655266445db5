#include "dns/view.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const struct srv_set view_no_items;

const struct view_instance *view_instance(const struct view *v, const struct hash_key *key,
                                          struct text label, uint32_t *place)
{
    if (label.n == 0 || label.n > INSTANCE_ID_MAX)
        return NULL;
    uint32_t number = slice_number(v->slice_count, key, label);
    const struct view_instance *i = slice_instance(v->slices[number], label);
    if (i)
        *place = number * SLICE_MAX + (uint32_t)(i - v->slices[number]->instances);
    return i;
}

/* The item of an instance of the part, -1: none is its. They ascend. */
static int find_item(const struct part *p, unsigned instance)
{
    const struct part_item *items = part_items(p);
    for (int n = 0; n < p->count && items[n].instance <= instance; n++)
        if (items[n].instance == instance)
            return n;
    return -1;
}

bool set_find(const struct srv_set *set, uint32_t place, struct srv_item *out)
{
    uint32_t base = place / SLICE_MAX * SLICE_MAX;
    for (uint32_t i = 0; i < set->part_count; i++) {
        if (set->parts[i].base != base)
            continue;
        int n = find_item(&set->parts[i], place - base);
        if (n < 0)
            continue;
        *out = set_item(set, i * PART_MAX + (uint32_t)n);
        return true;
    }
    return false;
}

struct pair_counts view_pair_counts(const struct view *v, const struct pair *pair)
{
    struct pair_counts counts = {0};
    for (uint32_t n = 0; n < v->slice_count; n++)
        pair_counts_add(&counts, slice_selector(v->slices[n], pair->key, pair->value));
    return counts;
}

bool view_has_pair(const struct view *v, const struct hash_key *key, const struct pair *pair)
{
    if (!v->shared)
        return slice_selector(v->slices[0], pair->key, pair->value) != NULL;
    uint32_t hash = pair_filter_hash(key, pair);
    if (!pair_filter_has(v->shared->pairs, hash))
        return false;
    for (uint32_t n = 0; n < v->slice_count; n++)
        if (slice_selector_hashed(v->slices[n], hash, pair))
            return true;
    return false;
}

bool view_has_selector_key(const struct view *v, const struct hash_key *key, struct text label)
{
    if (v->shared && !pair_filter_has(v->shared->pairs, pair_filter_key_hash(key, label)))
        return false;
    for (uint32_t n = 0; n < v->slice_count; n++)
        if (slice_has_selector_key(v->slices[n], label))
            return true;
    return false;
}

size_t view_bytes(const struct view *v)
{
    const struct view_shared *s = v->shared;
    if (!s)
        return v->size;
    return v->size + s->pairs->block.size + block_list_bytes(s->slices) + block_list_bytes(s->v4) +
           block_list_bytes(s->v6) + block_list_bytes(s->txt) + block_list_bytes(s->ports);
}

static void reclaim(struct rcu_late *late)
{
    view_free((struct view *)((char *)late - offsetof(struct view, late)));
}

void view_retire(struct view *v)
{
    rcu_defer(&v->late, reclaim);
}

void view_free(struct view *v)
{
    view_unref(v);
}

struct view *view_ref(struct view *v)
{
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

static void let_go(const struct view_shared *s)
{
    block_list_free(s->slices);
    block_unref(&s->pairs->block);
    block_list_free(s->v4);
    block_list_free(s->v6);
    block_list_free(s->txt);
    block_list_free(s->ports);
}

void view_unref(struct view *v)
{
    if (!v || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 0)
        return;
    if (v->shared)
        let_go(v->shared);
    free(v);
}
