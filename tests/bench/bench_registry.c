/* The registry at a million instances: memory, heartbeats, what time costs, restoring.
 *
 *   bench_registry [instances [hosts [service]]]    1 000 000 on 10 000 hosts, 100 a service
 *
 * Prints one line for each; says nothing about good or bad. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rand.h"
#include "registry/registry.h"

#define WALL 1700000000000u

static uint32_t instances = 1000000, hosts = 10000, of_service = 100;
static const struct hash_key bench_key = {"0123456789abcdef"};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* what others do here does not count */
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void require(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "bench_registry: %s\n", what);
    exit(1);
}

static struct moment at(uint64_t ms)
{
    return (struct moment){.lease_ms = ms, .wall_ms = WALL + ms};
}

/* Written where the caller wants it: records hold slices. */
struct named {
    char service[16], id[16];
};

static struct instance_key key_of(uint32_t n, struct named *names)
{
    snprintf(names->service, sizeof(names->service), "service%u", n / of_service);
    snprintf(names->id, sizeof(names->id), "i%u", n);
    return (struct instance_key){TEXT("default"), text_of(names->service), text_of(names->id)};
}

static struct addr host_addr(uint32_t n)
{
    uint32_t host = n % hosts;
    return (struct addr){FAMILY_V4,
                         {10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host}};
}

/* By their address; where each has one of its own, all are one owner's, as with a key. */
static struct principal sender(uint32_t n)
{
    if (hosts >= instances)
        return (struct principal){.kind = PRINCIPAL_KEY, .addr = host_addr(n), .name = "deploy"};
    return (struct principal){.kind = PRINCIPAL_ADDRESS, .addr = host_addr(n)};
}

static void fill(uint32_t n, struct named *names, struct record *out)
{
    struct instance_key key = key_of(n, names);
    out->ns = key.ns;
    out->service = key.service;
    out->id = key.id;
    out->addresses[0] = host_addr(n);
    out->address_count = 1;
    out->ports[0].number = 8080;
    out->port_count = 1;
    out->ttl = TTL_UNSET;
}

/* What the process has of its own, the freed parts of its heap included. */
static long anonymous_kb(void)
{
    char line[128];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "RssAnon: %ld kB", &kb) == 1)
            break;
    if (f)
        fclose(f);
    return kb;
}

static void report(const char *what, double begun, uint32_t count)
{
    double each = (seconds() - begun) / count;
    printf("%-28s %8.3f us each, %.2f s\n", what, each * 1e6, each * count);
}

static void register_all(struct registry *r)
{
    static struct record record;
    struct named names;
    struct granted granted;
    long before = anonymous_kb();
    double begun = seconds();
    for (uint32_t n = 0; n < instances; n++) {
        struct principal who = sender(n);
        fill(n, &names, &record);
        require(!registry_register(r, &record, &who, at(n / 100), &granted), "register");
    }
    report("register", begun, instances);
    printf("%-28s %8.1f bytes each\n", "memory",
           (double)(anonymous_kb() - before) * 1024 / instances);
}

/* Changes here and there, each read by somebody who has seen all before it. */
static void change_some(struct registry *r, uint64_t ms)
{
    enum { CHANGES = 200000 };
    static struct record record;
    static struct delta_item items[DELTA_MAX];
    struct named names;
    struct granted granted;
    double changing = 0, reading = 0;
    for (uint32_t n = 0; n < CHANGES; n++) {
        uint32_t i = (uint32_t)((uint64_t)n * 7919 % instances);
        struct principal who = sender(i);
        size_t count;
        uint64_t since = registry_index(r);
        fill(i, &names, &record);
        record.weight_set = true;
        record.weight = (uint16_t)(n / instances + 1);
        double begun = seconds();
        require(!registry_update(r, &record, &who, at(ms), &granted) && granted.changed, "update");
        double middle = seconds();
        const struct service *s = registry_service(r, record.ns, record.service);
        require(!registry_delta(r, s, since, items, DELTA_MAX, &count) && count == 1, "delta");
        changing += middle - begun;
        reading += seconds() - middle;
    }
    printf("%-28s %8.3f us each\n", "update", changing / CHANGES * 1e6);
    printf("%-28s %8.3f us each\n", "delta of one change", reading / CHANGES * 1e6);
}

static void restore_all(struct registry *r)
{
    static struct stored_instance stored;
    struct named names;
    double begun = seconds();
    for (uint32_t n = 0; n < instances; n++) {
        fill(n, &names, &stored.record);
        stored.record.lease_s = 30;
        stored.record.rev = WALL;
        stored.owner = sender(n);
        require(!registry_restore(r, &stored, false, at(1)), "restore");
    }
    report("restore", begun, instances);
}

static void noted(void *context, const struct registry_event *event)
{
    unsigned *counts = context;
    counts[event->kind]++;
}

/* One lease of heartbeats in random order, a call of registry_expire each 10 ms. */
static uint64_t renew_all(struct registry *r, uint64_t ms, uint64_t during_ms)
{
    struct rand rand;
    struct named names;
    struct granted granted;
    double renewing = 0, expiring = 0;
    unsigned counts[16] = {0};
    uint32_t step = (uint32_t)(instances / (during_ms / 10)) + 1, n = 0;
    uint32_t stride = 7919; /* a prime: all are reached */
    rand_seed(&rand, 1);
    for (uint64_t passed = 0; passed < during_ms; passed += 10) {
        double begun = seconds();
        for (uint32_t k = 0; k < step; k++) {
            n = (n + stride) % instances;
            struct principal who = sender(n);
            require(!registry_renew(r, key_of(n, &names), &who, at(ms + passed), &granted),
                    "renew");
        }
        double middle = seconds();
        registry_expire(r, at(ms + passed), 1000, noted, counts);
        renewing += middle - begun;
        expiring += seconds() - middle;
    }
    printf("%-28s %8.3f us each\n", "renew (with making the name)", renewing / instances * 1e6);
    printf("%-28s %8.3f us each\n", "expire, per heartbeat", expiring / instances * 1e6);
    require(!counts[REGISTRY_EVICTED], "evicted");
    return ms + during_ms;
}

/* As a batch of datagrams is handled; without the making of the names. */
static void renew_batches(struct registry *r, uint64_t ms, bool ahead)
{
    enum { BATCH = 16 }; /* REG_AHEAD, which this program must not know */
    static struct named names[BATCH];
    static struct principal who[BATCH];
    struct instance_key keys[BATCH];
    struct sight sights[BATCH];
    struct granted granted;
    uint32_t n = 0;
    double renewing = 0;
    for (uint32_t done = 0; done < instances; done += BATCH) {
        for (unsigned k = 0; k < BATCH; k++) {
            n = (n + 7919) % instances;
            keys[k] = key_of(n, &names[k]);
            who[k] = sender(n);
        }
        double begun = seconds();
        for (unsigned k = 0; k < BATCH && ahead; k++)
            registry_ahead(r, keys[k], &sights[k]);
        for (unsigned steps = 0; steps < 2 && ahead; steps++)
            for (unsigned k = 0; k < BATCH; k++)
                registry_ahead_closer(r, &sights[k]);
        for (unsigned k = 0; k < BATCH; k++)
            require(!(ahead ? registry_renew_seen(r, keys[k], &sights[k], &who[k], at(ms), &granted)
                            : registry_renew(r, keys[k], &who[k], at(ms), &granted)),
                    "renew");
        renewing += seconds() - begun;
    }
    printf("%-28s %8.3f us each\n", ahead ? "renew, 16 seen ahead" : "renew, 16 one by one",
           renewing / instances * 1e6);
}

int main(int argc, char **argv)
{
    struct registry_config config = registry_config_default();
    if (argc > 1)
        instances = (uint32_t)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        hosts = (uint32_t)strtoul(argv[2], NULL, 10);
    if (argc > 3)
        of_service = (uint32_t)strtoul(argv[3], NULL, 10);
    require(instances >= 1000 && hosts && of_service, "at least 1000 instances on a host");
    struct registry *r = registry_new(&config, &bench_key);
    require(r, "no memory");
    register_all(r);
    uint64_t ms = instances / 100;
    for (unsigned round = 0; round < 4; round++)
        ms = renew_all(r, ms, 9000);
    for (unsigned round = 0; round < 4; round++)
        renew_batches(r, ms, round % 2);
    change_some(r, ms);
    registry_free(r);
    require((r = registry_new(&config, &bench_key)) != NULL, "no memory");
    restore_all(r);
    registry_free(r);
    return 0;
}
