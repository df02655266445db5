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
    a->ede_size = 0;
    a->ede_text[0] = '\0';
    a->at = query->question_end;
    a->truncated = false;
    a->nsid = NULL;
    a->has_cookie = a->has_expire = a->has_keepalive = a->has_lease = a->has_subnet = false;
    a->tsig = NULL;
    a->echoed = query->question_end > HEADER_SIZE;
    memset(a->counts, 0, sizeof(a->counts));
    memcpy(out, query->bytes, query->question_end);
}

void answer_explain_with(struct answer *a, int ede, struct text words, struct text rest)
{
    enum { MOST = sizeof(a->ede_text) - 1 };
    if (!a->query->has_opt)
        return;
    size_t first = words.n < MOST ? words.n : MOST;
    size_t second = rest.n < MOST - first ? rest.n : MOST - first;
    a->ede = ede;
    a->ede_size = (uint8_t)(first + second);
    memcpy(a->ede_text, words.s, first);
    memcpy(a->ede_text + first, rest.s, second);
    a->ede_text[a->ede_size] = '\0';
}

void answer_explain_sized(struct answer *a, int ede, const char *text, size_t size)
{
    answer_explain_with(a, ede, (struct text){text, size}, TEXT(""));
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
    uint8_t *p = a->out + a->at + OPT_SIZE + *used;
    if (a->total - a->at < OPT_SIZE + *used + OPTION_HEAD + size)
        return NULL;
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
    uint8_t *p = put_option(a, used, OPTION_EDE, 2 + (size_t)a->ede_size);
    if (!p)
        return;
    put_u16(p, (uint16_t)a->ede);
    memcpy(p + 2, a->ede_text, a->ede_size);
}

/* The most wanted first; returns their size. */
static size_t put_options(const struct answer *a)
{
    size_t used = 0;
    if (a->has_cookie)
        put_bytes(a, &used, OPTION_COOKIE, a->cookie, sizeof(a->cookie));
    if (a->has_subnet)
        put_subnet(a, &used);
    put_numbers(a, &used);
    if (a->nsid)
        put_bytes(a, &used, OPTION_NSID, a->nsid, a->nsid_size);
    if (a->ede != EDE_NONE)
        put_reason(a, &used);
    return used;
}

static void put_opt(struct answer *a, unsigned rcode)
{
    uint8_t *p = a->out + a->at;
    size_t options = put_options(a);
    p[0] = 0; /* the root */
    put_u16(p + 1, TYPE_OPT);
    put_u16(p + 3, DNS_UDP_DEFAULT); /* what we accept by UDP */
    p[5] = (uint8_t)(rcode >> 4);
    p[6] = 0;                                         /* version */
    put_u16(p + 7, a->query->dnssec_ok ? OPT_DO : 0); /* RFC 3225 section 3 */
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
    put_u16(a->out, a->query->id);
    put_u16(a->out + 2, flags_of(a, rcode));
    put_u16(a->out + 4, a->echoed);
    for (int i = 0; i < SECTION_COUNT; i++)
        put_u16(a->out + 6 + 2 * i, a->counts[i]);
    return a->at;
}
