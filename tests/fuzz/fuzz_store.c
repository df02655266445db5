/* Any bytes as a stored entry: they are refused or read; what was read is within the limits
 * of its types and is written again as the same bytes, and a registry takes or refuses it.
 *
 * Input: table, length of the key, the key, the value without its CRC, which is made here:
 * what a fuzzer cannot guess must not keep it out. */
#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/crc.h"
#include "store/value.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    log_init(LOG_LEVEL_ERROR, NULL);
    return 0;
}

static void check_lists(const struct record *r)
{
    assert(r->address_count <= ADDRESSES_MAX && r->port_count <= PORTS_MAX);
    assert(r->tag_count <= TAGS_MAX && r->metadata_count <= METADATA_MAX);
    for (unsigned n = 0; n < r->address_count; n++)
        assert(r->addresses[n].family == FAMILY_NONE || addr_size(&r->addresses[n]));
    for (unsigned n = 0; n < r->port_count; n++)
        assert(r->ports[n].name.n <= PORT_NAME_MAX && r->ports[n].protocol < PROTOCOL_COUNT);
}

static void check_instance(const struct stored_instance *s)
{
    const struct record *r = &s->record;
    assert(r->status < STATUS_COUNT && r->group.n <= GROUP_MAX && r->version.n <= VERSION_MAX);
    assert(s->owner.kind <= PRINCIPAL_NAME);
    assert(strnlen(s->owner.name, sizeof s->owner.name) <= PRINCIPAL_NAME_MAX);
    assert(r->ttl >= TTL_UNSET && r->ttl <= UINT16_MAX);
    check_lists(r);
}

/* One spelling for each entry. */
static void check_again(enum store_table table, struct text key, struct text value,
                        const struct entry *entry)
{
    size_t most = value.n + 1;
    uint8_t *again = malloc(most);
    assert(again);
    struct writer w = writer_of(again, most);
    value_encode(&w, table, key, entry);
    assert(!w.full && writer_used(&w) == value.n && !memcmp(again, value.s, value.n));
    free(again);
}

static void give_to_registry(enum store_table table, struct text key, struct text value)
{
    struct registry_config config = registry_config_default();
    struct hash_key hash = {{1}};
    struct registry *r = registry_new(&config, &hash);
    struct moment now = {.lease_ms = 1000, .wall_ms = 1795245098534};
    struct store_meta meta;
    struct store_report report = {.damaged = UINT32_MAX}; /* says nothing any more */
    assert(r);
    assert(!store_restore(r, table, key, value, false, now, &meta, &report));
    registry_free(r);
}

static void try_entry(enum store_table table, struct text key, struct text value)
{
    static struct entry entry;
    enum value_fault fault = value_decode(table, key, value, &entry);
    if (!fault && entry.kind == ENTRY_INSTANCE)
        check_instance(&entry.instance);
    if (!fault)
        check_again(table, key, value, &entry);
    give_to_registry(table, key, value);
}

/* A DNS record's key is a digest of what it says. */
static struct text digest_of(const uint8_t *bytes, size_t n, char out[static RECORD_KEY])
{
    static struct entry entry;
    struct reader r = reader_of(bytes, n);
    (void)read_u8(&r); /* the version */
    bool fine = body_read_v1(&r, STORE_RECORDS, &entry) && record_key_make(&entry.record, out);
    return (struct text){out, fine ? RECORD_KEY : 0};
}

/* The copy's end is the allocation's end. */
static void try_sealed(enum store_table table, struct text key, const uint8_t *bytes, size_t n)
{
    uint8_t number = (uint8_t)table, *value = malloc(n + VALUE_CRC);
    char digest[RECORD_KEY];
    assert(value);
    if (table == STORE_RECORDS)
        key = digest_of(bytes, n, digest);
    memcpy(value, bytes, n);
    put_u32(value + n, crc32c(crc32c(crc32c(0, key.s, key.n), &number, 1), bytes, n));
    try_entry(table, key, (struct text){(char *)value, n + VALUE_CRC});
    free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    enum store_table table = (enum store_table)(bytes[0] % STORE_TABLES);
    size_t n = bytes[1] < size - 2 ? bytes[1] : size - 2;
    struct text key = {(const char *)bytes + 2, n};
    const uint8_t *value = bytes + 2 + n;
    try_sealed(table, key, value, size - 2 - n);
    try_entry(table, key, (struct text){(const char *)value, size - 2 - n});
    return 0;
}
