/* Updates that were answered, so that a copy of one, sent again by the network or by somebody
 * who listens, is answered but not applied twice, and one that was held back is refused (RFC
 * 8945 section 5.2.3). All whose time is within their fudge are remembered, by a hash of key,
 * time and MAC. Time Signed need not grow from one to the next, as datagrams overtake each
 * other and holders of one key have clocks of their own; but what is older than the newest
 * of its key by more than a leeway is too old. Where there are too many to remember, the
 * oldest are forgotten, and what was signed when these were is taken as too old.
 * Control thread only; part of struct dns_records, since it outlives reloads. */
#ifndef DISC_DNS_UPDATE_SEEN_H
#define DISC_DNS_UPDATE_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/heap.h"
#include "base/map.h"
#include "dns/tsig.h"

enum {
    UPDATE_SEEN_MAX = 65536,
    UPDATE_LEEWAY_S = 30, /* far above what NTP leaves, a tenth of the usual fudge */
};

struct update_seen {
    struct map map;
    struct map keys; /* the newest time of each */
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
