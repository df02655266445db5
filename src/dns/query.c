#include "dns/query.h"

#include "base/bytes.h"
#include "base/text.h"
#include "dns/wire.h"

enum { STEP = 16 };
typedef uint8_t step_bytes __attribute__((vector_size(STEP)));

static void copy_step(uint8_t *to, const uint8_t *from)
{
    step_bytes x;
    memcpy(&x, from, STEP);
    x |= (step_bytes)(x - 'A' < 26) & 0x20;
    memcpy(to, &x, STEP);
}

/* Sixteen bytes at a time, the last ones over some that are done. Lengths of labels are no
 * letters. */
static void copy_lower(uint8_t *to, const uint8_t *from, size_t n)
{
    size_t at = 0;
#pragma GCC unroll 1 /* names are short */
    for (; at + STEP <= n; at += STEP)
        copy_step(to + at, from + at);
    if (at < n && n >= STEP)
        copy_step(to + n - STEP, from + n - STEP);
    else
        for (; at < n; at++)
            to[at] = (uint8_t)ascii_lower((char)from[at]);
}

enum { TYPE_AND_CLASS = 4 };

/* Takes the first question, whose name it copies in lower case, counting labels. Compression has
 * nothing to point to there (RFC 9619: the one question comes first). Returns its size, 0 = it is
 * malformed. */
static inline size_t read_question(const uint8_t *wire, size_t left, struct query *q)
{
    size_t size = 0, most = left < NAME_MAX_WIRE ? left : NAME_MAX_WIRE;
    unsigned labels = 0;
    for (; size < most && wire[size] && wire[size] <= 63; labels++)
        size += 1u + wire[size];
    if (size >= most || wire[size++])
        return 0;
    q->name.size = (uint8_t)size;
    q->name.labels = (uint8_t)labels;
    copy_lower(q->name.wire, wire, size);
    if (left - size < TYPE_AND_CLASS)
        return 0;
    q->type = get_u16(wire + size);
    q->class = get_u16(wire + size + 2);
    return size + TYPE_AND_CLASS;
}

/* Steps over a name; a pointer ends it and must lead backwards, behind the header. */
static bool skip_name(struct reader *r, bool *root)
{
    size_t total = 0;
    for (;;) {
        size_t here = (size_t)(r->at - r->start);
        uint8_t length = read_u8(r);
        if (r->bad)
            return false;
        if (length >= 0xc0) {
            size_t target = (size_t)(length & 0x3f) << 8 | read_u8(r);
            *root = false;
            return !r->bad && target >= HEADER_SIZE && target < here;
        }
        *root = length == 0 && total == 0;
        total += length + 1u;
        if (length > 63 || total > NAME_MAX_WIRE)
            return false;
        if (length == 0)
            return true;
        if (!read_bytes(r, length))
            return false;
    }
}

/* An OPT record whose options cannot be told apart is none; one that has a fault inside an
 * option is, and the reply carries one (RFC 6891 section 7). */
static bool take_opt(struct query *q, uint16_t class, uint32_t ttl, const uint8_t *rdata,
                     uint16_t size)
{
    bool framed = true;
    if (q->has_opt)
        return false;
    q->edns = (struct query_edns){0};
    bool good = !size || query_options(q, rdata, size, &framed);
    q->has_opt = framed;
    q->has_options = framed && size;
    q->edns_size = class;
    q->edns_version = (uint8_t)(ttl >> 16);
    q->dnssec_ok = (ttl & OPT_DO) != 0;
    return good;
}

enum { HOPS_MAX = 16 }; /* pointers in one name; writers of names need one */

/* Follows pointers at *at; returns the length of the label there, -1 = it is none. *behind:
 * where the message goes on behind the first pointer. */
static int next_label(const uint8_t *bytes, size_t size, size_t *at, size_t *behind, unsigned *hops)
{
    while (*at < size && bytes[*at] >= 0xc0) {
        if (size - *at < 2 || ++*hops > HOPS_MAX)
            return -1;
        size_t target = (size_t)(bytes[*at] & 0x3f) << 8 | bytes[*at + 1];
        if (*hops == 1)
            *behind = *at + 2;
        if (target < HEADER_SIZE || target >= *at)
            return -1;
        *at = target;
    }
    if (*at >= size || bytes[*at] > 63 || size - *at < 1u + bytes[*at])
        return -1;
    return bytes[*at];
}

bool query_name(const uint8_t *bytes, size_t size, size_t *at, struct name *out)
{
    size_t here = *at, behind = 0, n = 0;
    unsigned hops = 0;
    out->labels = 0;
    for (;;) {
        int length = next_label(bytes, size, &here, &behind, &hops);
        if (length < 0 || n + (size_t)length + 1 > NAME_MAX_WIRE - (length != 0))
            return false;
        out->wire[n] = (uint8_t)length;
        for (int i = 1; i <= length; i++)
            out->wire[n + (size_t)i] = (uint8_t)ascii_lower((char)bytes[here + (size_t)i]);
        n += 1 + (size_t)length;
        here += 1 + (size_t)length;
        if (length == 0)
            break;
        out->labels++;
    }
    out->size = (uint8_t)n;
    *at = hops ? behind : here;
    return true;
}

/* Of an UPDATE the records count: their owners have to be whole names. */
static bool take_owner(struct reader *r, const struct query *q, bool *root)
{
    size_t at = (size_t)(r->at - r->start);
    struct name name;
    return skip_name(r, root) &&
           (q->opcode != OPCODE_UPDATE || query_name(q->bytes, q->size, &at, &name));
}

/* One record behind the question. `additional`: of that section; `last`: of all. */
static bool take_record(struct reader *r, struct query *q, bool additional, bool last)
{
    bool root;
    uint32_t at = (uint32_t)(r->at - r->start);
    if (!take_owner(r, q, &root))
        return false;
    uint16_t type = read_u16(r), class = read_u16(r);
    uint32_t ttl = read_u32(r);
    uint16_t size = read_u16(r);
    const uint8_t *rdata = read_bytes(r, size);
    if (r->bad)
        return false;
    if (type == TYPE_OPT)
        return additional && root && take_opt(q, class, ttl, rdata, size);
    if (type == TYPE_TSIG) { /* RFC 8945 section 5.1 */
        q->tsig_at = additional && last ? at : 0;
        return q->tsig_at != 0;
    }
    return true;
}

static bool take_records(struct reader *r, struct query *q)
{
    uint32_t authority = q->counts[1], additional = authority + q->counts[2];
    uint32_t count = additional + q->counts[3];
    for (uint32_t i = 0; i < count; i++) {
        if (i == authority)
            q->authority_at = (uint32_t)(r->at - r->start);
        if (!take_record(r, q, i >= additional, i + 1 == count))
            return false;
    }
    return r->at == r->end;
}

/* The first counts; others are looked through. */
static bool take_questions(struct reader *r, struct query *q, uint16_t count)
{
    bool root;
    if (count == 0)
        return true;
    size_t size = read_question(r->at, reader_left(r), q);
    r->at += size;
    if (!size)
        return false;
    while (--count)
        if (!skip_name(r, &root) || !read_bytes(r, TYPE_AND_CLASS))
            return false;
    return true;
}

/* At least a header is there. */
static inline void begin(struct query *q, const uint8_t *bytes, size_t size)
{
    q->bytes = bytes;
    q->size = size;
    q->question_end = HEADER_SIZE;
    q->has_opt = q->dnssec_ok = q->has_options = false;
    q->tsig_at = q->authority_at = 0;
    q->edns_version = 0;
    q->edns_size = q->type = q->class = 0;
    q->name.size = 0;
    q->id = get_u16(bytes);
    q->flags = get_u16(bytes + 2);
    q->opcode = (uint8_t)((q->flags & OPCODE_MASK) >> OPCODE_SHIFT);
    for (int i = 0; i < 4; i++)
        q->counts[i] = get_u16(bytes + 4 + 2 * i);
}

static enum query_verdict malformed(struct query *q)
{
    q->tsig_at = 0; /* nothing of it was verified: RFC 8945 section 5.2 answers unsigned */
    return q->opcode == OPCODE_QUERY || q->opcode == OPCODE_UPDATE ? QUERY_MALFORMED
                                                                   : QUERY_OTHER_OPCODE;
}

static enum query_verdict without_question(struct query *q)
{
    bool cookie = q->counts[0] == 0 && q->has_opt && q->edns.cookie;
    return cookie && q->opcode == OPCODE_QUERY ? QUERY_COOKIE : malformed(q);
}

static __attribute__((noinline)) enum query_verdict parse(struct query *q)
{
    struct reader r = reader_of(q->bytes, q->size);
    (void)read_bytes(&r, HEADER_SIZE);
    bool good = take_questions(&r, q, q->counts[0]);
    size_t question_end = (size_t)(r.at - r.start);
    if (!good || !take_records(&r, q))
        return malformed(q);
    if (q->counts[0] != 1)
        return without_question(q);
    if (q->opcode != OPCODE_QUERY && q->opcode != OPCODE_UPDATE)
        return QUERY_OTHER_OPCODE;
    q->question_end = (uint16_t)question_end;
    if (q->opcode == OPCODE_UPDATE)
        return QUERY_UPDATE;
    return QUERY_GOOD;
}

/* What nearly all queries are: one question, and nothing else or an OPT record without options.
 * False: it is not one, or malformed. */
static inline bool parse_usual(struct query *q)
{
    static const uint8_t root_opt[] = {0, TYPE_OPT >> 8, TYPE_OPT};
    const uint8_t *p = q->bytes + HEADER_SIZE;
    size_t left = q->size - HEADER_SIZE;
    if (q->opcode != OPCODE_QUERY || q->counts[0] != 1 || (q->counts[1] | q->counts[2]) != 0)
        return false;
    size_t size = read_question(p, left, q);
    p += size;
    left -= size;
    if (!size || q->counts[3] > 1 || left != (q->counts[3] ? OPT_SIZE : 0))
        return false;
    if (left && (memcmp(p, root_opt, sizeof(root_opt)) != 0 || (p[9] | p[10]) != 0 ||
                 !take_opt(q, get_u16(p + 3), get_u32(p + 5), NULL, 0)))
        return false;
    q->question_end = (uint16_t)(HEADER_SIZE + size);
    return true;
}

enum query_verdict query_parse(const uint8_t *bytes, size_t size, struct query *q)
{
    if (size < HEADER_SIZE)
        return QUERY_SHORT;
    begin(q, bytes, size);
    if (q->flags & FLAG_QR)
        return QUERY_RESPONSE;
    return parse_usual(q) ? QUERY_GOOD : parse(q);
}
