/* Any bytes as a zone file: they are read or refused with a place and a reason; what was
 * read keeps the promises of zone.h. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
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

static void check(const struct zone *zone)
{
    assert(zone->soa && zone->soa_size >= 22);
    for (size_t i = 0; i < zone->name_count; i++) {
        const struct static_name *n = &zone->names[i];
        assert(name_is_below(&n->name, &zone->apex));
        assert(n->rrset_count > 0);
        for (uint32_t s = 0; s < n->rrset_count; s++) {
            assert(n->rrsets[s].count > 0);
            assert(n->rrsets[s].ttl <= INT32_MAX);
            assert(n->rrsets[s].type != 6 && n->rrsets[s].type != 39);
            assert(n->rrsets[s].type != 5 || (n->rrset_count == 1 && n->rrsets[s].count == 1));
        }
    }
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
        zone_free(zone);
    } else {
        assert(fault.text[0]);
        assert(err != ERR_SYNTAX || fault.line);
    }
    close(fd);
    return 0;
}
