/* Replies that leave late: what control.c wrote but must not send before the disk has what
 * it acknowledges, and before all that it says has gone is gone. Keeps them (held.h) and sends them
 * when it is told how far the disk has come, or refuses them all when that cannot be awaited.
 * Control thread only.
 */
#ifndef DISC_SERVER_REPLIES_H
#define DISC_SERVER_REPLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lease_clock.h"
#include "reg/reg.h"
#include "server/sockets.h"
#include "server/udp.h"

struct replies;

struct replies_options {
    struct udp_batch *batch; /* to send with, while none of its own replies wait */
    unsigned width;          /* of the batch */
    struct reg *reg;
    const struct listeners *sockets; /* the first socket of each address is used */
};

struct replies *replies_new(const struct replies_options *options); /* NULL when memory lacks */
void replies_free(struct replies *r);                               /* accepts NULL */

/* What a reply waits for: that the goodbye of this number is over (0 = none), then that this
 * change is on disk. */
struct reply_wait {
    uint64_t goodbye, change;
};

/* Keeps the reply to the n-th request of the batch, which came in by the address `source`.
 * False: there is no room. */
bool replies_hold(struct replies *r, unsigned source, unsigned n, const struct udp_request *in,
                  size_t size, struct reply_wait wait);

/* Goodbyes up to `goodbye` are over, and visible to nobody; the last of what they did is `change`.
 * True when some reply waits for no more than that. */
bool replies_goodbyes_over(struct replies *r, uint64_t goodbye, uint64_t change);

/* Sends what waits for `committed` or an earlier change. */
void replies_release(struct replies *r, uint64_t committed);

/* What is said instead: 503 disk; returns the size written to `out`. */
size_t replies_refusal(struct replies *r, const struct reg_datagram *in, struct moment now,
                       uint8_t out[static REG_DATAGRAM_MAX]);
/* Says it to all that wait. */
void replies_refuse(struct replies *r, struct moment now);

size_t replies_waiting(const struct replies *r);

#endif
