/* A list that is drawn from by weight, in parts of at most PART_MAX items: a change of one
 * item makes one part anew, and the others are shared with the list as it was.
 *
 *   group (a priority) ──> parts ──> items, with running totals of their weights
 *
 * An item's number says where it stands: part x PART_MAX + place. Numbers of a list have
 * gaps; they mean nothing beyond the list.
 */
#ifndef DISC_DNS_PART_H
#define DISC_DNS_PART_H

#include <stdbool.h>
#include <stdint.h>

enum { PART_MAX = 64 }; /* items; one bit each in a mask */

struct view_instance;

/* An item of a list of instances. */
struct part_item {
    uint16_t port;
    uint8_t instance; /* its place in the slice */
};

struct part {
    union {                   /* count running totals of weight within the part, inclusive */
        const uint32_t *sums; /* in lists of instances their items stand behind them */
        const uint64_t *wide_sums;
    };
    union {
        const struct view_instance *instances; /* of the slice; of lists of instances */
        const uint8_t *addrs;                  /* count x 4 or 16 bytes; of lists of addresses */
    };
    uint64_t before; /* weight of the group's parts before this one */
    uint32_t base;   /* place (view.h) of the slice's first instance */
    uint32_t bytes;  /* of its SRV records on the wire, owner as 2-byte pointer */
    uint16_t priority;
    uint8_t count; /* 1 to PART_MAX */
    uint8_t zeros; /* of weight 0 */
    bool is_wide;  /* its weight exceeds 32 bits: many instances at an address */
};

/* Parts of one priority, side by side; priorities ascend. */
struct pick_group {
    uint64_t total; /* sum of weights */
    uint32_t first_part, part_count;
    uint32_t count; /* items */
    uint32_t zeros; /* of weight 0 */
};

static inline const struct part *part_of(const struct part *parts, uint32_t number)
{
    return &parts[number / PART_MAX];
}

/* Of a list of instances: `count` items. */
static inline const struct part_item *part_items(const struct part *p)
{
    return (const struct part_item *)(p->sums + p->count);
}

/* Of the items up to this one. */
static inline uint64_t part_sum(const struct part *p, uint32_t place)
{
    return p->is_wide ? p->wide_sums[place] : p->sums[place];
}

static inline uint64_t part_total(const struct part *p)
{
    return part_sum(p, p->count - 1u);
}

static inline uint64_t part_weight(const struct part *p, uint32_t place)
{
    return part_sum(p, place) - (place ? part_sum(p, place - 1) : 0);
}

/* Walks the items of parts [*number / PART_MAX, end): begin with *number = first part x PART_MAX;
 * `*number` is the item when true is returned: then add 1 and go on. */
static inline bool part_next(const struct part *parts, uint32_t end, uint32_t *number)
{
    while (*number / PART_MAX < end) {
        if (*number % PART_MAX < parts[*number / PART_MAX].count)
            return true;
        *number = (*number / PART_MAX + 1) * PART_MAX;
    }
    return false;
}

#endif
