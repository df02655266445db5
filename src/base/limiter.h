/* Token buckets per address in a table of fixed size: what a sender may ask in a second.
 * Time is an argument (lease ms). One thread only.
 *
 * The table has places of four entries. A newcomer takes over the entry of its place
 * that has the most tokens, together with those tokens: an entry that is full again
 * remembers nothing, so nothing is lost; and when all are in use, whoever comes
 * with ever new addresses finds no fresh allowance, so the sum of all that is let
 * through is bounded by the size of the table.
 */
#ifndef DISC_BASE_LIMITER_H
#define DISC_BASE_LIMITER_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/hash.h"

struct limiter_slot {
    struct addr addr;
    uint64_t at_ms;  /* when `tokens` was right */
    uint64_t tokens; /* thousandths */
};

struct limiter {
    struct limiter_slot *slots;
    struct limiter_slot *last; /* taken from: often the next one, too; NULL = none yet */
    size_t mask;               /* places - 1 */
    struct hash_key key;
    uint32_t rate, burst; /* per second, at once; rate 0 = no limit */
};

MUST_CHECK enum err limiter_init(struct limiter *l, unsigned places_log2,
                                 const struct hash_key *key);
void limiter_deinit(struct limiter *l);

/* The address's tokens stay, cut to the new burst when next looked at. */
void limiter_set(struct limiter *l, uint32_t rate, uint32_t burst);

/* Has the address an entry? Who has none shares that of others below. */
bool limiter_knows(const struct limiter *l, const struct addr *addr);

/* Is there a token? Changes nothing. If not, `*wait_ms` says when there will be one. */
bool limiter_has(const struct limiter *l, const struct addr *addr, uint64_t now_ms,
                 uint32_t *wait_ms);

/* Takes a token; false when there was none. */
bool limiter_take(struct limiter *l, const struct addr *addr, uint64_t now_ms);

#endif
