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
    const uint64_t *sums; /* count running totals of weight within the part, inclusive */
    uint64_t before;      /* weight of the group's parts before this one */
    union {
        const struct view_instance *instances; /* of the slice; of lists of instances */
        const uint8_t *addrs;                  /* count x 4 or 16 bytes; of lists of addresses */
    };
    const struct part_item *items; /* count of them; NULL in lists of addresses */
    uint32_t base;                 /* place (view.h) of the slice's first instance */
    uint32_t bytes;                /* of its SRV records on the wire, owner as 2-byte pointer */
    uint16_t priority;
    uint8_t count; /* 1 to PART_MAX */
    uint8_t zeros; /* of weight 0 */
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

static inline uint64_t part_weight(const struct part *p, uint32_t place)
{
    return p->sums[place] - (place ? p->sums[place - 1] : 0);
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
