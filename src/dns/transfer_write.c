#include "dns/transfer_write.h"

#include <string.h>

#include "dns/wire.h"

static uint8_t find_labels(const uint8_t *wire, uint8_t starts[static NAME_MAX_LABELS])
{
    uint8_t labels = 0;
    for (const uint8_t *at = wire; *at; at += 1 + *at)
        starts[labels++] = (uint8_t)(at - wire);
    return labels;
}

void written_name_init(struct written_name *last, const struct name *question)
{
    last->labels = 0;
    if (!question)
        return;
    memcpy(last->wire, question->wire, question->size);
    last->labels = find_labels(last->wire, last->starts);
    for (uint8_t n = 1; n <= last->labels; n++)
        last->at[n] = (uint16_t)(HEADER_SIZE + last->starts[last->labels - n]);
}

/* How many labels, from the root on, both names have in common, at a place that a pointer
 * can lead to. */
static uint8_t common_labels(const struct written_name *last, const struct written_name *name)
{
    uint8_t n = 0;
    while (n < last->labels && n < name->labels) {
        const uint8_t *a = last->wire + last->starts[last->labels - 1 - n];
        const uint8_t *b = name->wire + name->starts[name->labels - 1 - n];
        if (memcmp(a, b, 1u + *a) != 0 || !last->at[n + 1])
            break;
        n++;
    }
    return n;
}

static void remember(struct written_name *last, struct written_name *name, uint8_t common,
                     size_t at)
{
    for (uint8_t n = 1; n <= name->labels; n++) {
        size_t place = at + name->starts[name->labels - n];
        name->at[n] = n <= common ? last->at[n] : can_point(place) ? (uint16_t)place : 0;
    }
    *last = *name;
}

bool transfer_write(struct answer *a, struct written_name *last, const struct rr *rr)
{
    struct written_name name;
    memcpy(name.wire, rr->owner, rr->owner_size);
    name.labels = find_labels(name.wire, name.starts);
    uint8_t common = common_labels(last, &name);
    size_t literal = common ? name.starts[name.labels - common] : (size_t)rr->owner_size;
    size_t at = a->at, owner = literal + (common ? POINTER_SIZE : 0);
    uint8_t *p = answer_room(a, owner + RR_FIXED + rr->size);
    if (!p)
        return false;
    memcpy(p, rr->owner, literal);
    if (common)
        put_pointer(p + literal, last->at[common]);
    p += owner;
    put_u16(p, rr->type);
    put_u16(p + 2, CLASS_IN);
    put_u32(p + 4, rr->ttl);
    put_u16(p + 8, rr->size);
    if (rr->size)
        memcpy(p + RR_FIXED, rr->rdata, rr->size);
    a->counts[SECTION_ANSWER]++;
    remember(last, &name, common, at);
    return true;
}
