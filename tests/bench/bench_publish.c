/* What publishing costs with and without a journal for IXFR: a service of so many instances,
 * one of which changes before each dns_publish. Prints microseconds of CPU time per
 * publication. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "dns/dns.h"
#include "registry/registry.h"

enum { ROUNDS = 300 };

static void fail(const char *what)
{
    fprintf(stderr, "bench_publish: %s\n", what);
    exit(1);
}

static void put(struct registry *registry, unsigned i, unsigned weight, uint64_t now)
{
    static const struct principal local = {.kind = PRINCIPAL_LOCAL};
    char id[32];
    struct record record = {.ns = TEXT("default"),
                            .service = TEXT("large"),
                            .ttl = TTL_UNSET,
                            .weight_set = true,
                            .weight = (uint16_t)weight,
                            .version = TEXT("1.4.2"),
                            .address_count = 1,
                            .port_count = 1};
    struct granted granted;
    snprintf(id, sizeof(id), "i%u", i);
    record.id = text_of(id);
    record.addresses[0] = (struct addr){FAMILY_V4, {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};
    record.ports[0] = (struct port){.number = 8080, .protocol = PROTOCOL_TCP};
    if (registry_register(registry, &record, &local, (struct moment){now, now}, &granted))
        fail("registration refused");
}

static struct dns *zone_with(size_t journal_max, const struct hash_key *key)
{
    struct dns_config config = {.zone_count = 1};
    struct dns_fault fault;
    config.zones = calloc(1, sizeof(*config.zones));
    if (!config.zones)
        fail("out of memory");
    *config.zones = (struct dns_zone_config){.name = strdup("disc.local"),
                                             .ns = strdup("default"),
                                             .ttl = 5,
                                             .negative_ttl = 2,
                                             .journal_max = journal_max};
    struct dns *dns = dns_new(&config, key, &fault);
    if (!dns)
        fail(fault.text);
    return dns;
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double measure(unsigned instances, size_t journal_max)
{
    static const struct hash_key key = {{7}};
    struct registry_config config = registry_config_default();
    struct registry *registry = registry_new(&config, &key);
    struct dns *dns = zone_with(journal_max, &key);
    uint64_t now = 1;
    if (!registry)
        fail("out of memory");
    for (unsigned i = 0; i < instances; i++)
        put(registry, i, 100, now);
    if (dns_publish(dns, registry, now, NULL))
        fail("not published");
    double spent = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        now += 1000; /* no publication is put off */
        put(registry, round * 31 % instances, 200 + round, now);
        double before = cpu_us();
        if (dns_publish(dns, registry, now, NULL))
            fail("not published");
        spent += cpu_us() - before;
    }
    dns_free(dns);
    registry_free(registry);
    return spent / ROUNDS;
}

int main(void)
{
    static const unsigned sizes[] = {10, 1000, 10000};
    printf("%-12s %14s %14s\n", "instances", "no journal", "journal");
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        double without = measure(sizes[i], 0), with = measure(sizes[i], 16 << 20);
        printf("%-12u %11.1f us %11.1f us\n", sizes[i], without, with);
    }
    return 0;
}
