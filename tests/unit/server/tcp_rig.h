/* A TCP server and its clients on one event loop, for the tests of tcp*.c. */
#ifndef DISC_TESTS_SERVER_TCP_RIG_H
#define DISC_TESTS_SERVER_TCP_RIG_H

#include "unit/server/common.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "server/sockets.h"
#include "server/tcp.h"

enum { MESSAGE = 20 }; /* bytes of a question here; its first two are a number */

static const struct hash_key key = {"0123456789abcdef"};
UNUSED static const struct tcp_limits generous = {PATIENCE_MS, PATIENCE_MS, 100, 1 << 20};

/* Server and clients live on one event loop; a client's wait turns it. */
struct rig {
    struct event_base *base;
    struct listeners listeners;
    struct tcp_quota *quota;
    struct tcp_server *server;
    size_t answer_size; /* 0 = as long as the question */
    unsigned answered;
    bool give_up;            /* answer nothing */
    bool later;              /* the next answer comes later */
    struct tcp_later *asked; /* the last that does */
    unsigned ended;          /* streams */
};

/* An answer of many messages: each of `size` bytes with the number of the question, and how
 * many are left. */
struct stream {
    uint16_t number;
    unsigned left;
    size_t size;
};

UNUSED static size_t answer(void *context, struct tcp_server *server, const uint8_t *message,
                            size_t size, const struct endpoint *from, uint8_t *out, size_t out_size)
{
    struct rig *r = context;
    if (r->later) {
        r->later = false;
        r->asked = tcp_later(server);
        assert_non_null(r->asked);
        return TCP_LATER;
    }
    size_t n = r->answer_size ? r->answer_size : size;
    assert_true(addr_is_loopback(&from->addr) && n <= out_size);
    if (r->give_up)
        return 0;
    r->answered++;
    memset(out, 'a', n);
    memcpy(out, message, 2);
    return n;
}

UNUSED static size_t next(void *context UNUSED, void *stream, uint8_t *out, size_t out_size)
{
    struct stream *s = stream;
    if (!s->left)
        return 0;
    s->left--;
    assert_true(s->size <= out_size);
    memset(out, 'a', s->size);
    put_u16(out, s->number);
    return s->size;
}

UNUSED static void end(void *context, void *stream UNUSED)
{
    struct rig *r = context;
    r->ended++;
}

UNUSED static void rig_start(struct rig *r, const struct tcp_limits *limits, uint32_t total,
                             uint32_t per_address)
{
    struct endpoint any = endpoint_of("127.0.0.1:0");
    *r = (struct rig){.base = event_base_new()};
    assert_non_null(r->base);
    assert_int_equal(listeners_open("test", SOCKET_TCP, &any, 1, 1, &r->listeners), ERR_OK);
    r->quota = tcp_quota_new(total, per_address, &key);
    struct tcp_answering answering = {r, answer, next, end};
    r->server = tcp_server_new(r->base, r->listeners.sets[0].fds, 1, limits, r->quota, &answering);
    assert_non_null(r->server);
}

UNUSED static void rig_end(struct rig *r)
{
    tcp_server_free(r->server);
    assert_int_equal(tcp_quota_count(r->quota), 0); /* whatever happened before */
    tcp_quota_free(r->quota);
    listeners_close(&r->listeners);
    event_base_free(r->base);
}

UNUSED static int client_of(const struct rig *r)
{
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&r->listeners.sets[0].local, &sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, size), 0);
    assert_int_equal(evutil_make_socket_nonblocking(fd), 0);
    return fd;
}

UNUSED static void on_ready(evutil_socket_t fd UNUSED, short what, void *context)
{
    if (what & EV_TIMEOUT)
        fail_msg("nothing happened for %d ms", PATIENCE_MS);
    event_base_loopbreak(context);
}

UNUSED static void wait_for(struct rig *r, int fd, short what)
{
    struct timeval patience = {PATIENCE_MS / 1000, 0};
    assert_int_equal(event_base_once(r->base, fd, what, on_ready, r->base, &patience), 0);
    assert_int_not_equal(event_base_dispatch(r->base), -1);
}

UNUSED static void turn(struct rig *r)
{
    assert_int_not_equal(event_base_loop(r->base, EVLOOP_NONBLOCK), -1);
}

/* Turns the loop until the server has read what the client sent. */
UNUSED static void let_it_read(struct rig *r, int fd)
{
    int on_the_way;
    do {
        assert_int_equal(ioctl(fd, SIOCOUTQ, &on_the_way), 0);
        turn(r);
    } while (on_the_way);
}

UNUSED static void send_all(struct rig *r, int fd, const uint8_t *bytes, size_t n)
{
    while (n) {
        ssize_t done = send(fd, bytes, n, MSG_NOSIGNAL);
        if (done < 0) {
            assert_int_equal(errno, EAGAIN);
            wait_for(r, fd, EV_WRITE);
            continue;
        }
        bytes += done;
        n -= (size_t)done;
    }
}

/* Exactly n bytes; false: the server closed before. */
UNUSED static bool read_all(struct rig *r, int fd, uint8_t *bytes, size_t n)
{
    while (n) {
        ssize_t done = recv(fd, bytes, n, 0);
        if (done == 0 || (done < 0 && errno == ECONNRESET))
            return false;
        if (done < 0) {
            assert_int_equal(errno, EAGAIN);
            wait_for(r, fd, EV_READ);
            continue;
        }
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

UNUSED static size_t question(uint8_t *out, uint16_t number)
{
    put_u16(out, MESSAGE);
    memset(out + 2, 'q', MESSAGE);
    put_u16(out + 2, number);
    return 2 + MESSAGE;
}

UNUSED static void ask(struct rig *r, int fd, uint16_t number)
{
    uint8_t bytes[2 + MESSAGE];
    send_all(r, fd, bytes, question(bytes, number));
}

UNUSED static void ask_in_one_go(struct rig *r, int fd, unsigned count)
{
    uint8_t bytes[200 * (2 + MESSAGE)];
    size_t n = 0;
    assert_true(count <= 200);
    for (unsigned i = 0; i < count; i++)
        n += question(bytes + n, (uint16_t)i);
    send_all(r, fd, bytes, n);
}

/* Answers come whole and in the order of the questions. */
UNUSED static void expect_answer(struct rig *r, int fd, uint16_t number, size_t size)
{
    static uint8_t bytes[65535];
    assert_true(read_all(r, fd, bytes, 2));
    assert_int_equal(get_u16(bytes), size);
    assert_true(read_all(r, fd, bytes, size));
    assert_int_equal(get_u16(bytes), number);
    for (size_t i = 2; i < size; i++)
        assert_int_equal(bytes[i], 'a');
}

UNUSED static void expect_end(struct rig *r, int fd)
{
    uint8_t byte;
    assert_false(read_all(r, fd, &byte, 1));
    close(fd);
}

/* A client that was certainly accepted: it got an answer. */
UNUSED static int settled_client(struct rig *r)
{
    int fd = client_of(r);
    ask(r, fd, 7);
    expect_answer(r, fd, 7, MESSAGE);
    return fd;
}

UNUSED static const struct tcp_counters *counters(const struct rig *r)
{
    return tcp_counters(r->server);
}

#endif
