#include "registry/content.h"

#include <stdlib.h>

#include "base/bytes.h"

enum { FLAG_WEIGHT_SET = 1, STATUS_AT = 1, TTL_NONE = UINT16_MAX };

static void pack_text(struct writer *w, struct text t)
{
    write_u8(w, (uint8_t)t.n);
    write_bytes(w, t.s, t.n);
}

static void pack_fixed(struct writer *w, const struct record *r)
{
    write_u8(w, r->weight_set ? FLAG_WEIGHT_SET : 0);
    write_u8(w, (uint8_t)r->status);
    write_u16(w, r->weight_set ? r->weight : 0);
    write_u16(w, r->priority);
    write_u16(w, r->ttl == TTL_UNSET ? TTL_NONE : (uint16_t)r->ttl);
    write_u8(w, (uint8_t)(r->address_count << 4 | r->port_count));
    write_u8(w, (uint8_t)r->tag_count);
    write_u8(w, (uint8_t)r->metadata_count);
}

static void pack_places(struct writer *w, const struct record *r)
{
    for (unsigned n = 0; n < r->address_count; n++) {
        write_u8(w, r->addresses[n].family);
        write_bytes(w, r->addresses[n].bytes, addr_size(&r->addresses[n]));
    }
    for (unsigned n = 0; n < r->port_count; n++) {
        write_u16(w, r->ports[n].number);
        write_u8(w, (uint8_t)r->ports[n].protocol);
        pack_text(w, r->ports[n].name);
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

size_t content_pack(const struct record *record, uint8_t out[static CONTENT_MAX])
{
    struct writer w = writer_of(out, CONTENT_MAX);
    pack_fixed(&w, record);
    pack_places(&w, record);
    pack_text(&w, record->version);
    pack_text(&w, record->zone);
    pack_text(&w, record->region);
    pack_text(&w, record->cluster);
    for (unsigned n = 0; n < record->tag_count; n++)
        pack_text(&w, record->tags[n]);
    pack_metadata(&w, record);
    return writer_used(&w);
}

struct content *content_new(const uint8_t *packed, size_t size)
{
    struct content *c = malloc(sizeof(*c) + size);
    if (!c)
        return NULL;
    c->size = (uint16_t)size;
    memcpy(c->bytes, packed, size);
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
    return (enum status)c->bytes[STATUS_AT];
}

static struct text unpack_text(struct reader *r)
{
    size_t n = read_u8(r);
    return (struct text){(const char *)read_bytes(r, n), n};
}

static void unpack_fixed(struct reader *r, struct record *out)
{
    out->weight_set = read_u8(r) & FLAG_WEIGHT_SET;
    out->status = (enum status)read_u8(r);
    out->weight = read_u16(r);
    out->priority = read_u16(r);
    uint16_t ttl = read_u16(r);
    out->ttl = ttl == TTL_NONE ? TTL_UNSET : ttl;
    uint8_t places = read_u8(r);
    out->address_count = places >> 4;
    out->port_count = places & 15;
    out->tag_count = read_u8(r);
    out->metadata_count = read_u8(r);
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
        out->ports[n].number = read_u16(r);
        out->ports[n].protocol = (enum protocol)read_u8(r);
        out->ports[n].name = unpack_text(r);
    }
}

void content_read(const struct content *c, struct record *out)
{
    struct reader r = reader_of(c->bytes, c->size);
    unpack_fixed(&r, out);
    unpack_places(&r, out);
    out->version = unpack_text(&r);
    out->zone = unpack_text(&r);
    out->region = unpack_text(&r);
    out->cluster = unpack_text(&r);
    for (unsigned n = 0; n < out->tag_count; n++)
        out->tags[n] = unpack_text(&r);
    for (unsigned n = 0; n < out->metadata_count; n++) {
        out->metadata[n].key = unpack_text(&r);
        out->metadata[n].value = unpack_text(&r);
    }
}
