#include "dns/answer.h"

enum { OPTION_HEAD = 4, EDE_HEAD = OPTION_HEAD + 2 }; /* code, length; INFO-CODE (RFC 8914) */

void answer_begin(struct answer *a, const struct query *query, uint8_t *out, size_t total)
{
    a->out = out;
    a->query = query;
    a->total = total;
    a->limit = total - (query->has_opt ? OPT_SIZE : 0);
    a->authoritative = false;
    a->ede = EDE_NONE;
    a->at = query->question_end;
    a->truncated = false;
    a->nsid = NULL;
    a->has_cookie = a->has_expire = a->has_keepalive = a->has_lease = a->has_subnet = false;
    a->tsig = NULL;
    a->echoed = query->question_end > HEADER_SIZE;
    memset(a->counts, 0, sizeof(a->counts));
    memcpy(out, query->bytes, query->question_end);
}

void answer_explain(struct answer *a, int ede, const char *text)
{
    answer_say(a, ede, (struct text){a->ede_text, strlen(text)});
    if (a->query->has_opt)
        memcpy(a->ede_text, text, a->ede_words.n);
}

void answer_keep_room(struct answer *a)
{
    size_t wanted = EDE_HEAD + sizeof(a->ede_text);
    if (a->query->has_opt && answer_left(a) > wanted)
        a->limit -= wanted;
}

void answer_reserve(struct answer *a, size_t bytes)
{
    a->limit -= answer_left(a) > bytes ? bytes : answer_left(a);
}

bool answer_sign(struct answer *a, struct tsig *tsig, size_t bytes)
{
    bool whole = answer_left(a) >= bytes;
    if (!whole) {
        a->at = HEADER_SIZE;
        a->echoed = false;
        if (answer_left(a) < bytes)
            return false;
    }
    a->tsig = tsig;
    a->limit -= bytes;
    a->total -= bytes;
    return whole;
}

void answer_empty(struct answer *a)
{
    a->at = a->echoed ? a->query->question_end : HEADER_SIZE;
    memset(a->counts, 0, sizeof(a->counts));
}

/* ---- options ------------------------------------------------------------------------------ */

/* Room for an option of `size` bytes behind the last one, NULL when it does not fit. `used`:
 * bytes of options so far. */
static uint8_t *put_option(const struct answer *a, size_t *used, uint16_t code, size_t size)
{
    if (a->total - a->at < OPT_SIZE + *used + OPTION_HEAD + size)
        return NULL;
    uint8_t *p = a->out + a->at + OPT_SIZE + *used;
    put_u16(p, code);
    put_u16(p + 2, (uint16_t)size);
    *used += OPTION_HEAD + size;
    return p + OPTION_HEAD;
}

static void put_bytes(const struct answer *a, size_t *used, uint16_t code, const void *bytes,
                      size_t size)
{
    uint8_t *p = put_option(a, used, code, size);
    if (p)
        memcpy(p, bytes, size);
}

/* RFC 7871 section 7.2.1: as it came, with the scope for which the answer is right. */
static void put_subnet(const struct answer *a, size_t *used)
{
    const struct query_subnet *s = &a->query->edns.subnet;
    size_t bytes = (s->source + 7u) / 8;
    uint8_t *p = put_option(a, used, OPTION_SUBNET, 4 + bytes);
    if (!p)
        return;
    put_u16(p, s->addr.family == FAMILY_V4 ? 1 : s->addr.family == FAMILY_V6 ? 2 : 0);
    p[2] = s->source;
    p[3] = a->subnet_scope;
    memcpy(p + 4, s->addr.bytes, bytes);
}

/* RFC 9664 section 4.2: as long as the request's. */
static void put_lease(const struct answer *a, size_t *used)
{
    uint8_t data[8];
    put_u32(data, a->lease_s);
    put_u32(data + 4, a->key_lease_s);
    put_bytes(a, used, OPTION_UPDATE_LEASE, data, a->query->edns.lease_size == 8 ? 8 : 4);
}

static void put_numbers(const struct answer *a, size_t *used)
{
    uint8_t data[4];
    if (a->has_lease)
        put_lease(a, used);
    if (a->has_expire) { /* RFC 7314 section 3.1 */
        put_u32(data, a->expire_s);
        put_bytes(a, used, OPTION_EXPIRE, data, 4);
    }
    if (a->has_keepalive) { /* RFC 7828 section 3.1: in units of 100 ms */
        uint32_t units = a->keepalive_ms / 100;
        put_u16(data, (uint16_t)(units > UINT16_MAX ? UINT16_MAX : units));
        put_bytes(a, used, OPTION_KEEPALIVE, data, 2);
    }
}

/* The Extended DNS Error: info code and text. */
static void put_reason(const struct answer *a, size_t *used)
{
    uint8_t *p = put_option(a, used, OPTION_EDE, 2 + a->ede_words.n);
    if (!p)
        return;
    put_u16(p, (uint16_t)a->ede);
    memcpy(p + 2, a->ede_words.s, a->ede_words.n);
}

/* The most wanted first. */
static void put_asked(const struct answer *a, size_t *used)
{
    if (a->has_cookie)
        put_bytes(a, used, OPTION_COOKIE, a->cookie, sizeof(a->cookie));
    if (a->has_subnet)
        put_subnet(a, used);
    put_numbers(a, used);
    if (a->nsid)
        put_bytes(a, used, OPTION_NSID, a->nsid, a->nsid_size);
}

/* Few are asked for any but the reason. Returns their size. */
static size_t put_options(const struct answer *a)
{
    size_t used = 0;
    if (a->has_cookie | a->has_subnet | a->has_lease | a->has_expire | a->has_keepalive |
        (a->nsid != NULL))
        put_asked(a, &used);
    if (a->ede != EDE_NONE)
        put_reason(a, &used);
    return used;
}

static void put_opt(struct answer *a, unsigned rcode)
{
    /* The root, the type, what we accept by UDP; version 0. */
    static const uint8_t head[OPT_SIZE] = {0, TYPE_OPT >> 8, TYPE_OPT, DNS_UDP_DEFAULT >> 8,
                                           DNS_UDP_DEFAULT & 0xff};
    uint8_t *p = a->out + a->at;
    size_t options = put_options(a);
    memcpy(p, head, sizeof(head));
    p[5] = (uint8_t)(rcode >> 4);
    if (a->query->dnssec_ok) /* RFC 3225 section 3 */
        put_u16(p + 7, OPT_DO);
    put_u16(p + 9, (uint16_t)options);
    a->at += OPT_SIZE + options;
    a->counts[SECTION_ADDITIONAL]++;
}

/* ---- the end ------------------------------------------------------------------------------ */

static uint16_t flags_of(const struct answer *a, unsigned rcode)
{
    uint16_t asked = a->query->flags, flags = FLAG_QR | (asked & OPCODE_MASK) | (rcode & 0xf);
    if (a->query->opcode == OPCODE_QUERY) /* else all are clear: RFC 8906 section 3.1.4 */
        flags |= asked & (FLAG_RD | FLAG_CD);
    if (a->authoritative)
        flags |= FLAG_AA;
    if (a->truncated)
        flags |= FLAG_TC;
    return flags;
}

size_t answer_end(struct answer *a, unsigned rcode)
{
    if (a->tsig && a->truncated) {
        answer_empty(a);
        rcode = RCODE_NOERROR;
    }
    if (a->query->has_opt)
        put_opt(a, rcode);
    put_u32(a->out, (uint32_t)a->query->id << 16 | flags_of(a, rcode));
    put_u32(a->out + 4, (uint32_t)a->echoed << 16 | a->counts[SECTION_ANSWER]);
    put_u32(a->out + 8,
            (uint32_t)a->counts[SECTION_AUTHORITY] << 16 | a->counts[SECTION_ADDITIONAL]);
    return a->at;
}
