#include "server/notify_out.h"

#include "unit/server/common.h"

#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "dns/dns.h"
#include "registry/registry.h"

enum { SECONDARIES = 2 };

static const struct hash_key key = {"0123456789abcdef"};
static const struct moment start = {1000, 1700000000000};
/* Quick, but each thing in an order that can be told apart. */
static const struct notify_times quick = {20, 60, 30, 3};

struct secondary {
    int fd;
    bool mute, wrong_id;
    unsigned heard;
    uint16_t ids[64];
    struct event *event;
};

struct rig {
    struct event_base *base;
    struct registry *registry;
    struct dns *dns;
    struct notify_out *notify;
    struct secondary secondaries[SECONDARIES];
};

static void on_message(evutil_socket_t fd, short what UNUSED, void *context)
{
    struct secondary *s = context;
    uint8_t bytes[512];
    struct sockaddr_storage sa;
    socklen_t size = sizeof sa;
    ssize_t n = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&sa, &size);
    assert_true(n > 12 && s->heard < ARRAY_COUNT(s->ids));
    assert_int_equal(bytes[2], 4 << 3 | 4); /* NOTIFY, AA */
    s->ids[s->heard++] = get_u16(bytes);
    if (s->mute)
        return;
    bytes[2] |= 0x80;
    memset(bytes + 6, 0, 6);
    bytes[0] = (uint8_t)(bytes[0] + s->wrong_id);
    assert_true(sendto(fd, bytes, (size_t)n, 0, (struct sockaddr *)&sa, size) == n);
}

static struct endpoint open_secondary(struct rig *r, struct secondary *s)
{
    struct sockaddr_storage sa;
    struct endpoint at = endpoint_of("127.0.0.1:0");
    socklen_t size = endpoint_to_sockaddr(&at, &sa);
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&sa, size), 0);
    size = sizeof sa;
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&sa, &size), 0);
    assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&sa, &at), ERR_OK);
    s->event = event_new(r->base, s->fd, EV_READ | EV_PERSIST, on_message, s);
    assert_int_equal(event_add(s->event, NULL), 0);
    return at;
}

static void publish(struct rig *r)
{
    assert_int_equal(dns_publish(r->dns, r->registry, start.lease_ms, NULL), ERR_OK);
    registry_changes_trim(r->registry, dns_published_index(r->dns));
    notify_out_look(r->notify);
}

/* A change of the zone, published. */
static void change(struct rig *r, const char *id)
{
    struct record record = {.ns = TEXT("default"),
                            .service = TEXT("web"),
                            .id = text_of(id),
                            .ttl = TTL_UNSET,
                            .address_count = 1};
    struct principal who = {.kind = PRINCIPAL_LOCAL, .addr = addr_of("127.0.0.1")};
    struct granted granted;
    record.addresses[0] = addr_of("10.0.0.7");
    assert_int_equal(registry_register(r->registry, &record, &who, start, &granted), ERR_OK);
    publish(r);
}

static void rig_start(struct rig *r)
{
    struct registry_config registry = registry_config_default();
    struct dns_config config = {.zones = calloc(1, sizeof *config.zones), .zone_count = 1};
    struct dns_fault fault;
    struct dns_zone_config *zone = config.zones;
    *r = (struct rig){.base = event_base_new()};
    *zone = (struct dns_zone_config){
        .name = strdup("d.test"),
        .ns = strdup("default"),
        .ttl = 5,
        .negative_ttl = 2,
        .srv_weight_scale = 1,
        .notify = calloc(SECONDARIES, sizeof *zone->notify),
        .notify_count = SECONDARIES,
    };
    config.udp_max_size = DNS_UDP_DEFAULT;
    for (size_t i = 0; i < SECONDARIES; i++)
        zone->notify[i].to = open_secondary(r, &r->secondaries[i]);
    r->registry = registry_new(&registry, &key);
    r->dns = dns_new(&config, &key, &fault);
    if (!r->dns)
        fail_msg("%s", fault.text);
    r->notify = notify_out_new(r->base, &quick);
    assert_non_null(r->notify);
    publish(r);
    assert_int_equal(notify_out_configure(r->notify, r->dns, 1), ERR_OK);
}

static void rig_end(struct rig *r)
{
    notify_out_free(r->notify);
    dns_free(r->dns);
    registry_free(r->registry);
    for (size_t i = 0; i < SECONDARIES; i++) {
        event_free(r->secondaries[i].event);
        close(r->secondaries[i].fd);
    }
    event_base_free(r->base);
}

static const struct notify_counters *counters(const struct rig *r)
{
    return notify_out_counters(r->notify);
}

static void until_quiet(struct rig *r)
{
    while (notify_out_waiting(r->notify))
        assert_int_equal(event_base_loop(r->base, EVLOOP_ONCE), 0);
}

static void all_are_told_once(void **state UNUSED)
{
    struct rig r;
    rig_start(&r);
    until_quiet(&r);
    assert_int_equal(r.secondaries[0].heard, 1);
    assert_int_equal(r.secondaries[1].heard, 1);
    assert_int_equal(counters(&r)->sent, 2);
    assert_int_equal(counters(&r)->answered, 2);
    assert_int_equal(counters(&r)->retried, 0);
    publish(&r); /* nothing new */
    assert_int_equal(notify_out_waiting(r.notify), 0);
    assert_int_equal(notify_out_configure(r.notify, r.dns, 1), ERR_OK); /* a reload */
    until_quiet(&r);
    assert_int_equal(r.secondaries[0].heard, 2);
    rig_end(&r);
}

static void many_changes_are_one_message(void **state UNUSED)
{
    struct rig r;
    char id[16];
    rig_start(&r);
    until_quiet(&r);
    for (int i = 0; i < 20; i++) {
        snprintf(id, sizeof id, "i%d", i);
        change(&r, id);
    }
    assert_int_equal(notify_out_waiting(r.notify), 2);
    until_quiet(&r);
    assert_int_equal(r.secondaries[0].heard, 2);
    assert_int_not_equal(r.secondaries[0].ids[0], r.secondaries[0].ids[1]);
    assert_int_equal(counters(&r)->answered, 4);
    rig_end(&r);
}

static void who_is_silent_hears_it_again(void **state UNUSED)
{
    struct rig r;
    rig_start(&r);
    r.secondaries[0].mute = true;
    r.secondaries[1].wrong_id = true; /* an answer to something else is none */
    until_quiet(&r);
    for (size_t i = 0; i < SECONDARIES; i++) {
        const struct secondary *s = &r.secondaries[i];
        assert_int_equal(s->heard, 1 + quick.retries);
        for (unsigned j = 1; j < s->heard; j++)
            assert_int_equal(s->ids[j], s->ids[0]);
    }
    assert_int_equal(counters(&r)->sent, 2);
    assert_int_equal(counters(&r)->retried, 2 * quick.retries);
    assert_int_equal(counters(&r)->given_up, 2);
    assert_int_equal(counters(&r)->answered, 0);
    rig_end(&r);
}

static void a_newer_serial_begins_anew(void **state UNUSED)
{
    struct rig r;
    rig_start(&r);
    struct secondary *s = &r.secondaries[0];
    s->mute = true;
    while (s->heard < 2)
        assert_int_equal(event_base_loop(r.base, EVLOOP_ONCE), 0);
    change(&r, "i1");
    while (s->heard < 3)
        assert_int_equal(event_base_loop(r.base, EVLOOP_ONCE), 0);
    assert_int_not_equal(s->ids[2], s->ids[1]);
    s->mute = false;
    until_quiet(&r);
    assert_int_equal(counters(&r)->given_up, 0);
    assert_int_equal(s->ids[s->heard - 1], s->ids[2]);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_told_once),
        cmocka_unit_test(many_changes_are_one_message),
        cmocka_unit_test(who_is_silent_hears_it_again),
        cmocka_unit_test(a_newer_serial_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
