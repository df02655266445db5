#include "registry/content.h"

#include <stdlib.h>

#include "base/bytes.h"

enum flag {
    HAS_WEIGHT = 1,
    HAS_PRIORITY = 2,
    HAS_TTL = 4,
    HAS_TEXTS = 8, /* version, zone, region, cluster: all of them */
    HAS_LISTS = 16,
    STATUS_SHIFT = 5,   /* and two bits for it */
    PROTOCOL_SHIFT = 6, /* in the byte with the size of a port's name */
    PORT_NAME_MASK = 15,
};

_Static_assert(STATUS_COUNT <= 4 && PROTOCOL_COUNT <= 4, "two bits hold them");
_Static_assert(PORT_NAME_MAX <= (int)PORT_NAME_MASK, "four bits hold its size");

static void pack_text(struct writer *w, struct text t)
{
    write_u8(w, (uint8_t)t.n);
    write_bytes(w, t.s, t.n);
}

static uint8_t flags_of(const struct record *r)
{
    unsigned flags = (unsigned)r->status << STATUS_SHIFT;
    if (r->weight_set)
        flags |= HAS_WEIGHT;
    if (r->priority)
        flags |= HAS_PRIORITY;
    if (r->ttl != TTL_UNSET)
        flags |= HAS_TTL;
    if (r->version.n || r->zone.n || r->region.n || r->cluster.n)
        flags |= HAS_TEXTS;
    if (r->tag_count || r->metadata_count)
        flags |= HAS_LISTS;
    return (uint8_t)flags;
}

static void pack_fixed(struct writer *w, const struct record *r, uint8_t flags)
{
    write_u8(w, flags);
    write_u8(w, (uint8_t)(r->address_count << 4 | r->port_count));
    if (flags & HAS_WEIGHT)
        write_u16(w, r->weight);
    if (flags & HAS_PRIORITY)
        write_u16(w, r->priority);
    if (flags & HAS_TTL)
        write_u16(w, (uint16_t)r->ttl);
}

static void pack_places(struct writer *w, const struct record *r)
{
    for (unsigned n = 0; n < r->address_count; n++) {
        write_u8(w, r->addresses[n].family);
        write_bytes(w, r->addresses[n].bytes, addr_size(&r->addresses[n]));
    }
    for (unsigned n = 0; n < r->port_count; n++) {
        const struct port *p = &r->ports[n];
        write_u16(w, p->number);
        write_u8(w, (uint8_t)((unsigned)p->protocol << PROTOCOL_SHIFT | p->name.n));
        write_bytes(w, p->name.s, p->name.n);
    }
}

/* Insertion sort of indexes: few pairs, and most arrive sorted. */
static void pack_metadata(struct writer *w, const struct record *r)
{
    uint8_t order[METADATA_MAX];
    for (unsigned n = 0; n < r->metadata_count; n++) {
        unsigned at = n;
        for (; at && text_compare(r->metadata[order[at - 1]].key, r->metadata[n].key) > 0; at--)
            order[at] = order[at - 1];
        order[at] = (uint8_t)n;
    }
    for (unsigned n = 0; n < r->metadata_count; n++) {
        pack_text(w, r->metadata[order[n]].key);
        pack_text(w, r->metadata[order[n]].value);
    }
}

static void pack_lists(struct writer *w, const struct record *r)
{
    write_u8(w, (uint8_t)r->tag_count);
    write_u8(w, (uint8_t)r->metadata_count);
    for (unsigned n = 0; n < r->tag_count; n++)
        pack_text(w, r->tags[n]);
    pack_metadata(w, r);
}

size_t content_pack(const struct record *record, uint8_t out[static CONTENT_MAX])
{
    struct writer w = writer_of(out, CONTENT_MAX);
    uint8_t flags = flags_of(record);
    pack_fixed(&w, record, flags);
    pack_places(&w, record);
    if (flags & HAS_TEXTS) {
        pack_text(&w, record->version);
        pack_text(&w, record->zone);
        pack_text(&w, record->region);
        pack_text(&w, record->cluster);
    }
    if (flags & HAS_LISTS)
        pack_lists(&w, record);
    return writer_used(&w);
}

void content_set(struct content *c, const uint8_t *packed, size_t size)
{
    c->size = (uint16_t)size;
    memcpy(c->bytes, packed, size);
}

struct content *content_new(const uint8_t *packed, size_t size)
{
    struct content *c = malloc(content_size(size));
    if (c)
        content_set(c, packed, size);
    return c;
}

bool content_is(const struct content *c, const uint8_t *packed, size_t size)
{
    return c->size == size && memcmp(c->bytes, packed, size) == 0;
}

uint64_t content_digest(const struct content *c)
{
    return hash_digest(c->bytes, c->size);
}

enum status content_status(const struct content *c)
{
    return (enum status)(c->bytes[0] >> STATUS_SHIFT);
}

static struct text unpack_text(struct reader *r)
{
    size_t n = read_u8(r);
    return (struct text){(const char *)read_bytes(r, n), n};
}

static uint8_t unpack_fixed(struct reader *r, struct record *out)
{
    uint8_t flags = read_u8(r);
    uint8_t places = read_u8(r);
    out->status = (enum status)(flags >> STATUS_SHIFT);
    out->address_count = places >> 4;
    out->port_count = places & 15;
    out->weight_set = flags & HAS_WEIGHT;
    out->weight = flags & HAS_WEIGHT ? read_u16(r) : 0;
    out->priority = flags & HAS_PRIORITY ? read_u16(r) : 0;
    out->ttl = flags & HAS_TTL ? read_u16(r) : TTL_UNSET;
    return flags;
}

static void unpack_places(struct reader *r, struct record *out)
{
    for (unsigned n = 0; n < out->address_count; n++) {
        struct addr *a = &out->addresses[n];
        *a = (struct addr){.family = read_u8(r)};
        unsigned size = addr_size(a);
        memcpy(a->bytes, read_bytes(r, size), size);
    }
    for (unsigned n = 0; n < out->port_count; n++) {
        struct port *p = &out->ports[n];
        p->number = read_u16(r);
        uint8_t kind = read_u8(r);
        p->protocol = (enum protocol)(kind >> PROTOCOL_SHIFT);
        p->name.n = kind & PORT_NAME_MASK;
        p->name.s = (const char *)read_bytes(r, p->name.n);
    }
}

static void unpack_texts(struct reader *r, struct record *out)
{
    out->version = unpack_text(r);
    out->zone = unpack_text(r);
    out->region = unpack_text(r);
    out->cluster = unpack_text(r);
}

static void unpack_lists(struct reader *r, struct record *out)
{
    out->tag_count = read_u8(r);
    out->metadata_count = read_u8(r);
    for (unsigned n = 0; n < out->tag_count; n++)
        out->tags[n] = unpack_text(r);
    for (unsigned n = 0; n < out->metadata_count; n++) {
        out->metadata[n].key = unpack_text(r);
        out->metadata[n].value = unpack_text(r);
    }
}

void content_read(const struct content *c, struct record *out)
{
    struct reader r = reader_of(c->bytes, c->size);
    uint8_t flags = unpack_fixed(&r, out);
    unpack_places(&r, out);
    out->version = out->zone = out->region = out->cluster = (struct text){0};
    out->tag_count = out->metadata_count = 0;
    if (flags & HAS_TEXTS)
        unpack_texts(&r, out);
    if (flags & HAS_LISTS)
        unpack_lists(&r, out);
}
