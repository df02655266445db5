/* What an instance says of itself, packed into one block:
 *
 *     flags and status | how many addresses and ports | [weight] [priority] [ttl] |
 *     addresses | ports | [version zone region cluster] |
 *     [how many tags and pairs | tags | metadata, sorted by key]
 *
 * numbers in network order, texts with one length byte in front; what stands in brackets
 * is there where its flag says so, which is where it is not as usual: most instances say
 * where they are and little else. The form is the same on every machine that runs this
 * version, and has one spelling per content, so bytes are compared to see a change, and a
 * digest of them orders two contents of one revision. It is not stored: another version may
 * have another form, and order two such contents the other way round.
 *
 * Not in it: names (they are the key), revision, and the terms of the lease.
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_CONTENT_H
#define DISC_REGISTRY_CONTENT_H

#include "registry/registry.h"

enum {
    CONTENT_LEAST = 2 + 5, /* flags, counts, one address */
    CONTENT_FIXED = 10,    /* flags to ttl, and the other counts */
    CONTENT_MAX = CONTENT_FIXED + ADDRESSES_MAX * 17 + PORTS_MAX * (4 + PORT_NAME_MAX) +
                  (1 + VERSION_MAX) + 3 * (1 + SHORT_LABEL_MAX) + TAGS_MAX * (1 + SHORT_LABEL_MAX) +
                  METADATA_MAX * 2 + METADATA_BYTES_MAX,
};

struct content {
    uint16_t size;
    uint8_t bytes[];
};

/* The record must be without fault. Returns the size. */
size_t content_pack(const struct record *record, uint8_t out[static CONTENT_MAX]);

/* What a struct content with so many bytes takes. */
static inline size_t content_size(size_t packed_size)
{
    return sizeof(struct content) + packed_size;
}

void content_set(struct content *c, const uint8_t *packed, size_t size);
/* A block with a copy of these bytes, for free(); NULL when memory lacks. */
struct content *content_new(const uint8_t *packed, size_t size);

bool content_is(const struct content *c, const uint8_t *packed, size_t size);
uint64_t content_digest(const struct content *c);
enum status content_status(const struct content *c);

/* Fills all that the block holds, with slices into it; leaves names, lease, group
 * and rev alone. Arrays are written up to their counts. */
void content_read(const struct content *c, struct record *out);

#endif
