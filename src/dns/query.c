#include "dns/query.h"

#include "base/bytes.h"
#include "base/text.h"
#include "dns/wire.h"

/* Copies the question's name in lower case, counting labels. Compression has nothing to
 * point to there (RFC 9619: the one question comes first). */
static bool read_question_name(struct reader *r, struct name *name)
{
    size_t size = 0;
    name->labels = 0;
    for (;;) {
        uint8_t length = read_u8(r);
        const uint8_t *label = read_bytes(r, length);
        if (r->bad || length > 63 || size + length + 2 > NAME_MAX_WIRE + (length == 0))
            return false;
        name->wire[size++] = length;
        if (length == 0)
            break;
        for (uint8_t i = 0; i < length; i++)
            name->wire[size++] = (uint8_t)ascii_lower((char)label[i]);
        name->labels++;
    }
    name->size = (uint8_t)size;
    return true;
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

/* Options must fill the RDATA exactly (RFC 6891 section 6.1.2); none is understood, and
 * what is not understood is ignored. */
static bool check_options(const uint8_t *rdata, size_t size)
{
    struct reader r = reader_of(rdata, size);
    while (reader_left(&r)) {
        (void)read_u16(&r);
        if (!read_bytes(&r, read_u16(&r)) && r.bad)
            return false;
    }
    return !r.bad;
}

static bool take_opt(struct query *q, uint16_t class, uint32_t ttl, const uint8_t *rdata,
                     uint16_t size)
{
    if (q->has_opt || !check_options(rdata, size))
        return false;
    q->has_opt = true;
    q->edns_size = class;
    q->edns_version = (uint8_t)(ttl >> 16);
    q->dnssec_ok = (ttl & OPT_DO) != 0;
    return true;
}

/* One record behind the question. `additional`: of that section; `last`: of all. */
static bool take_record(struct reader *r, struct query *q, bool additional, bool last)
{
    bool root;
    size_t at = (size_t)(r->at - r->start);
    if (!skip_name(r, &root))
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

static bool take_records(struct reader *r, struct query *q, uint32_t before, uint32_t additional)
{
    uint32_t count = before + additional;
    for (uint32_t i = 0; i < count; i++)
        if (!take_record(r, q, i >= before, i + 1 == count))
            return false;
    return r->at == r->end;
}

static bool take_questions(struct reader *r, struct query *q, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        bool root;
        if (i == 0 ? !read_question_name(r, &q->name) : !skip_name(r, &root))
            return false;
        uint16_t type = read_u16(r), class = read_u16(r);
        if (r->bad)
            return false;
        if (i == 0) {
            q->type = type;
            q->class = class;
        }
    }
    return true;
}

enum query_verdict query_parse(const uint8_t *bytes, size_t size, struct query *q)
{
    struct reader r = reader_of(bytes, size);
    if (size < HEADER_SIZE)
        return QUERY_SHORT;
    q->bytes = bytes;
    q->size = size;
    q->question_end = HEADER_SIZE;
    q->has_opt = q->dnssec_ok = false;
    q->tsig_at = 0;
    q->edns_version = 0;
    q->edns_size = q->type = q->class = 0;
    q->name.size = 0;
    q->id = read_u16(&r);
    q->flags = read_u16(&r);
    q->opcode = (uint8_t)((q->flags & OPCODE_MASK) >> OPCODE_SHIFT);
    if (q->flags & FLAG_QR)
        return QUERY_RESPONSE;
    uint16_t questions = read_u16(&r);
    uint32_t before = read_u16(&r);
    before += read_u16(&r);
    uint16_t additional = read_u16(&r);
    bool good = take_questions(&r, q, questions);
    size_t question_end = (size_t)(r.at - r.start);
    good = good && take_records(&r, q, before, additional);
    if (q->opcode != OPCODE_QUERY)
        return QUERY_OTHER_OPCODE;
    if (!good || questions != 1)
        return QUERY_MALFORMED;
    q->question_end = (uint16_t)question_end;
    return QUERY_GOOD;
}
