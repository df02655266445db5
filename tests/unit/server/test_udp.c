#include "server/udp.h"

#include "unit/server/common.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/sockets.h"

enum { WIDTH = 4, IN = 64, OUT = 70000 };

struct rig {
    struct listeners listeners;
    struct udp_batch *batch;
    int server;
};

static struct rig rig_at(const char *where)
{
    struct rig r;
    struct endpoint at = endpoint_of(where);
    assert_int_equal(listeners_open("test", SOCKET_UDP_STAMPED, &at, 1, 1, &r.listeners), ERR_OK);
    r.server = r.listeners.sets[0].fds[0];
    r.batch = udp_batch_new(WIDTH, IN, OUT);
    assert_non_null(r.batch);
    return r;
}

static void rig_end(struct rig *r)
{
    udp_batch_free(r->batch);
    listeners_close(&r->listeners);
}

/* A socket that hears only what comes from the very address that it sends to. */
static int client_of(const struct rig *r, const char *address)
{
    struct endpoint to = {addr_of(address), r->listeners.sets[0].local.port};
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&to, &sa);
    int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, size), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

static const char *hear(int fd)
{
    static char text[256];
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    assert_true(n >= 0);
    text[n] = '\0';
    return text;
}

/* The next batch, however long that takes to arrive. */
static unsigned receive(struct rig *r, bool *drained)
{
    struct pollfd wait = {.fd = r->server, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
    return udp_receive(r->batch, r->server, drained);
}

static struct udp_request request_at(struct rig *r, unsigned n)
{
    struct udp_request request;
    assert_true(udp_request(r->batch, n, &request));
    return request;
}

/* "re:" and what was asked; nothing to those that begin with '-'. */
static void answer_all(struct rig *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct udp_request q = request_at(r, i);
        if (q.bytes[0] == '-')
            continue;
        memcpy(q.out, "re:", 3);
        memcpy(q.out + 3, q.bytes, q.size);
        udp_reply(r->batch, i, q.size + 3);
    }
    udp_send(r->batch, r->server);
}

static void serve(struct rig *r, unsigned datagrams)
{
    for (unsigned done = 0; done < datagrams;) {
        bool drained;
        unsigned n = receive(r, &drained);
        assert_in_range(n, 1, WIDTH);
        assert_int_equal(drained, n < WIDTH);
        answer_all(r, n);
        done += n;
    }
}

static void each_hears_its_own_answer(void **state UNUSED)
{
    struct rig r = rig_at("127.0.0.1:0");
    int a = client_of(&r, "127.0.0.1"), b = client_of(&r, "127.0.0.1");
    say(a, "one");
    say(b, "-silent");
    say(b, "two");
    say(a, "three");
    serve(&r, 4);
    assert_string_equal(hear(a), "re:one");
    assert_string_equal(hear(b), "re:two"); /* the gap shifted nothing */
    assert_string_equal(hear(a), "re:three");
    assert_int_equal(counter_get(&udp_counters(r.batch)->received), 4);
    assert_int_equal(counter_get(&udp_counters(r.batch)->sent), 3);
    assert_int_equal(counter_get(&udp_counters(r.batch)->send_failed), 0);
    close(a);
    close(b);
    rig_end(&r);
}

static void more_than_a_batch_comes_in_turns(void **state UNUSED)
{
    struct rig r = rig_at("127.0.0.1:0");
    int fd = client_of(&r, "127.0.0.1");
    char text[16];
    for (int i = 0; i < 11; i++) {
        snprintf(text, sizeof text, "%d", i);
        say(fd, text);
    }
    serve(&r, 11);
    for (int i = 0; i < 11; i++) {
        snprintf(text, sizeof text, "re:%d", i);
        assert_string_equal(hear(fd), text);
    }
    bool drained = false;
    assert_int_equal(udp_receive(r.batch, r.server, &drained), 0);
    assert_true(drained);
    close(fd);
    rig_end(&r);
}

static void what_is_too_long_is_marked(void **state UNUSED)
{
    struct rig r = rig_at("127.0.0.1:0");
    int fd = client_of(&r, "127.0.0.1");
    char full[IN + 2];
    bool drained;
    memset(full, 'x', sizeof full);
    full[IN + 1] = '\0';
    say(fd, full);
    assert_int_equal(receive(&r, &drained), 1);
    struct udp_request q = request_at(&r, 0);
    assert_true(q.cut);
    assert_int_equal(q.size, IN);
    full[IN] = '\0';
    say(fd, full);
    assert_int_equal(receive(&r, &drained), 1);
    q = request_at(&r, 0);
    assert_false(q.cut);
    assert_int_equal(q.size, IN);
    say(fd, "");
    assert_int_equal(receive(&r, &drained), 1);
    assert_int_equal(request_at(&r, 0).size, 0);
    close(fd);
    rig_end(&r);
}

static void the_source_and_the_arrival_are_told(void **state UNUSED)
{
    struct rig r = rig_at("127.0.0.1:0");
    int fd = client_of(&r, "127.0.0.1");
    struct sockaddr_storage sa;
    struct endpoint own;
    socklen_t size = sizeof sa;
    bool drained;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &size), 0);
    assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&sa, &own), ERR_OK);
    say(fd, "x");
    assert_int_equal(receive(&r, &drained), 1);
    struct udp_request q = request_at(&r, 0);
    assert_true(addr_is(&q.from.addr, &own.addr));
    assert_int_equal(q.from.port, own.port);
    uint64_t first = udp_last_arrival_ms(r.batch);
    assert_true(first > 1500000000000u); /* Unix time, in ms */
    say(fd, "y");
    assert_int_equal(receive(&r, &drained), 1);
    assert_in_range(udp_last_arrival_ms(r.batch), first, first + 3600000);
    assert_int_equal(udp_receive(r.batch, r.server, &drained), 0);
    assert_int_equal(udp_last_arrival_ms(r.batch), 0);
    close(fd);
    rig_end(&r);
}

static void what_cannot_be_sent_stops_nobody(void **state UNUSED)
{
    struct rig r = rig_at("127.0.0.1:0");
    int fd = client_of(&r, "127.0.0.1");
    bool drained;
    say(fd, "a");
    assert_int_equal(receive(&r, &drained), 1);
    memset(request_at(&r, 0).out, 'x', 66000);
    udp_reply(r.batch, 0, 66000); /* no datagram is so long */
    memcpy(request_at(&r, 0).out, "b", 1);
    udp_send(r.batch, r.server);
    assert_int_equal(counter_get(&udp_counters(r.batch)->send_failed), 1);
    assert_int_equal(counter_get(&udp_counters(r.batch)->sent), 0);
    say(fd, "c");
    serve(&r, 1);
    assert_string_equal(hear(fd), "re:c");
    assert_int_equal(counter_get(&udp_counters(r.batch)->sent), 1);
    close(fd);
    rig_end(&r);
}

/* One that fails in the middle of a batch costs the others nothing. */
static void a_failure_in_the_middle_is_skipped(void **state UNUSED)
{
    struct rig r = rig_at("127.0.0.1:0");
    int fd = client_of(&r, "127.0.0.1");
    bool drained;
    unsigned n = 0;
    for (int tries = 0; n != 3 && tries < 100; tries++) { /* three in one batch */
        say(fd, "1");
        say(fd, "2");
        say(fd, "3");
        n = receive(&r, &drained);
    }
    assert_int_equal(n, 3);
    for (unsigned i = 0; i < 3; i++) {
        struct udp_request q = request_at(&r, i);
        memcpy(q.out, q.bytes, q.size);
        udp_reply(r.batch, i, i == 1 ? 66000 : q.size);
    }
    udp_send(r.batch, r.server);
    assert_string_equal(hear(fd), "1");
    assert_string_equal(hear(fd), "3");
    assert_int_equal(counter_get(&udp_counters(r.batch)->send_failed), 1);
    close(fd);
    rig_end(&r);
}

/* The client is connected: an answer from another address would not reach it. */
static void a_wildcard_answers_from_the_address_asked(void **state UNUSED)
{
    struct rig r = rig_at("0.0.0.0:0");
    int one = client_of(&r, "127.0.0.1"), two = client_of(&r, "127.0.0.2");
    say(one, "one");
    say(two, "two");
    serve(&r, 2);
    assert_string_equal(hear(one), "re:one");
    assert_string_equal(hear(two), "re:two");
    close(one);
    close(two);
    rig_end(&r);
}

/* Remembers the sender of the one datagram that comes. */
static void remember(struct rig *r, struct udp_destination *out)
{
    bool drained;
    assert_int_equal(receive(r, &drained), 1);
    udp_sender(r->batch, 0, out);
}

/* Replies that waited go to their senders, from the address that each had asked, also when
 * other datagrams came in the meantime. */
static void later_is_answered_from_the_address_asked(void **state UNUSED)
{
    struct rig r = rig_at("0.0.0.0:0");
    int one = client_of(&r, "127.0.0.1"), two = client_of(&r, "127.0.0.2");
    struct udp_destination to[2];
    say(one, "one");
    remember(&r, &to[0]);
    say(two, "two");
    remember(&r, &to[1]);
    say(one, "three");
    serve(&r, 1);
    assert_string_equal(hear(one), "re:three");
    assert_true(udp_reply_later(r.batch, &to[1], "later two", 9));
    assert_true(udp_reply_later(r.batch, &to[0], "later one", 9));
    udp_send(r.batch, r.server);
    assert_string_equal(hear(one), "later one");
    assert_string_equal(hear(two), "later two");
    assert_int_equal(counter_get(&udp_counters(r.batch)->sent), 3);
    close(one);
    close(two);
    rig_end(&r);
}

static void later_there_is_room_for_a_batch(void **state UNUSED)
{
    struct rig r = rig_at("127.0.0.1:0");
    int fd = client_of(&r, "127.0.0.1");
    struct udp_destination to;
    say(fd, "x");
    remember(&r, &to);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < WIDTH; i++)
            assert_true(udp_reply_later(r.batch, &to, &"0123456789"[i], 1));
        assert_false(udp_reply_later(r.batch, &to, "z", 1));
        udp_send(r.batch, r.server);
        assert_string_equal(hear(fd), "0");
        assert_string_equal(hear(fd), "1");
        assert_string_equal(hear(fd), "2");
        assert_string_equal(hear(fd), "3");
    }
    close(fd);
    rig_end(&r);
}

enum { WIDE = 32, LONGEST = 2000 };

/* All answers of a batch as long as they can be, late ones between them: none touches another. */
static void each_answer_may_be_as_long_as_any(void **state UNUSED)
{
    struct rig r = rig_at("127.0.0.1:0");
    udp_batch_free(r.batch);
    r.batch = udp_batch_new(WIDE, IN, LONGEST);
    assert_non_null(r.batch);
    int fd = client_of(&r, "127.0.0.1");
    static uint8_t got[LONGEST + 1];
    struct udp_destination to;
    bool drained;
    for (unsigned i = 0; i < WIDE; i++)
        say(fd, "x");
    assert_int_equal(receive(&r, &drained), WIDE);
    udp_sender(r.batch, 0, &to);
    for (unsigned i = 0; i < WIDE; i++) {
        if (i % 8 == 3) {
            assert_true(udp_reply_later(r.batch, &to, "late", 4));
            continue;
        }
        assert_ptr_equal(request_at(&r, i).out, udp_room(r.batch));
        memset(udp_room(r.batch), (int)('A' + i), LONGEST);
        udp_reply(r.batch, i, LONGEST);
    }
    assert_false(udp_reply_later(r.batch, &to, "none", 4));
    udp_reply(r.batch, 0, 1); /* one too many: lost, and counted */
    memset(udp_room(r.batch), '!', LONGEST);
    udp_send(r.batch, r.server);
    assert_int_equal(counter_get(&udp_counters(r.batch)->sent), WIDE);
    assert_int_equal(counter_get(&udp_counters(r.batch)->send_failed), 1);
    unsigned heard = 0;
    for (ssize_t size; (size = recv(fd, got, sizeof got, 0)) >= 0; heard++) {
        if (heard % 8 == 3) {
            assert_int_equal(size, 4);
            continue;
        }
        assert_int_equal(size, LONGEST);
        for (size_t i = 0; i < LONGEST; i++)
            assert_int_equal(got[i], 'A' + heard);
    }
    assert_int_equal(heard, WIDE);
    close(fd);
    rig_end(&r);
}

static void version_six_too(void **state UNUSED)
{
    static const char *const places[] = {"[::1]:0", "[::]:0"};
    int probe = socket(AF_INET6, SOCK_DGRAM, 0);
    struct endpoint own = endpoint_of("[::1]:0");
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&own, &sa);
    bool there = probe >= 0 && bind(probe, (struct sockaddr *)&sa, size) == 0;
    if (probe >= 0)
        close(probe);
    if (!there)
        skip();
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        struct rig r = rig_at(places[i]);
        int fd = client_of(&r, "::1");
        say(fd, "six");
        serve(&r, 1);
        assert_string_equal(hear(fd), "re:six");
        struct udp_destination to;
        say(fd, "later");
        remember(&r, &to);
        assert_true(udp_reply_later(r.batch, &to, "six later", 9));
        udp_send(r.batch, r.server);
        assert_string_equal(hear(fd), "six later");
        close(fd);
        rig_end(&r);
    }
}

static size_t halve(uint8_t *bytes, size_t size)
{
    bytes[0] = 's';
    return size / 2;
}

static size_t give_up(uint8_t *bytes UNUSED, size_t size UNUSED)
{
    return 0;
}

/* No datagram is longer than 65 507 bytes: the kernel says so (EMSGSIZE). */
static void what_is_too_big_is_sent_shortened(void **state UNUSED)
{
    struct rig r = rig_at("127.0.0.1:0");
    int fd = client_of(&r, "127.0.0.1");
    struct udp_destination to;
    static uint8_t big[OUT];
    static char text[OUT];
    udp_batch_shorten(r.batch, halve);
    say(fd, "x");
    remember(&r, &to);
    assert_true(udp_reply_later(r.batch, &to, "before", 6));
    assert_true(udp_reply_later(r.batch, &to, big, OUT));
    assert_true(udp_reply_later(r.batch, &to, "behind", 6));
    udp_send(r.batch, r.server);
    assert_string_equal(hear(fd), "before");
    assert_int_equal(recv(fd, text, sizeof text, 0), OUT / 2);
    assert_int_equal(text[0], 's');
    assert_string_equal(hear(fd), "behind");
    assert_int_equal(counter_get(&udp_counters(r.batch)->too_big), 1);
    assert_int_equal(counter_get(&udp_counters(r.batch)->send_failed), 0);
    udp_batch_shorten(r.batch, give_up);
    assert_true(udp_reply_later(r.batch, &to, big, OUT));
    assert_true(udp_reply_later(r.batch, &to, "end", 3));
    udp_send(r.batch, r.server);
    assert_string_equal(hear(fd), "end");
    assert_int_equal(counter_get(&udp_counters(r.batch)->send_failed), 1);
    close(fd);
    rig_end(&r);
}

/* From the very address and port that it was sent to: an answer would be the next query. */
static void reflections_are_known(void **state UNUSED)
{
    static const char *const places[] = {"127.0.0.1:0", "0.0.0.0:0"};
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        struct rig r = rig_at(places[i]);
        const struct endpoint *local = &r.listeners.sets[0].local;
        struct endpoint self = {addr_of("127.0.0.1"), local->port};
        struct sockaddr_storage sa;
        socklen_t size = endpoint_to_sockaddr(&self, &sa);
        bool drained;
        assert_int_equal(sendto(r.server, "x", 1, 0, (struct sockaddr *)&sa, size), 1);
        assert_int_equal(receive(&r, &drained), 1);
        struct udp_request in = request_at(&r, 0);
        assert_true(udp_is_reflected(r.batch, 0, local, &in.from));
        int fd = client_of(&r, "127.0.0.1");
        say(fd, "x");
        assert_int_equal(receive(&r, &drained), 1);
        in = request_at(&r, 0);
        assert_false(udp_is_reflected(r.batch, 0, local, &in.from));
        struct endpoint other = {addr_of("127.0.0.2"), local->port};
        assert_false(udp_is_reflected(r.batch, 0, local, &other));
        assert_int_equal(counter_get(&udp_counters(r.batch)->reflected), 1);
        close(fd);
        rig_end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_hears_its_own_answer),
        cmocka_unit_test(more_than_a_batch_comes_in_turns),
        cmocka_unit_test(what_is_too_long_is_marked),
        cmocka_unit_test(the_source_and_the_arrival_are_told),
        cmocka_unit_test(what_cannot_be_sent_stops_nobody),
        cmocka_unit_test(a_failure_in_the_middle_is_skipped),
        cmocka_unit_test(a_wildcard_answers_from_the_address_asked),
        cmocka_unit_test(later_is_answered_from_the_address_asked),
        cmocka_unit_test(later_there_is_room_for_a_batch),
        cmocka_unit_test(what_is_too_big_is_sent_shortened),
        cmocka_unit_test(reflections_are_known),
        cmocka_unit_test(each_answer_may_be_as_long_as_any),
        cmocka_unit_test(version_six_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
