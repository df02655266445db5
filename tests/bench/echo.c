/* The floor under every DNS server on this machine: takes batches of datagrams with
 * recvmmsg(2) and answers each with a datagram of a fixed size, without looking at more than
 * its id and its question, which come back so that a load generator counts it as answered.
 * What a query costs here is the kernel's price of one query and one reply.
 *
 *     echo PORT [SIZE]
 *
 * One thread, the batch width and socket options of discd's DNS sockets. Prints "ready PORT"
 * (PORT 0 = any free one). Only for 127.0.0.1. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH 32
#define REQUEST_SIZE 512
#define REPLY_MAX 4096
#define HEADER 12
#define BUFFER (4 << 20)
#define ROUNDS 16 /* batches for each wait */

struct slot {
    struct sockaddr_in from;
    struct iovec in, out;
    uint8_t request[REQUEST_SIZE], reply[REPLY_MAX];
};

static struct slot slots[BATCH];
static struct mmsghdr received[BATCH], replies[BATCH];

/* Behind the question; 0 = there is none. */
static size_t question_end(const uint8_t *request, size_t size)
{
    size_t at = HEADER;
    while (at < size && request[at] && request[at] < 64)
        at += 1u + request[at];
    return at + 5 <= size && !request[at] ? at + 5 : 0;
}

/* The id and the question come back; NOERROR, and no record is promised. */
static bool answer(struct slot *slot, size_t size, size_t reply_size)
{
    size_t end = question_end(slot->request, size);
    if (!end || end > reply_size)
        return false;
    memcpy(slot->reply, slot->request, end);
    slot->reply[2] = 0x84; /* QR, AA */
    slot->reply[3] = 0;
    memcpy(slot->reply + 4, "\0\1\0\0\0\0\0", 8);
    slot->out.iov_len = reply_size;
    return true;
}

static void offer(void)
{
    for (unsigned i = 0; i < BATCH; i++) {
        struct slot *slot = &slots[i];
        slot->in = (struct iovec){slot->request, sizeof slot->request};
        slot->out.iov_base = slot->reply;
        received[i].msg_hdr = (struct msghdr){
            .msg_name = &slot->from,
            .msg_namelen = sizeof slot->from,
            .msg_iov = &slot->in,
            .msg_iovlen = 1,
        };
    }
}

/* True when more may be waiting. */
static bool serve(int fd, size_t reply_size)
{
    unsigned count = 0;
    offer();
    int n = recvmmsg(fd, received, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++)
        if (answer(&slots[i], received[i].msg_len, reply_size))
            replies[count++].msg_hdr = (struct msghdr){
                .msg_name = &slots[i].from,
                .msg_namelen = sizeof slots[i].from,
                .msg_iov = &slots[i].out,
                .msg_iovlen = 1,
            };
    if (count)
        (void)sendmmsg(fd, replies, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n == BATCH;
}

static int open_socket(uint16_t port, uint16_t *bound)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t at_size = sizeof at;
    int one = 1, size = BUFFER, pmtu = IP_PMTUDISC_OMIT;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) ||
        bind(fd, (struct sockaddr *)&at, sizeof at) ||
        getsockname(fd, (struct sockaddr *)&at, &at_size))
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &pmtu, sizeof pmtu);
    *bound = ntohs(at.sin_port);
    return fd;
}

int main(int argc, char **argv)
{
    unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 10) : UINT16_MAX + 1ul;
    unsigned long size = argc > 2 ? strtoul(argv[2], NULL, 10) : 628;
    uint16_t bound;
    if (argc > 3 || port > UINT16_MAX || size < HEADER || size > REPLY_MAX) {
        fprintf(stderr, "usage: echo PORT [SIZE]\n");
        return 2;
    }
    int fd = open_socket((uint16_t)port, &bound);
    if (fd < 0) {
        fprintf(stderr, "echo: port %lu: %s\n", port, strerror(errno));
        return 1;
    }
    printf("ready %u\n", bound);
    fflush(stdout);
    struct pollfd wait = {fd, POLLIN, 0};
    while (poll(&wait, 1, -1) >= 0 || errno == EINTR)
        for (unsigned round = 0; round < ROUNDS && serve(fd, size); round++)
            ;
    return 1;
}
