/* Replies that wait until what they acknowledge is on disk, in the order in which they
 * were written. Bounded in number and bytes. Called by control.c; knows neither sockets
 * nor the disk: what may go is told to it.
 */
#ifndef DISC_SERVER_HELD_H
#define DISC_SERVER_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "server/udp.h"

enum { HELD_REPLIES_MAX = 65536, HELD_BYTES_MAX = 64 << 20 };

struct held_reply {
    struct held_reply *next;
    uint64_t change; /* must be on disk first */
    unsigned source; /* the socket it came in by, as the caller counts them */
    struct endpoint from;
    struct udp_destination to;
    const uint8_t *request; /* as received, in case it must be refused after all */
    const uint8_t *reply;
    size_t request_size, reply_size;
};

struct held;

struct held *held_new(size_t replies_max, size_t bytes_max); /* NULL when memory lacks */
void held_free(struct held *h);                              /* with all that waits; accepts NULL */

/* Keeps a copy of the reply and of both texts. False when it is full or memory lacks. */
bool held_add(struct held *h, const struct held_reply *reply);

/* The oldest reply if its change is `committed` or an earlier one, else NULL. The caller's
 * now, to free() with all it points to. A reply never overtakes one that was added before
 * it. */
struct held_reply *held_take(struct held *h, uint64_t committed);

/* Adds the oldest reply of `from` if its change is `over` or an earlier one, to wait for `change`
 * from now on. False: there was none. The limits are not asked. */
bool held_move(struct held *h, struct held *from, uint64_t over, uint64_t change);

size_t held_count(const struct held *h);

#endif
