/* SRV sets of a view of many slices in the making: parts of the slices side by side. Used by
 * compile_*.c only. */
#ifndef DISC_DNS_SET_DRAFT_H
#define DISC_DNS_SET_DRAFT_H

#include "dns/list.h"
#include "dns/view.h"

struct set_lists {
    struct list parts, groups; /* struct part, pick_group: of all sets */
    struct list sorted;        /* struct part: scratch */
};

struct set_draft {
    struct srv_set set; /* less its pointers */
    size_t first_part, first_group;
};

void set_lists_deinit(struct set_lists *l);

/* A slice's part as it is appended: until set_end `before` is its own weight, lest its sums, which
 * are elsewhere, are read once more. */
static inline struct part set_part(const struct part *of_slice)
{
    struct part part = *of_slice;
    part.before = part_total(of_slice);
    return part;
}

/* Appends the parts of a slice's set. ERR_MEMORY. */
MUST_CHECK enum err set_add(struct set_lists *l, const struct slice *s,
                            const struct slice_set *set);

/* Parts [first, middle), which are in order, by priority and then by slice, and those behind them,
 * which are by slice, into one run in order. ERR_MEMORY. */
MUST_CHECK enum err set_merge(struct set_lists *l, size_t first, size_t middle);

/* The set of the parts from `first` on, which are put in order. ERR_MEMORY. */
MUST_CHECK enum err set_end(struct set_lists *l, size_t first, struct set_draft *out);

#endif
