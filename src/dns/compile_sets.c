/* The lists that answers are drawn from: SRV sets and address sets. */
#include "dns/draft.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* Owner as pointer, type, class, TTL, RDLENGTH (RFC 1035 section 4.1.3), and of
     * SRV priority, weight, port before the target (RFC 2782). */
    RR_HEAD = 12,
    SRV_HEAD = 6,
    /* Divisible by every possible number of addresses of an instance (1-8), so that
     * a weight is split among them without rounding. */
    WEIGHT_PARTS = 840,
};
_Static_assert(ADDRESSES_MAX == 8, "WEIGHT_PARTS is the least common multiple of 1 to 8");

static int compare_items(const void *left, const void *right)
{
    const struct srv_item *a = left, *b = right;
    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    return a->instance < b->instance ? -1 : a->instance > b->instance;
}

static bool in_order(const struct srv_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (items[i].priority < items[i - 1].priority)
            return false;
    return true;
}

/* The items are in order: stale ones go when others are left and the service wants that. */
static void withdraw_stale(struct draft *d, size_t first)
{
    const struct srv_item *items = (const struct srv_item *)d->items.items;
    if (d->attributes.stale != DNS_STALE_WITHDRAW || d->items.count == first ||
        items[first].priority >= STALE_PRIORITY)
        return;
    while (items[d->items.count - 1].priority >= STALE_PRIORITY)
        d->items.count--;
}

/* Groups, sums and size of the items from out->first to the end of the list. */
static enum err close_set(struct draft *d, struct draft_set *out)
{
    struct srv_item *items = (struct srv_item *)d->items.items + out->first;
    struct pick_group *group = NULL;
    out->first_group = d->groups.count;
    if (!in_order(items, d->items.count - out->first))
        qsort(items, d->items.count - out->first, sizeof(*items), compare_items);
    withdraw_stale(d, out->first);
    out->count = d->items.count - out->first;
    uint64_t *sums = list_add(&d->sums, out->count, sizeof(*sums));
    if (out->count && !sums)
        return ERR_MEMORY;
    for (size_t i = 0; i < out->count; i++) {
        if (!group || items[i].priority != items[i - 1].priority) {
            group = list_add(&d->groups, 1, sizeof(*group));
            if (!group)
                return ERR_MEMORY;
            group->first = (uint32_t)i;
            out->group_count++;
        }
        group->count++;
        group->total += items[i].weight;
        group->zeros += items[i].weight == 0;
        sums[i] = group->total;
        out->record_bytes += RR_HEAD + SRV_HEAD + draft_instance(d, items[i].instance)->target_size;
    }
    return ERR_OK;
}

static enum err add_item(struct draft *d, uint32_t instance, uint16_t port)
{
    const struct draft_instance *di = draft_instance(d, instance);
    if (!di->live || !port)
        return ERR_OK;
    struct srv_item *item = list_add(&d->items, 1, sizeof(*item));
    if (!item)
        return ERR_MEMORY;
    *item = (struct srv_item){instance, di->priority, di->wire_weight, port};
    return ERR_OK;
}

enum err draft_set(struct draft *d, const struct note *notes, size_t count, struct draft_set *out)
{
    *out = (struct draft_set){.first = d->items.count};
    for (size_t i = 0; i < count; i++)
        if (add_item(d, notes[i].instance, notes[i].port))
            return ERR_MEMORY;
    return close_set(d, out);
}

/* The set of all instances on one of their own ports: `protocol`, or the default
 * port where that is PROTOCOL_COUNT. */
static enum err set_of_all(struct draft *d, enum protocol protocol, struct draft_set *out)
{
    *out = (struct draft_set){.first = d->items.count};
    for (uint32_t i = 0; i < d->instances.count; i++) {
        const struct draft_instance *di = draft_instance(d, i);
        uint16_t port = protocol == PROTOCOL_COUNT ? di->default_port : di->port[protocol];
        if (add_item(d, i, port))
            return ERR_MEMORY;
    }
    return close_set(d, out);
}

/* Adds an instance's share to each of its addresses of one family. */
static enum err share(struct draft *d, struct intern *in, size_t from, unsigned count, size_t size,
                      uint64_t weight)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t copy[16];
        size_t offset;
        uint32_t entry;
        memcpy(copy, draft_bytes(d, from + i * size), size);
        if (draft_append(d, copy, size, &offset) || draft_intern(d, in, offset, &entry))
            return ERR_MEMORY;
        intern_entry(in, entry)->weight += weight * (WEIGHT_PARTS / count);
    }
    return ERR_OK;
}

static bool any_weight(const struct intern *in)
{
    for (uint32_t i = 0; i < in->entries.count; i++)
        if (intern_entry(in, i)->weight)
            return true;
    return false;
}

/* The distinct addresses side by side, with their running totals; those of weight 0 only
 * when there are no others, since A and AAAA have no field that tells clients so. */
static enum err close_addrs(struct draft *d, const struct intern *in, size_t size,
                            struct draft_addrs *out)
{
    size_t count = in->entries.count;
    bool weighted = any_weight(in);
    out->first_sum = d->addr_sums.count;
    uint64_t *sums = list_reserve(&d->addr_sums, count, sizeof(*sums));
    uint8_t *bytes = list_reserve(&d->bytes, count * size, 1);
    if (count && (!sums || !bytes))
        return ERR_MEMORY;
    out->offset = d->bytes.count;
    for (uint32_t i = 0; i < count; i++) {
        const struct distinct *e = intern_entry(in, i);
        if (weighted && !e->weight)
            continue;
        memcpy(bytes + out->group.count * size, draft_bytes(d, e->offset), size);
        out->group.total += e->weight;
        out->group.zeros += !weighted;
        sums[out->group.count++] = out->group.total;
    }
    d->addr_sums.count += out->group.count;
    d->bytes.count += out->group.count * size;
    return ERR_OK;
}

/* The best priority of those that are heard from; of the stale for a family that nobody
 * else has. */
static enum err addr_sets(struct draft *d)
{
    d->v4.stale = d->classes[0].v4_count == 0;
    d->v6.stale = d->classes[0].v6_count == 0;
    for (uint32_t i = 0; i < d->instances.count; i++) {
        const struct draft_instance *di = draft_instance(d, i);
        if (!di->live || di->priority != d->classes[di->stale].best_priority)
            continue;
        if (di->stale == d->v4.stale && share(d, &d->v4s, di->v4, di->v4_count, 4, di->weight))
            return ERR_MEMORY;
        if (di->stale == d->v6.stale && share(d, &d->v6s, di->v6, di->v6_count, 16, di->weight))
            return ERR_MEMORY;
    }
    if (close_addrs(d, &d->v4s, 4, &d->v4))
        return ERR_MEMORY;
    return close_addrs(d, &d->v6s, 16, &d->v6);
}

enum err draft_sets(struct draft *d)
{
    if (set_of_all(d, PROTOCOL_COUNT, &d->by_default))
        return ERR_MEMORY;
    for (enum protocol p = PROTOCOL_TCP; p <= PROTOCOL_UDP; p++)
        if (set_of_all(d, p, &d->by_protocol[p]))
            return ERR_MEMORY;
    return addr_sets(d);
}
