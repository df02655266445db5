/* How one entry is written and read back.
 *
 *     value = version (1) | body | CRC-32C (4) over key, table (1) and all before
 *
 * in network order. value_v1.c has the bodies of version 1; the readers of all versions
 * stay beside one another, what is written has the newest. A body has one spelling:
 * what was read and is written again gives the same bytes.
 *
 * Reading trusts nothing: whatever the bytes, it ends in an entry within the limits of
 * the types, or in a fault. Used inside store/ and by its tests. */
#ifndef DISC_STORE_VALUE_H
#define DISC_STORE_VALUE_H

#include "base/bytes.h"
#include "store/key.h"
#include "store/store.h"

enum {
    VALUE_VERSION = 1, /* the newest; also the file's format: no value in it is newer */
    VALUE_CRC = 4,
    /* The largest instance: numbers, owner, group and short texts, addresses, ports,
     * tags, metadata. */
    VALUE_MAX = 64 + (1 + 16) + (1 + PRINCIPAL_NAME_MAX) + (1 + GROUP_MAX) + (1 + VERSION_MAX) +
                3 * (1 + SHORT_LABEL_MAX) + ADDRESSES_MAX * (1 + 16) +
                PORTS_MAX * (4 + PORT_NAME_MAX) + TAGS_MAX * (1 + SHORT_LABEL_MAX) +
                METADATA_MAX * 2 + METADATA_BYTES_MAX,
    VALUE_SMALL_MAX = 32, /* anything but an instance or a DNS record, which is smaller */
};

/* The keys of STORE_META. */
#define META_SERVER TEXT("server") /* struct store_meta */
#define META_FORMAT TEXT("format") /* the file's format: 4 bytes and CRC in all versions */

enum entry_kind {
    ENTRY_INSTANCE,
    ENTRY_GRAVE,
    ENTRY_OVERRIDE,
    ENTRY_SERVICE,
    ENTRY_META,
    ENTRY_FORMAT,
    ENTRY_RECORD,
};

struct grave {
    uint64_t floor, until_ms;
};

struct entry {
    enum entry_kind kind;
    struct instance_key key; /* the first four; slices of the key */
    union {
        struct stored_instance instance; /* texts are slices of the value */
        struct grave grave;
        struct override override;
        uint64_t until_ms; /* ENTRY_SERVICE */
        struct store_meta meta;
        uint32_t format;
        struct store_record record; /* slices of the value */
    };
};

/* The key of a DNS record: 32 hex digits. */
enum { RECORD_KEY = 32 };
/* False: longer than its parts may be. */
bool record_key_make(const struct store_record *record, char out[static RECORD_KEY]);

enum value_fault {
    VALUE_FINE,
    VALUE_DAMAGED,
    VALUE_NEWER, /* whole, but of a version that is not known here */
};

enum value_fault value_decode(enum store_table table, struct text key, struct text value,
                              struct entry *out);

/* Appends the newest version of the entry's value; `key` as it will be stored.
 * The writer's flag says whether it fitted. */
void value_encode(struct writer *w, enum store_table table, struct text key,
                  const struct entry *entry);
/* The same where the CRC of the key is known already. */
void value_encode_crc(struct writer *w, enum store_table table, uint32_t key_crc,
                      const struct entry *entry);

/* ---- one version's bodies ---- */

void body_write_v1(struct writer *w, const struct entry *entry);
/* `table` and `out->key` are given; leaves the reader at the end when all is well. */
bool body_read_v1(struct reader *r, enum store_table table, struct entry *out);
void record_write_v1(struct writer *w, const struct store_record *record);
void record_read_v1(struct reader *r, struct store_record *out);

#endif
