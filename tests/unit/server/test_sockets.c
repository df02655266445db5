#include "server/sockets.h"

#include "unit/server/common.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct listeners opened(enum socket_kind kind, const struct endpoint *where, size_t count,
                               size_t share)
{
    struct listeners l;
    assert_int_equal(listeners_open("test", kind, where, count, share, &l), ERR_OK);
    return l;
}

static enum err try_to_open(enum socket_kind kind, const struct endpoint *where, size_t count)
{
    struct listeners l;
    enum err err = listeners_open("test", kind, where, count, 2, &l);
    if (!err)
        listeners_close(&l);
    else
        assert_true(!l.sets && !l.count);
    return err;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage sa;
    struct endpoint e;
    socklen_t size = sizeof sa;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &size), 0);
    assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&sa, &e), ERR_OK);
    return e.port;
}

static void workers_share_a_free_port(void **state UNUSED)
{
    struct endpoint any = endpoint_of("127.0.0.1:0");
    for (enum socket_kind kind = SOCKET_UDP; kind <= SOCKET_TCP; kind++) {
        struct listeners l = opened(kind, &any, 1, 3);
        assert_int_equal(l.count, 1);
        assert_int_equal(l.sets[0].count, 3);
        assert_int_not_equal(l.sets[0].local.port, 0);
        for (size_t i = 0; i < 3; i++) {
            int fd = l.sets[0].fds[i];
            assert_int_equal(port_of(fd), l.sets[0].local.port);
            assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
            assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        }
        listeners_close(&l);
        assert_int_equal(l.count, 0);
        listeners_close(&l);
    }
}

/* A client of the same user may ask for SO_REUSEPORT, as BIND's do. */
static void one_socket_has_its_port_alone(void **state UNUSED)
{
    struct endpoint any = endpoint_of("127.0.0.1:0");
    for (enum socket_kind kind = SOCKET_UDP; kind <= SOCKET_TCP; kind++) {
        struct listeners l = opened(kind, &any, 1, 1);
        struct sockaddr_storage sa;
        socklen_t size = endpoint_to_sockaddr(&l.sets[0].local, &sa);
        int on = 1, fd = socket(AF_INET, kind == SOCKET_TCP ? SOCK_STREAM : SOCK_DGRAM, 0);
        assert_true(fd >= 0);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&sa, size), -1);
        assert_int_equal(errno, EADDRINUSE);
        close(fd);
        listeners_close(&l);
    }
}

/* The kernel gives clients such ports as it gives where none is asked for. */
static void any_port_is_none_of_a_client(void **state UNUSED)
{
    unsigned first = 0, last = 0;
    FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");
    if (range) {
        if (fscanf(range, "%u %u", &first, &last) != 2)
            first = 0;
        fclose(range);
    }
    if (first <= last / 2)
        skip(); /* where half of one may be another that it gives */
    struct endpoint any = endpoint_of("127.0.0.1:0");
    for (unsigned i = 0; i < 20; i++) {
        struct listeners udp, tcp;
        assert_int_equal(listeners_open_both("test", &any, 1, 1 + i % 2, &udp, &tcp), ERR_OK);
        assert_in_range(udp.sets[0].local.port, 1024, first - 1);
        assert_int_equal(udp.sets[0].local.port, tcp.sets[0].local.port);
        listeners_close(&udp);
        listeners_close(&tcp);
    }
}

/* In a child: alone on a machine whose kernel gives such ports. Its exit status: 77 = that may
 * not be had here, 1 = a port outside the range. */
static int opened_where_the_range_is(const char *range)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
        return 77;
    FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "w");
    if (!f)
        return 77;
    bool bad = fputs(range, f) < 0;
    if (fclose(f) || bad)
        return 77;
    struct endpoint any = endpoint_of("0.0.0.0:0");
    for (int i = 0; i < 20; i++) {
        struct listeners udp, tcp;
        if (listeners_open_both("test", &any, 1, 2, &udp, &tcp))
            return 2;
        unsigned port = udp.sets[0].local.port;
        listeners_close(&udp);
        listeners_close(&tcp);
        if (port < 1024 || port > 2047)
            return 1;
    }
    return 0;
}

static void any_port_is_none_of_the_privileged(void **state UNUSED)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child)
        _exit(opened_where_the_range_is("1024 2047"));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void both_transports_have_one_port(void **state UNUSED)
{
    struct endpoint any[] = {endpoint_of("127.0.0.1:0"), endpoint_of("[::1]:0")};
    struct listeners udp, tcp;
    assert_int_equal(listeners_open_both("test", any, 2, 2, &udp, &tcp), ERR_OK);
    assert_int_equal(udp.count, tcp.count);
    assert_true(udp.count >= 1);
    for (size_t i = 0; i < udp.count; i++) {
        assert_int_equal(udp.sets[i].local.port, tcp.sets[i].local.port);
        assert_int_equal(port_of(tcp.sets[i].fds[1]), port_of(udp.sets[i].fds[1]));
    }
    listeners_close(&udp);
    listeners_close(&tcp);
}

static void a_served_port_is_an_error(void **state UNUSED)
{
    struct endpoint any = endpoint_of("127.0.0.1:0");
    for (enum socket_kind kind = SOCKET_UDP; kind <= SOCKET_TCP; kind++) {
        struct listeners l = opened(kind, &any, 1, 2); /* with SO_REUSEPORT */
        assert_int_equal(try_to_open(kind, &l.sets[0].local, 1), ERR_SYSTEM);
        struct endpoint again = l.sets[0].local;
        listeners_close(&l);
        assert_int_equal(try_to_open(kind, &again, 1), ERR_OK);
    }
}

static void one_transport_taken_is_both_taken(void **state UNUSED)
{
    struct endpoint any = endpoint_of("127.0.0.1:0");
    struct listeners tcp_only = opened(SOCKET_TCP, &any, 1, 1), udp, tcp;
    struct endpoint taken = tcp_only.sets[0].local;
    assert_int_equal(listeners_open_both("test", &taken, 1, 1, &udp, &tcp), ERR_SYSTEM);
    assert_true(!udp.sets && !tcp.sets);
    assert_int_equal(try_to_open(SOCKET_UDP, &taken, 1), ERR_OK); /* nothing stayed open */
    listeners_close(&tcp_only);
}

static void one_bad_address_undoes_the_others(void **state UNUSED)
{
    struct endpoint any = endpoint_of("127.0.0.1:0");
    struct listeners l = opened(SOCKET_UDP, &any, 1, 1);
    struct endpoint port = l.sets[0].local;
    listeners_close(&l);
    /* TEST-NET-1 is nobody's. */
    struct endpoint where[] = {port, endpoint_of("192.0.2.1:5300")};
    assert_int_equal(try_to_open(SOCKET_UDP, where, 2), ERR_SYSTEM);
    assert_int_equal(try_to_open(SOCKET_UDP, where, 1), ERR_OK);
}

static void a_stream_socket_listens(void **state UNUSED)
{
    struct endpoint any = endpoint_of("127.0.0.1:0");
    struct listeners l = opened(SOCKET_TCP, &any, 1, 1);
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&l.sets[0].local, &sa);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, size), 0);
    struct pollfd waiting = {.fd = l.sets[0].fds[0], .events = POLLIN};
    assert_int_equal(poll(&waiting, 1, PATIENCE_MS), 1);
    close(fd);
    listeners_close(&l);
}

static void text_of_the_listeners(void **state UNUSED)
{
    struct endpoint any = endpoint_of("127.0.0.1:0");
    struct endpoint two[] = {any, any};
    char text[128], expected[128], small[8];
    struct listeners l = opened(SOCKET_UDP, two, 2, 1), none = opened(SOCKET_UDP, NULL, 0, 1);
    snprintf(expected, sizeof expected, "127.0.0.1:%u,127.0.0.1:%u", l.sets[0].local.port,
             l.sets[1].local.port);
    assert_string_equal(listeners_format(&l, text, sizeof text), expected);
    assert_string_equal(listeners_format(&none, text, sizeof text), "off");
    assert_true(strlen(listeners_format(&l, small, sizeof small)) < sizeof small);
    listeners_close(&none);
    listeners_close(&l);
}

static void the_way_out_is_no_loopback(void **state UNUSED)
{
    struct addr v4 = outward_address(FAMILY_V4), v6 = outward_address(FAMILY_V6);
    assert_true(v4.family == FAMILY_NONE || v4.family == FAMILY_V4);
    assert_true(v6.family == FAMILY_NONE || v6.family == FAMILY_V6);
    assert_false(addr_is_unspecified(&v4) && v4.family);
    assert_false(addr_is_unspecified(&v6) && v6.family);
}

static int option(const struct listeners *l, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(l->sets[0].fds[0], level, name, &value, &size), 0);
    return value;
}

/* RFC 9715: neither path MTU discovery nor what forged ICMP says of it. */
static void no_path_mtu_is_discovered(void **state UNUSED)
{
    struct listeners l;
    struct endpoint four = endpoint_of("127.0.0.1:0"), six = endpoint_of("[::1]:0");
    assert_int_equal(listeners_open("test", SOCKET_UDP, &four, 1, 1, &l), ERR_OK);
    assert_int_equal(option(&l, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_OMIT);
    listeners_close(&l);
    if (listeners_open("test", SOCKET_UDP, &six, 1, 1, &l))
        return; /* a machine without IPv6 */
    assert_int_equal(option(&l, IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_OMIT);
    listeners_close(&l);
}

static void what_the_kernel_drops_is_counted(void **state UNUSED)
{
    struct listeners l;
    struct endpoint at = endpoint_of("127.0.0.1:0");
    struct sockaddr_storage sa;
    static char bytes[1000];
    int small = 4096;
    assert_int_equal(listeners_open("test", SOCKET_UDP, &at, 1, 1, &l), ERR_OK);
    assert_int_equal(setsockopt(l.sets[0].fds[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    assert_int_equal(listeners_drops(&l), 0);
    socklen_t size = endpoint_to_sockaddr(&l.sets[0].local, &sa);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&sa, size),
                         sizeof bytes);
    assert_in_range(listeners_drops(&l), 50, 100);
    close(fd);
    listeners_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_share_a_free_port),
        cmocka_unit_test(one_socket_has_its_port_alone),
        cmocka_unit_test(any_port_is_none_of_a_client),
        cmocka_unit_test(any_port_is_none_of_the_privileged),
        cmocka_unit_test(both_transports_have_one_port),
        cmocka_unit_test(a_served_port_is_an_error),
        cmocka_unit_test(one_transport_taken_is_both_taken),
        cmocka_unit_test(one_bad_address_undoes_the_others),
        cmocka_unit_test(a_stream_socket_listens),
        cmocka_unit_test(text_of_the_listeners),
        cmocka_unit_test(the_way_out_is_no_loopback),
        cmocka_unit_test(no_path_mtu_is_discovered),
        cmocka_unit_test(what_the_kernel_drops_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
