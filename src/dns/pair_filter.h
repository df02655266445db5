/* Which selectors a service of many slices may have: a Bloom filter (B. H. Bloom, Space/time
 * trade-offs in hash coding with allowable errors, 1970), so that a name that asks for others
 * need not be looked for in each slice. It may say yes where there is none, never no where there
 * is one.
 *
 * An immutable block that successive views share as long as no selector is new; what has gone
 * stays in until too many bits are set. Made by compile*.c, asked through view.h.
 */
#ifndef DISC_DNS_PAIR_FILTER_H
#define DISC_DNS_PAIR_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "dns/bundle.h"
#include "dns/slice.h"

struct pair_filter {
    struct block block;
    uint32_t mask; /* words - 1 */
    uint32_t set;  /* bits */
    uint32_t most; /* of them, before it is made anew */
    uint64_t words[];
};

/* Of a selector's key as label. */
uint32_t pair_filter_key_hash(const struct hash_key *key, struct text label);
/* Of a pair, both labels (at most 63 bytes): that of struct selector. */
uint32_t pair_filter_hash(const struct hash_key *key, const struct pair *pair);

/* May a selector have it? */
bool pair_filter_has(const struct pair_filter *f, uint32_t hash);

/* Of the keys and pairs of these slices, with one reference. ERR_MEMORY. */
MUST_CHECK enum err pair_filter_new(const struct hash_key *key, const struct slice *const *slices,
                                    uint32_t count, struct pair_filter **out);

/* That of slices of which `changed` ones are new, the others those of `old`: which it may be
 * itself, with one reference more. ERR_SPACE: it is to be made anew. ERR_MEMORY. */
MUST_CHECK enum err pair_filter_next(const struct hash_key *key, struct pair_filter *old,
                                     const struct slice *const *changed, uint32_t count,
                                     struct pair_filter **out);

#endif
