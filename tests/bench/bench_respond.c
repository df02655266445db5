/* How long dns_respond takes, by kind of question: 1000 services of ten instances, names in
 * random order, one thread, batches of 32 as a worker has them, nothing around it. Prints the
 * median of the batches in nanoseconds per query.
 *
 *   --services N   how many (1000); --instances N: of each (10)
 *   --max-answers N   in an answer
 *   --cold         between two batches other memory goes through the caches, as the kernel's
 *                  does between a worker's
 *   --batch N      requests that come together (32)
 *   --plain        without dns_batch
 *   --rates        with rates that are never reached
 *   --kind N       only the n-th kind, from 0; --queries N: so many (1 000 000)
 *
 * instructions.sh counts instructions instead.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rand.h"
#include "dns/dns.h"
#include "registry/registry.h"

enum { QUERY_MAX = 96, BATCH_MAX = 32, LINE = 64, OTHERS = 3 << 20, MANY = 1000 };

struct options {
    unsigned services, instances, queries, batch, max_answers;
    int kind; /* -1 = all */
    bool cold, plain, rates;
};

struct kind {
    const char *what, *format; /* that gets the service's number */
    uint16_t type;
};

/* One worker's buffers. */
struct batch {
    struct dns_request requests[BATCH_MAX];
    uint8_t in[BATCH_MAX][4096 + 2 * LINE];
    uint8_t out[BATCH_MAX * DNS_UDP_LIMIT];
    uint8_t others[OTHERS];
};

static void fail(const char *what)
{
    fprintf(stderr, "bench_respond: %s\n", what);
    exit(1);
}

/* Of a large service 5 % are in one cluster, 0.02 % in another. */
static struct text cluster_of(const struct options *o, unsigned i)
{
    if (o->instances < MANY)
        return (struct text){NULL, 0};
    return i % 5000 == 7 ? TEXT("rare") : i % 20 == 3 ? TEXT("some") : TEXT("most");
}

static void register_one(struct registry *registry, const struct options *o, unsigned s, unsigned i)
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
    record.cluster = cluster_of(o, i);
    record.addresses[0] = (struct addr){
        FAMILY_V4,
        {(uint8_t)(10 + (s >> 16)), (uint8_t)(s >> 8), (uint8_t)(s + (i >> 8)), (uint8_t)i}};
    record.ports[0] = (struct port){.number = 8080, .protocol = PROTOCOL_TCP};
    if (registry_register(registry, &record, &local, (struct moment){1, 1}, &granted))
        fail("registration refused");
}

static struct registry *fill(const struct hash_key *key, const struct options *o)
{
    struct registry_config config = registry_config_default();
    config.service_instances_max = o->instances;
    struct registry *registry = registry_new(&config, key);
    for (unsigned s = 0; registry && s < o->services; s++)
        for (unsigned i = 0; i < o->instances; i++)
            register_one(registry, o, s, i);
    return registry;
}

static struct dns_rule *rule_of(uint32_t max_answers)
{
    struct dns_rule *rule = malloc(sizeof(*rule));
    if (!rule)
        fail("out of memory");
    *rule = (struct dns_rule){strdup("*"), DNS_UNSET, DNS_UNSET, max_answers,
                              DNS_UNSET,   DNS_UNSET, DNS_UNSET, DNS_UNSET};
    return rule;
}

static struct dns *serve(struct registry *registry, const struct hash_key *key, uint32_t rate,
                         uint32_t max_answers)
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
                                             .srv_weight_scale = 1,
                                             .rules = rule_of(max_answers),
                                             .rule_count = 1};
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

static size_t write_query(uint8_t *to, const struct kind *kind, unsigned service)
{
    char name[QUERY_MAX];
    struct writer w = writer_of(to, QUERY_MAX);
    snprintf(name, sizeof(name), kind->format, service);
    write_bytes(&w, "\0\1\1\0\0\1\0\0\0\0\0\1", 12);
    write_labels(&w, name);
    write_u16(&w, kind->type);
    write_u16(&w, 1);
    write_bytes(&w, "\0\0\51\4\320\0\0\0\0\0\0", 11); /* OPT, 1232 bytes */
    return writer_used(&w);
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* What is measured. The name is that of instructions.sh. */
__attribute__((noinline, noclone)) static size_t answer_batch(const struct dns *dns,
                                                              struct dns_worker *worker,
                                                              struct batch *b,
                                                              const struct options *o)
{
    size_t at = 0, bytes = 0;
    if (!o->plain)
        dns_batch(dns, worker, b->requests, o->batch);
    for (unsigned i = 0; i < o->batch; i++) {
        uint8_t *out = b->out + at;
        size_t size = o->plain ? dns_respond(dns, worker, &b->requests[i], out, DNS_UDP_LIMIT)
                               : dns_respond_to(dns, worker, i, out, DNS_UDP_LIMIT);
        bytes += size;
        at += (size + LINE - 1) / LINE * LINE;
    }
    return bytes;
}

static void next_batch(struct batch *b, const struct kind *kind, const struct options *o,
                       struct rand *rand, uint64_t now_ms)
{
    for (size_t i = 0; o->cold && i < sizeof(b->others); i += LINE)
        b->others[i]++;
    for (unsigned i = 0; i < o->batch; i++)
        b->requests[i] = (struct dns_request){
            .bytes = b->in[i],
            .size = write_query(b->in[i], kind, rand_below(rand, o->services)),
            .from = {{FAMILY_V4, {192, 0, 2, 1}}, 5353},
            .transport = DNS_UDP,
            .mono_ms = now_ms,
        };
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const struct dns *dns, struct dns_worker *worker, const struct kind *kind,
                    const struct options *o)
{
    unsigned batches = o->queries / o->batch + 1;
    struct batch *b = calloc(1, sizeof(*b));
    double *times = calloc(batches, sizeof(*times));
    struct rand rand;
    uint64_t bytes = 0;
    rand_seed(&rand, 1);
    if (!b || !times)
        fail("out of memory");
    for (unsigned i = 0; i < batches; i++) {
        next_batch(b, kind, o, &rand, i / 32);
        double start = now_ns();
        bytes += answer_batch(dns, worker, b, o);
        times[i] = now_ns() - start;
    }
    qsort(times, batches, sizeof(*times), by_value);
    double each = times[batches / 2] / o->batch;
    printf("%-28s %7.0f ns   %6.0f bytes   %6.2f million/s\n", kind->what, each,
           (double)bytes / batches / o->batch, 1000 / each);
    free(times);
    free(b);
}

static const char usage[] =
    "Usage: bench_respond [OPTIONS]\n\n"
    "What an answer costs without sockets: for each kind of question the median of all batches of\n"
    "32, in nanoseconds per answer, its bytes, and what that makes in a second. Means something "
    "on\n"
    "a quiet machine; instructions.sh counts instructions instead, which nothing disturbs.\n\n"
    "  --services N   that are registered [1000]\n"
    "  --instances N  of each [10]\n"
    "  --max-answers N in an answer [all]\n"
    "  --queries N    of each kind [1000000]\n"
    "  --kind N       only this one, from 0 [all]\n"
    "  --cold         between batches other memory goes through the caches, as in a real server\n"
    "  --batch N      requests that come together [32]\n"
    "  --plain        one answer at a time, without dns_batch\n"
    "  --rates        with limits of rates\n";

static void read_options(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"services", 1, NULL, 's'},
        {"instances", 1, NULL, 'i'},
        {"queries", 1, NULL, 'q'},
        {"kind", 1, NULL, 'k'},
        {"cold", 0, NULL, 'c'},
        {"plain", 0, NULL, 'p'},
        {"rates", 0, NULL, 'r'},
        {"help", 0, NULL, 'h'},
        {"max-answers", 1, NULL, 'm'},
        {"batch", 1, NULL, 'b'},
        {0},
    };
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        unsigned number = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;
        switch (c) {
        case 's': o->services = number; break;
        case 'i': o->instances = number; break;
        case 'q': o->queries = number; break;
        case 'm': o->max_answers = number; break;
        case 'k': o->kind = (int)number; break;
        case 'b': o->batch = number; break;
        case 'c': o->cold = true; break;
        case 'p': o->plain = true; break;
        case 'r': o->rates = true; break;
        case 'h': fputs(usage, stdout); exit(0);
        default: fputs(usage, stderr); exit(2);
        }
    }
    if (o->batch < 1 || o->batch > BATCH_MAX)
        fail("--batch is 1 to 32");
}

enum { LARGE_KINDS = 5 }; /* the last ones: only where services have MANY instances */

static const struct kind kinds[] = {
    {"SRV x10 with addresses", "service-%u.disc.local", 33},
    {"SRV x10, _name._tcp", "_service-%u._tcp.disc.local", 33},
    {"A x10", "service-%u.disc.local", 1},
    {"A of an instance", "i3.service-%u.disc.local", 1},
    {"SRV x5 by selector", "1.version.service-%u.disc.local", 33},
    {"A x5 by selector", "1.version.service-%u.disc.local", 1},
    {"NODATA", "service-%u.disc.local", 28},
    {"NXDOMAIN", "missing-%u.disc.local", 1},
    {"NXDOMAIN below a service", "missing.service-%u.disc.local", 1},
    {"NXDOMAIN by selector", "missing.version.service-%u.disc.local", 1},
    {"REFUSED", "service-%u.example", 1},
    {"SRV by selector, 5 %", "some.cluster.service-%u.disc.local", 33},
    {"A by selector, 5 %", "some.cluster.service-%u.disc.local", 1},
    {"SRV by selector, 0.02 %", "rare.cluster.service-%u.disc.local", 33},
    {"A by selector, 0.02 %", "rare.cluster.service-%u.disc.local", 1},
    {"TXT by selector, 0.02 %", "rare.cluster.service-%u.disc.local", 16},
};

int main(int argc, char **argv)
{
    struct options o = {
        .services = 1000, .instances = 10, .queries = 1000000, .batch = BATCH_MAX, .kind = -1};
    struct hash_key key = {{1, 2, 3}};
    read_options(argc, argv, &o);
    struct registry *registry = fill(&key, &o);
    struct dns *dns = registry ? serve(registry, &key, o.rates ? 1000000 : 0, o.max_answers) : NULL;
    struct dns_worker *worker = dns_worker_new(1);
    struct dns_shared *shared = dns_shared_new((const uint8_t[32]){1});
    if (!dns || !worker || !shared)
        fail("out of memory");
    dns_worker_share(worker, shared);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if ((o.kind < 0 || (size_t)o.kind == i) &&
            (i + LARGE_KINDS < ARRAY_COUNT(kinds) || o.instances >= MANY))
            measure(dns, worker, &kinds[i], &o);
    dns_worker_free(worker);
    dns_shared_free(shared);
    dns_free(dns);
    registry_free(registry);
    return 0;
}
