#include "dns/transfer_request.h"

#include "base/bytes.h"
#include "dns/wire.h"

enum { SOA_NUMBERS = 20, FIXED = 10 /* type, class, TTL, RDLENGTH */ };

bool transfer_request_serial(const struct query *q, uint32_t *serial)
{
    struct name owner, other;
    size_t at = q->authority_at;
    if (q->counts[2] == 0 || !query_name(q->bytes, q->size, &at, &owner) || q->size - at < FIXED)
        return false;
    const uint8_t *fixed = q->bytes + at;
    at += FIXED;
    size_t end = at + get_u16(fixed + 8);
    if (get_u16(fixed) != TYPE_SOA || get_u16(fixed + 2) != CLASS_IN ||
        !name_is(&owner, &q->name) || end > q->size)
        return false;
    if (!query_name(q->bytes, end, &at, &other) || !query_name(q->bytes, end, &at, &other) ||
        end - at != SOA_NUMBERS)
        return false;
    *serial = get_u32(q->bytes + at);
    return true;
}
