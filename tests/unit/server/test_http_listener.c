/* The guard over HTTP connections: deadlines, counts, running out of descriptors. The
 * deadlines are short ones, and the event loop waits for them, no test does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/http_listener.h"

#define REQUEST "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"

struct rig {
    struct event_base *base;
    struct registry *registry;
    struct http *http;
    struct http_listener *listener;
    struct event *watchdog;
    struct sockaddr_in where;
    int fd; /* listening */
};

static struct moment now(void *context)
{
    (void)context;
    return (struct moment){1, 1700000000000};
}

static uint64_t stopwatch(void *context)
{
    (void)context;
    return 0;
}

static void hangs(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
    fail_msg("the test hangs");
}

static int listening(struct sockaddr_in *where)
{
    socklen_t size = sizeof(*where);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), small = 4096;
    *where = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)where, sizeof(*where)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)where, &size), 0);
    return fd;
}

static json_t *namespaces(void *context UNUSED)
{
    return json_pack("[{s:s}]", "name", "default");
}

static int set_up(void **state)
{
    static const struct hash_key key = {"0123456789abcdef"};
    struct registry_config limits = registry_config_default();
    struct http_config config = {0};
    struct timeval long_enough = {.tv_sec = 60};
    struct rig *rig = calloc(1, sizeof(*rig));

    signal(SIGPIPE, SIG_IGN);
    rig->base = event_base_new();
    rig->registry = registry_new(&limits, &key);
    struct http_backend backend = {
        .registry = rig->registry,
        .base = rig->base,
        .now = now,
        .stopwatch_us = stopwatch,
        .namespaces = namespaces,
    };
    rig->http = http_new(&config, &backend);
    rig->fd = listening(&rig->where);
    rig->listener = http_listener_new(rig->base, rig->http, &rig->fd, 1, 4, 2);
    assert_non_null(rig->listener);
    rig->watchdog = evtimer_new(rig->base, hangs, NULL);
    event_add(rig->watchdog, &long_enough);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    http_listener_free(rig->listener);
    assert_true(fcntl(rig->fd, F_GETFD) >= 0); /* the socket is still ours */
    close(rig->fd);
    http_free(rig->http);
    registry_free(rig->registry);
    event_free(rig->watchdog);
    event_base_free(rig->base);
    free(rig);
    return 0;
}

/* ---- a client that the test drives by hand -------------------------------------- */

static int dial(const struct rig *rig)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), small = 4096;
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    int done = connect(fd, (const struct sockaddr *)&rig->where, sizeof(rig->where));
    assert_true(done == 0 || errno == EINPROGRESS);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void turn(struct rig *rig)
{
    assert_int_equal(event_base_loop(rig->base, EVLOOP_ONCE), 0);
}

/* What was said so far, appended; false when the server has closed. */
static bool hear(int fd, char *out, size_t size)
{
    size_t used = strlen(out);
    ssize_t n = recv(fd, out + used, size - used - 1, 0);
    if (n > 0)
        out[used + (size_t)n] = '\0';
    return n > 0 || (n < 0 && errno == EAGAIN);
}

static void wait_for_close(struct rig *rig, int fd)
{
    char heard[4096] = "";
    while (hear(fd, heard, sizeof(heard)))
        turn(rig);
    close(fd);
}

static void wait_for_reply(struct rig *rig, int fd)
{
    char heard[4096] = "";
    while (!strstr(heard, "\r\n\r\n")) {
        turn(rig);
        assert_true(hear(fd, heard, sizeof(heard)));
    }
    assert_memory_equal(heard, "HTTP/1.1 200", 12);
}

static void wait_for_count(struct rig *rig, uint32_t count)
{
    while (http_listener_connections(rig->listener) != count)
        turn(rig);
}

/* Far apart, so that only the one in question can be what closes. */
#define NEVER 600000
static const struct http_deadlines short_request = {50, NEVER, NEVER};
static const struct http_deadlines short_idle = {NEVER, 50, NEVER};
static const struct http_deadlines short_stall = {NEVER, NEVER, 50};
static const struct http_deadlines none = {NEVER, NEVER, NEVER};

/* ---- the tests ------------------------------------------------------------------ */

static void test_serves(void **state)
{
    struct rig *rig = *state;
    int fd = dial(rig);
    say(fd, REQUEST);
    wait_for_reply(rig, fd);
    say(fd, REQUEST); /* kept alive */
    wait_for_reply(rig, fd);
    assert_int_equal(http_listener_connections(rig->listener), 1);
    close(fd);
    wait_for_count(rig, 0);
    assert_int_equal(counter_get(&http_counters(rig->http)->requests), 2);
    assert_int_equal(http_listener_refused(rig->listener), 0);
}

static void test_silent(void **state)
{
    struct rig *rig = *state;
    http_listener_set_deadlines(rig->listener, &short_request);
    wait_for_close(rig, dial(rig));
    assert_int_equal(http_listener_connections(rig->listener), 0);
}

struct drip {
    int fd;
    struct event *event;
    const char *next;
};

static void drip_one(evutil_socket_t fd, short what, void *context)
{
    static const struct timeval soon = {.tv_usec = 5000};
    struct drip *d = context;
    (void)fd;
    (void)what;
    if (send(d->fd, d->next, 1, MSG_NOSIGNAL) == 1 && d->next[1])
        d->next++;
    event_add(d->event, &soon);
}

/* A byte now and then does not prolong it, neither in the header nor in the body. */
static void expect_drip_is_cut(struct rig *rig, const char *bytes)
{
    struct drip d = {.fd = dial(rig), .next = bytes};
    d.event = evtimer_new(rig->base, drip_one, &d);
    drip_one(-1, 0, &d);
    wait_for_close(rig, d.fd);
    event_free(d.event);
    wait_for_count(rig, 0);
    assert_int_equal(counter_get(&http_counters(rig->http)->requests), 0);
}

static void test_drip(void **state)
{
    struct rig *rig = *state;
    http_listener_set_deadlines(rig->listener, &short_request);
    expect_drip_is_cut(rig, "GET /v1/status HTTP/1.1\r\nX-Never-Ending: aaaaaaaaaaaaaaaaaaaaaaaaa"
                            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    struct drip d = {.fd = dial(rig), .next = "aaaa"};
    say(d.fd, "POST /v1/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n");
    d.event = evtimer_new(rig->base, drip_one, &d);
    drip_one(-1, 0, &d);
    wait_for_close(rig, d.fd);
    event_free(d.event);
    assert_int_equal(counter_get(&http_counters(rig->http)->requests), 0);
}

/* The deadline of the second request begins with its first byte. */
static void test_second_request(void **state)
{
    struct rig *rig = *state;
    int fd = dial(rig);
    say(fd, REQUEST);
    wait_for_reply(rig, fd);
    http_listener_set_deadlines(rig->listener, &short_request);
    say(fd, "GET ");
    wait_for_close(rig, fd);
}

/* A long poll and an event stream outlast all deadlines, which others do not. */
static void test_held(void **state)
{
    static const struct http_deadlines all_short = {50, 50, 50};
    struct rig *rig = *state;
    int on = 0;
    socklen_t size = sizeof(on);
    http_listener_set_deadlines(rig->listener, &all_short);
    int poll = dial(rig), stream = dial(rig);
    say(poll, "GET /v1/services/web?wait=10m HTTP/1.1\r\nHost: localhost\r\n\r\n");
    say(stream, "GET /v1/services?stream=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (http_watchers(rig->http) != 2)
        turn(rig);
    for (unsigned n = 0; n < 3; n++)
        wait_for_close(rig, dial(rig));
    assert_int_equal(http_watchers(rig->http), 2);
    assert_int_equal(http_listener_connections(rig->listener), 2);
    close(poll);
    close(stream);
    wait_for_count(rig, 0);
    assert_int_equal(http_watchers(rig->http), 0);
    /* The kernel looks after those who go without a word. */
    assert_int_equal(getsockopt(rig->fd, SOL_SOCKET, SO_KEEPALIVE, &on, &size), 0);
    assert_int_equal(on, 1);
}

static void test_idle(void **state)
{
    struct rig *rig = *state;
    http_listener_set_deadlines(rig->listener, &short_idle);
    int fd = dial(rig);
    say(fd, REQUEST);
    wait_for_reply(rig, fd);
    wait_for_close(rig, fd);
    assert_int_equal(http_listener_connections(rig->listener), 0);
}

static void add_instance(struct rig *rig, unsigned n)
{
    static const struct principal owner = {.kind = PRINCIPAL_LOCAL};
    char id[16], value[200];
    struct granted granted;
    snprintf(id, sizeof(id), "n%u", n);
    memset(value, 'v', sizeof(value));
    struct record record = {.ns = TEXT("default"),
                            .service = TEXT("big"),
                            .id = text_of(id),
                            .address_count = 1,
                            .metadata = {{TEXT("pad"), {value, sizeof(value)}}},
                            .metadata_count = 1,
                            .ttl = TTL_UNSET};
    assert_int_equal(addr_parse(TEXT("10.0.0.7"), &record.addresses[0]), ERR_OK);
    assert_int_equal(registry_register(rig->registry, &record, &owner, now(rig), &granted), ERR_OK);
}

/* Who asks for much and takes nothing is let go, and the long reply with him. */
static void test_stalled(void **state)
{
    struct rig *rig = *state;
    for (unsigned n = 0; n < 1000; n++)
        add_instance(rig, n);
    http_listener_set_deadlines(rig->listener, &short_stall);
    int fd = dial(rig);
    say(fd, "GET /v1/services/big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    wait_for_count(rig, 1);
    wait_for_count(rig, 0);
    close(fd);
    assert_int_equal(counter_get(&http_counters(rig->http)->requests), 1);
}

/* Ends with a long reply under way. */
static void test_freed_under_way(void **state)
{
    struct rig *rig = *state;
    for (unsigned n = 0; n < 1000; n++)
        add_instance(rig, n);
    int fd = dial(rig);
    say(fd, "GET /v1/services/big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (counter_get(&http_counters(rig->http)->statuses[2]) == 0)
        turn(rig);
    http_listener_free(rig->listener);
    rig->listener = NULL;
    close(fd);
}

static void test_too_large(void **state)
{
    struct rig *rig = *state;
    char filler[9001];
    memset(filler, 'a', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    http_listener_set_deadlines(rig->listener, &none);
    int header = dial(rig), body = dial(rig);
    say(header, "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX: ");
    say(header, filler);
    wait_for_close(rig, header);
    say(body, "POST /v1/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\n");
    wait_for_close(rig, body);
    assert_int_equal(counter_get(&http_counters(rig->http)->requests), 0);
}

/* Nothing behind what evhttp refuses is read, whatever the method. */
static void test_refused_by_evhttp(void **state)
{
    static const char *const fronts[] = {
        "CONNECT /v1/status HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "CONNECT /v1/status HTTP/1.1\r\n: bad\r\n\r\n",
        "CONNECT /v1/status HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        "CONNECT x y HTTP/1.1\r\n\r\n",
        "GET /v1/status HTTP/1.1\r\n: bad\r\n\r\n",
    };
    struct rig *rig = *state;
    http_listener_set_deadlines(rig->listener, &none);
    for (size_t n = 0; n < sizeof(fronts) / sizeof(*fronts); n++) {
        uint64_t had = counter_get(&http_counters(rig->http)->requests);
        char heard[4096] = "";
        int fd = dial(rig);
        say(fd, fronts[n]);
        say(fd, REQUEST);
        while (hear(fd, heard, sizeof(heard)))
            turn(rig);
        close(fd);
        assert_memory_equal(heard, "HTTP/1.1 4", 10);
        assert_null(strstr(heard, "HTTP/1.1 200"));
        assert_in_range(counter_get(&http_counters(rig->http)->requests), had, had + 1);
    }
}

/* That is no refusal. */
static void test_continue(void **state)
{
    struct rig *rig = *state;
    char heard[4096] = "";
    int fd = dial(rig);
    say(fd, "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            "Content-Length: 2\r\n\r\n");
    while (!strstr(heard, "\r\n\r\n")) {
        turn(rig);
        assert_true(hear(fd, heard, sizeof(heard)));
    }
    assert_memory_equal(heard, "HTTP/1.1 100", 12);
    for (int n = 0; n < 100; n++)
        assert_int_equal(event_base_loop(rig->base, EVLOOP_NONBLOCK), 0);
    say(fd, "{}");
    wait_for_reply(rig, fd);
    assert_int_equal(http_listener_connections(rig->listener), 1);
    close(fd);
    wait_for_count(rig, 0);
}

static void test_connections_max(void **state)
{
    struct rig *rig = *state;
    int fds[4];
    for (size_t n = 0; n < 4; n++) {
        fds[n] = dial(rig);
        wait_for_count(rig, (uint32_t)n + 1);
    }
    wait_for_close(rig, dial(rig));
    assert_int_equal(http_listener_connections(rig->listener), 4);
    assert_int_equal(http_listener_refused(rig->listener), 1);
    close(fds[0]);
    wait_for_count(rig, 3);
    fds[0] = dial(rig);
    wait_for_count(rig, 4);
    say(fds[2], REQUEST); /* those within the limit are served */
    wait_for_reply(rig, fds[2]);
    say(fds[3], REQUEST);
    wait_for_reply(rig, fds[3]);
    http_listener_configure(rig->listener, 5, 2);
    int fifth = dial(rig);
    wait_for_count(rig, 5);
    close(fifth);
    wait_for_count(rig, 4);
    for (size_t n = 0; n < 4; n++)
        close(fds[n]);
    wait_for_count(rig, 0);
}

static void ring(evutil_socket_t fd, short what, void *context)
{
    bool *rang = context;
    (void)fd;
    (void)what;
    *rang = true;
}

/* The one that is idle longest makes room for who comes when there are too many. */
static void test_idle_makes_room(void **state)
{
    struct rig *rig = *state;
    int fds[4];
    for (size_t n = 0; n < 4; n++)
        fds[n] = dial(rig);
    wait_for_count(rig, 4);
    say(fds[2], REQUEST);
    wait_for_reply(rig, fds[2]);
    say(fds[1], REQUEST);
    wait_for_reply(rig, fds[1]);
    int newcomer = dial(rig);
    wait_for_close(rig, fds[2]);
    say(newcomer, REQUEST);
    wait_for_reply(rig, newcomer);
    say(fds[1], REQUEST);
    wait_for_reply(rig, fds[1]);
    assert_int_equal(http_listener_connections(rig->listener), 4);
    assert_int_equal(http_listener_refused(rig->listener), 0);
    close(newcomer);
    close(fds[0]);
    close(fds[1]);
    close(fds[3]);
}

/* No descriptor for the next connection: it waits, without spinning, and is served
 * when there is one. */
static void test_no_descriptors(void **state)
{
    struct rig *rig = *state;
    static const struct timeval a_while = {.tv_usec = 250 * 1000};
    struct rlimit limit, fewer;
    int fd = dial(rig), lowest = dup(fd);
    unsigned turns = 0;
    bool rang = false;
    struct event *bell = evtimer_new(rig->base, ring, &rang);
    event_add(bell, &a_while);
    say(fd, REQUEST);
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    fewer = limit;
    fewer.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &fewer), 0);
    for (; !rang; turns++)
        turn(rig);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(http_listener_connections(rig->listener), 0);
    assert_in_range(turns, 1, 20);
    event_free(bell);
    wait_for_reply(rig, fd);
    close(fd);
    wait_for_count(rig, 0);
}

#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_serves),
        WITH_RIG(test_silent),
        WITH_RIG(test_drip),
        WITH_RIG(test_second_request),
        WITH_RIG(test_idle),
        WITH_RIG(test_stalled),
        WITH_RIG(test_freed_under_way),
        WITH_RIG(test_too_large),
        WITH_RIG(test_refused_by_evhttp),
        WITH_RIG(test_continue),
        WITH_RIG(test_connections_max),
        WITH_RIG(test_idle_makes_room),
        WITH_RIG(test_no_descriptors),
        WITH_RIG(test_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
