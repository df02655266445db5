#include "base/bytes.h"
#include "dns/query.h"
#include "dns/wire.h"

/* Lengths of RFC 7873 section 4: a client's part alone, or with a server's of 8 to 32. */
static bool take_cookie(struct query_edns *e, const uint8_t *data, uint16_t size)
{
    if (e->cookie)
        return true;
    if (size != 8 && (size < 16 || size > 40))
        return false;
    e->cookie = data;
    e->cookie_size = (uint8_t)size;
    return true;
}

/* RFC 7871 section 6: exactly the bytes that the prefix needs, zeros behind it, no scope in a
 * query. Family 0 with nothing is how some tools say "nobody's subnet". */
static bool take_subnet(struct query_edns *e, const uint8_t *data, uint16_t size)
{
    enum { IANA_V4 = 1, IANA_V6 = 2, HEAD = 4 };
    struct query_subnet s = {.there = true};
    if (e->subnet.there)
        return true;
    if (size < HEAD || data[3] != 0)
        return false;
    unsigned family = get_u16(data), most = family == IANA_V4 ? 32 : family == IANA_V6 ? 128 : 0;
    s.source = data[2];
    if (family > IANA_V6 || s.source > most || size != HEAD + (s.source + 7u) / 8)
        return false;
    s.addr.family = family == IANA_V4 ? FAMILY_V4 : family == IANA_V6 ? FAMILY_V6 : FAMILY_NONE;
    memcpy(s.addr.bytes, data + HEAD, size - HEAD);
    if (s.source % 8 && (data[size - 1] & (0xff >> s.source % 8)))
        return false;
    e->subnet = s;
    return true;
}

static bool take_lease(struct query_edns *e, const uint8_t *data, uint16_t size)
{
    if (e->lease_size)
        return true;
    if (size != 4 && size != 8)
        return false;
    e->lease_size = (uint8_t)size;
    e->lease_s = get_u32(data);
    e->key_lease_s = get_u32(data + size - 4);
    return true;
}

/* What is not understood is ignored (RFC 6891 section 6.1.2), and so is what NSID, EXPIRE and
 * KEEPALIVE hold in a query. */
static bool take_option(struct query *q, uint16_t code, const uint8_t *data, uint16_t size)
{
    struct query_edns *e = &q->edns;
    switch (code) {
    case OPTION_NSID: e->nsid = true; return true;
    case OPTION_EXPIRE: e->expire = true; return true;
    case OPTION_KEEPALIVE: e->keepalive = true; return true;
    case OPTION_COOKIE: return take_cookie(e, data, size);
    case OPTION_SUBNET: return take_subnet(e, data, size);
    case OPTION_UPDATE_LEASE: return q->opcode != OPCODE_UPDATE || take_lease(e, data, size);
    default: return true;
    }
}

bool query_options(struct query *q, const uint8_t *rdata, size_t size, bool *framed)
{
    struct reader r = reader_of(rdata, size);
    bool good = true;
    while (reader_left(&r)) {
        uint16_t code = read_u16(&r), length = read_u16(&r);
        const uint8_t *data = read_bytes(&r, length);
        if (!r.bad)
            good = take_option(q, code, data, length) && good;
    }
    *framed = !r.bad;
    return good && !r.bad;
}
