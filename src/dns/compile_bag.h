/* Distinct addresses, and distinct TXT data, of a service of many slices: in parts by their keyed
 * hash, each a block with what each instance adds to an entry counted, so that what one instance
 * changes makes one part anew. Made by compile*.c. */
#ifndef DISC_DNS_COMPILE_BAG_H
#define DISC_DNS_COMPILE_BAG_H

#include "dns/bundle.h"
#include "dns/compile_head.h"
#include "dns/list.h"

/* The bag of these slices anew. ERR_MEMORY. */
MUST_CHECK enum err bag_new(const struct hash_key *key, const struct slice *const *slices,
                            uint32_t slice_count, enum bag_kind kind, const struct choice *choice,
                            struct block_list **out);

struct slice_change {
    uint32_t number;
    const struct slice *old, *new;
};

/* The bag that follows `old`, of the same choice, where these slices changed. ERR_SPACE: other
 * bounds of its parts are better: bag_new. ERR_MEMORY. */
MUST_CHECK enum err bag_next(const struct hash_key *key, const struct block_list *old,
                             const struct slice_change *changes, uint32_t count, enum bag_kind kind,
                             const struct choice *choice, struct block_list **out);

/* What a view shows of it: `parts` get struct part, or struct txt_part, of it appended; the set's
 * own pointer to them is the caller's matter. ERR_MEMORY. */
MUST_CHECK enum err bag_addr_set(const struct block_list *bag, struct list *parts,
                                 struct addr_set *set);
MUST_CHECK enum err bag_txt_set(const struct block_list *bag, struct list *parts,
                                struct txt_set *set);

/* Of an address, for who draws it: the weight that such a set says of it; 0: it is not there. */
uint64_t bag_addr_weight(const struct hash_key *key, const struct block_list *bag,
                         enum bag_kind kind, const uint8_t *addr);

#endif
