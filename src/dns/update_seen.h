/* Updates that were answered, so that a copy of one, sent again by the network or by somebody
 * who listens, is answered but not applied twice (RFC 8945 section 5.2.3). All whose time is
 * within their fudge are remembered, by a hash of key, time and MAC. That Time Signed grows
 * from one message to the next is not asked: datagrams overtake each other, and holders of
 * one key have clocks of their own, for which the fudge is there: of up to 300 s, as section
 * 10 recommends, even when a message asks for more. Where there are too many to remember, the
 * key that has most of them forgets its oldest, and what was signed with this key when these
 * were is too old.
 *
 * Nothing of this outlives a restart. So that no copy from before it is applied again, what was
 * signed before the second in which the server started is too old as well: the answer has
 * our time, and a client that signs anew succeeds. Only one whose clock is behind ours by
 * more than the server has run has to wait that long. A copy is not recognized when its
 * sender's clock was so far ahead that it was signed "after" the start.
 *
 * Control thread only; part of struct dns_records, since it outlives reloads. */
#ifndef DISC_DNS_UPDATE_SEEN_H
#define DISC_DNS_UPDATE_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/map.h"
#include "dns/tsig.h"

enum {
    UPDATE_SEEN_MAX = 65536, /* of all keys; some 100 bytes each */
    UPDATE_FUDGE_MAX_S = 300,
};

struct update_seen {
    struct map map, keys;
    uint64_t start_s; /* signed before: too old */
    size_t limit;     /* UPDATE_SEEN_MAX; 0 = that */
};                    /* zeroed = none */

enum update_sight {
    UPDATE_NEW,
    UPDATE_REPEATED,
    UPDATE_TOO_OLD,  /* when so much was that it is forgotten, or before the start */
    UPDATE_BAD_TIME, /* not within the fudge allowed */
    UPDATE_NO_MEMORY
};

/* Has this signed request been seen? If not, it is from now on; *rcode points to where its
 * result is to be kept until the next call (RCODE_NOERROR at first), or tells that of the
 * first time. */
enum update_sight update_seen_look(struct update_seen *seen, const struct hash_key *key,
                                   const struct tsig *t, uint64_t now_s, uint16_t **rcode);
void update_seen_deinit(struct update_seen *seen);

#endif
