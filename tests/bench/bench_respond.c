/* How long dns_respond takes, by kind of question: 1000 services of ten instances, names in
 * random order, one thread, nothing around it. Prints nanoseconds of CPU time per query.
 * `bench_respond rates`: with rates that are never reached. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rand.h"
#include "dns/dns.h"
#include "registry/registry.h"

enum { SERVICES = 1000, INSTANCES = 10, QUERIES = 2000000, QUERY_MAX = 96 };

struct queries {
    const char *what;
    uint8_t bytes[SERVICES][QUERY_MAX];
    size_t sizes[SERVICES];
};

static void fail(const char *what)
{
    fprintf(stderr, "bench_respond: %s\n", what);
    exit(1);
}

static void register_one(struct registry *registry, unsigned s, unsigned i)
{
    static const struct principal local = {.kind = PRINCIPAL_LOCAL};
    char service[32], id[32];
    struct record record = {.ns = TEXT("default"),
                            .ttl = TTL_UNSET,
                            .weight_set = true,
                            .weight = (uint16_t)(10 + i),
                            .address_count = 1,
                            .port_count = 1};
    struct granted granted;
    snprintf(service, sizeof(service), "service-%u", s);
    snprintf(id, sizeof(id), "i%u", i);
    record.service = text_of(service);
    record.id = text_of(id);
    record.version = i % 2 ? TEXT("1") : TEXT("2");
    record.addresses[0] = (struct addr){FAMILY_V4, {10, (uint8_t)(s >> 8), (uint8_t)s, (uint8_t)i}};
    record.ports[0] = (struct port){.number = 8080, .protocol = PROTOCOL_TCP};
    if (registry_register(registry, &record, &local, (struct moment){1, 1}, &granted))
        fail("registration refused");
}

static struct registry *fill(const struct hash_key *key)
{
    struct registry_config config = registry_config_default();
    struct registry *registry = registry_new(&config, key);
    for (unsigned s = 0; registry && s < SERVICES; s++)
        for (unsigned i = 0; i < INSTANCES; i++)
            register_one(registry, s, i);
    return registry;
}

static struct dns *serve(struct registry *registry, const struct hash_key *key, uint32_t rate)
{
    struct dns_config config = {.udp_max_size = DNS_UDP_DEFAULT, .zone_count = 1};
    struct dns_fault fault;
    uint64_t due;
    config.rrl = (struct dns_rrl_config){.responses = rate, .nxdomains = rate, .errors = rate};
    config.zones = calloc(1, sizeof(*config.zones));
    if (!config.zones)
        fail("out of memory");
    *config.zones = (struct dns_zone_config){.name = strdup("disc.local"),
                                             .ns = strdup("default"),
                                             .ttl = 5,
                                             .negative_ttl = 2,
                                             .srv_weight_scale = 1};
    struct dns *dns = dns_new(&config, key, &fault);
    if (!dns || dns_publish(dns, registry, 1, &due))
        fail("cannot publish");
    return dns;
}

static void write_labels(struct writer *w, const char *name)
{
    while (*name) {
        size_t n = strcspn(name, ".");
        write_u8(w, (uint8_t)n);
        write_bytes(w, name, n);
        name += n + (name[n] == '.');
    }
    write_u8(w, 0);
}

/* `format` gets the service's number. */
static void prepare(struct queries *q, const char *what, const char *format, uint16_t type)
{
    char name[QUERY_MAX];
    q->what = what;
    for (unsigned s = 0; s < SERVICES; s++) {
        struct writer w = writer_of(q->bytes[s], QUERY_MAX);
        snprintf(name, sizeof(name), format, s);
        write_bytes(&w, "\0\1\1\0\0\1\0\0\0\0\0\1", 12);
        write_labels(&w, name);
        write_u16(&w, type);
        write_u16(&w, 1);
        write_bytes(&w, "\0\0\51\4\320\0\0\0\0\0\0", 11); /* OPT, 1232 bytes */
        q->sizes[s] = writer_used(&w);
    }
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void measure(const struct dns *dns, struct dns_worker *worker, const struct queries *q)
{
    static uint8_t out[DNS_UDP_LIMIT];
    struct rand rand;
    uint64_t bytes = 0;
    rand_seed(&rand, 1);
    double start = now_ns();
    for (unsigned i = 0; i < QUERIES; i++) {
        unsigned s = rand_below(&rand, SERVICES);
        struct dns_request request = {q->bytes[s], q->sizes[s], {{FAMILY_V4, {192, 0, 2, 1}}, 5353},
                                      DNS_UDP,     0,           i / 1000};
        bytes += dns_respond(dns, worker, &request, out, sizeof(out));
    }
    double each = (now_ns() - start) / QUERIES;
    printf("%-28s %7.0f ns   %6.0f bytes   %6.2f million/s\n", q->what, each,
           (double)bytes / QUERIES, 1000 / each);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *what, *format;
        uint16_t type;
    } kinds[] = {
        {"SRV x10 with addresses", "service-%u.disc.local", 33},
        {"SRV x10, _name._tcp", "_service-%u._tcp.disc.local", 33},
        {"A x10", "service-%u.disc.local", 1},
        {"A of an instance", "i3.service-%u.disc.local", 1},
        {"SRV x5 by selector", "1.version.service-%u.disc.local", 33},
        {"A x5 by selector", "1.version.service-%u.disc.local", 1},
        {"NODATA", "service-%u.disc.local", 28},
        {"NXDOMAIN", "missing-%u.disc.local", 1},
        {"REFUSED", "service-%u.example", 1},
    };
    static struct queries queries;
    struct hash_key key = {{1, 2, 3}};
    struct registry *registry = fill(&key);
    uint32_t rate = argc > 1 && strcmp(argv[1], "rates") == 0 ? 1000000 : 0;
    struct dns *dns = registry ? serve(registry, &key, rate) : NULL;
    struct dns_worker *worker = dns_worker_new(1);
    struct dns_shared *shared = dns_shared_new((const uint8_t[32]){1});
    if (!dns || !worker || !shared)
        fail("out of memory");
    dns_worker_share(worker, shared);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        prepare(&queries, kinds[i].what, kinds[i].format, kinds[i].type);
        measure(dns, worker, &queries);
    }
    dns_worker_free(worker);
    dns_shared_free(shared);
    dns_free(dns);
    registry_free(registry);
    return 0;
}
