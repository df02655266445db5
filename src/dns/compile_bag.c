#include "dns/compile_bag.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dns/compile_bag_part.h"
#include "dns/hash_parts.h"

enum {
    FILL = 24,     /* entries of a part that is made anew, in the mean */
    FILL_MIN = 8,  /* below in the mean, fewer parts are made */
    FILL_MAX = 40, /* above, more */
};

/* ---- what instances hold ----------------------------------------------------------------- */

struct gathering {
    const struct hash_key *key;
    enum bag_kind kind;
    const struct choice *choice;
    struct list entries; /* struct bag_entry */
};

static enum err add_entry(struct gathering *g, const uint8_t *bytes, uint16_t size, uint64_t weight,
                          int sign)
{
    struct bag_entry e = {hash_bytes(g->key, bytes, size), bytes, (int64_t)weight * sign, sign,
                          size};
    return list_append(&g->entries, &e, 1, sizeof(e)) ? ERR_OK : ERR_MEMORY;
}

/* What the instance holds is added (sign 1) or taken away (-1). */
static enum err gather(struct gathering *g, const struct view_instance *i, int sign)
{
    if (!choice_has(g->choice, g->kind, i))
        return ERR_OK;
    if (g->kind == BAG_TXT)
        return add_entry(g, instance_txt(i), instance_txt_size(i), 0, sign);
    const uint8_t *addr = g->kind == BAG_V4 ? instance_v4(i) : instance_v6(i);
    unsigned count = addr_count(i, g->kind), size = bag_addr_size(g->kind);
    for (unsigned n = 0; n < count; n++, addr += size)
        if (add_entry(g, addr, (uint16_t)size, (uint64_t)i->weight * (ADDRESS_WEIGHT_PARTS / count),
                      sign))
            return ERR_MEMORY;
    return ERR_OK;
}

static int compare_entries(const void *left, const void *right)
{
    const struct bag_entry *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return memcmp(a->bytes, b->bytes, a->size);
}

/* By hash, equal ones as one; what adds up to nothing goes. */
static void settle(struct list *entries)
{
    struct bag_entry *e = entries->items;
    size_t count = 0;
    if (entries->count > 1)
        qsort(e, entries->count, sizeof(*e), compare_entries);
    for (size_t i = 0; i < entries->count;) {
        struct bag_entry sum = e[i];
        for (i++; i < entries->count && compare_entries(&sum, &e[i]) == 0; i++) {
            sum.weight += e[i].weight;
            sum.holders += e[i].holders;
        }
        if (sum.weight || sum.holders)
            e[count++] = sum;
    }
    entries->count = count;
}

/* By which parts go. */
static uint32_t upper_half(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

uint64_t bag_addr_weight(const struct hash_key *key, const struct block_list *bag,
                         enum bag_kind kind, const uint8_t *addr)
{
    size_t size = bag_addr_size(kind);
    uint32_t number = slice_of_hash(bag->count, upper_half(hash_bytes(key, addr, size)));
    const struct bag_part *p = bag_part_at(bag, number);
    for (unsigned n = 0; n < p->weighted; n++)
        if (memcmp(p->addrs + n * size, addr, size) == 0)
            return bag_part_sum(p, n) - (n ? bag_part_sum(p, n - 1) : 0);
    return 0;
}

/* ---- parts --------------------------------------------------------------------------------- */

static uint32_t hash_of(const void *entry)
{
    return upper_half(((const struct bag_entry *)entry)->hash);
}

static bool fit(const void *first UNUSED, size_t length)
{
    return length <= PART_MAX;
}

/* Adds a change to the entries of a part; false: there is no room. */
static bool apply(struct bag_entry *entries, unsigned *count, const struct bag_entry *change)
{
    unsigned n = 0;
    while (n < *count && (entries[n].size != change->size ||
                          memcmp(entries[n].bytes, change->bytes, change->size) != 0))
        n++;
    if (n == *count) {
        if (n == 2 * PART_MAX)
            return false;
        entries[(*count)++] = *change;
        return true;
    }
    entries[n].weight += change->weight;
    entries[n].holders += change->holders;
    if (entries[n].holders == 0)
        entries[n] = entries[--*count];
    return true;
}

/* What the old part holds after these changes to it. ERR_SPACE: too much for a part. */
static enum err change(const struct gathering *g, const struct block *old,
                       const struct bag_entry *e, size_t length, struct bag_part **out)
{
    struct bag_entry entries[2 * PART_MAX];
    unsigned count = bag_part_read((const struct bag_part *)(const void *)old, g->kind, entries);
    for (size_t i = 0; i < length; i++)
        if (!apply(entries, &count, &e[i]))
            return ERR_SPACE;
    if (count > PART_MAX)
        return ERR_SPACE;
    *out = bag_part_new(g->kind, entries, count);
    return ERR_OK;
}

static enum err make_part(void *context, const struct block *old, size_t at, size_t length,
                          struct block **out)
{
    const struct gathering *g = context;
    const struct bag_entry *e = g->entries.items;
    struct bag_part *p = NULL;
    enum err err = ERR_OK;
    if (old)
        err = change(g, old, e + at, length, &p);
    else
        p = bag_part_new(g->kind, length ? e + at : NULL, (unsigned)length);
    if (err || !p)
        return err ? err : ERR_MEMORY;
    *out = &p->block;
    return ERR_OK;
}

static struct hash_parts parts_of(struct gathering *g)
{
    return (struct hash_parts){g->entries.items, g->entries.count, sizeof(struct bag_entry),
                               hash_of,          make_part,        g};
}

/* ---- anew ---------------------------------------------------------------------------------- */

enum err bag_new(const struct hash_key *key, const struct slice *const *slices,
                 uint32_t slice_count, enum bag_kind kind, const struct choice *choice,
                 struct block_list **out)
{
    struct gathering g = {key, kind, choice, {0}};
    enum err err = ERR_OK;
    for (uint32_t n = 0; n < slice_count && !err; n++)
        for (unsigned i = 0; i < slices[n]->count && !err; i++)
            err = gather(&g, &slices[n]->instances[i], 1);
    if (!err) {
        settle(&g.entries);
        const struct hash_parts parts = parts_of(&g);
        uint32_t count = (uint32_t)(g.entries.count / FILL + 1);
        err = hash_parts_new(&parts, hash_parts_fitting(&parts, count, fit), out);
    }
    free(g.entries.items);
    return err;
}

/* ---- changed ------------------------------------------------------------------------------- */

static bool holds_same(const struct view_instance *a, const struct view_instance *b,
                       enum bag_kind kind)
{
    if (a->live != b->live || a->stale != b->stale)
        return false;
    if (kind == BAG_TXT)
        return instance_same_txt(a, b);
    unsigned count = addr_count(a, kind);
    if (a->priority != b->priority || a->weight != b->weight || count != addr_count(b, kind))
        return false;
    const uint8_t *x = kind == BAG_V4 ? instance_v4(a) : instance_v6(a);
    const uint8_t *y = kind == BAG_V4 ? instance_v4(b) : instance_v6(b);
    return memcmp(x, y, count * bag_addr_size(kind)) == 0;
}

/* Walks both by id. */
static enum err gather_change(struct gathering *g, const struct slice *old, const struct slice *new)
{
    unsigned i = 0, k = 0;
    while (i < old->count || k < new->count) {
        const struct view_instance *a = i < old->count ? &old->instances[i] : NULL;
        const struct view_instance *b = k < new->count ? &new->instances[k] : NULL;
        int order = !a ? 1 : !b ? -1 : text_compare(instance_label(a), instance_label(b));
        bool same = order == 0 && holds_same(a, b, g->kind);
        if (order <= 0 && !same && gather(g, a, -1))
            return ERR_MEMORY;
        if (order >= 0 && !same && gather(g, b, 1))
            return ERR_MEMORY;
        i += order <= 0;
        k += order >= 0;
    }
    return ERR_OK;
}

static bool is_in_bounds(const struct block_list *bag)
{
    uint64_t entries = 0;
    for (uint32_t n = 0; n < bag->count; n++)
        entries += bag_part_at(bag, n)->count;
    return entries <= (uint64_t)bag->count * FILL_MAX &&
           (bag->count == 1 || entries >= (uint64_t)bag->count * FILL_MIN);
}

enum err bag_next(const struct hash_key *key, const struct block_list *old,
                  const struct slice_change *changes, uint32_t count, enum bag_kind kind,
                  const struct choice *choice, struct block_list **out)
{
    struct gathering g = {key, kind, choice, {0}};
    enum err err = is_in_bounds(old) ? ERR_OK : ERR_SPACE;
    for (uint32_t n = 0; n < count && !err; n++)
        err = gather_change(&g, changes[n].old, changes[n].new);
    if (!err) {
        settle(&g.entries);
        const struct hash_parts parts = parts_of(&g);
        err = hash_parts_next(&parts, old, out);
    }
    free(g.entries.items);
    return err;
}
