/* Entries at random: everything that can be stored, from empty to full. */
#ifndef DISC_TESTS_STORE_ENTRIES_H
#define DISC_TESTS_STORE_ENTRIES_H

#include "unit/store/common.h"

/* Where the texts of a made entry lie. */
struct pool {
    char bytes[32768];
    size_t used;
};

UNUSED static struct text any_text(struct rand *r, struct pool *pool, size_t least, size_t most)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = least + rand_below(r, (uint32_t)(most - least + 1));
    struct text t = {pool->bytes + pool->used, n};
    assert_true(pool->used + n <= sizeof pool->bytes);
    for (size_t i = 0; i < n; i++)
        pool->bytes[pool->used++] = letters[rand_below(r, sizeof letters - 1)];
    return t;
}

UNUSED static struct addr any_addr(struct rand *r, bool may_lack)
{
    struct addr a = {.family = rand_below(r, 2) ? FAMILY_V4 : FAMILY_V6};
    if (may_lack && rand_below(r, 3) == 0)
        a.family = FAMILY_NONE;
    for (unsigned n = 0; n < addr_size(&a); n++)
        a.bytes[n] = (uint8_t)rand_next(r);
    return a;
}

UNUSED static void any_record(struct rand *r, struct pool *pool, struct record *out)
{
    *out = (struct record){.ttl = rand_below(r, 2) ? TTL_UNSET : (int)rand_below(r, TTL_MAX + 1)};
    out->address_count = rand_below(r, ADDRESSES_MAX + 1);
    for (unsigned n = 0; n < out->address_count; n++)
        out->addresses[n] = any_addr(r, false);
    out->port_count = rand_below(r, PORTS_MAX + 1);
    for (unsigned n = 0; n < out->port_count; n++)
        out->ports[n] =
            (struct port){any_text(r, pool, 0, PORT_NAME_MAX), (uint16_t)(1 + rand_below(r, 65535)),
                          (enum protocol)rand_below(r, PROTOCOL_COUNT)};
    out->weight_set = rand_below(r, 2);
    out->weight = out->weight_set ? (uint16_t)rand_next(r) : 0;
    out->priority = (uint16_t)rand_below(r, PRIORITY_MAX + 1);
    out->status = (enum status)rand_below(r, STATUS_COUNT);
    out->version = any_text(r, pool, 0, VERSION_MAX);
    out->zone = any_text(r, pool, 0, SHORT_LABEL_MAX);
    out->region = any_text(r, pool, 0, SHORT_LABEL_MAX);
    out->cluster = any_text(r, pool, 0, SHORT_LABEL_MAX);
    out->tag_count = rand_below(r, TAGS_MAX + 1);
    for (unsigned n = 0; n < out->tag_count; n++)
        out->tags[n] = any_text(r, pool, 1, SHORT_LABEL_MAX);
    out->metadata_count = rand_below(r, 17);
    for (unsigned n = 0; n < out->metadata_count; n++)
        out->metadata[n] = (struct pair){any_text(r, pool, 1, METADATA_KEY_MAX),
                                         any_text(r, pool, 0, METADATA_VALUE_MAX)};
    out->permanent = rand_below(r, 4) == 0;
    out->lease_s = out->permanent ? 0 : 1 + rand_below(r, 300);
    out->group = any_text(r, pool, 0, GROUP_MAX);
    out->rev = rand_next(r);
}

UNUSED static void any_instance(struct rand *r, struct pool *pool, struct stored_instance *out)
{
    any_record(r, pool, &out->record);
    out->owner = (struct principal){.kind = (enum principal_kind)rand_below(r, 4),
                                    .addr = any_addr(r, true)};
    struct text name = any_text(r, pool, 0, PRINCIPAL_NAME_MAX);
    memcpy(out->owner.name, name.s, name.n);
    out->registered_ms = rand_next(r);
    out->up_ms = rand_next(r);
    out->latest_ms = rand_next(r);
}

/* Makes one and the key and table that go with it. */
UNUSED static struct text any_entry(struct rand *r, struct pool *pool, struct entry *out,
                                    enum store_table *table)
{
    char *key = pool->bytes + sizeof pool->bytes - KEY_MAX; /* never reached by the texts */
    struct instance_key parts = {any_text(r, pool, 1, NAMESPACE_MAX), any_text(r, pool, 1, 63),
                                 any_text(r, pool, 1, INSTANCE_ID_MAX)};
    memset(out, 0, sizeof *out);
    out->kind = (enum entry_kind)rand_below(r, ENTRY_META + 1);
    *table = STORE_INSTANCES;
    switch (out->kind) {
    case ENTRY_INSTANCE: any_instance(r, pool, &out->instance); break;
    case ENTRY_GRAVE: out->grave = (struct grave){rand_next(r), rand_next(r)}; break;
    case ENTRY_OVERRIDE:
        *table = STORE_OVERRIDES;
        out->override = (struct override){true, rand_below(r, 2), rand_below(r, 2), 0, STATUS_UP};
        if (out->override.weight_set)
            out->override.weight = (uint16_t)rand_next(r);
        if (out->override.status_set)
            out->override.status = (enum status)rand_below(r, STATUS_COUNT);
        break;
    case ENTRY_SERVICE:
        *table = STORE_SERVICES;
        parts.id.n = 0;
        out->until_ms = rand_next(r);
        break;
    case ENTRY_META:
    case ENTRY_RECORD: /* test_records.c makes its own */
    case ENTRY_FORMAT:
        *table = STORE_META;
        out->kind = ENTRY_META;
        out->meta = (struct store_meta){(uint32_t)rand_next(r), (uint32_t)rand_next(r),
                                        rand_next(r), rand_next(r) % 2 ? rand_next(r) | 1 : 0};
        return META_SERVER;
    }
    return key_join(parts, key);
}

#endif
