#include "support/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "support/wire_name.h"

enum { TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_OPT = 41, TYPE_TSIG = 250, RECORDS_CHECKED = 64 };
enum { LEASE = 2, NSID = 3, SUBNET = 8, EXPIRE = 9, COOKIE = 10, KEEPALIVE = 11, EDE = 15 };

struct rr {
    uint8_t name[NAME_WIRE_MAX];
    size_t name_size;
    uint16_t type, class;
    uint32_t ttl;
    size_t data_at, data_size; /* in the message */
};

struct check {
    const uint8_t *bytes;
    size_t size, at;
    struct answer *out;
    struct rr earlier[RECORDS_CHECKED]; /* of the section that is read */
    unsigned earlier_count;
    unsigned class; /* of the question; IN when there is none */
    bool has_soa;
};

static PRINTF(2, 3) bool wrong(struct check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->out->fault, sizeof(c->out->fault), format, args);
    va_end(args);
    return false;
}

/* ---- RDATA -------------------------------------------------------------------------- */

static bool names_fill(struct check *c, size_t at, size_t end, unsigned names, size_t tail,
                       bool compressed)
{
    uint8_t name[NAME_WIRE_MAX];
    for (unsigned i = 0; i < names; i++) {
        size_t before = at;
        size_t n = wire_name_read(c->bytes, c->size, &at, name);
        if (!n || at > end)
            return wrong(c, "a name in RDATA is broken at byte %zu", before);
        if (!compressed && at - before != n)
            return wrong(c, "a name is compressed where it may not be, at byte %zu", before);
    }
    if (at + tail != end)
        return wrong(c, "RDATA has %zu bytes behind its names, not %zu", end - at, tail);
    return true;
}

static bool strings_fill(struct check *c, size_t at, size_t end)
{
    if (at == end)
        return wrong(c, "a TXT record without a string");
    while (at < end)
        at += 1u + c->bytes[at];
    return at == end || wrong(c, "a string of a TXT record goes past its end");
}

/* As their RFCs have them in answers; only those that a query can ask for, each once. */
static bool check_option(struct check *c, unsigned code, const uint8_t *bytes, size_t n)
{
    bool right = false;
    switch (code) {
    case LEASE: right = n == 4 || n == 8; break;
    case NSID: right = true; break;
    case SUBNET: right = n >= 4 && n == 4 + (bytes[2] + 7u) / 8; break;
    case EXPIRE: right = n == 4; break;
    case COOKIE: right = n == 24; break;
    case KEEPALIVE: right = n == 2; break;
    case EDE: right = n >= 2; break;
    default: break;
    }
    if (!right || c->out->options[code].bytes)
        return wrong(c, "EDNS option %u of %zu bytes, or a second one", code, n);
    c->out->options[code] = (struct answer_option){bytes, n};
    if (code == EDE)
        c->out->ede = get_u16(bytes);
    return true;
}

/* Is the option in an OPT record of the query? */
static bool was_asked(const uint8_t *query, size_t size, unsigned code)
{
    uint8_t name[NAME_WIRE_MAX];
    size_t at = 12;
    unsigned questions = get_u16(query + 4);
    unsigned records = get_u16(query + 6) + get_u16(query + 8) + get_u16(query + 10);
    for (unsigned i = 0; i < questions; i++, at += 4)
        if (!wire_name_read(query, size, &at, name) || size - at < 4)
            return false;
    for (unsigned i = 0; i < records; i++) {
        if (!wire_name_read(query, size, &at, name) || size - at < 10)
            return false;
        unsigned type = get_u16(query + at), left = get_u16(query + at + 8);
        at += 10;
        if (left > size - at)
            return false;
        size_t end = at + left;
        while (type == TYPE_OPT && end - at >= 4) {
            if (get_u16(query + at) == code)
                return true;
            at += 4u + get_u16(query + at + 2);
            if (at > end)
                return false;
        }
        at = end;
    }
    return false;
}

static bool check_asked(struct check *c, const uint8_t *query, size_t query_size)
{
    for (unsigned code = 0; code < ANSWER_OPTIONS; code++)
        if (c->out->options[code].bytes && code != EDE && !was_asked(query, query_size, code))
            return wrong(c, "EDNS option %u, which was not asked for", code);
    return true;
}

static bool read_options(struct check *c, size_t at, size_t end)
{
    while (end - at >= 4) {
        uint16_t code = get_u16(c->bytes + at), n = get_u16(c->bytes + at + 2);
        at += 4;
        if (n > end - at)
            return wrong(c, "an EDNS option goes past its end");
        if (!check_option(c, code, c->bytes + at, n))
            return false;
        at += n;
    }
    return at == end || wrong(c, "bytes left behind the EDNS options");
}

static bool check_data(struct check *c, const struct rr *rr)
{
    size_t at = rr->data_at, end = at + rr->data_size;
    switch (rr->type) {
    case 1: return rr->data_size == 4 || wrong(c, "an A record of %zu bytes", rr->data_size);
    case 28: return rr->data_size == 16 || wrong(c, "an AAAA record of %zu bytes", rr->data_size);
    case 2:
    case TYPE_CNAME:
    case 12: return names_fill(c, at, end, 1, 0, true);
    case TYPE_SOA: return names_fill(c, at, end, 2, 20, true);
    case 15: return rr->data_size > 2 && names_fill(c, at + 2, end, 1, 0, true);
    case 33: /* RFC 2782: the target is not compressed */
        return rr->data_size < 7 ? wrong(c, "an SRV record of %zu bytes", rr->data_size)
                                 : names_fill(c, at + 6, end, 1, 0, false);
    case 16: return strings_fill(c, at, end);
    default: return true;
    }
}

/* ---- records -------------------------------------------------------------------------- */

static bool read_rr(struct check *c, struct rr *rr)
{
    size_t begin = c->at;
    rr->name_size = wire_name_read(c->bytes, c->size, &c->at, rr->name);
    if (!rr->name_size || c->size - c->at < 10)
        return wrong(c, "a record is broken at byte %zu", begin);
    const uint8_t *p = c->bytes + c->at;
    rr->type = get_u16(p);
    rr->class = get_u16(p + 2);
    rr->ttl = get_u32(p + 4);
    rr->data_size = get_u16(p + 8);
    rr->data_at = c->at + 10;
    if (rr->data_size > c->size - rr->data_at)
        return wrong(c, "the RDATA of the record at byte %zu goes past the end", begin);
    c->at = rr->data_at + rr->data_size;
    return check_data(c, rr);
}

static bool same_set(const struct rr *a, const struct rr *b)
{
    return a->type == b->type && wire_name_is(a->name, a->name_size, b->name, b->name_size);
}

/* Against the ones before it in its section; only so many are remembered. */
static bool check_set(struct check *c, const struct rr *rr)
{
    for (unsigned i = 0; i < c->earlier_count; i++) {
        const struct rr *e = &c->earlier[i];
        if (!same_set(e, rr))
            continue;
        if (e->ttl != rr->ttl)
            return wrong(c, "two TTLs in one RRset (RFC 2181 section 5.2): %u and %u", e->ttl,
                         rr->ttl);
        if (e->data_size == rr->data_size &&
            memcmp(c->bytes + e->data_at, c->bytes + rr->data_at, rr->data_size) == 0)
            return wrong(c, "a record stands twice in its section");
    }
    if (c->earlier_count < RECORDS_CHECKED)
        c->earlier[c->earlier_count++] = *rr;
    return true;
}

static bool check_opt(struct check *c, const struct rr *rr, enum answer_section section)
{
    if (section != ANSWER_ADDITIONAL || rr->name_size != 1 || c->out->has_opt)
        return wrong(c, "an OPT record where none may be, or a second one");
    c->out->has_opt = true;
    c->out->rcode |= rr->ttl >> 24 << 4;
    if (rr->ttl & 0x00ff7fff)
        return wrong(c, "EDNS version or flags are set: %08x", rr->ttl);
    return read_options(c, rr->data_at, rr->data_at + rr->data_size);
}

/* RFC 8945 section 5.1: once, behind everything, of class ANY. */
static bool check_tsig(struct check *c, const struct rr *rr, size_t at, enum answer_section section)
{
    if (section != ANSWER_ADDITIONAL || c->at != c->size || rr->class != 255 || rr->ttl)
        return wrong(c, "a TSIG record that is not the last, or of class %u", rr->class);
    c->out->tsig_at = at;
    return true;
}

static bool read_section(struct check *c, enum answer_section section, unsigned count)
{
    struct rr rr;
    c->earlier_count = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t at = c->at;
        if (!read_rr(c, &rr))
            return false;
        if (rr.type == TYPE_TSIG) {
            if (!check_tsig(c, &rr, at, section))
                return false;
            continue;
        }
        if (rr.type == TYPE_OPT) {
            if (!check_opt(c, &rr, section))
                return false;
            continue;
        }
        if (rr.class != c->class)
            return wrong(c, "a record of class %u", rr.class);
        if (rr.ttl > INT32_MAX)
            return wrong(c, "a TTL of %u", rr.ttl);
        if (!check_set(c, &rr))
            return false;
        c->has_soa |= section == ANSWER_AUTHORITY && rr.type == TYPE_SOA;
        c->out->counts[section]++;
    }
    return true;
}

/* ---- the whole ------------------------------------------------------------------------- */

static bool check_header(struct check *c, const uint8_t *query)
{
    if (c->size < 12)
        return wrong(c, "%zu bytes are no message", c->size);
    uint16_t flags = get_u16(c->bytes + 2), asked = get_u16(query + 2);
    c->out->flags = flags;
    c->out->rcode = flags & 15;
    if (get_u16(c->bytes) != get_u16(query))
        return wrong(c, "another id than the query's");
    if (!(flags & 0x8000))
        return wrong(c, "QR is not set");
    if ((flags & 0x7800) != (asked & 0x7800))
        return wrong(c, "the opcode is not the query's: %04x for %04x", flags, asked);
    /* Of other opcodes' flags nothing is known: all clear (RFC 8906 section 8.1). */
    if ((flags & 0x0100) != (asked & 0x7800 ? 0 : asked & 0x0100))
        return wrong(c, "RD is not the query's: %04x for %04x", flags, asked);
    if (flags & 0x00e0)
        return wrong(c, "RA, Z or AD is set: %04x", flags);
    return true;
}

/* The question is echoed byte for byte, or (FORMERR and the like) left out. */
static bool check_question(struct check *c, const uint8_t *query, size_t query_size)
{
    unsigned count = get_u16(c->bytes + 4);
    uint8_t name[NAME_WIRE_MAX];
    c->at = 12;
    c->out->counts[ANSWER_QUESTION] = count;
    if (count == 0 && get_u16(query + 4) != 0 && c->out->rcode == 0 && !(c->out->flags & ANSWER_TC))
        return wrong(c, "an answer without its question");
    c->class = 1;
    if (count == 0)
        return true;
    if (count != 1 || !wire_name_read(c->bytes, c->size, &c->at, name) || c->size - c->at < 4)
        return wrong(c, "a broken question");
    c->at += 4;
    c->class = get_u16(c->bytes + c->at - 2) == 3 ? 3 : 1;
    if (c->at > query_size || memcmp(c->bytes + 12, query + 12, c->at - 12) != 0)
        return wrong(c, "the question is not echoed byte for byte");
    return true;
}

/* Negative answers carry the SOA (RFC 2308 section 2). */
static bool check_negative(struct check *c)
{
    bool authoritative = c->out->flags & ANSWER_AA;
    bool cut = c->out->flags & ANSWER_TC;
    bool empty = c->out->counts[ANSWER_ANSWER] == 0;
    bool asked = c->out->counts[ANSWER_QUESTION] != 0;
    bool negative = c->out->rcode == 3 || (c->out->rcode == 0 && empty && asked);
    if (negative && authoritative && !cut && !c->has_soa)
        return wrong(c, "a negative answer without SOA");
    if (c->out->rcode == 0 && !authoritative && !empty)
        return wrong(c, "an answer that is not authoritative");
    return true;
}

bool answer_check(const uint8_t *query, size_t query_size, const uint8_t *bytes, size_t size,
                  size_t limit, struct answer *out)
{
    struct check c = {.bytes = bytes, .size = size, .out = out};
    *out = (struct answer){.ede = -1};
    if (size > limit)
        return wrong(&c, "%zu bytes where %zu are allowed", size, limit);
    if (!check_header(&c, query) || !check_question(&c, query, query_size))
        return false;
    for (enum answer_section s = ANSWER_ANSWER; s <= ANSWER_ADDITIONAL; s++)
        if (!read_section(&c, s, get_u16(bytes + 4 + 2 * s)))
            return false;
    if (c.at != size)
        return wrong(&c, "%zu bytes behind the last record", size - c.at);
    return check_asked(&c, query, query_size) && check_negative(&c);
}

static bool ldns_agrees(struct check *c)
{
    struct answer *a = c->out;
    if (ldns_pkt_get_rcode(a->packet) != (ldns_pkt_rcode)(a->flags & 15))
        return wrong(c, "ldns reads another RCODE");
    if (ldns_pkt_edns(a->packet) != a->has_opt)
        return wrong(c, "ldns sees EDNS otherwise");
    for (enum answer_section s = ANSWER_ANSWER; s <= ANSWER_ADDITIONAL; s++)
        if (ldns_rr_list_rr_count(answer_records(a, s)) != a->counts[s])
            return wrong(c, "ldns reads %zu records in section %d, not %u",
                         ldns_rr_list_rr_count(answer_records(a, s)), s, a->counts[s]);
    return true;
}

bool answer_decode(const uint8_t *query, size_t query_size, const uint8_t *bytes, size_t size,
                   size_t limit, struct answer *out)
{
    if (!answer_check(query, query_size, bytes, size, limit, out))
        return false;
    struct check c = {.out = out};
    ldns_status status = ldns_wire2pkt(&out->packet, bytes, size);
    if (status != LDNS_STATUS_OK) {
        out->packet = NULL;
        return wrong(&c, "ldns: %s", ldns_get_errorstr_by_id(status));
    }
    if (ldns_agrees(&c))
        return true;
    answer_free(out);
    return false;
}

void answer_free(struct answer *a)
{
    ldns_pkt_free(a->packet);
    a->packet = NULL;
}

const ldns_rr_list *answer_records(const struct answer *a, enum answer_section section)
{
    switch (section) {
    case ANSWER_QUESTION: return ldns_pkt_question(a->packet);
    case ANSWER_ANSWER: return ldns_pkt_answer(a->packet);
    case ANSWER_AUTHORITY: return ldns_pkt_authority(a->packet);
    case ANSWER_ADDITIONAL: break;
    }
    return ldns_pkt_additional(a->packet);
}
