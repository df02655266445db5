/* Batched UDP: many datagrams in with one system call, their replies out with another.
 * Buffers are allocated once; requests and replies never alias, and the replies of a batch
 * are packed one behind the other, so that a batch touches little memory.
 *
 *   udp_receive -> for each: udp_request, udp_reply(size) -> udp_send
 *
 * A request without a reply leaves no hole: replies stand in an array of their own. A
 * reply that has to wait goes later to where its request came from:
 *
 *   udp_sender(n) ... udp_reply_later -> udp_send
 */
#ifndef DISC_SERVER_UDP_H
#define DISC_SERVER_UDP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "base/counter.h"
#include "base/err.h"

struct udp_batch;

struct udp_counters {
    struct counter received, sent, send_failed;
    struct counter too_big;   /* shortened, because the way takes no such datagram */
    struct counter reflected; /* from the very address and port that it was sent to */
};

/* `width` datagrams at a time; requests up to `in_size` bytes are kept (longer ones are
 * cut and marked), replies up to `out_size`. NULL when memory lacks. */
struct udp_batch *udp_batch_new(unsigned width, size_t in_size, size_t out_size);
void udp_batch_free(struct udp_batch *b);

/* Replies that no interface takes whole (EMSGSIZE) are sent once more as `shorten` leaves
 * them, in place: it returns their new size, 0 = not at all. NULL, the default: they are lost. */
typedef size_t udp_shorten(uint8_t *bytes, size_t size);
void udp_batch_shorten(struct udp_batch *b, udp_shorten *shorten);

/* Takes what waits at `fd`, never blocks; forgets the previous batch. Returns how many
 * (0 = nothing waits). `*drained`: the socket is empty now; may be NULL. */
unsigned udp_receive(struct udp_batch *b, int fd, bool *drained);

struct udp_request {
    const uint8_t *bytes;
    size_t size;
    bool cut;
    struct endpoint from;
    uint8_t *out; /* room for the reply, out_size bytes, until the next udp_reply or udp_send */
};

/* The n-th of the batch. False: its source is no address that can be answered. */
bool udp_request(struct udp_batch *b, unsigned n, struct udp_request *request);

/* The same in parts: the bytes that were kept of it, and where it came from (false: no address
 * that can be answered). */
struct udp_bytes {
    const uint8_t *at;
    size_t size;
};
struct udp_bytes udp_bytes(const struct udp_batch *b, unsigned n);
bool udp_from(const struct udp_batch *b, unsigned n, struct endpoint *from);

/* udp_request.out of all requests, as it is now: where the next reply is to be written. */
uint8_t *udp_room(const struct udp_batch *b);

/* Did the n-th come from where it went, a socket of `local`? An answer would come back as
 * the next query. Counted. udp_is_reflected_at: the same where the ports are one. */
bool udp_is_reflected_at(struct udp_batch *b, unsigned n, const struct addr *local,
                         const struct addr *from);
static inline bool udp_is_reflected(struct udp_batch *b, unsigned n, const struct endpoint *local,
                                    const struct endpoint *from)
{
    return from->port == local->port && udp_is_reflected_at(b, n, &local->addr, &from->addr);
}

/* What was written to the n-th request's `out` is to be sent; in front of udp_send not more
 * replies than the batch is wide. */
void udp_reply(struct udp_batch *b, unsigned n, size_t size);

/* Where a reply goes, and which of our addresses it comes from. */
struct udp_destination {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } to;
    socklen_t to_size;
    size_t pktinfo_size;
    _Alignas(struct cmsghdr) uint8_t pktinfo[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* The sender of the n-th request, for a reply after the batch is forgotten. */
void udp_sender(const struct udp_batch *b, unsigned n, struct udp_destination *out);

/* A reply to a remembered sender, to be sent with the next udp_send; `*to` and the bytes
 * stay the caller's and in place until then (the bytes may be shortened). False: so many already
 * wait for udp_send as the batch is wide. */
bool udp_reply_later(struct udp_batch *b, const struct udp_destination *to, const void *bytes,
                     size_t size);

/* Sends all replies; what the kernel does not take (full buffer, unreachable) is lost
 * and counted, as any datagram may be. */
void udp_send(struct udp_batch *b, int fd);

/* As udp_send, but ends where the kernel's buffer is full. Returns how many it is done with;
 * the others are given up by the batch, to be handed over anew. */
unsigned udp_send_some(struct udp_batch *b, int fd);

/* Sends none of them. */
void udp_drop(struct udp_batch *b);

/* When the kernel received the last datagram of the batch, as Unix time in ms; 0 =
 * unknown. */
uint64_t udp_last_arrival_ms(const struct udp_batch *b);

const struct udp_counters *udp_counters(const struct udp_batch *b);

#endif
