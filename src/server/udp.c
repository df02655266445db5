#include "server/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* Room for a timestamp and a pktinfo of either family. */
#define CONTROL_SIZE (CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(struct in6_pktinfo)))

/* The kernel goes through its caches between two batches, so each line and page that a batch
 * touches is fetched anew: what belongs together is packed, and nothing lies a multiple of a
 * page apart, where it would fall on the same few sets of the cache. */
enum { LINE = 64, PAGE = 4096 };

struct sender {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } from;
    uint16_t pktinfo_at, pktinfo_size; /* in its control bytes: reply from the address asked */
};

struct control_bytes {
    _Alignas(struct cmsghdr) uint8_t bytes[CONTROL_SIZE];
};

struct udp_batch {
    unsigned width, received, replies;
    size_t in_size, in_stride, out_size;
    size_t out_at;           /* where the next answer begins: behind the last one */
    struct mmsghdr *rx, *tx; /* headers point to the arrays below once and for all */
    struct iovec *rx_iov, *tx_iov;
    struct sender *senders;
    struct control_bytes *control;
    uint8_t *in, *out;
    uint64_t last_arrival_ms;
    udp_shorten *shorten;
    struct udp_counters counters;
};

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* From one request to the next: never a whole number of pages. */
static size_t stride_of(size_t size)
{
    size_t stride = round_up(size, LINE);
    return stride % PAGE ? stride : stride + 2 * LINE;
}

static void *new_bytes(size_t size)
{
    return aligned_alloc(LINE, round_up(size, LINE));
}

/* All that stays the same from batch to batch. */
static void connect_headers(struct udp_batch *b)
{
    for (unsigned i = 0; i < b->width; i++) {
        b->rx_iov[i] = (struct iovec){b->in + i * b->in_stride, b->in_size};
        b->rx[i].msg_hdr = (struct msghdr){
            .msg_name = &b->senders[i].from,
            .msg_iov = &b->rx_iov[i],
            .msg_iovlen = 1,
            .msg_control = b->control[i].bytes,
        };
        b->tx[i].msg_hdr = (struct msghdr){.msg_iov = &b->tx_iov[i], .msg_iovlen = 1};
    }
}

/* What the kernel overwrote in the headers of the last batch. */
static void offer(struct udp_batch *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        b->rx[i].msg_hdr.msg_namelen = sizeof b->senders[i].from;
        b->rx[i].msg_hdr.msg_controllen = sizeof b->control[i].bytes;
    }
}

struct udp_batch *udp_batch_new(unsigned width, size_t in_size, size_t out_size)
{
    struct udp_batch *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->width = width;
    b->in_size = in_size;
    b->in_stride = stride_of(in_size);
    b->out_size = out_size;
    b->rx = calloc(width, sizeof *b->rx);
    b->tx = calloc(width, sizeof *b->tx);
    b->rx_iov = calloc(width, sizeof *b->rx_iov);
    b->tx_iov = calloc(width, sizeof *b->tx_iov);
    b->senders = calloc(width, sizeof *b->senders);
    b->control = calloc(width, sizeof *b->control);
    b->in = new_bytes(width * b->in_stride);
    /* Each answer of a batch may have the full size: memory that is not touched costs none. */
    b->out = new_bytes((width + (size_t)1) * round_up(out_size, LINE));
    if (!b->rx || !b->tx || !b->rx_iov || !b->tx_iov || !b->senders || !b->control || !b->in ||
        !b->out) {
        udp_batch_free(b);
        return NULL;
    }
    connect_headers(b);
    offer(b, width);
    return b;
}

void udp_batch_free(struct udp_batch *b)
{
    if (!b)
        return;
    free(b->rx);
    free(b->tx);
    free(b->rx_iov);
    free(b->tx_iov);
    free(b->senders);
    free(b->control);
    free(b->in);
    free(b->out);
    free(b);
}

void udp_batch_shorten(struct udp_batch *b, udp_shorten *shorten)
{
    b->shorten = shorten;
}

static bool is_pktinfo(const struct cmsghdr *c)
{
    return (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) ||
           (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO);
}

static void read_control(struct udp_batch *b, unsigned n)
{
    struct msghdr *header = &b->rx[n].msg_hdr;
    struct sender *sender = &b->senders[n];
    sender->pktinfo_size = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (is_pktinfo(c)) {
            sender->pktinfo_at = (uint16_t)((uint8_t *)c - b->control[n].bytes);
            sender->pktinfo_size = (uint16_t)CMSG_ALIGN(c->cmsg_len);
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
    offer(b, b->received);
    b->received = b->replies = 0;
    b->out_at = 0;
    b->last_arrival_ms = 0;
    do
        n = recvmmsg(fd, b->rx, b->width, MSG_DONTWAIT, NULL);
    while (n < 0 && errno == EINTR);
    if (drained)
        *drained = n < (int)b->width;
    if (n <= 0)
        return 0;
    b->received = (unsigned)n;
    counter_add(&b->counters.received, (uint64_t)n);
    for (unsigned i = 0; i < b->received; i++)
        read_control(b, i);
    return b->received;
}

struct udp_bytes udp_bytes(const struct udp_batch *b, unsigned n)
{
    size_t size = b->rx[n].msg_len;
    return (struct udp_bytes){b->rx_iov[n].iov_base, size < b->in_size ? size : b->in_size};
}

bool udp_from(const struct udp_batch *b, unsigned n, struct endpoint *from)
{
    return endpoint_from_sockaddr(&b->senders[n].from.any, from) == ERR_OK;
}

bool udp_request(struct udp_batch *b, unsigned n, struct udp_request *request)
{
    struct udp_bytes in = udp_bytes(b, n);
    request->cut = (b->rx[n].msg_hdr.msg_flags & MSG_TRUNC) != 0;
    request->bytes = in.at;
    request->size = in.size;
    request->out = udp_room(b);
    return udp_from(b, n, &request->from);
}

uint8_t *udp_room(const struct udp_batch *b)
{
    return b->out + b->out_at;
}

static void *pktinfo_of(const struct udp_batch *b, unsigned n)
{
    return b->control[n].bytes + b->senders[n].pktinfo_at;
}

/* The next reply, with its way still to be set. There is a place for it. */
static struct msghdr *queue(struct udp_batch *b, void *bytes, size_t size)
{
    b->tx_iov[b->replies] = (struct iovec){bytes, size};
    return &b->tx[b->replies++].msg_hdr;
}

void udp_reply(struct udp_batch *b, unsigned n, size_t size)
{
    size_t pktinfo_size = b->senders[n].pktinfo_size;
    if (b->replies == b->width) { /* late ones took all places */
        counter_up(&b->counters.send_failed);
        return;
    }
    struct msghdr *reply = queue(b, udp_room(b), size);
    reply->msg_name = &b->senders[n].from;
    reply->msg_namelen = b->rx[n].msg_hdr.msg_namelen;
    reply->msg_control = pktinfo_size ? pktinfo_of(b, n) : NULL;
    reply->msg_controllen = pktinfo_size;
    b->out_at += round_up(size, LINE);
}

void udp_sender(const struct udp_batch *b, unsigned n, struct udp_destination *out)
{
    const struct sender *sender = &b->senders[n];
    size_t size = b->rx[n].msg_hdr.msg_namelen;
    *out = (struct udp_destination){0};
    out->to_size = (socklen_t)(size < sizeof out->to ? size : sizeof out->to);
    memcpy(&out->to, &sender->from, out->to_size);
    if (sender->pktinfo_size && sender->pktinfo_size <= sizeof out->pktinfo) {
        out->pktinfo_size = sender->pktinfo_size;
        memcpy(out->pktinfo, pktinfo_of(b, n), sender->pktinfo_size);
    }
}

/* The address that the request was sent to, where the socket asked to be told. */
static struct addr asked_address(const struct udp_batch *b, unsigned n)
{
    struct addr a = {0};
    const struct cmsghdr *c = pktinfo_of(b, n);
    struct in_pktinfo v4;
    struct in6_pktinfo v6;
    if (!b->senders[n].pktinfo_size)
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

bool udp_is_reflected_at(struct udp_batch *b, unsigned n, const struct addr *local,
                         const struct addr *from)
{
    struct addr asked = addr_is_unspecified(local) ? asked_address(b, n) : *local;
    if (!addr_is(&asked, from))
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
    struct msghdr *reply = queue(b, unconst(bytes), size);
    reply->msg_name = unconst(&to->to);
    reply->msg_namelen = to->to_size;
    reply->msg_control = to->pktinfo_size ? unconst(to->pktinfo) : NULL;
    reply->msg_controllen = to->pktinfo_size;
    return true;
}

/* What `out` of the requests was is free again, too. */
static void forget_replies(struct udp_batch *b)
{
    b->replies = 0;
    b->out_at = 0;
}

void udp_drop(struct udp_batch *b)
{
    forget_replies(b);
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
    forget_replies(b);
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
