#include "store/value.h"

#include "store/crc.h"

static uint32_t sealed_crc(uint32_t key_crc, enum store_table table, const uint8_t *bytes, size_t n)
{
    uint8_t number = (uint8_t)table;
    return crc32c(crc32c(key_crc, &number, 1), bytes, n);
}

void value_encode_crc(struct writer *w, enum store_table table, uint32_t key_crc,
                      const struct entry *entry)
{
    uint8_t *start = w->at;
    if (entry->kind == ENTRY_FORMAT) {
        write_u32(w, entry->format);
    } else {
        write_u8(w, VALUE_VERSION);
        body_write_v1(w, entry);
    }
    if (!w->full)
        write_u32(w, sealed_crc(key_crc, table, start, (size_t)(w->at - start)));
}

void value_encode(struct writer *w, enum store_table table, struct text key,
                  const struct entry *entry)
{
    value_encode_crc(w, table, crc32c(0, key.s, key.n), entry);
}

static bool is_whole(enum store_table table, struct text key, struct text value)
{
    if (value.n <= VALUE_CRC)
        return false;
    const uint8_t *bytes = (const uint8_t *)value.s;
    size_t n = value.n - VALUE_CRC;
    return sealed_crc(crc32c(0, key.s, key.n), table, bytes, n) == get_u32(bytes + n);
}

static enum value_fault decode_format(struct reader r, struct entry *out)
{
    out->kind = ENTRY_FORMAT;
    out->format = read_u32(&r);
    if (r.bad || reader_left(&r) || !out->format)
        return VALUE_DAMAGED;
    return out->format > VALUE_VERSION ? VALUE_NEWER : VALUE_FINE;
}

static bool key_fits(enum store_table table, struct text key, struct instance_key *out)
{
    switch (table) {
    case STORE_SERVICES: return key_split(key, false, out);
    case STORE_INSTANCES:
    case STORE_OVERRIDES: return key_split(key, true, out);
    case STORE_META: return text_is(key, META_SERVER);
    case STORE_RECORDS: return key.n == RECORD_KEY;
    case STORE_TABLES: break;
    }
    return false;
}

typedef bool body_read(struct reader *r, enum store_table table, struct entry *out);

static body_read *const readers[VALUE_VERSION + 1] = {[1] = body_read_v1};

enum value_fault value_decode(enum store_table table, struct text key, struct text value,
                              struct entry *out)
{
    if (!is_whole(table, key, value))
        return VALUE_DAMAGED;
    struct reader r = reader_of(value.s, value.n - VALUE_CRC);
    if (table == STORE_META && text_is(key, META_FORMAT))
        return decode_format(r, out);
    uint8_t version = read_u8(&r);
    if (version > VALUE_VERSION)
        return VALUE_NEWER;
    if (!readers[version] || !key_fits(table, key, &out->key))
        return VALUE_DAMAGED;
    bool fine = readers[version](&r, table, out) && !r.bad && !reader_left(&r);
    if (fine && table == STORE_RECORDS) {
        char made[RECORD_KEY];
        fine =
            record_key_make(&out->record, made) && text_is((struct text){made, sizeof(made)}, key);
    }
    return fine ? VALUE_FINE : VALUE_DAMAGED;
}
