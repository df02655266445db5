#include "dns/answer.h"

enum { EDE_HEAD = 6 }; /* option code, length, INFO-CODE (RFC 8914 section 2) */

void answer_begin(struct answer *a, const struct query *query, uint8_t *out, size_t total)
{
    a->out = out;
    a->query = query;
    a->total = total;
    a->limit = total - (query->has_opt ? OPT_SIZE : 0);
    a->authoritative = false;
    a->ede = EDE_NONE;
    a->ede_text[0] = '\0';
    a->at = query->question_end;
    a->truncated = false;
    memset(a->counts, 0, sizeof(a->counts));
    memcpy(out, query->bytes, query->question_end);
}

void answer_explain(struct answer *a, int ede, const char *text)
{
    if (!a->query->has_opt)
        return;
    size_t size = strnlen(text, sizeof(a->ede_text) - 1);
    a->ede = ede;
    memcpy(a->ede_text, text, size);
    a->ede_text[size] = '\0';
}

void answer_keep_room(struct answer *a)
{
    size_t wanted = EDE_HEAD + sizeof(a->ede_text);
    if (a->query->has_opt && answer_left(a) > wanted)
        a->limit -= wanted;
}

/* Writes the Extended DNS Error, if there is one and it fits; returns its size. */
static size_t put_ede(const struct answer *a, uint8_t *p)
{
    size_t text = strlen(a->ede_text), size = EDE_HEAD + text;
    if (a->ede == EDE_NONE || a->total - a->at < OPT_SIZE + size)
        return 0;
    put_u16(p, OPTION_EDE);
    put_u16(p + 2, (uint16_t)(2 + text));
    put_u16(p + 4, (uint16_t)a->ede);
    memcpy(p + 6, a->ede_text, text);
    return size;
}

static void put_opt(struct answer *a, unsigned rcode)
{
    uint8_t *p = a->out + a->at;
    size_t options = put_ede(a, p + OPT_SIZE);
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

size_t answer_end(struct answer *a, unsigned rcode)
{
    const struct query *q = a->query;
    bool plain = q->opcode == OPCODE_QUERY; /* else all flags are clear: RFC 8906 section 3.1.4 */
    uint16_t flags = FLAG_QR | (q->flags & OPCODE_MASK) | (rcode & 0xf);
    if (plain)
        flags |= q->flags & (FLAG_RD | FLAG_CD);
    if (a->authoritative)
        flags |= FLAG_AA;
    if (a->truncated)
        flags |= FLAG_TC;
    if (q->has_opt)
        put_opt(a, rcode);
    put_u16(a->out, q->id);
    put_u16(a->out + 2, flags);
    put_u16(a->out + 4, q->question_end > HEADER_SIZE);
    for (int i = 0; i < SECTION_COUNT; i++)
        put_u16(a->out + 6 + 2 * i, a->counts[i]);
    return a->at;
}
