/* Updates that were answered, so that a copy of one, sent again by the network or by somebody
 * who listens, is answered but not applied twice (RFC 8945 section 5.2.3). All whose time is
 * within their fudge are remembered, by a hash of key, time and MAC. That Time Signed grows
 * from one message to the next is not asked: datagrams overtake each other, and holders of
 * one key have clocks of their own, for which the fudge is there. Where there are too many
 * to remember, the oldest are forgotten, and what was signed when these were is too old.
 * Control thread only; part of struct dns_records, since it outlives reloads. */
#ifndef DISC_DNS_UPDATE_SEEN_H
#define DISC_DNS_UPDATE_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/heap.h"
#include "base/map.h"
#include "dns/tsig.h"

enum { UPDATE_SEEN_MAX = 65536 };

struct update_seen {
    struct map map;
    struct heap by_end;
    uint64_t floor_s; /* signed at or before: too old */
    size_t limit;     /* UPDATE_SEEN_MAX; 0 = that */
};                    /* zeroed = none */

enum update_sight { UPDATE_NEW, UPDATE_REPEATED, UPDATE_TOO_OLD, UPDATE_NO_MEMORY };

/* Has this signed request been seen? If not, it is from now on; *rcode points to where its
 * result is to be kept until the next call (RCODE_NOERROR at first), or tells that of the
 * first time. */
enum update_sight update_seen_look(struct update_seen *seen, const struct hash_key *key,
                                   const struct tsig *t, uint64_t now_s, uint16_t **rcode);
void update_seen_deinit(struct update_seen *seen);

#endif
