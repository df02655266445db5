/* Any bytes as a DNS message: no answer, or one that is well-formed, for this question, and
 * no larger than allowed. Byte 0 of the input chooses transport, buffer and asker; the rest
 * is the message. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/rcu.h"
#include "dns/dns.h"
#include "support/answer.h"

/* Everything that an OPT record or a signature can bring about. */
static void configure_edge(struct dns_config *c)
{
    c->cookies = true;
    c->nsid = (uint8_t *)strdup("node");
    c->nsid_size = 4;
    c->keepalive_ms = 10000;
    c->version = strdup("disc");
    c->server_id = strdup("here");
    c->rrl = (struct dns_rrl_config){.responses = 2, .nxdomains = 2, .errors = 2, .slip = 2};
    c->rrl.exempt = calloc(1, sizeof(struct network));
    c->rrl.exempt_count = 1;
    c->keys = calloc(1, sizeof(*c->keys));
    c->key_count = 1;
    c->zones->transfers = calloc(1, sizeof(*c->zones->transfers));
    c->zones->transfer_count = 1;
    assert(c->nsid && c->version && c->server_id && c->rrl.exempt && c->keys &&
           c->zones->transfers);
    *c->rrl.exempt = (struct network){{FAMILY_V4, {198, 51, 100}}, 24};
    *c->keys = (struct dns_key){strdup("k"), TSIG_SHA256, (uint8_t *)strdup("secret"), 6, 0};
    *c->zones->transfers = (struct dns_access){.anywhere = true};
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum {
    CHOICE_TCP = 1,
    CHOICE_SMALL_BUFFER = 2,
    CHOICE_LOOPBACK = 4,
    CHOICE_V6 = 8,
    CHOICE_FLOOD = 16,    /* over its rate */
    CHOICE_STRANGER = 32, /* of a network that has no rates */
};

#define NOW UINT64_C(1559731985)

static struct dns *dns;
static struct dns_worker *worker;
static uint64_t mono_ms;

static const char zone_text[] = "@ SOA ns host 1 60 10 86400 2\n"
                                "@ NS ns\n"
                                "ns A 10.9.9.9\n"
                                "www CNAME ns\n"
                                "alias CNAME web\n"
                                "loop1 CNAME loop2\n"
                                "loop2 CNAME loop1\n"
                                "away CNAME elsewhere.example.\n"
                                "x.tag.web TXT \"static\"\n";

/* ---- what is served --------------------------------------------------------------------- */

static void register_one(struct registry *registry, struct text service, unsigned n)
{
    static const struct principal local = {.kind = PRINCIPAL_LOCAL};
    char id[16];
    struct record r = {.ns = TEXT("default"),
                       .service = service,
                       .ttl = TTL_UNSET,
                       .weight_set = true,
                       .weight = (uint16_t)(n % 4 * 10),
                       .priority = (uint16_t)(n % 7 == 0),
                       .version = TEXT("1"),
                       .zone = n % 2 ? TEXT("eu") : TEXT("us"),
                       .tags = {TEXT("blue")},
                       .tag_count = 1,
                       .port_count = 2,
                       .address_count = 2};
    struct granted granted;
    snprintf(id, sizeof(id), "i%u", n);
    r.id = text_of(id);
    r.ports[0] = (struct port){.number = 80, .protocol = PROTOCOL_TCP};
    r.ports[1] = (struct port){TEXT("grpc"), 81, n % 2 ? PROTOCOL_TCP : PROTOCOL_UDP};
    r.addresses[0] = (struct addr){FAMILY_V4, {10, 0, 0, (uint8_t)(n % 200)}};
    r.addresses[1] = (struct addr){FAMILY_V6, {0xfd, [15] = (uint8_t)n}};
    r.status = n % 9 == 8 ? STATUS_DRAINING : n % 9 == 7 ? STATUS_DOWN : STATUS_UP;
    if (registry_register(registry, &r, &local, (struct moment){1, 1}, &granted))
        abort();
}

static void fill(struct registry *registry)
{
    static const struct {
        struct text service;
        unsigned count;
    } services[] = {{{"web", 3}, 12}, {{"big", 3}, 300}, {{"few", 3}, 40}, {{"user.rpc", 8}, 2}};
    for (size_t s = 0; s < 4; s++)
        for (unsigned n = 0; n < services[s].count; n++)
            register_one(registry, services[s].service, n);
}

static struct dns_config configuration(void)
{
    char path[64];
    int fd = memfd_create("zone", MFD_CLOEXEC);
    if (fd < 0 || write(fd, zone_text, sizeof(zone_text) - 1) != (ssize_t)sizeof(zone_text) - 1)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct dns_config c = {.udp_max_size = DNS_UDP_DEFAULT, .zone_count = 1, .udp_size_count = 1};
    c.zones = calloc(1, sizeof(*c.zones));
    c.udp_sizes = calloc(1, sizeof(*c.udp_sizes));
    assert(c.zones && c.udp_sizes);
    *c.zones = (struct dns_zone_config){.name = strdup("z"),
                                        .ns = strdup("default"),
                                        .file = strdup(path),
                                        .ttl = 5,
                                        .negative_ttl = 2,
                                        .srv_weight_scale = 1,
                                        .rule_count = 1};
    c.zones->rules = calloc(1, sizeof(*c.zones->rules));
    assert(c.zones->rules);
    *c.zones->rules = (struct dns_rule){strdup("few"), DNS_UNSET,          DNS_UNSET, 3,
                                        DNS_UNSET,     DNS_STALE_WITHDRAW, DNS_UNSET, DNS_UNSET};
    *c.udp_sizes = (struct dns_udp_size){{{FAMILY_V4, {127}}, 8}, DNS_UDP_LIMIT};
    return c;
}

/* No search for leaks sees what tables of names, and pools, lead to. */
static void end(void)
{
    dns_free(dns);
    rcu_drain();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct hash_key key = {{1}};
    struct registry_config limits = registry_config_default();
    struct dns_config config = configuration();
    struct dns_fault fault;
    uint64_t due;
    uint8_t seed[32] = {1};
    configure_edge(&config);
    log_init(LOG_LEVEL_ERROR, NULL);
    struct registry *registry = registry_new(&limits, &key);
    dns = dns_new(&config, &key, &fault);
    worker = dns_worker_new(1);
    struct dns_shared *shared = dns_shared_new(seed);
    if (!registry || !dns || !worker || !shared)
        abort();
    dns_worker_share(worker, shared);
    fill(registry);
    if (dns_publish(dns, registry, 1, &due))
        abort();
    registry_free(registry); /* views stand for themselves */
    atexit(end);
    return 0;
}

/* ---- what is asserted ---------------------------------------------------------------------- */

/* The most that any asker may be sent; a message without OPT gets 512 bytes. */
static size_t limit_of(const struct dns_request *request, const struct answer *a, size_t room)
{
    size_t limit = DNS_TCP_LIMIT;
    if (request->transport == DNS_UDP && !a->has_opt)
        limit = DNS_UDP_MIN;
    else if (request->transport == DNS_UDP)
        limit = request->from.addr.bytes[0] == 127 ? DNS_UDP_LIMIT : DNS_UDP_DEFAULT;
    return limit < room ? limit : room;
}

static void check(const struct dns_request *request, const uint8_t *out, size_t size, size_t room)
{
    struct answer a;
    assert(request->size >= 12 && !(request->bytes[2] & 0x80)); /* else there is no answer */
    if (!answer_check(request->bytes, request->size, out, size, room, &a)) {
        fprintf(stderr, "%s\n", a.fault);
        abort();
    }
    assert(size <= limit_of(request, &a, room));
    assert(!(a.flags & ANSWER_TC) || request->transport == DNS_UDP);
}

static struct dns_request request_of(uint8_t choice, const uint8_t *bytes, size_t size)
{
    struct dns_request request = {bytes,
                                  size,
                                  {{FAMILY_V4, {192, 0, 2, choice}}, 53},
                                  choice & CHOICE_TCP ? DNS_TCP : DNS_UDP,
                                  NOW,
                                  mono_ms};
    if (choice & CHOICE_LOOPBACK)
        request.from.addr.bytes[0] = 127;
    else if (choice & CHOICE_V6)
        request.from.addr.family = FAMILY_V6;
    else if (choice & CHOICE_STRANGER)
        memcpy(request.from.addr.bytes, (uint8_t[]){198, 51, 100}, 3);
    return request;
}

/* What was handed over is refused, and answered like anything else. */
static void finish_task(const struct dns_request *request, uint8_t *out, size_t room)
{
    struct dns_task *task = dns_worker_take_task(worker);
    if (!task)
        return;
    dns_task_refuse(task, "not now");
    size_t n = dns_task_next(task, worker, NOW, out, room);
    assert(n);
    check(request, out, n, room);
    assert(dns_task_next(task, worker, NOW, out, room) == 0);
    dns_task_free(task);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t out[DNS_TCP_LIMIT + 16];
    if (size < 1 || size > DNS_TCP_LIMIT)
        return 0;
    uint8_t choice = bytes[0];
    size_t room = choice & CHOICE_SMALL_BUFFER ? DNS_UDP_MIN : DNS_TCP_LIMIT;
    mono_ms += 5000; /* rates are those of this input alone */
    struct dns_request request = request_of(choice, bytes + 1, size - 1);
    for (int times = choice & CHOICE_FLOOD ? 5 : 1; times; times--) {
        memset(out + room, 0xee, 16);
        size_t n = dns_respond(dns, worker, &request, out, room);
        if (n)
            check(&request, out, n, room);
        else
            finish_task(&request, out, room);
        for (int i = 0; i < 16; i++)
            assert(out[room + (size_t)i] == 0xee);
    }
    return 0;
}
