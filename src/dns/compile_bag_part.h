/* A part of a bag: its entries, and the block that they stand in. Used by compile_bag*.c only. */
#ifndef DISC_DNS_COMPILE_BAG_PART_H
#define DISC_DNS_COMPILE_BAG_PART_H

#include "dns/compile_bag.h"

/* An address or RDATA, and what one instance, or all of them, add to it (or take away). */
struct bag_entry {
    uint64_t hash; /* not known of what comes out of a part */
    const uint8_t *bytes;
    int64_t weight;
    int32_t holders;
    uint16_t size;
};

/* Of addresses those of weight 0 come last, in `addrs` and sums. */
struct bag_part {
    struct block block;
    uint8_t count, weighted; /* entries; those with a weight */
    bool is_wide;            /* see struct part */
    uint32_t record_bytes;   /* of TXT */
    uint64_t total;          /* weight */
    const uint32_t *holders;
    union { /* of addresses: running totals of weight */
        const uint32_t *sums;
        const uint64_t *wide_sums;
    };
    union {
        const uint8_t *addrs;
        const struct txt_item *items;
    };
};

static inline const struct bag_part *bag_part_at(const struct block_list *bag, uint32_t n)
{
    return (const struct bag_part *)(const void *)block_at(bag, n);
}

/* Of an address and those before it. */
static inline uint64_t bag_part_sum(const struct bag_part *p, unsigned n)
{
    return p->is_wide ? p->wide_sums[n] : p->sums[n];
}

static inline unsigned bag_addr_size(enum bag_kind kind)
{
    return kind == BAG_V4 ? 4 : 16;
}

/* At most PART_MAX entries of holders > 0, distinct; may be none. NULL when memory lacks. */
struct bag_part *bag_part_new(enum bag_kind kind, const struct bag_entry *entries, unsigned count);

/* Into `out`, room for PART_MAX; returns how many. They point into the part. */
unsigned bag_part_read(const struct bag_part *p, enum bag_kind kind, struct bag_entry *out);

#endif
