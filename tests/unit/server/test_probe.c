#include "server/probe.h"

#include "unit/server/common.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STUCK_MAX = 8 };

struct rig {
    struct event_base *base;
    struct prober *prober;
    int listener;
    struct endpoint at; /* the listener's */
    int stuck[STUCK_MAX];
    bool free_in_result, look_in_result;
    unsigned results, alive;
    char last[200]; /* "ns/service/id" */
};

static struct instance_key key_of(const char *id)
{
    return (struct instance_key){TEXT("default"), TEXT("web"), text_of(id)};
}

static void on_result(void *context, struct instance_key key, bool alive)
{
    struct rig *r = context;
    r->results++;
    r->alive += alive;
    if (r->free_in_result) {
        prober_free(r->prober);
        r->prober = NULL;
    }
    if (r->look_in_result) {
        r->look_in_result = false;
        prober_look(r->prober, key, &r->at.addr, r->at.port);
    }
    snprintf(r->last, sizeof r->last, "%.*s/%.*s/%.*s", TEXT_ARG(key.ns), TEXT_ARG(key.service),
             TEXT_ARG(key.id));
}

static int listen_on(const char *where, int backlog, struct endpoint *at)
{
    struct sockaddr_storage sa;
    struct endpoint e = endpoint_of(where);
    socklen_t size = endpoint_to_sockaddr(&e, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, size), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    size = sizeof sa;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &size), 0);
    assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&sa, at), ERR_OK);
    return fd;
}

/* backlog -1: bound, so that nobody else gets the port, but closed to all. */
static void rig_start(struct rig *r, int backlog, uint32_t timeout_ms, uint32_t max)
{
    static const struct network allowed[] = {{{FAMILY_V6, {[15] = 1}}, 128},
                                             {{FAMILY_V4, {127}}, 16}};
    struct prober_config config = {allowed, ARRAY_COUNT(allowed), timeout_ms, max};
    *r = (struct rig){.base = event_base_new()};
    assert_non_null(r->base);
    memset(r->stuck, -1, sizeof r->stuck);
    r->listener = listen_on("127.0.0.1:0", backlog, &r->at);
    r->prober = prober_new(r->base, &config, on_result, r);
    assert_non_null(r->prober);
}

/* From now on nobody gets an answer from the listener: its queue (of one) is full. */
static void jam(struct rig *r)
{
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&r->at, &sa);
    for (int i = 0; i < STUCK_MAX; i++) {
        r->stuck[i] = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(r->stuck[i] >= 0);
        if (connect(r->stuck[i], (struct sockaddr *)&sa, size))
            assert_int_equal(errno, EINPROGRESS);
    }
}

static void rig_end(struct rig *r)
{
    prober_free(r->prober);
    for (int i = 0; i < STUCK_MAX; i++)
        if (r->stuck[i] >= 0)
            close(r->stuck[i]);
    close(r->listener);
    event_base_free(r->base);
}

/* Until nothing is under way any more. */
static void run(struct rig *r)
{
    assert_int_not_equal(event_base_dispatch(r->base), -1);
}

static void turn(struct rig *r)
{
    assert_int_not_equal(event_base_loop(r->base, EVLOOP_NONBLOCK), -1);
}

static void look(struct rig *r, const char *id)
{
    prober_look(r->prober, key_of(id), &r->at.addr, r->at.port);
}

static void assert_counters(const struct rig *r, uint64_t started, uint64_t alive, uint64_t refused,
                            uint64_t unknown, uint64_t skipped)
{
    const struct prober_counters *c = prober_counters(r->prober);
    assert_int_equal(c->started, started);
    assert_int_equal(c->alive, alive);
    assert_int_equal(c->refused, refused);
    assert_int_equal(c->unknown, unknown);
    assert_int_equal(c->skipped, skipped);
    assert_int_equal(prober_under_way(r->prober), started - alive - refused - unknown);
}

static void who_takes_the_connection_lives(void **state UNUSED)
{
    struct rig r;
    char byte;
    rig_start(&r, 8, PATIENCE_MS, 4);
    look(&r, "a");
    assert_int_equal(r.results, 0);
    run(&r);
    assert_int_equal(r.results, 1);
    assert_int_equal(r.alive, 1);
    assert_string_equal(r.last, "default/web/a");
    assert_counters(&r, 1, 1, 0, 0, 0);
    int fd = accept(r.listener, NULL, NULL); /* it is over at once, with RST */
    assert_true(fd >= 0);
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
    rig_end(&r);
}

static void a_closed_port_is_dead(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, -1, PATIENCE_MS, 4);
    look(&r, "a");
    assert_int_equal(r.results, 0); /* the kernel knows, but not within the call */
    assert_counters(&r, 1, 0, 0, 0, 0);
    run(&r);
    assert_int_equal(r.results, 1);
    assert_int_equal(r.alive, 0);
    assert_counters(&r, 1, 0, 1, 0, 0);
    rig_end(&r);
}

static bool has_v6(void)
{
    struct sockaddr_storage sa;
    struct endpoint e = endpoint_of("[::1]:0");
    socklen_t size = endpoint_to_sockaddr(&e, &sa);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool there = fd >= 0 && bind(fd, (struct sockaddr *)&sa, size) == 0;
    if (fd >= 0)
        close(fd);
    return there;
}

static void both_families(void **state UNUSED)
{
    struct rig r;
    if (!has_v6())
        skip();
    rig_start(&r, 8, PATIENCE_MS, 4);
    close(r.listener);
    r.listener = listen_on("[::1]:0", 8, &r.at);
    look(&r, "a");
    run(&r);
    assert_counters(&r, 1, 1, 0, 0, 0);
    rig_end(&r);
}

static void no_answer_is_no_verdict(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, 0, 30, 4);
    jam(&r);
    look(&r, "a");
    run(&r);
    assert_int_equal(r.results, 0);
    assert_counters(&r, 1, 0, 0, 1, 0);
    look(&r, "a"); /* and may be looked at again */
    assert_counters(&r, 2, 0, 0, 1, 0);
    rig_end(&r);
}

static void no_descriptor_is_no_verdict(void **state UNUSED)
{
    struct rig r;
    struct rlimit before, none;
    rig_start(&r, 8, PATIENCE_MS, 4);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    look(&r, "a");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    run(&r);
    assert_int_equal(r.results, 0);
    assert_counters(&r, 1, 0, 0, 1, 0);
    look(&r, "a");
    run(&r);
    assert_counters(&r, 2, 1, 0, 1, 0);
    rig_end(&r);
}

/* To a broadcast address no connection is even begun. */
static void an_error_at_once_is_told_later(void **state UNUSED)
{
    struct rig r;
    struct network all = {{FAMILY_V4, {127}}, 8};
    struct prober_config config = {&all, 1, PATIENCE_MS, 4};
    struct addr everybody = addr_of("127.255.255.255");
    rig_start(&r, 8, PATIENCE_MS, 4);
    assert_int_equal(prober_configure(r.prober, &config), ERR_OK);
    prober_look(r.prober, key_of("a"), &everybody, r.at.port);
    assert_counters(&r, 1, 0, 0, 0, 0);
    turn(&r); /* without waiting */
    assert_int_equal(r.results, 0);
    assert_counters(&r, 1, 0, 0, 1, 0);
    rig_end(&r);
}

static void only_allowed_networks(void **state UNUSED)
{
    struct rig r;
    struct addr other = addr_of("127.1.0.1"), v6 = addr_of("::2");
    rig_start(&r, 8, PATIENCE_MS, 4);
    prober_look(r.prober, key_of("a"), &other, r.at.port);
    prober_look(r.prober, key_of("b"), &v6, r.at.port);
    prober_look(r.prober, key_of("c"), &r.at.addr, 0);
    assert_counters(&r, 0, 0, 0, 0, 3);

    struct network wider = {{FAMILY_V4, {127}}, 8};
    struct prober_config config = {&wider, 1, PATIENCE_MS, 4};
    assert_int_equal(prober_configure(r.prober, &config), ERR_OK);
    memset(&wider, 0, sizeof wider); /* copied */
    look(&r, "a");
    assert_counters(&r, 1, 0, 0, 0, 3);
    prober_look(r.prober, key_of("b"), &other, r.at.port);
    assert_counters(&r, 2, 0, 0, 0, 3);
    config.network_count = 0;
    assert_int_equal(prober_configure(r.prober, &config), ERR_OK);
    look(&r, "c");
    assert_counters(&r, 2, 0, 0, 0, 4);
    rig_end(&r);
}

static void one_look_for_each(void **state UNUSED)
{
    struct rig r;
    char id[] = "a";
    rig_start(&r, 0, PATIENCE_MS, 4);
    jam(&r);
    look(&r, id);
    id[0] = 'x'; /* copied */
    look(&r, "a");
    assert_counters(&r, 1, 0, 0, 0, 0);
    prober_look(r.prober, (struct instance_key){TEXT("other"), TEXT("web"), TEXT("a")}, &r.at.addr,
                r.at.port);
    prober_look(r.prober, (struct instance_key){TEXT("default"), TEXT("api"), TEXT("a")},
                &r.at.addr, r.at.port);
    assert_counters(&r, 3, 0, 0, 0, 0);
    rig_end(&r); /* with three under way */
}

static void no_more_than_the_limit(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, 8, PATIENCE_MS, 2);
    look(&r, "a");
    look(&r, "b");
    look(&r, "c");
    assert_counters(&r, 2, 0, 0, 0, 1);
    run(&r);
    assert_counters(&r, 2, 2, 0, 0, 1);
    look(&r, "c");
    run(&r);
    assert_counters(&r, 3, 3, 0, 0, 1);
    assert_string_equal(r.last, "default/web/c");
    rig_end(&r);
}

/* What is freed under way says nothing any more. */
static void freed_under_way(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, 8, PATIENCE_MS, 4);
    look(&r, "a");
    int listener = r.listener;
    r.listener = listen_on("127.0.0.1:0", -1, &r.at);
    look(&r, "b"); /* its event is active already */
    assert_int_equal(prober_under_way(r.prober), 2);
    prober_free(r.prober);
    r.prober = NULL;
    turn(&r);
    assert_int_equal(r.results, 0);
    close(listener);
    rig_end(&r);
}

static void the_result_may_do_as_it_likes(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, 8, PATIENCE_MS, 1);
    r.look_in_result = true;
    look(&r, "a");
    run(&r);
    assert_int_equal(r.results, 2); /* the same one again, in the place that it left */
    assert_counters(&r, 2, 2, 0, 0, 0);
    r.free_in_result = true;
    look(&r, "b");
    run(&r);
    assert_int_equal(r.results, 3);
    assert_null(r.prober);
    assert_string_equal(r.last, "default/web/b"); /* the key was still there */
    rig_end(&r);
}

static void put(struct registry *registry, const char *id, const struct port *ports, unsigned count,
                struct addr addr)
{
    static const struct principal local = {.kind = PRINCIPAL_LOCAL};
    struct record record = {.ns = TEXT("default"),
                            .service = TEXT("web"),
                            .id = text_of(id),
                            .ttl = TTL_UNSET,
                            .addresses = {addr, {FAMILY_V4, {127, 9, 9, 9}}},
                            .address_count = 2,
                            .port_count = count};
    struct granted granted;
    for (unsigned i = 0; i < count; i++)
        record.ports[i] = ports[i];
    assert_int_equal(registry_register(registry, &record, &local, (struct moment){1, 1}, &granted),
                     ERR_OK);
}

static void look_at(struct rig *r, const struct registry *registry, const char *id)
{
    const struct instance *i = registry_instance(registry, key_of(id));
    assert_non_null(i);
    prober_look_at(r->prober, i);
}

static void where_an_instance_is_looked_at(void **state UNUSED)
{
    static const struct hash_key key = {{1}};
    struct rig r;
    struct registry_config config = registry_config_default();
    struct registry *registry = registry_new(&config, &key);
    rig_start(&r, 8, PATIENCE_MS, 4);
    struct port ports[] = {{.number = 9, .protocol = PROTOCOL_UDP},
                           {.name = TEXT("http"), .number = r.at.port, .protocol = PROTOCOL_TCP},
                           {.name = TEXT("late"), .number = 9, .protocol = PROTOCOL_TCP}};
    put(registry, "second", ports, 3, r.at.addr);
    put(registry, "first", ports + 1, 2, r.at.addr);
    put(registry, "udp", ports, 1, r.at.addr);
    put(registry, "none", ports, 0, r.at.addr);
    look_at(&r, registry, "second");
    look_at(&r, registry, "first");
    look_at(&r, registry, "udp");
    look_at(&r, registry, "none");
    assert_counters(&r, 2, 0, 0, 0, 2);
    registry_free(registry); /* an instance may go while it is looked at */
    run(&r);
    assert_counters(&r, 2, 2, 0, 0, 2);
    assert_int_equal(r.alive, 2);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_takes_the_connection_lives),
        cmocka_unit_test(a_closed_port_is_dead),
        cmocka_unit_test(both_families),
        cmocka_unit_test(no_answer_is_no_verdict),
        cmocka_unit_test(no_descriptor_is_no_verdict),
        cmocka_unit_test(an_error_at_once_is_told_later),
        cmocka_unit_test(only_allowed_networks),
        cmocka_unit_test(one_look_for_each),
        cmocka_unit_test(no_more_than_the_limit),
        cmocka_unit_test(freed_under_way),
        cmocka_unit_test(the_result_may_do_as_it_likes),
        cmocka_unit_test(where_an_instance_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
