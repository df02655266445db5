/* Version 1 of what stands between version byte and CRC. Texts have one byte of length
 * in front, lists one byte of count.
 *
 *   instance  1 flags status weight priority ttl lease rev registered up latest
 *             owner: kind address name | group version zone region cluster |
 *             addresses | ports: number protocol name | tags | metadata: key value
 *   grave     2 floor until
 *   override  flags status weight
 *   service   until
 *   meta      boots serial_ceiling alive, and from later servers: index_ceiling, not 0
 *   record    type ttl lease zone owner key | data, to the end (value_record.c)
 *
 * An address is its family's number (0, 4, 6) and its bytes. All numbers below are on
 * disks: they never change. */
#include "store/value.h"

enum { KIND_INSTANCE = 1, KIND_GRAVE = 2 };
enum { HAS_WEIGHT = 1, IS_PERMANENT = 2, HAS_TTL = 4 }; /* instance */
enum { DRAINS = 1, SETS_WEIGHT = 2, SETS_STATUS = 4 };  /* override */

_Static_assert(STATUS_UP == 0 && STATUS_STARTING == 1 && STATUS_DRAINING == 2 && STATUS_DOWN == 3 &&
                   STATUS_COUNT == 4,
               "stored as such");
_Static_assert(PROTOCOL_TCP == 0 && PROTOCOL_UDP == 1 && PROTOCOL_SCTP == 2 && PROTOCOL_COUNT == 3,
               "stored as such");
_Static_assert(PRINCIPAL_LOCAL == 0 && PRINCIPAL_ADDRESS == 1 && PRINCIPAL_KEY == 2 &&
                   PRINCIPAL_NAME == 3,
               "stored as such");
_Static_assert(FAMILY_NONE == 0 && FAMILY_V4 == 4 && FAMILY_V6 == 6, "stored as such");
_Static_assert(STORE_SERVICES == 0 && STORE_INSTANCES == 1 && STORE_OVERRIDES == 2 &&
                   STORE_META == 3 && STORE_RECORDS == 4,
               "part of the keys and CRCs");

/* ---- writing ------------------------------------------------------------------------ */

static void write_u64(struct writer *w, uint64_t v)
{
    write_u32(w, (uint32_t)(v >> 32));
    write_u32(w, (uint32_t)v);
}

static void write_text(struct writer *w, struct text t)
{
    write_u8(w, (uint8_t)t.n);
    write_bytes(w, t.s, t.n);
}

static void write_addr(struct writer *w, const struct addr *a)
{
    write_u8(w, a->family);
    write_bytes(w, a->bytes, addr_size(a));
}

static void write_numbers(struct writer *w, const struct stored_instance *s)
{
    const struct record *r = &s->record;
    bool has_ttl = r->ttl != TTL_UNSET;
    write_u8(w, (uint8_t)((r->weight_set ? HAS_WEIGHT : 0) | (r->permanent ? IS_PERMANENT : 0) |
                          (has_ttl ? HAS_TTL : 0)));
    write_u8(w, (uint8_t)r->status);
    write_u16(w, r->weight_set ? r->weight : 0);
    write_u16(w, r->priority);
    write_u16(w, has_ttl ? (uint16_t)r->ttl : 0);
    write_u32(w, r->lease_s);
    write_u64(w, r->rev);
    write_u64(w, s->registered_ms);
    write_u64(w, s->up_ms);
    write_u64(w, s->latest_ms);
}

static void write_owner(struct writer *w, const struct principal *p)
{
    write_u8(w, (uint8_t)p->kind);
    write_addr(w, &p->addr);
    write_text(w, (struct text){p->name, strnlen(p->name, PRINCIPAL_NAME_MAX)});
}

static void write_places(struct writer *w, const struct record *r)
{
    write_u8(w, (uint8_t)r->address_count);
    for (unsigned n = 0; n < r->address_count; n++)
        write_addr(w, &r->addresses[n]);
    write_u8(w, (uint8_t)r->port_count);
    for (unsigned n = 0; n < r->port_count; n++) {
        write_u16(w, r->ports[n].number);
        write_u8(w, (uint8_t)r->ports[n].protocol);
        write_text(w, r->ports[n].name);
    }
}

static void write_words(struct writer *w, const struct record *r)
{
    write_u8(w, (uint8_t)r->tag_count);
    for (unsigned n = 0; n < r->tag_count; n++)
        write_text(w, r->tags[n]);
    write_u8(w, (uint8_t)r->metadata_count);
    for (unsigned n = 0; n < r->metadata_count; n++) {
        write_text(w, r->metadata[n].key);
        write_text(w, r->metadata[n].value);
    }
}

static void write_instance(struct writer *w, const struct stored_instance *s)
{
    const struct record *r = &s->record;
    write_u8(w, KIND_INSTANCE);
    write_numbers(w, s);
    write_owner(w, &s->owner);
    write_text(w, r->group);
    write_text(w, r->version);
    write_text(w, r->zone);
    write_text(w, r->region);
    write_text(w, r->cluster);
    write_places(w, r);
    write_words(w, r);
}

static void write_override(struct writer *w, const struct override *o)
{
    write_u8(w, (uint8_t)((o->drain ? DRAINS : 0) | (o->weight_set ? SETS_WEIGHT : 0) |
                          (o->status_set ? SETS_STATUS : 0)));
    write_u8(w, o->status_set ? (uint8_t)o->status : 0);
    write_u16(w, o->weight_set ? o->weight : 0);
}

void body_write_v1(struct writer *w, const struct entry *entry)
{
    switch (entry->kind) {
    case ENTRY_INSTANCE: write_instance(w, &entry->instance); break;
    case ENTRY_GRAVE:
        write_u8(w, KIND_GRAVE);
        write_u64(w, entry->grave.floor);
        write_u64(w, entry->grave.until_ms);
        break;
    case ENTRY_OVERRIDE: write_override(w, &entry->override); break;
    case ENTRY_SERVICE: write_u64(w, entry->until_ms); break;
    case ENTRY_META:
        write_u32(w, entry->meta.boots);
        write_u32(w, entry->meta.serial_ceiling);
        write_u64(w, entry->meta.alive_ms);
        if (entry->meta.index_ceiling)
            write_u64(w, entry->meta.index_ceiling);
        break;
    case ENTRY_RECORD: record_write_v1(w, &entry->record); break;
    case ENTRY_FORMAT: break; /* has no body of any version */
    }
}

/* ---- reading ------------------------------------------------------------------------ */

static uint64_t read_u64(struct reader *r)
{
    uint64_t high = read_u32(r);
    return high << 32 | read_u32(r);
}

static struct text read_text(struct reader *r, size_t max)
{
    size_t n = read_u8(r);
    if (n > max)
        r->bad = true;
    const uint8_t *bytes = read_bytes(r, n);
    return bytes ? (struct text){(const char *)bytes, n} : (struct text){NULL, 0};
}

/* A number that must not pass `max`. */
static unsigned read_small(struct reader *r, unsigned max)
{
    unsigned n = read_u8(r);
    if (n <= max)
        return n;
    r->bad = true;
    return 0;
}

static void read_addr(struct reader *r, struct addr *out)
{
    *out = (struct addr){.family = read_u8(r)};
    unsigned size = addr_size(out);
    if (!size && out->family != FAMILY_NONE)
        r->bad = true;
    const uint8_t *bytes = read_bytes(r, size);
    if (bytes)
        memcpy(out->bytes, bytes, size);
}

static void read_numbers(struct reader *r, struct stored_instance *out)
{
    struct record *record = &out->record;
    unsigned flags = read_small(r, HAS_WEIGHT | IS_PERMANENT | HAS_TTL);
    record->weight_set = flags & HAS_WEIGHT;
    record->permanent = flags & IS_PERMANENT;
    record->status = (enum status)read_small(r, STATUS_COUNT - 1);
    record->weight = read_u16(r);
    record->priority = read_u16(r);
    record->ttl = read_u16(r);
    if ((!record->weight_set && record->weight) || (!(flags & HAS_TTL) && record->ttl))
        r->bad = true;
    if (!(flags & HAS_TTL))
        record->ttl = TTL_UNSET;
    record->lease_s = read_u32(r);
    record->rev = read_u64(r);
    out->registered_ms = read_u64(r);
    out->up_ms = read_u64(r);
    out->latest_ms = read_u64(r);
}

static void read_owner(struct reader *r, struct principal *out)
{
    *out = (struct principal){.kind = (enum principal_kind)read_small(r, PRINCIPAL_NAME)};
    read_addr(r, &out->addr);
    struct text name = read_text(r, PRINCIPAL_NAME_MAX);
    if (text_copy(name, out->name, sizeof(out->name)) || strlen(out->name) != name.n)
        r->bad = true;
}

static void read_places(struct reader *r, struct record *out)
{
    out->address_count = read_small(r, ADDRESSES_MAX);
    for (unsigned n = 0; n < out->address_count; n++)
        read_addr(r, &out->addresses[n]);
    out->port_count = read_small(r, PORTS_MAX);
    for (unsigned n = 0; n < out->port_count; n++) {
        out->ports[n].number = read_u16(r);
        out->ports[n].protocol = (enum protocol)read_small(r, PROTOCOL_COUNT - 1);
        out->ports[n].name = read_text(r, PORT_NAME_MAX);
    }
}

static void read_words(struct reader *r, struct record *out)
{
    out->tag_count = read_small(r, TAGS_MAX);
    for (unsigned n = 0; n < out->tag_count; n++)
        out->tags[n] = read_text(r, SHORT_LABEL_MAX);
    out->metadata_count = read_small(r, METADATA_MAX);
    for (unsigned n = 0; n < out->metadata_count; n++) {
        out->metadata[n].key = read_text(r, METADATA_KEY_MAX);
        out->metadata[n].value = read_text(r, METADATA_VALUE_MAX);
    }
}

static void read_instance(struct reader *r, struct entry *out)
{
    struct record *record = &out->instance.record;
    out->kind = ENTRY_INSTANCE;
    record->ns = out->key.ns;
    record->service = out->key.service;
    record->id = out->key.id;
    read_numbers(r, &out->instance);
    read_owner(r, &out->instance.owner);
    record->group = read_text(r, GROUP_MAX);
    record->version = read_text(r, VERSION_MAX);
    record->zone = read_text(r, SHORT_LABEL_MAX);
    record->region = read_text(r, SHORT_LABEL_MAX);
    record->cluster = read_text(r, SHORT_LABEL_MAX);
    read_places(r, record);
    read_words(r, record);
}

static void read_grave(struct reader *r, struct entry *out)
{
    out->kind = ENTRY_GRAVE;
    out->grave.floor = read_u64(r);
    out->grave.until_ms = read_u64(r);
}

static void read_override(struct reader *r, struct entry *out)
{
    unsigned flags = read_small(r, DRAINS | SETS_WEIGHT | SETS_STATUS);
    struct override *o = &out->override;
    out->kind = ENTRY_OVERRIDE;
    *o = (struct override){.drain = flags & DRAINS,
                           .weight_set = flags & SETS_WEIGHT,
                           .status_set = flags & SETS_STATUS};
    o->status = (enum status)read_small(r, STATUS_COUNT - 1);
    o->weight = read_u16(r);
    if (!flags || (!o->weight_set && o->weight) || (!o->status_set && o->status))
        r->bad = true;
}

static void read_meta(struct reader *r, struct entry *out)
{
    out->kind = ENTRY_META;
    out->meta.boots = read_u32(r);
    out->meta.serial_ceiling = read_u32(r);
    out->meta.alive_ms = read_u64(r);
    out->meta.index_ceiling = 0;
    if (!reader_left(r))
        return;
    out->meta.index_ceiling = read_u64(r);
    r->bad |= out->meta.index_ceiling == 0;
}

bool body_read_v1(struct reader *r, enum store_table table, struct entry *out)
{
    unsigned kind = table == STORE_INSTANCES ? read_u8(r) : 0;
    if (kind == KIND_INSTANCE)
        read_instance(r, out);
    else if (kind == KIND_GRAVE)
        read_grave(r, out);
    else if (table == STORE_OVERRIDES)
        read_override(r, out);
    else if (table == STORE_META)
        read_meta(r, out);
    else if (table == STORE_RECORDS) {
        out->kind = ENTRY_RECORD;
        record_read_v1(r, &out->record);
    } else if (table == STORE_SERVICES) {
        out->kind = ENTRY_SERVICE;
        out->until_ms = read_u64(r);
    } else
        return false;
    return !r->bad;
}
