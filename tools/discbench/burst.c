#include "burst.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

static void attach(struct mmsghdr *message, struct iovec *part, void *bytes, size_t size)
{
    *part = (struct iovec){bytes, size};
    *message = (struct mmsghdr){.msg_hdr = {.msg_iov = part, .msg_iovlen = 1}};
}

void burst_send(struct burst *burst)
{
    struct mmsghdr messages[BURST];
    struct iovec parts[BURST];
    for (unsigned i = 0; i < burst->count; i++)
        attach(&messages[i], &parts[i], burst->out[i], burst->sizes[i]);
    for (unsigned sent = 0; sent < burst->count;) {
        int n = sendmmsg(burst->fd, messages + sent, burst->count - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd fd = {.fd = burst->fd, .events = POLLOUT};
            (void)poll(&fd, 1, 10);
            continue;
        }
        sent += n > 0 ? (unsigned)n : 1; /* an error costs one datagram: it will be lost */
    }
    burst->count = 0;
}

unsigned burst_receive(struct burst *burst)
{
    struct mmsghdr messages[BURST];
    struct iovec parts[BURST];
    for (unsigned i = 0; i < BURST; i++)
        attach(&messages[i], &parts[i], burst->in[i], DATAGRAM_IN);
    int n = recvmmsg(burst->fd, messages, BURST, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        burst->in_sizes[i] = messages[i].msg_len;
        burst->in[i][messages[i].msg_len] = 0;
    }
    return n > 0 ? (unsigned)n : 0;
}
