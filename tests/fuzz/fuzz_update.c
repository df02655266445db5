/* Any bytes as an UPDATE, signed by us or as they are, in a fresh world: the answer makes
 * sense, what was refused changed nothing, and what was done can be published, asked for and
 * transferred. Byte 0 of the input chooses transport and signature; the rest is the message. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/rcu.h"
#include "dns/dns.h"
#include "dns/tsig.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { CHOICE_TCP = 1, CHOICE_UNSIGNED = 2 };
enum { SIGNATURE = 600, DRAIN_EACH = 64, RCODE_MASK = 15 };

#define NOW UINT64_C(1700000000)

static const struct hash_key hash = {{1}};
static struct tsig_keyring *ring;
static struct dns_worker *worker;
static uint8_t out[DNS_TCP_LIMIT], message[DNS_TCP_LIMIT];

struct world {
    struct registry *registry;
    struct dns_records *records;
    struct dns *dns;
};

static struct dns_key key_of(void)
{
    return (struct dns_key){strdup("k"), TSIG_SHA256, (uint8_t *)strdup("secret"), 6, 0};
}

static void put_instance(struct registry *registry, const char *id, uint8_t host)
{
    static const struct principal local = {.kind = PRINCIPAL_LOCAL};
    struct record r = {.ns = TEXT("default"),
                       .service = TEXT("web"),
                       .id = text_of(id),
                       .ttl = TTL_UNSET,
                       .port_count = 1,
                       .address_count = 1};
    struct granted granted;
    r.ports[0] = (struct port){.number = 80, .protocol = PROTOCOL_TCP};
    r.addresses[0] = (struct addr){FAMILY_V4, {10, 0, 0, host}};
    if (registry_register(registry, &r, &local, (struct moment){1, NOW * 1000}, &granted))
        abort();
}

static void publish(struct world *w)
{
    if (dns_publish(w->dns, w->registry, 1, NULL))
        abort();
    registry_changes_trim(w->registry, dns_published_index(w->dns));
}

static struct world world_new(void)
{
    struct registry_config limits = registry_config_default();
    struct dns_config config = {.zone_count = 1, .key_count = 1, .serial = 5};
    struct dns_fault fault;
    struct world w = {.registry = registry_new(&limits, &hash), .records = dns_records_new(&hash)};
    config.zones = calloc(1, sizeof(*config.zones));
    config.keys = calloc(1, sizeof(*config.keys));
    assert(config.zones && config.keys && w.registry && w.records);
    struct dns_zone_config *zone = config.zones;
    *zone = (struct dns_zone_config){.name = strdup("z"), .ns = strdup("default"), .ttl = 5};
    zone->negative_ttl = 2;
    zone->journal_max = 1 << 16;
    zone->transfers = calloc(1, sizeof(*zone->transfers));
    assert(zone->transfers);
    zone->transfers->anywhere = true;
    zone->transfer_count = 1;
    zone->update_lease_min_s = 30;
    zone->update_lease_max_s = 86400;
    zone->grants = calloc(1, sizeof(*zone->grants));
    assert(zone->grants);
    zone->grants->key = strdup("k");
    zone->grant_count = 1;
    *config.keys = key_of();
    w.dns = dns_new(&config, &hash, &fault);
    assert(w.dns);
    dns_use_records(w.dns, w.records);
    put_instance(w.registry, "a", 1);
    put_instance(w.registry, "b", 2);
    publish(&w);
    return w;
}

static void world_free(struct world *w)
{
    static unsigned worlds;
    dns_free(w->dns);
    dns_records_free(w->records);
    registry_free(w->registry);
    if (++worlds % DRAIN_EACH == 0)
        rcu_drain();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    const char *wrong;
    struct dns_key key = key_of();
    log_init(LOG_LEVEL_ERROR, NULL);
    worker = dns_worker_new(1);
    if (!worker || tsig_keyring_new(&key, 1, &ring, &wrong))
        abort();
    free(key.name);
    free(key.secret);
    return 0;
}

static size_t sign(size_t size)
{
    struct tsig t;
    tsig_begin(tsig_keyring_find(ring, TEXT("k")), &t);
    size = tsig_sign(&t, NOW, message, size);
    tsig_end(&t);
    assert(size);
    return size;
}

/* Runs the task and says what came of it. */
static unsigned run(struct world *w, struct dns_task *task)
{
    assert(dns_task_kind(task) == DNS_TASK_UPDATE);
    dns_task_run(w->dns, w->registry, (struct moment){1, NOW * 1000}, task);
    size_t n = dns_task_next(task, worker, NOW, out, sizeof(out));
    assert(n >= 12 && memcmp(out, message, 2) == 0 && out[2] & 0x80);
    unsigned rcode = out[3] & RCODE_MASK;
    assert(dns_task_next(task, worker, NOW, out, sizeof(out)) == 0);
    dns_task_free(task);
    return rcode;
}

static void ask(struct world *w, const char *question, size_t size)
{
    struct dns_request request = {
        (const uint8_t *)question, size, {{FAMILY_V4, {192, 0, 2, 1}}, 53}, DNS_TCP, NOW, 0};
    assert(dns_respond(w->dns, worker, &request, out, sizeof(out)) > 12);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char srv[] = "\0\1\0\0\0\1\0\0\0\0\0\0\3web\1z\0\0\x21\0\1";
    if (size < 1 + 12 || size > sizeof(message) - SIGNATURE)
        return 0;
    struct world w = world_new();
    memcpy(message, bytes + 1, size - 1);
    size_t length = bytes[0] & CHOICE_UNSIGNED ? size - 1 : sign(size - 1);
    struct dns_request request = {message,
                                  length,
                                  {{FAMILY_V4, {192, 0, 2, 1}}, 53},
                                  bytes[0] & CHOICE_TCP ? DNS_TCP : DNS_UDP,
                                  NOW,
                                  0};
    uint64_t index = registry_index(w.registry), records = dns_records_count(w.records);
    size_t n = dns_respond(w.dns, worker, &request, out, sizeof(out));
    struct dns_task *task = dns_worker_take_task(worker);
    assert(!(n && task));
    if (task && dns_task_kind(task) == DNS_TASK_UPDATE) {
        if (run(&w, task) != 0)
            assert(registry_index(w.registry) == index && dns_records_count(w.records) == records);
        publish(&w);
        ask(&w, srv, sizeof(srv) - 1);
    } else {
        dns_task_free(task);
    }
    world_free(&w);
    return 0;
}
