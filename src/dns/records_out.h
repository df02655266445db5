/* Records of fixed shape, SRV and addresses, written with few stores of fixed size into an
 * answer's free room. Called by respond_service.c; what a record means is not known here.
 *
 *     0        2      4       6      8       10         12
 *     pointer  type   class   ttl (high, low) RDLENGTH  RDATA ...
 *     |------- first 8 bytes -------|------- second 8 bytes -------|
 */
#ifndef DISC_DNS_RECORDS_OUT_H
#define DISC_DNS_RECORDS_OUT_H

#include <endian.h>

#include "dns/answer.h"
#include "dns/slice.h"

/* Where records go: the same as the answer's end, in registers. */
struct records_out {
    uint8_t *at;
    const uint8_t *end;   /* that records may fill */
    const uint8_t *brink; /* of the message's room: bytes up to here may be written to */
};

static inline struct records_out records_begin(const struct answer *a)
{
    return (struct records_out){a->out + a->at, a->out + a->limit, a->out + a->total};
}

static inline void records_end(const struct records_out *o, struct answer *a, enum section section,
                               uint32_t count)
{
    a->at = (size_t)(o->at - a->out);
    a->counts[section] = (uint16_t)(a->counts[section] + count);
}

static inline size_t records_left(const struct records_out *o)
{
    return (size_t)(o->end - o->at);
}

static inline void put_u64(uint8_t *p, uint64_t v)
{
    v = htobe64(v); /* one store: compilers make eight of eight bytes */
    memcpy(p, &v, sizeof(v));
}

/* What records of one type have in common. Kept by value: what is written to the answer could
 * change anything that is behind a pointer, as the compiler sees it. */
struct record_kind {
    uint64_t first, second;
};

static inline struct record_kind record_kind_of(uint16_t type, uint32_t ttl)
{
    return (struct record_kind){(uint64_t)0xc000 << 48 | (uint64_t)type << 32 |
                                    (uint64_t)CLASS_IN << 16 | ttl >> 16,
                                (uint64_t)ttl << 48};
}

/* `data`: the first four bytes of the RDATA. */
static inline void put_start(uint8_t *p, struct record_kind kind, size_t owner, uint16_t size,
                             uint32_t data)
{
    put_u64(p, kind.first | (uint64_t)owner << 48);
    put_u64(p + 8, kind.second | (uint64_t)size << 32 | data);
}

enum { SRV_TARGET_AT = RECORD_HEAD + SRV_HEAD };

/* What the names of a service's instances end in. */
struct name_end {
    const uint8_t *wire; /* behind its end SLICE_READABLE bytes can be read, as behind a label's */
    size_t size;
};

_Static_assert(INSTANCE_ID_MAX < 64, "a label and its size are copied in two steps");
_Static_assert(SLICE_READABLE >= 64, "and so is what it is followed by, however short");

/* A label and what it is followed by. Writes up to 128 bytes from `to` on where these are in the
 * message's room. */
static inline void put_target(struct records_out *o, uint8_t *to, const uint8_t *label,
                              size_t label_size, struct name_end end)
{
    if (end.size > 64 || o->brink - to < 128) {
        memcpy(to, label, label_size);
        memcpy(to + label_size, end.wire, end.size);
        return;
    }
    memcpy(to, label, 16);
    if (label_size > 16)
        memcpy(to + 16, label + 16, 48);
    memcpy(to + label_size, end.wire, 32);
    if (end.size > 32)
        memcpy(to + label_size + 32, end.wire + 32, 32);
}

/* False: no room. The target is not compressed: RFC 2782 "Target". `numbers`: priority and
 * weight. */
static inline bool put_srv_record(struct records_out *o, struct record_kind srv, size_t owner,
                                  uint32_t numbers, uint16_t port, const uint8_t *label,
                                  struct name_end end)
{
    uint8_t *p = o->at;
    size_t label_size = 1u + *label, size = label_size + end.size;
    if (records_left(o) < SRV_TARGET_AT + size)
        return false;
    put_start(p, srv, owner, (uint16_t)(SRV_HEAD + size), numbers);
    put_u16(p + 16, port);
    put_target(o, p + SRV_TARGET_AT, label, label_size, end);
    o->at = p + SRV_TARGET_AT + size;
    return true;
}

/* An A record, or an AAAA record where `size` is 16; the room is there. */
static inline void put_address(struct records_out *o, struct record_kind kind, size_t owner,
                               const uint8_t *bytes, uint16_t size)
{
    uint8_t *p = o->at;
    put_start(p, kind, owner, size, get_u32(bytes));
    if (size == 16)
        memcpy(p + RECORD_HEAD + 4, bytes + 4, 12);
    o->at = p + RECORD_HEAD + size;
}

/* `count` of them, one behind the other; an RRset goes in whole or not at all, as nothing will
 * say that it is cut. Returns how many went in. */
static inline unsigned put_addresses(struct records_out *o, struct record_kind kind, size_t owner,
                                     const uint8_t *bytes, uint16_t size, unsigned count)
{
    if (records_left(o) < (size_t)count * (RECORD_HEAD + size))
        return 0;
    for (unsigned i = 0; i < count; i++, bytes += size)
        put_address(o, kind, owner, bytes, size);
    return count;
}

#endif
