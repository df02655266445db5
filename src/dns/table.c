#include "dns/table.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/pool.h"
#include "dns/leaf.h"
#include "dns/shards.h"
#include "dns/wire.h"
#include "dns/zone.h"

_Static_assert(POOL_ADDRESS_BITS <= SHARD_TAG_SHIFT + SHARD_UNUSED_BITS &&
                   POOL_STEP % (1 << SHARD_UNUSED_BITS) == 0,
               "an entry has room for the address of each node");
_Static_assert(sizeof(struct node) + UINT8_MAX + sizeof(struct leaf *) <= POOL_RECORD_MAX,
               "there are cells for all nodes");

/* In most zones the deepest names are some with a label that begins with '_', as each service has
 * them. Others are asked for more, and have a depth of their own: an instance's name is none of the
 * table, and is not to be looked for there. */
enum name_form { NAME_PLAIN, NAME_UNDERSCORE, NAME_FORMS };

struct table {
    struct shards shards;
    struct hash_key key;
    _Atomic unsigned deepest[NAME_FORMS]; /* labels of the deepest name */

    /* Writer only: on lines of their own, as it writes to them while others read. */
    _Alignas(64) size_t count;
    size_t by_labels[NAME_FORMS][NAME_MAX_LABELS + 1];
    struct cells *cells; /* of nodes */
};

static void *leaf_place(struct node *n)
{
    return n->name + n->size;
}

static struct leaf *leaf_of(struct node *n)
{
    struct leaf *leaf = NULL;
    if (n->kind == NODE_LEAF)
        memcpy(&leaf, leaf_place(n), sizeof(struct leaf *));
    return leaf;
}

static void set_leaf(struct node *n, struct leaf *leaf)
{
    memcpy(leaf_place(n), &leaf, sizeof(struct leaf *));
}

static void node_free(void *cells, struct node *n)
{
    leaf_unref(leaf_of(n));
    cells_give(cells, n);
}

/* A leaf whose node died: nodes may wait long for their array to go, and leaves are large. */
struct widow {
    struct rcu_late late;
    struct leaf *leaf;
};

static void widow_reclaim(struct rcu_late *late)
{
    struct widow *w = (struct widow *)((char *)late - offsetof(struct widow, late));
    leaf_unref(w->leaf);
    free(w);
}

/* NULL: it has none; or memory lacks, and the leaf stays with the node. */
static struct widow *take_leaf(struct node *n)
{
    struct leaf *leaf = leaf_of(n);
    struct widow *w = leaf ? malloc(sizeof(*w)) : NULL;
    if (!w)
        return NULL;
    w->leaf = leaf;
    set_leaf(n, NULL);
    return w;
}

/* Once nobody can find the node any more: who found it before still reads the leaf. */
static void give_back(struct widow *w)
{
    if (w)
        rcu_defer(&w->late, widow_reclaim);
}

struct table *table_new(const struct hash_key *key)
{
    struct table *t = aligned_alloc(_Alignof(struct table), sizeof(*t));
    struct cells *cells = cells_new("names");
    if (!t || !cells) {
        free(t);
        cells_release(cells);
        return NULL;
    }
    *t = (struct table){.key = *key};
    t->cells = cells;
    shards_init(&t->shards, node_free, cells);
    return t;
}

void table_free(struct table *t)
{
    if (!t)
        return;
    shards_free(&t->shards);
    cells_release(t->cells);
    free(t);
}

/* ---- reading --------------------------------------------------------------------- */

uint64_t table_hash(const struct table *t, const uint8_t *wire, uint8_t size)
{
    uint64_t hash = hash_place(&t->key, wire, size);
    return hash ? hash : 1;
}

void table_prefetch_shard(const struct table *t, uint64_t hash)
{
    shards_prefetch_view(&t->shards, hash);
}

void table_prefetch(const struct table *t, uint64_t hash)
{
    shards_prefetch(&t->shards, hash);
}

const struct node *table_guess(const struct table *t, uint64_t hash)
{
    size_t place = 0;
    struct shard_view v = shards_view(&t->shards, hash);
    return shard_next(&v, hash, &place);
}

static struct node *find(const struct table *t, uint64_t hash, const uint8_t *wire, uint8_t size)
{
    size_t place = 0;
    struct shard_view v = shards_view(&t->shards, hash);
    struct node *n;
    while ((n = shard_next(&v, hash, &place)) && !table_is(n, wire, size))
        continue;
    return n;
}

const struct node *table_find(const struct table *t, const uint8_t *wire, uint8_t size)
{
    return find(t, table_hash(t, wire, size), wire, size);
}

static unsigned depth_of(const struct table *t, enum name_form form)
{
    return atomic_load_explicit(&t->deepest[form], memory_order_acquire);
}

/* How many labels there are, and how many of them behind the last that begins with '_'. */
static unsigned count_plain(const uint8_t *wire, unsigned *labels)
{
    unsigned plain = 0;
    *labels = 0;
    for (; *wire; wire += 1 + *wire, ++*labels)
        plain = wire[1] == '_' ? 0 : plain + 1;
    return plain;
}

unsigned table_skip(const struct table *t, const struct name *name)
{
    unsigned deepest = depth_of(t, NAME_PLAIN), left = name->labels, labels;
    if (left <= deepest)
        return 0;
    unsigned deepest_other = depth_of(t, NAME_UNDERSCORE), plain = count_plain(name->wire, &labels);
    while (left > deepest && (left <= plain || left > deepest_other))
        left--;
    return labels - left;
}

const struct node *table_closest_from(const struct table *t, const struct name *name, unsigned skip,
                                      unsigned *labels_left)
{
    unsigned least = table_skip(t, name);
    if (skip < least)
        skip = least;
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
    return find(t, table_hash(t, tail, size), tail, size);
}

/* ---- writing --------------------------------------------------------------------- */

static uint64_t hash_of(const struct table *t, const struct node *n)
{
    return table_hash(t, n->name, n->size);
}

static struct node *node_new(struct table *t, const uint8_t *wire, uint8_t size,
                             const struct zone *zone, enum node_kind kind)
{
    size_t bytes = offsetof(struct node, name) + size;
    bytes += kind == NODE_LEAF ? sizeof(struct leaf *) : 0;
    struct node *n = cells_take(t->cells, bytes > sizeof(*n) ? bytes : sizeof(*n));
    if (!n)
        return NULL;
    n->zone = zone;
    n->kind = (uint8_t)kind;
    n->size = size;
    memcpy(n->name, wire, size);
    return n;
}

static void count_depth(struct table *t, const struct node *n, int change)
{
    unsigned labels;
    bool is_plain = count_plain(n->name, &labels) == labels;
    enum name_form form = is_plain ? NAME_PLAIN : NAME_UNDERSCORE;
    t->by_labels[form][labels] += (size_t)change;
    unsigned deepest = NAME_MAX_LABELS;
    while (deepest && !t->by_labels[form][deepest])
        deepest--;
    atomic_store_explicit(&t->deepest[form], deepest, memory_order_release);
}

static void insert(struct table *t, struct node *n)
{
    /* The depth first: a reader that sees it too early only looks once more. */
    count_depth(t, n, 1);
    shards_add(&t->shards, hash_of(t, n), n);
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
    return find(t, table_hash(t, tail, size), tail, size);
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
    uint64_t cursor = 0;
    for (struct node *n; (n = shards_walk(&t->shards, &cursor));) {
        if (!is_under(n, top))
            continue;
        uint8_t others = node_traits(n) & (uint8_t)~NODE_OCCLUDED;
        set_traits(n, others | (is_covered(t, n) ? NODE_OCCLUDED : 0));
    }
}

/* In room that was reserved. */
static void replace(struct table *t, struct node *old, struct node *n)
{
    n->below = old->below;
    uint8_t before = node_traits(old), own = own_traits(n);
    set_traits(n, own | (before & (NODE_OCCLUDED | NODE_WILD)));
    struct widow *leaf = take_leaf(old);
    shards_replace(&t->shards, hash_of(t, n), old, n);
    give_back(leaf);
    if (n->below && !(before & COVERING) != !(own & COVERING))
        cover_anew(t, n);
}

/* The name's node that will take the place of the one that is there; NULL: no memory. */
static struct node *make_successor(struct table *t, const struct name *name,
                                   const struct zone *zone, enum node_kind kind)
{
    struct node *n = node_new(t, name->wire, name->size, zone, kind);
    if (n && shards_reserve(&t->shards, hash_of(t, n), 1)) {
        cells_give(t->cells, n);
        return NULL;
    }
    return n;
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
    unsigned roomy = 0; /* all of them may fall into one shard */
    while (roomy < count && !shards_reserve(&t->shards, hash_of(t, fresh[roomy]), count))
        roomy++;
    if (roomy == count)
        return count;
fail:
    while (count)
        cells_give(t->cells, fresh[--count]);
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
        insert(t, fresh[i]);
        if (!up)
            continue;
        up->below++;
        if (is_wildcard(fresh[i]->name))
            set_traits(up, node_traits(up) | NODE_WILD);
    }
}

/* `fill` has what the new node gets besides its name: kind, slot or RRsets. */
static enum err put(struct table *t, const struct name *name, const struct zone *zone,
                    const struct node *fill, struct leaf *leaf)
{
    struct node *fresh[NAME_MAX_LABELS + 1];
    struct node *old = find_tail(t, name, 0);
    unsigned count = 1;
    if (old)
        fresh[0] = make_successor(t, name, zone, (enum node_kind)fill->kind);
    else
        count = make_chain(t, name, zone, (enum node_kind)fill->kind, fresh);
    if (count == 0 || !fresh[0])
        return ERR_MEMORY;
    fresh[0]->slot = fill->slot;
    fresh[0]->rrset_count = fill->rrset_count;
    if (leaf)
        set_leaf(fresh[0], leaf_ref(leaf));
    if (old)
        replace(t, old, fresh[0]);
    else
        insert_chain(t, fresh, count, name);
    return ERR_OK;
}

enum err table_put(struct table *t, const struct name *name, const struct zone *zone,
                   enum node_kind kind, struct slot *slot, const struct rrset *rrsets,
                   uint32_t rrset_count)
{
    struct node fill = {.kind = (uint8_t)kind, .rrset_count = (uint16_t)rrset_count};
    if (slot)
        fill.slot = slot;
    else
        fill.rrsets = rrsets;
    return put(t, name, zone, &fill, NULL);
}

enum err table_put_leaf(struct table *t, const struct name *name, const struct zone *zone,
                        struct leaf *leaf)
{
    struct node fill = {.kind = NODE_LEAF, .rrset_count = (uint16_t)leaf->rrset_count};
    fill.rrsets = leaf->rrsets;
    return put(t, name, zone, &fill, leaf);
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

static void take_out(struct table *t, struct node *n)
{
    t->count--;
    count_depth(t, n, -1);
    struct widow *leaf = take_leaf(n);
    shards_remove(&t->shards, hash_of(t, n), n); /* a reader may still be at it */
    give_back(leaf);
}

enum err table_remove(struct table *t, const struct name *name)
{
    struct node *n = find_tail(t, name, 0);
    if (!n)
        return ERR_OK;
    if (n->below) {
        struct node *empty = make_successor(t, name, n->zone, NODE_EMPTY);
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
        take_out(t, n);
        if (up && wild)
            set_traits(up, node_traits(up) & (uint8_t)~NODE_WILD);
        if (!up || --up->below || up->kind != NODE_EMPTY)
            return ERR_OK;
        n = up;
    }
}
