/* Which numbers each sender of keyed messages has used: per (key id, cid) the highest
 * n and a window of 64 below it (RFC 6479's idea at its smallest size).
 *
 * Bounded, and no entry goes within a cookie's lifetime of its last use: whatever is
 * replayed after that carries a cookie that has expired (senders on open sources
 * carry none: there the window alone protects). When no entry may go, newcomers
 * are refused. Called by reg.c once the MAC was found right.
 */
#ifndef DISC_REG_REPLAY_H
#define DISC_REG_REPLAY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/text.h"

struct replay_entry;

struct replay {
    struct map entries;
    struct hash_key key;
    struct replay_entry *oldest, *newest; /* by last use */
    size_t max;
};

void replay_init(struct replay *r, const struct hash_key *key);
void replay_deinit(struct replay *r);

/* At most this many entries from now on; those that are there stay. */
void replay_limit(struct replay *r, size_t max);

/* Uses up `n`. ERR_STALE: used before, or below the window. ERR_BUSY: the table is full.
 * ERR_MEMORY. On every error nothing was used up. `key_id` and `cid` are within their
 * limits. */
MUST_CHECK enum err replay_accept(struct replay *r, struct text key_id, struct text cid, uint64_t n,
                                  uint64_t now_s);

#endif
