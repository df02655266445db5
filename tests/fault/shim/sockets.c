/* Sockets. Datagrams of the registration protocol are written down. */
#include "fault/shim/shim.h"

#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static void record_bytes(enum fault_event_kind kind, int fd, const void *bytes, size_t n)
{
    if (n > 7 && memcmp(bytes, "disc/1 ", 7) == 0)
        record(kind, fd, false, 0, bytes, n);
}

static void record_message(enum fault_event_kind kind, int fd, const struct msghdr *m, size_t n)
{
    if (m->msg_iovlen)
        record_bytes(kind, fd, m->msg_iov->iov_base,
                     m->msg_iov->iov_len < n ? m->msg_iov->iov_len : n);
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags, struct timespec *wait)
{
    NEXT(recvmmsg);
    if (judge(FAULT_RECEIVE) == FAIL)
        return -1;
    int got = next(fd, messages, n, flags, wait);
    int error = errno;
    for (int i = 0; i < got; i++)
        record_message(FAULT_RECEIVED, fd, &messages[i].msg_hdr, messages[i].msg_len);
    errno = error;
    return got;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    NEXT(recvmsg);
    if (judge(FAULT_RECEIVE) == FAIL)
        return -1;
    ssize_t got = next(fd, message, flags);
    int error = errno;
    if (got > 0)
        record_message(FAULT_RECEIVED, fd, message, (size_t)got);
    errno = error;
    return got;
}

EXPORT ssize_t recvfrom(int fd, void *out, size_t n, int flags, struct sockaddr *restrict from,
                        socklen_t *restrict size)
{
    NEXT(recvfrom);
    return judge(FAULT_RECEIVE) == FAIL ? -1 : next(fd, out, n, flags, from, size);
}

EXPORT ssize_t recv(int fd, void *out, size_t n, int flags)
{
    NEXT(recv);
    return judge(FAULT_RECEIVE) == FAIL ? -1 : next(fd, out, n, flags);
}

EXPORT ssize_t readv(int fd, const struct iovec *parts, int n)
{
    NEXT(readv);
    return judge(FAULT_RECEIVE) == FAIL ? -1 : next(fd, parts, n);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
    NEXT(sendmmsg);
    if (judge(FAULT_SEND) == FAIL)
        return -1;
    for (unsigned i = 0; i < n; i++)
        record_message(FAULT_SENT, fd, &messages[i].msg_hdr, SIZE_MAX);
    return next(fd, messages, n, flags);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    NEXT(sendmsg);
    if (judge(FAULT_SEND) == FAIL)
        return -1;
    record_message(FAULT_SENT, fd, message, SIZE_MAX);
    return next(fd, message, flags);
}

EXPORT ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to,
                      socklen_t size)
{
    NEXT(sendto);
    if (judge(FAULT_SEND) == FAIL)
        return -1;
    record_bytes(FAULT_SENT, fd, bytes, n);
    return next(fd, bytes, n, flags, to, size);
}

EXPORT ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    NEXT(send);
    return judge(FAULT_SEND) == FAIL ? -1 : next(fd, bytes, n, flags);
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int n)
{
    NEXT(writev);
    return judge(FAULT_SEND) == FAIL ? -1 : next(fd, parts, n);
}

EXPORT ssize_t sendfile(int out, int in, off_t *at, size_t n)
{
    NEXT(sendfile);
    return judge(FAULT_SEND) == FAIL ? -1 : next(out, in, at, n);
}

EXPORT int accept(int fd, struct sockaddr *from, socklen_t *size)
{
    NEXT(accept);
    return judge(FAULT_ACCEPT) == FAIL ? -1 : next(fd, from, size);
}

EXPORT int accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
    NEXT(accept4);
    return judge(FAULT_ACCEPT) == FAIL ? -1 : next(fd, from, size, flags);
}
