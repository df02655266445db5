/* Any bytes as a request for a zone transfer, signed by us or as they are: whatever is
 * admitted is run, and its messages fit their room, say the same and come to an end. Byte 0 of
 * the input chooses transport, room and signature; the rest is the message. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/rcu.h"
#include "dns/dns.h"
#include "dns/tsig.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { CHOICE_TCP = 1, CHOICE_SMALL = 2, CHOICE_SIGN = 4, CHOICE_CHANGE = 8 };
enum { GUARD = 16, SIGNATURE = 600, MESSAGES_MAX = 1000 };

#define NOW UINT64_C(1700000000)

static struct registry *registry;
static struct dns *dns;
static struct dns_worker *worker;
static struct tsig_keyring *ring;
static uint64_t now = 1;

static void put(struct text service, unsigned n, uint16_t weight)
{
    static const struct principal local = {.kind = PRINCIPAL_LOCAL};
    char id[16];
    struct record r = {.ns = TEXT("default"),
                       .service = service,
                       .ttl = TTL_UNSET,
                       .weight_set = true,
                       .weight = weight,
                       .port_count = 2,
                       .address_count = 1};
    struct granted granted;
    snprintf(id, sizeof(id), "i%u", n);
    r.id = text_of(id);
    r.ports[0] = (struct port){.number = 80, .protocol = PROTOCOL_TCP};
    r.ports[1] = (struct port){TEXT("dns"), 53, PROTOCOL_UDP};
    r.addresses[0] = (struct addr){FAMILY_V4, {10, 0, 0, (uint8_t)n}};
    if (registry_register(registry, &r, &local, (struct moment){now, now}, &granted))
        abort();
}

static void publish(void)
{
    if (dns_publish(dns, registry, now, NULL))
        abort();
    registry_changes_trim(registry, dns_published_index(dns));
}

/* One step for the journal; it has an end, the registry does not grow. */
static void change(void)
{
    now += 1000;
    put(TEXT("web"), (unsigned)(now / 1000 % 200), (uint16_t)(now / 1000 % 500));
    publish();
}

static struct dns_key key_of(void)
{
    return (struct dns_key){strdup("k"), TSIG_SHA256, (uint8_t *)strdup("secret"), 6, 0};
}

/* No search for leaks sees what tables of names, and pools, lead to. */
static void end(void)
{
    dns_free(dns);
    registry_free(registry);
    rcu_drain();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct hash_key hash = {{1}};
    struct registry_config limits = registry_config_default();
    struct dns_config config = {.zone_count = 1, .key_count = 1, .serial = 5};
    struct dns_fault fault;
    const char *wrong;
    log_init(LOG_LEVEL_ERROR, NULL);
    config.zones = calloc(1, sizeof(*config.zones));
    config.keys = calloc(1, sizeof(*config.keys));
    assert(config.zones && config.keys);
    *config.zones = (struct dns_zone_config){.name = strdup("z"),
                                             .ns = strdup("default"),
                                             .ttl = 5,
                                             .negative_ttl = 2,
                                             .journal_max = 1 << 16,
                                             .transfer_count = 1};
    config.zones->transfers = calloc(1, sizeof(*config.zones->transfers));
    assert(config.zones->transfers);
    config.zones->transfers->anywhere = true;
    *config.keys = key_of();
    registry = registry_new(&limits, &hash);
    dns = dns_new(&config, &hash, &fault);
    worker = dns_worker_new(1);
    struct dns_key key = key_of();
    if (!registry || !dns || !worker || tsig_keyring_new(&key, 1, &ring, &wrong))
        abort();
    free(key.name);
    free(key.secret);
    for (unsigned n = 0; n < 200; n++)
        put(TEXT("web"), n, 100);
    publish();
    atexit(end);
    return 0;
}

static size_t sign(uint8_t *message, size_t size)
{
    struct tsig t;
    tsig_begin(tsig_keyring_find(ring, TEXT("k")), &t);
    size = tsig_sign(&t, NOW, message, size);
    tsig_end(&t);
    assert(size);
    return size;
}

static void run(struct dns_task *task, const uint8_t *request, uint8_t *out, size_t room)
{
    unsigned messages = 0;
    assert(dns_task_kind(task) == DNS_TASK_TRANSFER);
    dns_task_run(dns, registry, (struct moment){now, now}, task);
    for (size_t n; (n = dns_task_next(task, worker, NOW, out, room)); messages++) {
        assert(n >= 12 && n <= room && messages < MESSAGES_MAX);
        assert(memcmp(out, request, 2) == 0 && out[2] & 0x80);
        assert(get_u16(out + 4) <= (messages == 0));
        for (int i = 0; i < GUARD; i++)
            assert(out[room + (size_t)i] == 0xee);
    }
    assert(messages);
    dns_task_free(task);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t out[DNS_TCP_LIMIT + GUARD], message[DNS_TCP_LIMIT];
    if (size < 1 + 12 || size > sizeof(message) - SIGNATURE)
        return 0;
    uint8_t choice = bytes[0];
    size_t room = choice & CHOICE_SMALL ? DNS_UDP_MIN : DNS_TCP_LIMIT;
    memcpy(message, bytes + 1, size - 1);
    size_t length = choice & CHOICE_SIGN ? sign(message, size - 1) : size - 1;
    struct dns_request request = {
        message, length, {{FAMILY_V4, {192, 0, 2, 1}}, 53}, choice & CHOICE_TCP ? DNS_TCP : DNS_UDP,
        NOW,     0};
    if (choice & CHOICE_CHANGE)
        change();
    memset(out + room, 0xee, GUARD);
    size_t n = dns_respond(dns, worker, &request, out, room);
    struct dns_task *task = dns_worker_take_task(worker);
    assert(n <= room && !(n && task));
    if (task)
        run(task, message, out, room);
    return 0;
}
