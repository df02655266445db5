/* NOTIFY (RFC 1996), as a primary sends it; when and how often is the server's. */
#include <string.h>

#include "base/bytes.h"
#include "dns/answer.h"
#include "dns/state.h"
#include "dns/tsig.h"
#include "dns/wire.h"

enum { SOA_NUMBERS = 20 };

static size_t write_message(const struct zone *zone, uint16_t id, uint8_t *out, size_t size)
{
    struct writer w = writer_of(out, size);
    write_u16(&w, id);
    write_u16(&w, OPCODE_NOTIFY << OPCODE_SHIFT | FLAG_AA); /* section 3.6 */
    for (unsigned i = 0; i < 4; i++)
        write_u16(&w, i < 2); /* one question, one answer */
    write_bytes(&w, zone->apex.wire, zone->apex.size);
    write_u16(&w, TYPE_SOA);
    write_u16(&w, CLASS_IN);
    uint8_t *p = write_space(&w, RECORD_HEAD + (size_t)zone->soa_size);
    if (!p)
        return 0;
    p = put_record_head(p, HEADER_SIZE, TYPE_SOA, zone->soa_ttl, zone->soa_size);
    memcpy(p, zone->soa, zone->soa_size);
    put_u32(p + zone->soa_size - SOA_NUMBERS, zone_serial(zone));
    return writer_used(&w);
}

size_t dns_notify_message(const struct dns *dns, size_t zone, size_t target, uint16_t id,
                          uint64_t wall_s, uint8_t *out, size_t size)
{
    const struct dns_notify_target *to = dns_zone_notify(dns, zone, target);
    size_t written = write_message(dns->zones[zone], id, out, size);
    struct tsig t;
    if (!to->key || !written)
        return written;
    const struct tsig_key *key = tsig_keyring_find(dns->keyring, text_of(to->key));
    if (!key)
        return 0;
    tsig_begin(key, &t);
    written = size - written < tsig_size(&t) ? 0 : tsig_sign(&t, wall_s, out, written);
    tsig_end(&t);
    return written;
}

bool dns_notify_answered(const uint8_t *bytes, size_t size, uint16_t id)
{
    if (size < HEADER_SIZE || get_u16(bytes) != id)
        return false;
    uint16_t flags = get_u16(bytes + 2);
    return flags & FLAG_QR && (flags & OPCODE_MASK) >> OPCODE_SHIFT == OPCODE_NOTIFY;
}

uint32_t dns_zone_serial(const struct dns *dns, size_t zone)
{
    return zone_serial(dns->zones[zone]);
}

const char *dns_zone_name(const struct dns *dns, size_t zone)
{
    return dns->zones[zone]->name;
}

size_t dns_zone_notify_count(const struct dns *dns, size_t zone)
{
    return dns->config.zones[zone].notify_count;
}

const struct dns_notify_target *dns_zone_notify(const struct dns *dns, size_t zone, size_t target)
{
    return &dns->config.zones[zone].notify[target];
}
