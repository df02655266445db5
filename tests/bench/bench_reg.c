/* What one registration datagram costs, without the kernel: reg_read and reg_handle_read over
 * 10 000 instances in random order.
 *
 *   bench_reg [warm|cold [CASE [DATAGRAMS]]]
 *
 * `cold` touches 2 MiB between any two batches, as the kernel does with a batch's packets.
 * Prints ns of CPU for each datagram (median of nine rounds). Instructions (one case only, and
 * the first 10 000 datagrams of it are the registrations):
 *
 *   valgrind --tool=callgrind --toggle-collect='handle_batch*' bench_reg warm ren 25600
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rand.h"
#include "reg/reg.h"

enum {
    INSTANCES = 10000,
    PER_SERVICE = 10,
    BATCH = 256, /* datagrams that control.c takes at once */
    NAMES_MANY = 25,
    ROUNDS = 9,
    COLD_BYTES = 2 << 20,
    LINE = 64,
};

#define WALL 1700000000000u
#define SECRET "0123456789abcdef0123456789abcdef"

enum sender { SENDER_OPEN, SENDER_KEY };

struct bench {
    struct registry *registry;
    struct reg *reg;
    struct rand rand;
    struct moment now;
    struct endpoint from;
    uint64_t n; /* of keyed datagrams */
    char cookie[64];
    uint8_t *in, *out; /* of a batch */
    size_t sizes[BATCH];
    uint64_t route[REG_ROUTE_SIZE / 8];
    uint8_t *cold;
    uint64_t sum;
};

struct bench_case {
    const char *name;
    enum sender sender;
    unsigned names; /* in one datagram; 0: the group of all */
    /* Writes the request up to the names. */
    int (*write)(struct bench *b, char *out, size_t size, uint32_t instance);
};

static void require(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "bench_reg: %s\n", what);
    exit(1);
}

/* ---- requests --------------------------------------------------------------------- */

static int name_service(char *out, size_t size, uint32_t i)
{
    return snprintf(out, size, "service%u", i / PER_SERVICE);
}

static int write_named(char *out, size_t size, const char *verb, uint32_t i, const char *rest)
{
    char service[24];
    name_service(service, sizeof(service), i);
    return snprintf(out, size, "disc/1 %s id=%08x svc=%s inst=web-%u%s", verb, i * 2654435761u,
                    service, i, rest);
}

static int write_ren(struct bench *b, char *out, size_t size, uint32_t i)
{
    (void)b;
    return write_named(out, size, "ren", i, "");
}

static int write_reg(struct bench *b, char *out, size_t size, uint32_t i)
{
    char rest[128];
    (void)b;
    snprintf(rest, sizeof(rest), " addr=10.%u.%u.%u port=8080 w=100 zone=a ver=1.0.3 m.color=blue",
             i >> 16, i >> 8 & 255, i & 255);
    return write_named(out, size, "reg", i, rest);
}

static int write_reg_grouped(struct bench *b, char *out, size_t size, uint32_t i)
{
    int n = write_reg(b, out, size, i);
    return n + snprintf(out + n, size - (size_t)n, " grp=all");
}

static int write_reg_new(struct bench *b, char *out, size_t size, uint32_t i)
{
    char rest[128];
    snprintf(rest, sizeof(rest), " addr=10.%u.%u.%u port=8080 w=%u zone=a ver=1.0.3 m.color=blue",
             i >> 16, i >> 8 & 255, i & 255, (unsigned)(b->n++ % 60000));
    return write_named(out, size, "reg", i, rest);
}

static int write_upd(struct bench *b, char *out, size_t size, uint32_t i)
{
    char rest[32];
    snprintf(rest, sizeof(rest), " w=%u", (unsigned)(b->n++ % 60000));
    return write_named(out, size, "upd", i, rest);
}

static int write_del(struct bench *b, char *out, size_t size, uint32_t i)
{
    (void)b;
    return write_named(out, size, "del", i, "");
}

static int write_batch(struct bench *b, char *out, size_t size, uint32_t i)
{
    (void)b;
    return snprintf(out, size, "disc/1 ren id=%08x", i * 2654435761u);
}

static int write_group(struct bench *b, char *out, size_t size, uint32_t i)
{
    (void)b;
    return snprintf(out, size, "disc/1 ren id=%08x grp=all", i * 2654435761u);
}

/* Behind the parameters. */
static int write_sender(struct bench *b, char *out, size_t size, enum sender sender)
{
    if (sender == SENDER_OPEN)
        return 0;
    return snprintf(out, size, " cid=9f2c77aa01 n=%llu ck=%s key=node", (unsigned long long)++b->n,
                    b->cookie);
}

static int write_mac(char *out, int n, char separator)
{
    uint8_t full[EVP_MAX_MD_SIZE];
    unsigned size;
    HMAC(EVP_sha256(), SECRET, 32, (const unsigned char *)out, (size_t)n, full, &size);
    n += sprintf(out + n, "%cmac=", separator);
    for (unsigned i = 0; i < 16; i++)
        n += sprintf(out + n, "%02x", full[i]);
    return n;
}

static size_t write_request(struct bench *b, const struct bench_case *kind, char *out, uint32_t i)
{
    int n = kind->write(b, out, 512, i);
    n += write_sender(b, out + n, 256, kind->sender);
    for (unsigned k = 0; kind->names > 1 && k < kind->names; k++) {
        uint32_t other = rand_below(&b->rand, INSTANCES);
        n += sprintf(out + n, "\nservice%u/web-%u", other / PER_SERVICE, other);
    }
    if (kind->sender == SENDER_KEY)
        n = write_mac(out, n, kind->names > 1 ? '\n' : ' ');
    out[n++] = '\n';
    return (size_t)n;
}

/* ---- the server ------------------------------------------------------------------- */

static struct network network(const char *text)
{
    struct network n;
    require(!network_parse(text_of(text), &n), text);
    return n;
}

static struct reg_config config(void)
{
    struct reg_config c = {.replay_entries_max = 1000, .source_count = 4, .key_count = 1};
    c.sources = calloc(c.source_count, sizeof(*c.sources));
    c.keys = calloc(c.key_count, sizeof(*c.keys));
    require(c.sources && c.keys, "memory");
    c.sources[0] = (struct reg_source){network("127.0.0.0/8"), REG_AUTH_OPEN};
    c.sources[1] = (struct reg_source){network("::1/128"), REG_AUTH_OPEN};
    c.sources[2] = (struct reg_source){network("10.0.0.0/8"), REG_AUTH_COOKIE};
    c.sources[3] = (struct reg_source){network("192.168.0.0/16"), REG_AUTH_KEY};
    struct reg_key *k = &c.keys[0];
    strcpy(k->id, "node");
    memcpy(k->secret, SECRET, 32);
    k->secret_size = 32;
    k->grants = calloc(1, sizeof(*k->grants));
    k->grant_count = 1;
    k->grants[0].verbs = (1u << REG_VERB_COUNT) - 1;
    k->grants[0].services = calloc(2, sizeof(char *));
    k->grants[0].services[0] = strdup("*");
    k->grants[0].advertise = calloc(1, sizeof(struct network));
    k->grants[0].advertise_count = 1;
    k->grants[0].advertise[0] = network("0.0.0.0/0");
    return c;
}

static struct endpoint address(const char *text)
{
    struct endpoint e = {.port = 40000};
    require(!addr_parse(text_of(text), &e.addr), text);
    return e;
}

__attribute__((noinline)) static void handle_batch(struct bench *b, unsigned count)
{
    struct reg_datagram in[BATCH];
    for (unsigned i = 0; i < count; i++)
        in[i] = (struct reg_datagram){b->in + i * REG_RECEIVE_SIZE, b->sizes[i], false, b->from,
                                      b->route};
    for (unsigned first = 0; first < count; first += REG_AHEAD) {
        unsigned together = count - first < REG_AHEAD ? count - first : REG_AHEAD;
        reg_read(b->reg, in + first, together, b->now);
        for (unsigned n = 0; n < together; n++)
            b->sizes[first + n] =
                reg_handle_read(b->reg, n, b->out + (first + n) * REG_DATAGRAM_MAX);
    }
}

/* The cookie out of a reply to hello. */
static void take_cookie(struct bench *b)
{
    b->sizes[0] = (size_t)sprintf((char *)b->in, "disc/1 hello id=1 lease=30 ?pad=%040d\n", 0);
    handle_batch(b, 1);
    b->out[b->sizes[0]] = '\0';
    const char *at = strstr((char *)b->out, "ck=");
    b->cookie[0] = '\0';
    if (at)
        snprintf(b->cookie, sizeof(b->cookie), "%.22s", at + 3);
}

static const char *const from[] = {"127.0.0.1", "192.168.0.7"};

static void require_ok(struct bench *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t *out = b->out + i * REG_DATAGRAM_MAX;
        if (b->sizes[i] < 9 || memcmp(out, "disc/1 ok", 9) != 0) {
            fprintf(stderr, "%.*s -> %.*s", 300, (char *)b->in + i * REG_RECEIVE_SIZE,
                    (int)b->sizes[i], (char *)out);
            require(false, "refused");
        }
        b->sum += b->sizes[i];
    }
}

static void register_all(struct bench *b, const struct bench_case *kind)
{
    struct bench_case reg = {"", kind->sender, 1, kind->names ? write_reg : write_reg_grouped};
    for (uint32_t i = 0; i < INSTANCES; i++) {
        b->sizes[0] = write_request(b, &reg, (char *)b->in, i);
        handle_batch(b, 1);
        require_ok(b, 1);
    }
    registry_changes_trim(b->registry, registry_index(b->registry));
}

static void bench_start(struct bench *b, const struct bench_case *kind)
{
    static const struct hash_key key = {"0123456789abcdef"};
    struct registry_config rc = registry_config_default();
    struct reg_config c = config();
    struct reg_identity identity = {
        .epoch = 0x2b6296d4, .cookie_secret = "fifteen bytes!!", .seed = 1, .durability = "disk"};
    b->n = 0;
    b->registry = registry_new(&rc, &key);
    require(b->registry, "memory");
    b->reg = reg_new(&c, &identity, b->registry);
    require(b->reg, "memory");
    rand_seed(&b->rand, 1);
    b->now = (struct moment){.lease_ms = 1000000, .wall_ms = WALL};
    b->from = address(from[kind->sender]);
    take_cookie(b);
    register_all(b, kind);
}

static void bench_end(struct bench *b)
{
    reg_free(b->reg);
    registry_free(b->registry);
}

/* ---- measuring --------------------------------------------------------------------- */

static double nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void make_cold(struct bench *b)
{
    for (size_t i = 0; i < COLD_BYTES; i += LINE)
        b->sum += b->cold[i]++;
}

/* Brings back what `del` took, unmeasured. */
static void restore(struct bench *b, const struct bench_case *kind, const uint32_t *which)
{
    struct bench_case reg = {"", kind->sender, 1, write_reg};
    for (unsigned i = 0; i < BATCH; i++)
        b->sizes[i] = write_request(b, &reg, (char *)b->in + i * REG_RECEIVE_SIZE, which[i]);
    for (unsigned i = 0; i < BATCH; i++)
        (void)reg_handle(b->reg,
                         &(struct reg_datagram){b->in + i * REG_RECEIVE_SIZE, b->sizes[i], false,
                                                b->from, b->route},
                         b->now, b->out);
}

static double round_of(struct bench *b, const struct bench_case *kind, bool cold, unsigned batches)
{
    double spent = 0;
    uint32_t which[BATCH];
    for (unsigned round = 0; round < batches; round++) {
        uint32_t first = rand_below(&b->rand, INSTANCES);
        for (uint32_t i = 0; i < BATCH; i++) {
            which[i] = (first + i * 7919) % INSTANCES;
            b->sizes[i] = write_request(b, kind, (char *)b->in + i * REG_RECEIVE_SIZE, which[i]);
        }
        if (cold)
            make_cold(b);
        double begun = nanoseconds();
        handle_batch(b, BATCH);
        spent += nanoseconds() - begun;
        require_ok(b, BATCH);
        if (kind->write == write_del)
            restore(b, kind, which);
        registry_changes_trim(b->registry, registry_index(b->registry));
        b->now.lease_ms += 3;
        b->now.wall_ms += 3;
    }
    return spent / (batches * BATCH);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_case(const struct bench_case *kind, bool cold, unsigned datagrams)
{
    static struct bench b;
    double rounds[ROUNDS];
    unsigned batches = datagrams / BATCH / ROUNDS;
    b.in = malloc((size_t)BATCH * REG_RECEIVE_SIZE);
    b.out = malloc((size_t)BATCH * REG_DATAGRAM_MAX + 1);
    b.cold = calloc(1, COLD_BYTES);
    require(b.in && b.out && b.cold, "memory");
    bench_start(&b, kind);
    for (unsigned i = 0; i < ROUNDS; i++)
        rounds[i] = round_of(&b, kind, cold, batches ? batches : 1);
    qsort(rounds, ROUNDS, sizeof(*rounds), compare);
    printf("%-24s %-5s %8.0f ns", kind->name, cold ? "cold" : "warm", rounds[ROUNDS / 2]);
    if (kind->names > 1)
        printf("  %6.0f ns each of %u", rounds[ROUNDS / 2] / kind->names, kind->names);
    printf("\n");
    bench_end(&b);
    free(b.in);
    free(b.out);
    free(b.cold);
}

static const struct bench_case cases[] = {
    {"ren", SENDER_OPEN, 1, write_ren},
    {"ren-keyed", SENDER_KEY, 1, write_ren},
    {"ren-3", SENDER_OPEN, 3, write_batch},
    {"ren-25", SENDER_OPEN, NAMES_MANY, write_batch},
    {"ren-25-keyed", SENDER_KEY, NAMES_MANY, write_batch},
    {"ren-group", SENDER_OPEN, 0, write_group},
    {"ren-group-keyed", SENDER_KEY, 0, write_group},
    {"reg-same", SENDER_OPEN, 1, write_reg},
    {"reg-same-keyed", SENDER_KEY, 1, write_reg},
    {"reg-change", SENDER_OPEN, 1, write_reg_new},
    {"upd", SENDER_OPEN, 1, write_upd},
    {"del", SENDER_OPEN, 1, write_del},
};

int main(int argc, char **argv)
{
    unsigned datagrams = argc > 3 ? (unsigned)atoi(argv[3]) : 200000;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (argc > 2 && strcmp(argv[2], cases[i].name) != 0)
            continue;
        if (argc < 2 || strcmp(argv[1], "cold") != 0)
            run_case(&cases[i], false, datagrams);
        if (argc < 2 || strcmp(argv[1], "warm") != 0)
            run_case(&cases[i], true, datagrams);
    }
    return 0;
}
