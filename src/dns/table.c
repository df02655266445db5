#include "dns/table.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "dns/leaf.h"
#include "dns/wire.h"
#include "dns/zone.h"

/* Linear probing over pointers. A slot that was used once is never empty again in
 * the same array: what leaves is replaced by the `gone` mark, so that a reader
 * never meets a hole in the middle of a chain it follows. A rebuilt array is
 * published whole and the old one retired. */
struct slots {
    struct rcu_late late;
    size_t mask;
    _Atomic(struct node *) at[];
};

struct table {
    struct hash_key key;
    _Atomic(struct slots *) slots;
    _Atomic unsigned deepest; /* labels of the deepest name */

    /* Writer only. */
    size_t used; /* nodes and marks in the array */
    size_t count;
    size_t by_labels[NAME_MAX_LABELS + 1];
    struct node *gone; /* compares equal to nothing: its size is 0 */
};

enum { SLOTS_MIN = 64 };

static struct slots *slots_new(size_t size)
{
    struct slots *s = calloc(1, sizeof(*s) + size * sizeof(s->at[0]));
    if (s)
        s->mask = size - 1;
    return s;
}

static void slots_reclaim(struct rcu_late *late)
{
    free((char *)late - offsetof(struct slots, late));
}

static void node_free(struct node *n)
{
    if (n->kind == NODE_LEAF)
        leaf_unref(n->leaf);
    free(n);
}

static void node_reclaim(struct rcu_late *late)
{
    node_free((struct node *)((char *)late - offsetof(struct node, late)));
}

static void node_retire(struct node *n)
{
    rcu_defer(&n->late, node_reclaim);
}

struct table *table_new(const struct hash_key *key)
{
    struct table *t = calloc(1, sizeof(*t));
    struct slots *slots = slots_new(SLOTS_MIN);
    struct node *gone = calloc(1, sizeof(*gone));
    if (!t || !slots || !gone) {
        free(t);
        free(slots);
        free(gone);
        return NULL;
    }
    t->key = *key;
    t->gone = gone;
    RCU_PUBLISH(t->slots, slots);
    return t;
}

void table_free(struct table *t)
{
    if (!t)
        return;
    struct slots *s = RCU_READ(t->slots);
    for (size_t i = 0; i <= s->mask; i++) {
        struct node *n = RCU_READ(s->at[i]);
        if (n && n != t->gone)
            node_free(n);
    }
    free(t->gone);
    free(s);
    free(t);
}

/* ---- reading --------------------------------------------------------------------- */

static bool node_has(const struct node *n, uint64_t hash, const uint8_t *wire, uint8_t size)
{
    return n->hash == hash && n->size == size && memcmp(n->name, wire, size) == 0;
}

/* The node's place, or NULL. */
static _Atomic(struct node *) *find(const struct table *t, uint64_t hash, const uint8_t *wire,
                                    uint8_t size, struct node **found)
{
    struct slots *s = RCU_READ(t->slots);
    for (size_t at = hash & s->mask;; at = (at + 1) & s->mask) {
        struct node *n = RCU_READ(s->at[at]);
        if (!n)
            return NULL;
        if (node_has(n, hash, wire, size)) {
            *found = n;
            return &s->at[at];
        }
    }
}

const struct node *table_find(const struct table *t, const uint8_t *wire, uint8_t size)
{
    struct node *n = NULL;
    find(t, hash_bytes(&t->key, wire, size), wire, size, &n);
    return n;
}

const struct node *table_closest(const struct table *t, const struct name *name,
                                 unsigned *labels_left)
{
    unsigned deepest = atomic_load_explicit(&t->deepest, memory_order_acquire);
    unsigned skip = name->labels > deepest ? name->labels - deepest : 0;
    for (; skip <= name->labels; skip++) {
        uint8_t size;
        const uint8_t *tail = name_tail(name, skip, &size);
        const struct node *n = table_find(t, tail, size);
        if (n) {
            *labels_left = skip;
            return n;
        }
    }
    return NULL;
}

bool table_occluded(const struct table *t, const struct name *name, const struct zone *zone)
{
    unsigned left;
    const struct node *n = table_closest(t, name, &left);
    if (!n || n->zone != zone)
        return false;
    uint8_t hiding = NODE_OCCLUDED | NODE_CUT | (left ? NODE_DNAME : 0);
    return node_traits(n) & hiding;
}

uint64_t table_count(const struct table *t)
{
    return t->count;
}

static struct node *find_tail(const struct table *t, const struct name *name, unsigned skip)
{
    uint8_t size;
    const uint8_t *tail = name_tail(name, skip, &size);
    struct node *n = NULL;
    find(t, hash_bytes(&t->key, tail, size), tail, size, &n);
    return n;
}

/* ---- writing --------------------------------------------------------------------- */

static struct node *node_new(const struct table *t, const uint8_t *wire, uint8_t size,
                             const struct zone *zone, enum node_kind kind)
{
    struct node *n = calloc(1, sizeof(*n) + size);
    if (!n)
        return NULL;
    n->hash = hash_bytes(&t->key, wire, size);
    n->zone = zone;
    n->kind = (uint8_t)kind;
    n->size = size;
    memcpy(n->name, wire, size);
    return n;
}

/* Into an array that has room and does not hold the name. True when an empty slot
 * was taken, false for one with the mark. */
static bool slots_insert(struct slots *s, const struct node *gone, struct node *n)
{
    size_t at = n->hash & s->mask;
    struct node *there;
    while ((there = RCU_READ(s->at[at])) && there != gone)
        at = (at + 1) & s->mask;
    RCU_PUBLISH(s->at[at], n);
    return !there;
}

/* Makes room for `more` names: at most half of the slots are ever in use. */
static enum err reserve(struct table *t, size_t more)
{
    struct slots *old = RCU_READ(t->slots);
    if ((t->used + more) * 2 <= old->mask + 1)
        return ERR_OK;
    size_t size = SLOTS_MIN;
    while (size < (t->count + more) * 3)
        size *= 2;
    struct slots *grown = slots_new(size);
    if (!grown)
        return ERR_MEMORY;
    for (size_t i = 0; i <= old->mask; i++) {
        struct node *n = RCU_READ(old->at[i]);
        if (n && n != t->gone)
            slots_insert(grown, t->gone, n);
    }
    t->used = t->count;
    RCU_PUBLISH(t->slots, grown);
    rcu_defer(&old->late, slots_reclaim);
    return ERR_OK;
}

static void count_labels(struct table *t, unsigned labels, int change)
{
    t->by_labels[labels] += (size_t)change;
    unsigned deepest = NAME_MAX_LABELS;
    while (deepest && !t->by_labels[deepest])
        deepest--;
    atomic_store_explicit(&t->deepest, deepest, memory_order_release);
}

static void insert(struct table *t, struct node *n, unsigned labels)
{
    /* The depth first: a reader that sees it too early only looks once more. */
    count_labels(t, labels, 1);
    t->used += slots_insert(RCU_READ(t->slots), t->gone, n);
    t->count++;
}

/* ---- what records make of names -------------------------------------------------------- */

enum { COVERING = NODE_CUT | NODE_DNAME };

static void set_traits(struct node *n, uint8_t traits)
{
    atomic_store_explicit(&n->traits, traits, memory_order_relaxed);
}

static uint8_t own_traits(const struct node *n)
{
    uint8_t traits = 0;
    for (uint32_t i = 0; i < n->rrset_count; i++) {
        if (n->rrsets[i].type == TYPE_NS && n->size > n->zone->apex.size)
            traits |= NODE_CUT;
        if (n->rrsets[i].type == TYPE_DNAME)
            traits |= NODE_DNAME;
    }
    return traits;
}

/* What a node directly below `up` inherits. */
static uint8_t inherited(const struct node *up)
{
    return node_traits(up) & (COVERING | NODE_OCCLUDED) ? NODE_OCCLUDED : 0;
}

static bool is_wildcard(const uint8_t *wire)
{
    return wire[0] == 1 && wire[1] == '*';
}

static struct node *node_above(const struct table *t, const struct node *n)
{
    const uint8_t *tail = n->name + 1 + n->name[0];
    uint8_t size = (uint8_t)(n->size - 1 - n->name[0]);
    struct node *up = NULL;
    find(t, hash_bytes(&t->key, tail, size), tail, size, &up);
    return up;
}

/* Is `n` strictly below `top` in the same zone? */
static bool is_under(const struct node *n, const struct node *top)
{
    const uint8_t *at = n->name;
    unsigned left = n->size;
    if (n->zone != top->zone || n->size <= top->size)
        return false;
    for (; left > top->size; left -= 1u + *at, at += 1 + *at)
        continue;
    return left == top->size && memcmp(at, top->name, left) == 0;
}

static bool is_covered(const struct table *t, const struct node *n)
{
    for (const struct node *up = n; up->size > n->zone->apex.size;) {
        up = node_above(t, up);
        if (node_traits(up) & COVERING)
            return true;
    }
    return false;
}

static void cover_anew(struct table *t, const struct node *top)
{
    struct slots *s = RCU_READ(t->slots);
    for (size_t i = 0; i <= s->mask; i++) {
        struct node *n = RCU_READ(s->at[i]);
        if (!n || n == t->gone || !is_under(n, top))
            continue;
        uint8_t others = node_traits(n) & (uint8_t)~NODE_OCCLUDED;
        set_traits(n, others | (is_covered(t, n) ? NODE_OCCLUDED : 0));
    }
}

static void replace(struct table *t, struct node *old, struct node *n)
{
    struct node *found;
    _Atomic(struct node *) *place = find(t, old->hash, old->name, old->size, &found);
    n->below = old->below;
    uint8_t before = node_traits(old), own = own_traits(n);
    set_traits(n, own | (before & (NODE_OCCLUDED | NODE_WILD)));
    RCU_PUBLISH(*place, n);
    if (n->below && !(before & COVERING) != !(own & COVERING))
        cover_anew(t, n);
    node_retire(old);
}

/* Fills fresh[0] with the name's node and fresh[1..] with those of its ancestors up
 * to the apex that do not exist yet; returns how many. 0 = memory lacks. */
static unsigned make_chain(struct table *t, const struct name *name, const struct zone *zone,
                           enum node_kind kind, struct node *fresh[static NAME_MAX_LABELS + 1])
{
    unsigned count = 0;
    for (unsigned skip = 0; skip + zone->apex.labels <= name->labels; skip++) {
        if (skip > 0 && find_tail(t, name, skip))
            break;
        uint8_t size;
        const uint8_t *tail = name_tail(name, skip, &size);
        fresh[count] = node_new(t, tail, size, zone, skip ? NODE_EMPTY : kind);
        if (!fresh[count])
            goto fail;
        count++;
    }
    if (reserve(t, count) == ERR_OK)
        return count;
fail:
    while (count)
        free(fresh[--count]);
    return 0;
}

static void insert_chain(struct table *t, struct node **fresh, unsigned count,
                         const struct name *name)
{
    unsigned labels = name->labels - (count - 1); /* of the topmost new one */
    struct node *up = labels > fresh[0]->zone->apex.labels ? find_tail(t, name, count) : NULL;
    /* From the top: a reader that finds a name finds its ancestors too. */
    for (unsigned i = count; i-- > 0; up = fresh[i]) {
        fresh[i]->below = 0;
        set_traits(fresh[i], own_traits(fresh[i]) | (up ? inherited(up) : 0));
        insert(t, fresh[i], name->labels - i);
        if (!up)
            continue;
        up->below++;
        if (is_wildcard(fresh[i]->name))
            set_traits(up, node_traits(up) | NODE_WILD);
    }
}

enum err table_put(struct table *t, const struct name *name, const struct zone *zone,
                   enum node_kind kind, struct slot *slot, const struct rrset *rrsets,
                   uint32_t rrset_count)
{
    struct node *fresh[NAME_MAX_LABELS + 1];
    struct node *old = find_tail(t, name, 0);
    unsigned count = 1;
    if (old)
        fresh[0] = node_new(t, name->wire, name->size, zone, kind);
    else
        count = make_chain(t, name, zone, kind, fresh);
    if (count == 0 || !fresh[0])
        return ERR_MEMORY;
    fresh[0]->slot = slot;
    fresh[0]->rrsets = rrsets;
    fresh[0]->rrset_count = rrset_count;
    if (old)
        replace(t, old, fresh[0]);
    else
        insert_chain(t, fresh, count, name);
    return ERR_OK;
}

enum err table_put_leaf(struct table *t, const struct name *name, const struct zone *zone,
                        struct leaf *leaf)
{
    enum err err = table_put(t, name, zone, NODE_LEAF, NULL, leaf->rrsets, leaf->rrset_count);
    if (!err)
        find_tail(t, name, 0)->leaf = leaf_ref(leaf); /* readers do not look at it */
    return err;
}

enum err table_hold(struct table *t, const struct name *name, const struct zone *zone)
{
    if (!find_tail(t, name, 0)) {
        enum err err = table_put(t, name, zone, NODE_EMPTY, NULL, NULL, 0);
        if (err)
            return err;
    }
    find_tail(t, name, 0)->below++;
    return ERR_OK;
}

static void take_out(struct table *t, struct node *n, unsigned labels)
{
    struct node *found;
    _Atomic(struct node *) *place = find(t, n->hash, n->name, n->size, &found);
    RCU_PUBLISH(*place, t->gone);
    t->count--;
    count_labels(t, labels, -1);
    node_retire(n);
}

enum err table_remove(struct table *t, const struct name *name)
{
    struct node *n = find_tail(t, name, 0);
    if (!n)
        return ERR_OK;
    if (n->below) {
        struct node *empty = node_new(t, n->name, n->size, n->zone, NODE_EMPTY);
        if (!empty)
            return ERR_MEMORY;
        replace(t, n, empty);
        return ERR_OK;
    }
    unsigned apex_labels = n->zone->apex.labels;
    for (unsigned skip = 0;; skip++) {
        unsigned labels = name->labels - skip;
        struct node *up = labels > apex_labels ? find_tail(t, name, skip + 1) : NULL;
        bool wild = is_wildcard(n->name);
        take_out(t, n, labels);
        if (up && wild)
            set_traits(up, node_traits(up) & (uint8_t)~NODE_WILD);
        if (!up || --up->below || up->kind != NODE_EMPTY)
            return ERR_OK;
        n = up;
    }
}
