/* Pushes on their way out. Abstract AF_UNIX sockets stand for those of the registration:
 * their queues are short, so that what a full buffer does can be seen. */
#include "server/push.h"

#include "unit/server/common.h"

#include <poll.h>
#include <stddef.h>
#include <sys/un.h>
#include <unistd.h>

enum { SUBSCRIBERS = 100 };

struct rig {
    struct event_base *base;
    struct registry *registry;
    struct reg *reg;
    struct push *push;
    struct moment now;
    int servers[2], client;
    struct socket_set sets[2];
    struct listeners sockets;
    uint8_t out[REG_DATAGRAM_MAX];
};

/* As short as a sockaddr_in6: "\0d1234567-a". */
static socklen_t name_of(char which, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(out->sun_path + 1, 26, "disc%d-%c", (int)getpid(), which);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

static int socket_of(char which)
{
    struct sockaddr_un name;
    socklen_t size = name_of(which, &name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, size), 0);
    return fd;
}

static struct moment now_of(void *context)
{
    return ((struct rig *)context)->now;
}

static struct reg *make_reg(struct registry *registry)
{
    struct reg_config config = {
        .source_count = 1, .subscriptions_max = 1000, .source_subscriptions = 1000};
    struct reg_identity identity = {.epoch = 7, .durability = "mem"};
    config.sources = calloc(1, sizeof *config.sources);
    config.sources[0] = (struct reg_source){{addr_of("127.0.0.1"), 32}, REG_AUTH_OPEN};
    return reg_new(&config, &identity, registry);
}

static struct rig *rig_new(void)
{
    struct rig *r = calloc(1, sizeof *r);
    struct registry_config config = registry_config_default();
    struct hash_key key = {{1}};
    r->now = (struct moment){1000000, 1795245098534};
    r->base = event_base_new();
    r->registry = registry_new(&config, &key);
    r->reg = make_reg(r->registry);
    r->client = socket_of('c');
    for (int i = 0; i < 2; i++) {
        r->servers[i] = socket_of((char)('0' + i));
        r->sets[i].fds = &r->servers[i];
    }
    r->sockets = (struct listeners){.sets = r->sets, .count = 2};
    struct push_options options = {r->base, r->reg, &r->sockets, now_of, r};
    r->push = push_new(&options);
    assert_non_null(r->push);
    return r;
}

static void rig_free(struct rig *r)
{
    push_free(r->push);
    reg_free(r->reg);
    registry_free(r->registry);
    event_base_free(r->base);
    for (int i = 0; i < 2; i++)
        close(r->servers[i]);
    close(r->client);
    free(r);
}

static const char *handle(struct rig *r, unsigned socket, const char *text)
{
    union push_way way = {.route = {.socket = socket}};
    struct sockaddr_un name;
    way.route.to.to_size = name_of('c', &name);
    assert_true(way.route.to.to_size <= sizeof way.route.to.to);
    memcpy(&way.route.to.to, &name, way.route.to.to_size);
    struct reg_datagram in = {(const uint8_t *)text, strlen(text), false,
                              endpoint_of("127.0.0.1:4000"), &way};
    size_t size = reg_handle(r->reg, &in, r->now, r->out);
    r->out[size ? size - 1 : 0] = '\0';
    return (const char *)r->out;
}

static void subscribe(struct rig *r, unsigned socket, unsigned number)
{
    char cookie[64] = "", line[256];
    sscanf(strstr(handle(r, socket, "disc/1 hello\n"), " ck="), " ck=%63s", cookie);
    snprintf(line, sizeof line, "disc/1 sub cid=c tok=token-number-%04u svc=web ck=%s\n", number,
             cookie);
    assert_memory_equal(handle(r, socket, line), "disc/1 ok ", 10);
}

static void wake(struct rig *r)
{
    reg_published(r->reg, r->now);
    push_wake(r->push, r->now);
}

/* The number in the token of the next push, and the socket that it came from; -1 = none. */
static int hear(struct rig *r, char *socket)
{
    char text[REG_DATAGRAM_MAX + 1];
    struct sockaddr_un from;
    socklen_t size = sizeof from;
    ssize_t n = recvfrom(r->client, text, sizeof text - 1, 0, (struct sockaddr *)&from, &size);
    if (n < 0)
        return -1;
    text[n] = '\0';
    *socket = ((const char *)&from)[size - 1];
    assert_memory_equal(text, "disc/1 push ", 12);
    return (int)strtol(strstr(text, "token-number-") + 13, NULL, 10);
}

/* Not from within: what the turn has to do first comes first. */
static void it_goes_by_the_way_it_came(void **state UNUSED)
{
    struct rig *r = rig_new();
    char socket;
    subscribe(r, 0, 3);
    subscribe(r, 1, 4);
    wake(r);
    assert_int_equal(hear(r, &socket), -1);
    event_base_loop(r->base, EVLOOP_NONBLOCK);
    assert_int_equal(hear(r, &socket), 3);
    assert_int_equal(socket, '0');
    assert_int_equal(hear(r, &socket), 4);
    assert_int_equal(socket, '1');
    assert_int_equal(hear(r, &socket), -1);
    assert_int_equal(counter_get(&push_udp_counters(r->push)->sent), 2);
    rig_free(r);
}

/* A full buffer loses nothing. */
static void it_goes_on_when_there_is_room(void **state UNUSED)
{
    struct rig *r = rig_new();
    bool heard[SUBSCRIBERS] = {false};
    unsigned count = 0;
    for (unsigned i = 0; i < SUBSCRIBERS; i++)
        subscribe(r, i / 10 % 2, i);
    wake(r);
    event_base_loop(r->base, EVLOOP_NONBLOCK);
    assert_true(counter_get(&push_counters(r->push)->held_up) > 0);
    while (count < SUBSCRIBERS) {
        char socket;
        for (int number; (number = hear(r, &socket)) >= 0; count++) {
            assert_true(number < SUBSCRIBERS && !heard[number]);
            assert_int_equal(socket, '0' + number / 10 % 2);
            heard[number] = true;
        }
        wake(r);
        event_base_loop(r->base, EVLOOP_ONCE);
    }
    assert_int_equal(counter_get(&push_udp_counters(r->push)->send_failed), 0);
    assert_int_equal(counter_get(&reg_counters(r->reg)->push_retries), 0);
    rig_free(r);
}

/* The timer is set for what is due, and only for that. */
static void it_waits_for_what_is_due(void **state UNUSED)
{
    struct rig *r = rig_new();
    char socket;
    wake(r);
    assert_int_equal(event_base_loop(r->base, EVLOOP_NONBLOCK), 1); /* nothing is pending */
    subscribe(r, 0, 1);
    wake(r);
    event_base_loop(r->base, EVLOOP_NONBLOCK);
    assert_int_equal(hear(r, &socket), 1);
    r->now.lease_ms += 499;
    event_base_loop(r->base, EVLOOP_NONBLOCK);
    assert_int_equal(hear(r, &socket), -1);
    r->now.lease_ms += 1;
    wake(r);
    event_base_loop(r->base, EVLOOP_NONBLOCK);
    assert_int_equal(hear(r, &socket), 1);
    assert_int_equal(counter_get(&reg_counters(r->reg)->push_retries), 1);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_by_the_way_it_came),
        cmocka_unit_test(it_goes_on_when_there_is_room),
        cmocka_unit_test(it_waits_for_what_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
