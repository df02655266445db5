/* What the goodbye of a group costs the control thread: its members in one service, in services
 * of ten that nobody else is in, and in services of ten of which nine stay. Prints microseconds of
 * CPU time for all calls that the registry needs (with a journal as of a store), the longest of
 * them, and for all publications behind them and the longest of those. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/rcu.h"
#include "dns/dns.h"
#include "registry/registry.h"
#include "store/store.h"

enum { MEMBERS = 10000, ROUNDS = 5 };

struct bench {
    struct registry *registry;
    struct store_journal *journal;
    struct dns *dns;
};

struct spent {
    double all, longest;
    unsigned calls;
};

static const struct hash_key key = {{7}};
static const struct principal local = {.kind = PRINCIPAL_LOCAL};

static void require(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "bench_group: %s\n", what);
    exit(1);
}

static struct moment now(void)
{
    return (struct moment){1000, 1000};
}

static void put(struct bench *b, unsigned service, unsigned i, struct text group)
{
    char service_text[32], id[32];
    struct granted granted;
    snprintf(service_text, sizeof(service_text), "bench-%u", 90000 + service);
    snprintf(id, sizeof(id), "i%u", 90000 + i);
    struct record record = {.ns = TEXT("default"),
                            .service = text_of(service_text),
                            .id = text_of(id),
                            .group = group,
                            .ttl = TTL_UNSET,
                            .lease_s = 60,
                            .address_count = 1,
                            .port_count = 1};
    record.addresses[0] =
        (struct addr){FAMILY_V4, {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
    record.ports[0] = (struct port){.number = 8080, .protocol = PROTOCOL_TCP};
    require(!registry_register(b->registry, &record, &local, now(), &granted), "registration");
}

static struct dns *zone(void)
{
    struct dns_config config = {.zone_count = 1};
    struct dns_fault fault;
    config.zones = calloc(1, sizeof(*config.zones));
    require(config.zones != NULL, "memory");
    *config.zones = (struct dns_zone_config){
        .name = strdup("disc.local"), .ns = strdup("default"), .ttl = 5, .negative_ttl = 2};
    struct dns *dns = dns_new(&config, &key, &fault);
    require(dns != NULL, "zone");
    return dns;
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void count(struct spent *s, double before)
{
    double us = cpu_us() - before;
    s->all += us;
    s->longest = us > s->longest ? us : s->longest;
    s->calls++;
}

static void publish(struct bench *b, struct spent *s)
{
    double before = cpu_us();
    require(!dns_publish(b->dns, b->registry, 1000, NULL), "publication");
    count(s, before);
    registry_changes_trim(b->registry, dns_published_index(b->dns));
    store_batch_free(store_journal_take(b->journal));
    store_journal_begin(b->journal);
}

/* As the control thread does it: a part, and its publication, until all have gone. */
static void leave(struct bench *b, struct spent *registry, struct spent *dns)
{
    uint32_t gone;
    uint64_t goodbye;
    struct moment time = now();
    double before = cpu_us();
    require(!registry_group_deregister(b->registry, TEXT("node"), &local, time, &gone, &goodbye) &&
                gone == MEMBERS,
            "goodbye");
    count(registry, before);
    publish(b, dns);
    while (registry_goodbyes_over(b->registry) < goodbye) {
        time.lease_ms++;
        before = cpu_us();
        (void)registry_expire(b->registry, time, UINT32_MAX, NULL, NULL);
        count(registry, before);
        publish(b, dns);
    }
    require(registry_totals(b->registry).deregistrations == MEMBERS, "all have gone");
}

static void begin(struct bench *b)
{
    struct registry_config config = registry_config_default();
    b->registry = registry_new(&config, &key);
    b->journal = store_journal_new();
    b->dns = zone();
    require(b->registry && b->journal, "memory");
    struct registry_journal hooks = store_journal_hooks(b->journal);
    registry_set_journal(b->registry, &hooks);
}

static void end(struct bench *b)
{
    dns_free(b->dns);
    registry_free(b->registry);
    store_journal_free(b->journal);
    rcu_drain();
}

static void measure(const char *what, unsigned of_service, unsigned beside)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct bench b;
        struct spent registry = {0}, dns = {0}, first = {0};
        begin(&b);
        for (unsigned i = 0; i < MEMBERS; i++)
            put(&b, i / of_service, i, TEXT("node"));
        for (unsigned i = 0; i < MEMBERS / of_service * beside; i++)
            put(&b, i / beside, MEMBERS + i, (struct text){0});
        publish(&b, &first);
        rcu_drain();
        leave(&b, &registry, &dns);
        printf("%-24s %10.0f %10.0f %10.0f %10.0f %6u\n", what, registry.all, registry.longest,
               dns.all, dns.longest, dns.calls);
        end(&b);
    }
}

int main(void)
{
    printf("%-24s %10s %10s %10s %10s %6s\n", "microseconds", "registry", "longest", "dns",
           "longest", "calls");
    measure("one service", MEMBERS, 0);
    measure("services of 10", 10, 0);
    measure("10, of which 9 stay", 1, 9);
    return 0;
}
