/* DNS records: their key, and their body of version 1. */
#include "base/hash.h"
#include "store/value.h"

/* Of a wire name within `size` bytes; 0 = it is none. */
static size_t name_size(const uint8_t *wire, size_t size)
{
    size_t n = 0;
    while (n < size && wire[n]) {
        if (wire[n] > 63)
            return 0;
        n += 1u + wire[n];
    }
    return n < size ? n + 1 : 0;
}

bool record_key_make(const struct store_record *record, char out[static RECORD_KEY])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[1 + 2 * STORE_NAME_MAX + 2 + STORE_RDATA_MAX];
    struct writer w = writer_of(bytes, sizeof(bytes));
    size_t zone = name_size(record->zone, STORE_NAME_MAX);
    size_t owner = name_size(record->owner, STORE_NAME_MAX);
    if (!zone || !owner || record->size > STORE_RDATA_MAX)
        return false;
    write_u8(&w, 0);
    write_bytes(&w, record->zone, zone);
    write_bytes(&w, record->owner, owner);
    write_u16(&w, record->type);
    write_bytes(&w, record->rdata, record->size);
    for (size_t half = 0; half < 2; half++) {
        bytes[0] = (uint8_t)half;
        uint64_t digest = hash_digest(bytes, writer_used(&w));
        for (size_t i = 0; i < 16; i++)
            out[half * 16 + i] = digits[digest >> (60 - 4 * i) & 15];
    }
    return true;
}

static void write_name(struct writer *w, const uint8_t *wire)
{
    size_t size = name_size(wire, STORE_NAME_MAX);
    write_u8(w, (uint8_t)size);
    write_bytes(w, wire, size);
}

static const uint8_t *read_name(struct reader *r)
{
    size_t size = read_u8(r);
    const uint8_t *wire = read_bytes(r, size);
    if (!wire || !size || name_size(wire, size) != size)
        r->bad = true;
    return wire;
}

void record_write_v1(struct writer *w, const struct store_record *record)
{
    size_t key = record->key.n < STORE_KEY_NAME_MAX ? record->key.n : STORE_KEY_NAME_MAX;
    write_u16(w, record->type);
    write_u32(w, record->ttl);
    write_u32(w, record->lease_s);
    write_name(w, record->zone);
    write_name(w, record->owner);
    write_u8(w, (uint8_t)key);
    write_bytes(w, record->key.s, key);
    write_bytes(w, record->rdata, record->size);
}

void record_read_v1(struct reader *r, struct store_record *out)
{
    out->type = read_u16(r);
    out->ttl = read_u32(r);
    out->lease_s = read_u32(r);
    out->zone = read_name(r);
    out->owner = read_name(r);
    out->key.n = read_u8(r);
    out->key.s = (const char *)read_bytes(r, out->key.n);
    size_t size = reader_left(r);
    if (size > STORE_RDATA_MAX)
        r->bad = true;
    out->rdata = read_bytes(r, size);
    out->size = (uint16_t)size;
}
