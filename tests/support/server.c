#include "support/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rcu.h"

static const struct hash_key table_key = {{3, 1, 4, 1, 5}};

void server_require(bool condition, const char *text, const char *file, int line)
{
    if (condition)
        return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
    abort();
}

static struct dns *load(const struct server_under_test *s, uint32_t serial)
{
    static const char *const names[] = {"disc.local", "disc.internal"};
    struct dns_config c = {.udp_max_size = DNS_UDP_DEFAULT, .serial = serial, .zone_count = 2};
    struct dns_fault fault;
    c.zones = calloc(c.zone_count, sizeof(*c.zones));
    for (size_t i = 0; i < c.zone_count; i++) {
        struct dns_access *anybody = calloc(1, sizeof(*anybody));
        REQUIRE(anybody);
        anybody->anywhere = true;
        c.zones[i] = (struct dns_zone_config){.name = strdup(names[i]),
                                              .ns = strdup("default"),
                                              .ttl = 5,
                                              .negative_ttl = 2,
                                              .srv_weight_scale = 1,
                                              .transfers = anybody,
                                              .transfer_count = 1,
                                              .journal_max = s->journal_max};
    }
    struct dns *dns = dns_new(&c, &table_key, &fault);
    REQUIRE(dns);
    return dns;
}

void server_start(struct server_under_test *s, size_t journal_max)
{
    struct registry_config limits = registry_config_default();
    struct reg_config c = {.source_quota = 4096,
                           .rate_per_s = 200,
                           .rate_burst = 400,
                           .replay_entries_max = 16,
                           .source_count = 1};
    struct reg_identity identity = {
        .epoch = 1, .cookie_secret = "fifteen bytes!!", .seed = 1, .durability = "mem"};
    *s = (struct server_under_test){.now = {1, 1795245098534}, .journal_max = journal_max};
    c.sources = calloc(1, sizeof(*c.sources));
    REQUIRE(network_parse(TEXT("127.0.0.0/8"), &c.sources[0].from) == ERR_OK);
    c.sources[0].auth = REG_AUTH_OPEN;
    s->registry = registry_new(&limits, &table_key);
    s->reg = reg_new(&c, &identity, s->registry);
    REQUIRE(s->registry && s->reg);
    RCU_PUBLISH(s->dns, load(s, 1));
    server_publish(s);
}

void server_stop(struct server_under_test *s)
{
    reg_free(s->reg);
    registry_free(s->registry);
    rcu_drain();
    dns_free(atomic_load(&s->dns));
}

void server_publish(struct server_under_test *s)
{
    struct dns *dns = atomic_load_explicit(&s->dns, memory_order_relaxed);
    REQUIRE(dns_publish(dns, s->registry, s->now.lease_ms, &s->due_ms) == ERR_OK);
    registry_changes_trim(s->registry, dns_published_index(dns));
}

void server_reload(struct server_under_test *s)
{
    struct dns *old = atomic_load_explicit(&s->dns, memory_order_relaxed);
    struct dns *dns = load(s, dns_serial(old));
    REQUIRE(dns_publish(dns, s->registry, s->now.lease_ms, &s->due_ms) == ERR_OK);
    RCU_PUBLISH(s->dns, dns);
    dns_retire(old);
    server_publish(s);
}

const char *server_send(struct server_under_test *s, const char *format, ...)
{
    char text[REG_DATAGRAM_MAX + 1];
    uint8_t out[REG_DATAGRAM_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text) - 1, format, args);
    va_end(args);
    REQUIRE(n > 0 && (size_t)n < sizeof(text) - 1);
    text[n++] = '\n';
    struct reg_datagram in = {
        (const uint8_t *)text, (size_t)n, false, {{FAMILY_V4, {127, 0, 0, 1}}, 40000}, NULL};
    size_t size = reg_handle(s->reg, &in, s->now, out);
    memcpy(s->reply, out, size);
    s->reply[size] = '\0';
    return s->reply;
}

void server_pass(struct server_under_test *s, uint64_t ms)
{
    s->now.lease_ms += ms;
    s->now.wall_ms += ms;
    while (registry_expire(s->registry, s->now, 2000, NULL, NULL))
        ;
}
