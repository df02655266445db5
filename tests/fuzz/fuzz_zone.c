/* Any bytes as a zone file: they are read or refused with a place and a reason; what was
 * read keeps the promises of zone.h, and is served. */
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
#include "dns/wire.h"
#include "dns/zone.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    log_init(LOG_LEVEL_ERROR, NULL);
    return 0;
}

static void check_set(const struct zone *zone, const struct static_name *n, const struct rrset *set)
{
    bool apex = name_is(&n->name, &zone->apex);
    assert(set->count > 0);
    assert(set->ttl <= INT32_MAX);
    assert(set->type != TYPE_SOA);
    assert(set->type != TYPE_CNAME || (n->rrset_count == 1 && set->count == 1));
    assert(set->type != TYPE_DNAME || set->count == 1);
    assert(set->type != TYPE_DS || !apex);
}

static void check(const struct zone *zone)
{
    const struct static_name *dname = NULL;
    assert(zone->soa && zone->soa_size >= 22);
    for (size_t i = 0; i < zone->name_count; i++) {
        const struct static_name *n = &zone->names[i];
        assert(name_is_below(&n->name, &zone->apex));
        assert(n->rrset_count > 0);
        assert(i == 0 || name_order(&n[-1].name, &n->name) < 0);
        assert(!dname || !name_is_below(&n->name, &dname->name));
        for (uint32_t s = 0; s < n->rrset_count; s++) {
            check_set(zone, n, &n->rrsets[s]);
            if (n->rrsets[s].type == TYPE_DNAME)
                dname = n;
        }
    }
}

/* ---- what it answers ----------------------------------------------------------------------- */

enum { ASKED_NAMES = 40 };

static void ask(const struct dns *dns, struct dns_worker *worker, const struct name *name,
                uint16_t type)
{
    static uint8_t out[DNS_TCP_LIMIT];
    uint8_t query[HEADER_SIZE + NAME_MAX_WIRE + 4] = {[5] = 1};
    memcpy(query + HEADER_SIZE, name->wire, name->size);
    uint8_t *end = query + HEADER_SIZE + name->size;
    put_u16(end, type);
    put_u16(end + 2, CLASS_IN);
    struct dns_request request = {.bytes = query,
                                  .size = (size_t)(end + 4 - query),
                                  .from = {.port = 1},
                                  .transport = type == TYPE_A ? DNS_UDP : DNS_TCP};
    request.from.addr.family = FAMILY_V4;
    size_t size = dns_respond(dns, worker, &request, out, sizeof(out));
    assert(size >= HEADER_SIZE);
    unsigned rcode = out[3] & 15;
    assert(rcode == RCODE_NOERROR || rcode == RCODE_NXDOMAIN || rcode == RCODE_YXDOMAIN);
}

/* Each name, and one below it. */
static void ask_all(const struct dns *dns, struct dns_worker *worker, const struct zone *zone)
{
    static const uint16_t types[] = {TYPE_A, TYPE_NS, TYPE_DS, TYPE_MX, TYPE_ANY};
    for (size_t i = 0; i < zone->name_count && i < ASKED_NAMES; i++) {
        struct name below;
        bool fits = !name_join(TEXT("x"), &zone->names[i].name, &below);
        for (size_t n = 0; n < ARRAY_COUNT(types); n++) {
            ask(dns, worker, &zone->names[i].name, types[n]);
            if (fits)
                ask(dns, worker, &below, types[n]);
        }
    }
}

static void serve(const struct dns_zone_config *zone_config, const struct zone *zone)
{
    static const struct hash_key key = {{5, 6, 7}};
    struct dns_config config = {.zones = calloc(1, sizeof(*config.zones)), .zone_count = 1};
    struct dns_fault fault;
    struct dns_worker *worker = dns_worker_new(1);
    *config.zones = *zone_config;
    config.zones->name = strdup(zone_config->name);
    config.zones->ns = strdup(zone_config->ns);
    config.zones->file = strdup(zone_config->file);
    struct dns *dns = dns_new(&config, &key, &fault);
    assert(dns && worker);
    ask_all(dns, worker, zone);
    dns_free(dns);
    dns_worker_free(worker);
    rcu_drain();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[64], name[] = "disc.local", ns[] = "default";
    int fd = memfd_create("zone", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct dns_zone_config config = {
        .name = name, .ns = ns, .file = path, .ttl = 5, .negative_ttl = 2, .srv_weight_scale = 1};
    struct zone *zone;
    struct dns_fault fault = {0};
    enum err err = zone_load(&config, &zone, &fault);
    if (!err) {
        check(zone);
        serve(&config, zone);
        zone_free(zone);
    } else {
        assert(fault.text[0]);
        assert(err != ERR_SYNTAX || fault.line);
    }
    close(fd);
    return 0;
}
