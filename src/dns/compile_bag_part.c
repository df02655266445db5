#include "dns/compile_bag_part.h"

#include <stdbool.h>
#include <string.h>

#include "dns/wire.h"

static size_t entry_bytes(const struct bag_entry *entries, unsigned count)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < count; i++)
        bytes += entries[i].size;
    return bytes;
}

static uint64_t total_weight(const struct bag_entry *entries, unsigned count)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < count; i++)
        total += (uint64_t)entries[i].weight;
    return total;
}

/* p->is_wide and p->total are known. */
static void write_addrs(struct bag_part *p, const struct bag_entry *entries, unsigned count,
                        void *sums, uint32_t *holders, uint8_t *addrs)
{
    uint32_t *narrow = sums;
    uint64_t *wide = sums, sum = 0;
    unsigned n = 0;
    for (int weighted = 1; weighted >= 0; weighted--) {
        for (unsigned i = 0; i < count; i++) {
            if ((entries[i].weight > 0) != weighted)
                continue;
            memcpy(addrs + n * entries[i].size, entries[i].bytes, entries[i].size);
            sum += (uint64_t)entries[i].weight;
            if (p->is_wide)
                wide[n] = sum;
            else
                narrow[n] = (uint32_t)sum;
            holders[n++] = (uint32_t)entries[i].holders;
        }
        if (weighted)
            p->weighted = (uint8_t)n;
    }
    if (p->is_wide)
        p->wide_sums = wide;
    else
        p->sums = narrow;
    p->addrs = addrs;
}

static void write_txts(struct bag_part *p, const struct bag_entry *entries, unsigned count,
                       struct txt_item *items, uint32_t *holders, uint8_t *bytes)
{
    p->weighted = 0;
    for (unsigned i = 0; i < count; i++) {
        memcpy(bytes, entries[i].bytes, entries[i].size);
        items[i] = (struct txt_item){bytes, entries[i].size};
        bytes += entries[i].size;
        holders[i] = (uint32_t)entries[i].holders;
        p->record_bytes += RECORD_HEAD + entries[i].size;
    }
    p->sums = NULL;
    p->items = items;
}

struct bag_part *bag_part_new(enum bag_kind kind, const struct bag_entry *entries, unsigned count)
{
    uint64_t total = total_weight(entries, count);
    bool is_wide = total > UINT32_MAX;
    size_t each = kind == BAG_TXT ? sizeof(struct txt_item)
                  : is_wide       ? sizeof(uint64_t)
                                  : sizeof(uint32_t);
    size_t holders_at = sizeof(struct bag_part) + count * each;
    size_t bytes_at = holders_at + count * sizeof(uint32_t);
    struct bag_part *p = block_new(bytes_at + entry_bytes(entries, count));
    if (!p)
        return NULL;
    uint8_t *start = (uint8_t *)p;
    uint32_t *holders = (void *)(start + holders_at);
    p->count = (uint8_t)count;
    p->record_bytes = 0;
    p->total = total;
    p->is_wide = is_wide;
    p->holders = holders;
    if (kind == BAG_TXT)
        write_txts(p, entries, count, (void *)(p + 1), holders, start + bytes_at);
    else
        write_addrs(p, entries, count, (void *)(p + 1), holders, start + bytes_at);
    return p;
}

unsigned bag_part_read(const struct bag_part *p, enum bag_kind kind, struct bag_entry *out)
{
    uint64_t before = 0;
    for (unsigned i = 0; i < p->count; i++, out++) {
        *out = (struct bag_entry){.holders = (int32_t)p->holders[i]};
        if (kind == BAG_TXT) {
            out->bytes = p->items[i].rdata;
            out->size = p->items[i].size;
            continue;
        }
        out->size = (uint16_t)bag_addr_size(kind);
        out->bytes = p->addrs + i * out->size;
        uint64_t sum = p->is_wide ? p->wide_sums[i] : p->sums[i];
        out->weight = (int64_t)(sum - before);
        before = sum;
    }
    return p->count;
}

/* ---- as a view shows them ------------------------------------------------------------------ */

static uint64_t bag_total(const struct block_list *bag)
{
    uint64_t total = 0;
    for (uint32_t n = 0; n < bag->count; n++)
        total += bag_part_at(bag, n)->total;
    return total;
}

/* Those of weight 0 only when there are no others, since A and AAAA have no field that tells
 * clients so. */
enum err bag_addr_set(const struct block_list *bag, struct list *parts, struct addr_set *set)
{
    bool weighted = bag_total(bag) > 0;
    struct pick_group *group = &set->group;
    struct part *to = list_reserve(parts, bag->count, sizeof(*to));
    if (!to)
        return ERR_MEMORY;
    *group = (struct pick_group){0};
    for (uint32_t n = 0; n < bag->count; n++) {
        const struct bag_part *p = bag_part_at(bag, n);
        uint8_t count = weighted ? p->weighted : p->count;
        if (!count)
            continue;
        *to = (struct part){.before = group->total,
                            .addrs = p->addrs,
                            .priority = set->priority,
                            .count = count,
                            .zeros = weighted ? 0 : count,
                            .is_wide = p->is_wide};
        if (p->is_wide)
            to->wide_sums = p->wide_sums;
        else
            to->sums = p->sums;
        to++;
        group->total += p->total;
        group->part_count++;
        group->count += count;
    }
    parts->count += group->part_count;
    group->zeros = weighted ? 0 : group->count;
    set->stale = set->stale && group->count;
    return ERR_OK;
}

enum err bag_txt_set(const struct block_list *bag, struct list *parts, struct txt_set *set)
{
    for (uint32_t n = 0; n < bag->count; n++) {
        const struct bag_part *p = bag_part_at(bag, n);
        struct txt_part part = {p->items, p->count};
        if (!p->count)
            continue;
        if (!list_append(parts, &part, 1, sizeof(part)))
            return ERR_MEMORY;
        set->part_count++;
        set->count += p->count;
        set->record_bytes += p->record_bytes;
    }
    return ERR_OK;
}
