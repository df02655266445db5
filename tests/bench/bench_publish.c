/* What publishing costs: a service of so many instances of which one changes before each
 * dns_publish (another weight; it goes and comes back), with and without a journal for IXFR; 100
 * that go or come at once; and the same service published at once. Prints microseconds of CPU time
 * per publication, and the bytes of its view.
 *
 *   bench_publish                 several sizes
 *   bench_publish N               of so many instances
 *   bench_publish N K             each has 7 port names that K of them have
 *   bench_publish N K P           and one of P priorities
 *   bench_publish N K P named     and the default port of all has a name; K may be 0: no others */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/rcu.h"
#include "dns/dns.h"
#include "registry/registry.h"

enum { ROUNDS = 300, FULL_ROUNDS = 5, CROWD = 100, CROWD_ROUNDS = 20, SERVICES = 64 };

struct shape {
    unsigned instances;
    unsigned sharers;    /* so many instances have the same port names; 0: there are none */
    unsigned priorities; /* 0: none is given */
    bool named;          /* the default port */
};

struct bench {
    struct registry *registry;
    struct dns *dns;
    uint64_t now;
    struct shape shape;
    unsigned services, published;
};

static const struct hash_key key = {{7}};

static void fail(const char *what)
{
    fprintf(stderr, "bench_publish: %s\n", what);
    exit(1);
}

static struct moment moment_of(const struct bench *b)
{
    return (struct moment){b->now, b->now};
}

/* Names as those of a large installation. */
static void names_of(unsigned service, unsigned i, char service_text[32], char id[32])
{
    snprintf(service_text, 32, "bench-%u", 98000 + service);
    snprintf(id, 32, "i%u", 90000 + i);
}

static void name_ports(struct record *record, unsigned group, char names[PORTS_MAX][32])
{
    for (; record->port_count < PORTS_MAX; record->port_count++) {
        size_t n = record->port_count;
        snprintf(names[n], sizeof(names[n]), "p%u-%zu", group, n);
        record->ports[n] = (struct port){
            .number = (uint16_t)(9000 + n), .protocol = PROTOCOL_TCP, .name = text_of(names[n])};
    }
}

static void put(struct bench *b, unsigned service, unsigned i, unsigned weight)
{
    static const struct principal local = {.kind = PRINCIPAL_LOCAL};
    char service_text[32], id[32], port_names[PORTS_MAX][32];
    struct record record = {.ns = TEXT("default"),
                            .ttl = TTL_UNSET,
                            .weight_set = true,
                            .weight = (uint16_t)weight,
                            .address_count = 1,
                            .port_count = 1};
    struct granted granted;
    names_of(service, i, service_text, id);
    record.service = text_of(service_text);
    record.id = text_of(id);
    record.addresses[0] =
        (struct addr){FAMILY_V4, {10, (uint8_t)service, (uint8_t)(i >> 8), (uint8_t)i}};
    record.ports[0] = (struct port){.number = 8080, .protocol = PROTOCOL_TCP};
    if (b->shape.named)
        record.ports[0].name = TEXT("http");
    if (b->shape.sharers)
        name_ports(&record, i / b->shape.sharers, port_names);
    if (b->shape.priorities)
        record.priority = (uint16_t)(i % b->shape.priorities);
    if (registry_register(b->registry, &record, &local, moment_of(b), &granted))
        fail("registration refused");
}

static void drop(struct bench *b, unsigned i)
{
    static const struct principal local = {.kind = PRINCIPAL_LOCAL};
    char service_text[32], id[32];
    uint64_t rev;
    names_of(0, i, service_text, id);
    struct instance_key there = {TEXT("default"), text_of(service_text), text_of(id)};
    if (registry_deregister(b->registry, there, 0, &local, moment_of(b), &rev))
        fail("deregistration refused");
}

static struct dns *zone_with(size_t journal_max)
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
                                             .journal_max = journal_max,
                                             .transfers = calloc(1, sizeof(struct dns_access)),
                                             .transfer_count = 1};
    if (!config.zones->transfers)
        fail("out of memory");
    config.zones->transfers->anywhere = true;
    struct dns *dns = dns_new(&config, &key, &fault);
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

/* CPU time of one publication. The memory of what it replaced is given back every now and then,
 * as at some 1 000 changes a second. */
static double published(struct bench *b)
{
    double before = cpu_us();
    if (dns_publish(b->dns, b->registry, b->now, NULL))
        fail("not published");
    double spent = cpu_us() - before;
    if (++b->published % 16 == 0)
        rcu_drain();
    return spent;
}

static struct bench begin(struct shape shape, unsigned services, size_t journal_max)
{
    struct registry_config config = registry_config_default();
    struct bench b = {.now = 1, .shape = shape, .services = services};
    b.registry = registry_new(&config, &key);
    if (!b.registry)
        fail("out of memory");
    b.dns = zone_with(journal_max);
    for (unsigned s = 0; s < services; s++)
        for (unsigned i = 0; i < shape.instances; i++)
            put(&b, s, i, 100);
    return b;
}

static void end(struct bench *b)
{
    dns_free(b->dns);
    registry_free(b->registry);
}

static double weight_changes(struct bench *b)
{
    double spent = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        b->now += 1000; /* no publication is put off */
        put(b, 0, round * 31 % b->shape.instances, 200 + round);
        spent += published(b);
    }
    return spent / ROUNDS;
}

static double departures(struct bench *b)
{
    double spent = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned i = round * 31 % b->shape.instances;
        b->now += 1000;
        drop(b, i);
        spent += published(b);
        b->now += 1000;
        put(b, 0, i, 100);
        spent += published(b);
    }
    return spent / (2 * ROUNDS);
}

/* Many at once: they go, they come back. */
static double crowds(struct bench *b)
{
    unsigned crowd = b->shape.instances < CROWD ? b->shape.instances / 2 : CROWD;
    double spent = 0;
    for (unsigned round = 0; round < CROWD_ROUNDS; round++) {
        for (unsigned n = 0; n < crowd; n++)
            drop(b, (round + n * 31) % b->shape.instances);
        b->now += 1000;
        spent += published(b);
        for (unsigned n = 0; n < crowd; n++)
            put(b, 0, (round + n * 31) % b->shape.instances, 100);
        b->now += 1000;
        spent += published(b);
    }
    return spent / (2 * CROWD_ROUNDS);
}

/* The service alone, all of it at once. */
static double whole(struct shape shape)
{
    double best = 1e30;
    for (unsigned round = 0; round < FULL_ROUNDS; round++) {
        struct bench b = begin(shape, 1, 0);
        double spent = published(&b);
        best = spent < best ? spent : best;
        end(&b);
    }
    return best;
}

static void measure(struct shape shape)
{
    double changed[2], moved[2], crowd = 0;
    size_t bytes = 0;
    for (int journal = 0; journal < 2; journal++) {
        struct bench b = begin(shape, 1, journal ? 16 << 20 : 0);
        published(&b);
        changed[journal] = weight_changes(&b);
        moved[journal] = departures(&b);
        if (!journal)
            crowd = crowds(&b);
        bytes = dns_totals(b.dns).view_bytes;
        end(&b);
    }
    printf("%-9u %9u %5u %7s %9.1f %9.1f %9.1f %9.1f %9.1f %11.1f %10zu\n", shape.instances,
           shape.sharers, shape.priorities, shape.named ? "named" : "-", changed[0], changed[1],
           moved[0], moved[1], crowd, whole(shape), bytes);
}

static void weigh(unsigned instances)
{
    unsigned services = instances > 100 ? 1 : SERVICES;
    struct bench b = begin((struct shape){.instances = instances}, services, 0);
    published(&b);
    double bytes = (double)dns_totals(b.dns).view_bytes / services;
    printf("%-12u %10.0f %10.1f\n", instances, bytes, bytes / instances);
    end(&b);
}

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
    static const struct shape shapes[] = {
        {.instances = 10},
        {.instances = 64},
        {.instances = 1000},
        {.instances = 10000},
        {.instances = 20000},
        {.instances = 10000, .named = true},
        {.instances = 10000, .sharers = 1},
        {.instances = 10000, .sharers = 10},
        {.instances = 10000, .sharers = 10, .priorities = 7},
        {.instances = 10000, .sharers = 10000},
        {.instances = 10000, .sharers = 10000, .priorities = 7},
    };
    static const unsigned weighed[] = {1, 10, 64, 65, 1000, 10000};
    printf("microseconds for a publication\n%-9s %9s %5s %7s %9s %9s %9s %9s %9s %11s %10s\n",
           "instances", "names for", "prios", "default", "weight", "+journal", "del, reg",
           "+journal", "of 100", "all at once", "bytes");
    if (argc > 1) {
        measure((struct shape){.instances = number(argv[1]),
                               .sharers = argc > 2 ? number(argv[2]) : 0,
                               .priorities = argc > 3 ? number(argv[3]) : 0,
                               .named = argc > 4});
        return 0;
    }
    for (size_t i = 0; i < ARRAY_COUNT(shapes); i++)
        measure(shapes[i]);
    printf("\n%-12s %10s %10s\n", "instances", "bytes", "for each");
    for (size_t i = 0; i < ARRAY_COUNT(weighed); i++)
        weigh(weighed[i]);
    return 0;
}
