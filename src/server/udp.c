#include "server/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* Room for a timestamp and a pktinfo of either family. */
#define CONTROL_SIZE (CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(struct in6_pktinfo)))

struct slot {
    struct sockaddr_storage from;
    struct iovec in, out;
    _Alignas(struct cmsghdr) uint8_t control[CONTROL_SIZE];
    size_t pktinfo_at, pktinfo_size; /* what to send back: reply from the address asked */
};

struct udp_batch {
    unsigned width, received, replies;
    size_t in_size;
    struct mmsghdr *rx, *tx;
    struct slot *slots;
    struct iovec *late; /* of replies to earlier batches, by their place in tx */
    uint8_t *in, *out;
    uint64_t last_arrival_ms;
    udp_shorten *shorten;
    struct udp_counters counters;
};

struct udp_batch *udp_batch_new(unsigned width, size_t in_size, size_t out_size)
{
    struct udp_batch *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->width = width;
    b->in_size = in_size;
    b->rx = calloc(width, sizeof *b->rx);
    b->tx = calloc(width, sizeof *b->tx);
    b->slots = calloc(width, sizeof *b->slots);
    b->late = calloc(width, sizeof *b->late);
    b->in = malloc(width * in_size);
    b->out = malloc(width * out_size);
    if (!b->rx || !b->tx || !b->slots || !b->late || !b->in || !b->out) {
        udp_batch_free(b);
        return NULL;
    }
    for (unsigned i = 0; i < width; i++) {
        b->slots[i].in = (struct iovec){b->in + i * in_size, in_size};
        b->slots[i].out = (struct iovec){b->out + i * out_size, 0};
    }
    return b;
}

void udp_batch_free(struct udp_batch *b)
{
    if (!b)
        return;
    free(b->rx);
    free(b->tx);
    free(b->slots);
    free(b->late);
    free(b->in);
    free(b->out);
    free(b);
}

void udp_batch_shorten(struct udp_batch *b, udp_shorten *shorten)
{
    b->shorten = shorten;
}

static void offer(struct udp_batch *b)
{
    for (unsigned i = 0; i < b->width; i++) {
        struct slot *slot = &b->slots[i];
        b->rx[i].msg_hdr = (struct msghdr){
            .msg_name = &slot->from,
            .msg_namelen = sizeof slot->from,
            .msg_iov = &slot->in,
            .msg_iovlen = 1,
            .msg_control = slot->control,
            .msg_controllen = sizeof slot->control,
        };
    }
}

static bool is_pktinfo(const struct cmsghdr *c)
{
    return (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) ||
           (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO);
}

static void read_control(struct udp_batch *b, struct slot *slot, struct msghdr *header)
{
    slot->pktinfo_size = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (is_pktinfo(c)) {
            slot->pktinfo_at = (size_t)((uint8_t *)c - slot->control);
            slot->pktinfo_size = CMSG_ALIGN(c->cmsg_len);
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec t;
            memcpy(&t, CMSG_DATA(c), sizeof t);
            b->last_arrival_ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
        }
    }
}

unsigned udp_receive(struct udp_batch *b, int fd, bool *drained)
{
    int n;
    offer(b);
    b->received = b->replies = 0;
    b->last_arrival_ms = 0;
    do
        n = recvmmsg(fd, b->rx, b->width, MSG_DONTWAIT, NULL);
    while (n < 0 && errno == EINTR);
    *drained = n < (int)b->width;
    if (n <= 0)
        return 0;
    b->received = (unsigned)n;
    counter_add(&b->counters.received, (uint64_t)n);
    for (unsigned i = 0; i < b->received; i++)
        read_control(b, &b->slots[i], &b->rx[i].msg_hdr);
    return b->received;
}

bool udp_request(struct udp_batch *b, unsigned n, struct udp_request *request)
{
    struct slot *slot = &b->slots[n];
    size_t size = b->rx[n].msg_len;
    request->cut = (b->rx[n].msg_hdr.msg_flags & MSG_TRUNC) != 0;
    request->bytes = slot->in.iov_base;
    request->size = size < b->in_size ? size : b->in_size;
    request->out = slot->out.iov_base;
    return endpoint_from_sockaddr((struct sockaddr *)&slot->from, &request->from) == ERR_OK;
}

void udp_reply(struct udp_batch *b, unsigned n, size_t size)
{
    struct slot *slot = &b->slots[n];
    struct msghdr *reply = &b->tx[b->replies++].msg_hdr;
    slot->out.iov_len = size;
    *reply = (struct msghdr){
        .msg_name = &slot->from,
        .msg_namelen = b->rx[n].msg_hdr.msg_namelen,
        .msg_iov = &slot->out,
        .msg_iovlen = 1,
    };
    if (slot->pktinfo_size) {
        reply->msg_control = slot->control + slot->pktinfo_at;
        reply->msg_controllen = slot->pktinfo_size;
    }
}

void udp_sender(const struct udp_batch *b, unsigned n, struct udp_destination *out)
{
    const struct slot *slot = &b->slots[n];
    size_t size = b->rx[n].msg_hdr.msg_namelen;
    *out = (struct udp_destination){0};
    out->to_size = (socklen_t)(size < sizeof out->to ? size : sizeof out->to);
    memcpy(&out->to, &slot->from, out->to_size);
    if (slot->pktinfo_size && slot->pktinfo_size <= sizeof out->pktinfo) {
        out->pktinfo_size = slot->pktinfo_size;
        memcpy(out->pktinfo, slot->control + slot->pktinfo_at, slot->pktinfo_size);
    }
}

/* The address that the request was sent to, where the socket asked to be told. */
static struct addr asked_address(const struct slot *slot)
{
    struct addr a = {0};
    const struct cmsghdr *c = (const void *)(slot->control + slot->pktinfo_at);
    struct in_pktinfo v4;
    struct in6_pktinfo v6;
    if (!slot->pktinfo_size)
        return a;
    if (c->cmsg_level == IPPROTO_IP) {
        memcpy(&v4, CMSG_DATA(c), sizeof v4);
        a.family = FAMILY_V4;
        memcpy(a.bytes, &v4.ipi_addr, 4);
    } else {
        memcpy(&v6, CMSG_DATA(c), sizeof v6);
        a.family = FAMILY_V6;
        memcpy(a.bytes, &v6.ipi6_addr, 16);
    }
    return a;
}

bool udp_is_reflected(struct udp_batch *b, unsigned n, const struct endpoint *local,
                      const struct endpoint *from)
{
    if (from->port != local->port)
        return false;
    struct addr asked = local->addr;
    if (addr_is_unspecified(&asked))
        asked = asked_address(&b->slots[n]);
    if (!addr_is(&asked, &from->addr))
        return false;
    counter_up(&b->counters.reflected);
    return true;
}

/* The kernel only reads what a header to send points to; its type does not say so. */
static void *unconst(const void *p)
{
    return (void *)(uintptr_t)p;
}

bool udp_reply_later(struct udp_batch *b, const struct udp_destination *to, const void *bytes,
                     size_t size)
{
    if (b->replies == b->width)
        return false;
    struct iovec *iov = &b->late[b->replies];
    struct msghdr *reply = &b->tx[b->replies++].msg_hdr;
    *iov = (struct iovec){unconst(bytes), size};
    *reply = (struct msghdr){
        .msg_name = unconst(&to->to),
        .msg_namelen = to->to_size,
        .msg_iov = iov,
        .msg_iovlen = 1,
    };
    if (to->pktinfo_size) {
        reply->msg_control = unconst(to->pktinfo);
        reply->msg_controllen = to->pktinfo_size;
    }
    return true;
}

void udp_drop(struct udp_batch *b)
{
    b->replies = 0;
}

/* RFC 9715, R4. False: it cannot be made shorter. */
static bool shorten(struct udp_batch *b, struct iovec *iov)
{
    size_t size = b->shorten ? b->shorten(iov->iov_base, iov->iov_len) : 0;
    if (!size || size >= iov->iov_len)
        return false;
    iov->iov_len = size;
    counter_up(&b->counters.too_big);
    return true;
}

static bool is_full(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
}

static unsigned send_all(struct udp_batch *b, int fd, bool stop_when_full)
{
    unsigned done = 0;
    while (done < b->replies) {
        int n = sendmmsg(fd, b->tx + done, b->replies - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EMSGSIZE && shorten(b, b->tx[done].msg_hdr.msg_iov))
            continue;
        if (n < 0 && stop_when_full && is_full(errno))
            break;
        if (n < 0) { /* the first one failed: skip it, the rest may go */
            counter_up(&b->counters.send_failed);
            done++;
            continue;
        }
        counter_add(&b->counters.sent, (uint64_t)n);
        done += (unsigned)n;
    }
    b->replies = 0;
    return done;
}

void udp_send(struct udp_batch *b, int fd)
{
    (void)send_all(b, fd, false);
}

unsigned udp_send_some(struct udp_batch *b, int fd)
{
    return send_all(b, fd, true);
}

uint64_t udp_last_arrival_ms(const struct udp_batch *b)
{
    return b->last_arrival_ms;
}

const struct udp_counters *udp_counters(const struct udp_batch *b)
{
    return &b->counters;
}
