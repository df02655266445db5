/* For tests that ask: a registry, its zones, a worker, and questions whose answers are
 * checked and decoded. Include after cmocka. */
#ifndef DISC_TESTS_DNS_ANSWERING_H
#define DISC_TESTS_DNS_ANSWERING_H

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/rcu.h"
#include "dns/dns.h"
#include "support/dns_check.h"
#include "support/question.h"
#include "unit/dns/registered.h"
#include "unit/dns/zone_text.h"

enum {
    T_A = 1,
    T_NS = 2,
    T_CNAME = 5,
    T_SOA = 6,
    T_PTR = 12,
    T_MX = 15,
    T_TXT = 16,
    T_AAAA = 28,
    T_SRV = 33,
    T_ANY = 255
};

#define SEED 20260101

struct rig {
    struct registry *registry;
    struct dns *dns;
    struct dns_worker *worker;
    struct addr client;
    uint8_t query[QUESTION_MAX], out[65535];
    size_t query_size, size;
    struct dns_reply reply;
};

/* With the zone "z" that has these records; *fd keeps them until the zone is loaded. */
UNUSED static struct dns_config config_of_z(const char *records, int *fd)
{
    struct dns_config config = {.udp_max_size = DNS_UDP_DEFAULT, .serial = 7};
    config.zones = calloc(1, sizeof(*config.zones));
    config.zone_count = 1;
    *config.zones = (struct dns_zone_config){.name = strdup("z"),
                                             .ns = strdup("default"),
                                             .file = zone_text(records, fd),
                                             .ttl = 5,
                                             .negative_ttl = 2,
                                             .srv_weight_scale = 1};
    return config;
}

/* Closes `fd`. */
UNUSED static struct rig *rig_of(struct dns_config *config, int fd)
{
    struct rig *t = calloc(1, sizeof(*t));
    struct dns_fault fault;
    t->dns = dns_new(config, &test_key, &fault);
    if (!t->dns)
        fail_msg("%s:%u: %s", fault.file, fault.line, fault.text);
    close(fd);
    t->registry = registry_empty();
    t->worker = dns_worker_new(SEED);
    assert_int_equal(addr_parse(TEXT("192.0.2.1"), &t->client), ERR_OK);
    return t;
}

/* Records of the zone "z"; `rule` NULL = none. `more` (may be NULL) changes the configuration. */
UNUSED static struct rig *rig_with_config(const char *records, const struct dns_rule *rule,
                                          void (*more)(struct dns_config *))
{
    static const char *const selectors[] = {"shard", NULL};
    int fd;
    struct dns_config config = config_of_z(records, &fd);
    if (rule) {
        config.zones->rules = malloc(sizeof(*rule));
        config.zones->rules[0] = *rule;
        config.zones->rules[0].glob = strdup(rule->glob);
        config.zones->rule_count = 1;
    }
    config.udp_sizes = malloc(2 * sizeof(*config.udp_sizes));
    config.udp_size_count = 2;
    config.udp_sizes[0] = (struct dns_udp_size){{{FAMILY_V4, {127}}, 8}, DNS_UDP_LIMIT};
    config.udp_sizes[1] = (struct dns_udp_size){{{FAMILY_V4, {128}}, 8}, 100};
    config.selectors = calloc(ARRAY_COUNT(selectors), sizeof(char *));
    for (size_t i = 0; selectors[i]; i++)
        config.selectors[i] = strdup(selectors[i]);
    if (more)
        more(&config);
    return rig_of(&config, fd);
}

UNUSED static struct rig *rig_new(const char *records, const struct dns_rule *rule)
{
    return rig_with_config(records, rule, NULL);
}

/* A small zone; max_answers (0 = all) and what becomes of stale ones, for all services. */
UNUSED static struct rig *rig_with(uint32_t max, uint32_t stale)
{
    static char all[] = "*";
    struct dns_rule rule = {all, DNS_UNSET, DNS_UNSET, max, DNS_UNSET, stale, DNS_UNSET, DNS_UNSET};
    return rig_new("@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n", &rule);
}

UNUSED static struct rig *rig_with_max(uint32_t max)
{
    return rig_with(max, DNS_UNSET);
}

UNUSED static void rig_free(struct rig *t)
{
    dns_reply_free(&t->reply);
    dns_worker_free(t->worker);
    dns_free(t->dns);
    registry_free(t->registry);
    rcu_drain();
    free(t);
}

/* Asks from the n-th of 65 536 addresses from now on. */
UNUSED static void set_client(struct rig *t, unsigned n)
{
    t->client = (struct addr){FAMILY_V4, {192, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

UNUSED static void publish(struct rig *t)
{
    uint64_t due;
    assert_int_equal(dns_publish(t->dns, t->registry, 1000000, &due), ERR_OK);
    registry_changes_trim(t->registry, dns_published_index(t->dns));
}

/* `count` instances i000.. with weights out of three classes. */
UNUSED static void register_many(struct rig *t, const char *service, unsigned count,
                                 const char *more)
{
    static const unsigned weights[] = {10, 30, 60};
    char name[64], fields[160];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%s/i%05u", service, i);
        snprintf(fields, sizeof(fields), "addr=10.%u.%u.%u port=80 w=%u version=1%s", 1 + i / 62500,
                 i / 250 % 250, 1 + i % 250, weights[i % 3], more);
        reg(t->registry, name, fields, 1);
    }
    publish(t);
}

/* The bytes in t->query, whatever they are; the answer unchecked in t->out. */
UNUSED static size_t send_bytes(struct rig *t, const uint8_t *bytes, size_t size, bool tcp)
{
    struct dns_request request = {bytes, size, {t->client, 1234}, tcp ? DNS_TCP : DNS_UDP, 0, 0};
    t->size = dns_respond(t->dns, t->worker, &request, t->out, sizeof(t->out));
    return t->size;
}

UNUSED static struct dns_reply *ask_with(struct rig *t, const struct question *q)
{
    t->query_size = question_write(q, t->query);
    assert_int_not_equal(t->query_size, 0);
    dns_reply_free(&t->reply);
    send_bytes(t, t->query, t->query_size, q->tcp);
    if (!dns_check(t->query, t->query_size, t->out, t->size, question_limit(q, DNS_UDP_DEFAULT),
                   &t->reply))
        fail_msg("%s %u: %s", q->name, q->type, t->reply.fault);
    return &t->reply;
}

/* By UDP with EDNS. */
UNUSED static struct dns_reply *ask(struct rig *t, const char *name, uint16_t type)
{
    return ask_with(t, &(struct question){name, type, 0x1234, 4096, false});
}

UNUSED static struct dns_reply *ask_tcp(struct rig *t, const char *name, uint16_t type)
{
    return ask_with(t, &(struct question){name, type, 0x1234, 4096, true});
}

#define SOA_LINE "z. 2 SOA ns.z. host.z. %s 60 10 86400 2"

/* rcode and the answer section's records. */
#define expect(t, name, type, code, lines)                                                         \
    do {                                                                                           \
        struct dns_reply *reply_ = ask(t, name, type);                                             \
        if (reply_->rcode != (code) || !dns_reply_is(reply_, SECTION_ANSWER_AT, lines))            \
            fail_msg("line %d: %s %d: rcode %u; %s", __LINE__, name, type, reply_->rcode,          \
                     reply_->fault);                                                               \
    } while (0)

#endif
