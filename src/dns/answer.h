/* The builder of one response. Header and question first, then records in section
 * order, the OPT record last; its room is set aside from the start, so that it is there
 * whenever it was asked for (RFC 6891 section 6.1.1).
 */
#ifndef DISC_DNS_ANSWER_H
#define DISC_DNS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "dns/query.h"
#include "dns/wire.h"

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL, SECTION_COUNT };

struct answer {
    uint8_t *out;
    size_t at;    /* bytes written */
    size_t limit; /* that records may fill; the OPT's room is beyond */
    size_t total; /* that the whole message may fill, less the signature's room */
    const struct query *query;
    struct tsig *tsig; /* NULL = unsigned; its room is set aside from the start (answer_sign) */
    uint16_t counts[SECTION_COUNT];
    bool authoritative, truncated;
    bool echoed;           /* the question is */
    int ede;               /* EDE_NONE or a code of RFC 8914 */
    struct text ede_words; /* the reason; they lie in ede_text, or last as long as the answer */
    /* Further options of the OPT record, for who asks by EDNS; see answer_end. */
    bool has_cookie, has_expire, has_keepalive, has_lease;
    bool has_subnet;      /* the query's, with this scope (RFC 7871 section 7.2.1) */
    uint8_t subnet_scope; /* bits */
    const uint8_t *nsid;
    size_t nsid_size;
    uint32_t expire_s, keepalive_ms, lease_s, key_lease_s;
    uint8_t cookie[24]; /* RFC 9018 section 4 */
    char ede_text[120]; /* for words that are put together */
};

/* `total`: bytes the message may have, >= 512 and <= 65535. */
void answer_begin(struct answer *a, const struct query *query, uint8_t *out, size_t total);

/* Room for n bytes at the current end; NULL when they do not fit (nothing changes). */
static inline uint8_t *answer_room(struct answer *a, size_t n)
{
    if (a->limit - a->at < n)
        return NULL;
    uint8_t *p = a->out + a->at;
    a->at += n;
    return p;
}

static inline size_t answer_left(const struct answer *a)
{
    return a->limit - a->at;
}

/* A compressed name leads to no place beyond this (RFC 1035 section 4.1.4). */
enum { POINTER_SIZE = 2, POINTER_MAX = 0x3fff };

static inline bool can_point(size_t at)
{
    return at <= POINTER_MAX;
}

/* `at`: one that can_point. */
static inline void put_pointer(uint8_t *p, size_t at)
{
    put_u16(p, (uint16_t)(0xc000 | at));
}

/* Owner (a pointer to `owner`, which can_point), type, class IN, TTL, RDLENGTH: 12 bytes.
 * Returns where the RDATA begins. */
static inline uint8_t *put_record_head(uint8_t *p, size_t owner, uint16_t type, uint32_t ttl,
                                       size_t rdata_size)
{
    put_pointer(p, owner);
    put_u16(p + 2, type);
    put_u16(p + 4, CLASS_IN);
    put_u32(p + 6, ttl);
    put_u16(p + 10, (uint16_t)rdata_size);
    return p + 12;
}

/* One record of finished RDATA; false when it does not fit. */
static inline bool answer_record(struct answer *a, enum section section, size_t owner,
                                 uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t size)
{
    uint8_t *p = answer_room(a, RECORD_HEAD + size);
    if (!p)
        return false;
    memcpy(put_record_head(p, owner, type, ttl, size), rdata, size);
    a->counts[section]++;
    return true;
}

/* A reason for who asks by EDNS; dropped silently where there is no room for it. The text is
 * cut where it is too long. */
void answer_explain(struct answer *a, int ede, const char *text);
/* The same without a copy: the words stay in place until the answer went out. */
static inline void answer_say(struct answer *a, int ede, struct text words)
{
    enum { MOST = sizeof(a->ede_text) - 1 };
    if (!a->query->has_opt)
        return;
    a->ede = ede;
    a->ede_words = (struct text){words.s, words.n < MOST ? words.n : MOST};
}

/* Keeps the room that a reason takes free of records from now on, where there is any. */
void answer_keep_room(struct answer *a);

/* Sets bytes aside that records cannot fill from now on, for an option that has to be there:
 * a cookie, a subnet. */
void answer_reserve(struct answer *a, size_t bytes);
enum { ANSWER_COOKIE = 4 + 24, ANSWER_SUBNET = 4 + 4 + 16 }; /* what these take */

/* Sets the room of a signature aside, before any record is written. False: behind the
 * question there is none, which then is left out; what remains is a TC (RFC 8945 section
 * 5.3), or, where even that has no room, an answer without signature. */
bool answer_sign(struct answer *a, struct tsig *tsig, size_t bytes);

/* Takes all records back. */
void answer_empty(struct answer *a);

/* Flags, counts, OPT; returns the size of the message. `rcode` may be an extended one. Options
 * that do not fit are left out, the reason first; none makes an answer a truncated one. Of a
 * truncated one that is to be signed only the question is left (RFC 8945 section 5.3). The
 * signature is the caller's to append. */
size_t answer_end(struct answer *a, unsigned rcode);

#endif
