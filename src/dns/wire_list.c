#include "dns/wire_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dns/wire.h"

enum { ROOM_MIN = 4096, ROOM_KEPT = 65536 };

static bool reserve(struct wire_list *list, size_t more)
{
    if (list->room - list->size >= more)
        return true;
    size_t room = list->room ? list->room * 2 : ROOM_MIN;
    while (room - list->size < more)
        room *= 2;
    uint8_t *grown = realloc(list->bytes, room);
    if (!grown)
        return false;
    list->bytes = grown;
    list->room = room;
    return true;
}

bool wire_list_add(struct wire_list *list, const struct rr *rr)
{
    if (!reserve(list, (size_t)rr->owner_size + RR_FIXED + rr->size))
        return false;
    uint8_t *p = list->bytes + list->size;
    memcpy(p, rr->owner, rr->owner_size);
    p += rr->owner_size;
    put_u16(p, rr->type);
    put_u16(p + 2, CLASS_IN);
    put_u32(p + 4, rr->ttl);
    put_u16(p + 8, rr->size);
    if (rr->size)
        memcpy(p + RR_FIXED, rr->rdata, rr->size);
    list->size += (size_t)rr->owner_size + RR_FIXED + rr->size;
    list->count++;
    return true;
}

void wire_list_free(struct wire_list *list)
{
    free(list->bytes);
    *list = (struct wire_list){0};
}

void wire_list_empty(struct wire_list *list)
{
    if (list->room > ROOM_KEPT)
        wire_list_free(list);
    list->size = 0;
    list->count = 0;
}

size_t wire_rr(const uint8_t *at, struct rr *out)
{
    const uint8_t *p = at;
    while (*p)
        p += 1 + *p;
    p++;
    out->owner = at;
    out->owner_size = (uint8_t)(p - at);
    out->type = get_u16(p);
    out->ttl = get_u32(p + 4);
    out->size = get_u16(p + 8);
    out->rdata = p + RR_FIXED;
    return (size_t)out->owner_size + RR_FIXED + out->size;
}

/* ---- cancelling ------------------------------------------------------------------------------ */

struct item {
    const uint8_t *at;
    size_t size;
    size_t place; /* in its list */
    bool gone;
};

static int compare(const struct item *x, const struct item *y)
{
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return memcmp(x->at, y->at, x->size);
}

static int compare_items(const void *left, const void *right)
{
    return compare(left, right);
}

static int compare_places(const void *left, const void *right)
{
    const struct item *x = left, *y = right;
    return (x->place > y->place) - (x->place < y->place);
}

static struct item *items_of(const struct wire_list *list)
{
    struct item *items = malloc((list->count + 1) * sizeof(*items));
    const uint8_t *at = list->bytes;
    for (size_t i = 0; items && i < list->count; i++) {
        struct rr rr;
        items[i] = (struct item){.at = at, .size = wire_rr(at, &rr), .place = i};
        at += items[i].size;
    }
    if (items)
        qsort(items, list->count, sizeof(*items), compare_items);
    return items;
}

static void mark_pairs(struct item *a, size_t a_count, struct item *b, size_t b_count)
{
    for (size_t i = 0, k = 0; i < a_count && k < b_count;) {
        int order = compare(&a[i], &b[k]);
        if (order == 0)
            a[i].gone = b[k].gone = true;
        i += order <= 0;
        k += order >= 0;
    }
}

/* Closes the gaps; the order stays. */
static void compact(struct wire_list *list, struct item *items)
{
    size_t count = list->count;
    qsort(items, count, sizeof(*items), compare_places);
    list->size = list->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].gone)
            continue;
        memmove(list->bytes + list->size, items[i].at, items[i].size);
        list->size += items[i].size;
        list->count++;
    }
}

bool wire_lists_cancel(struct wire_list *a, struct wire_list *b)
{
    if (a->count == 0 || b->count == 0)
        return true;
    struct item *left = items_of(a), *right = items_of(b);
    bool done = left && right;
    if (done) {
        mark_pairs(left, a->count, right, b->count);
        compact(a, left);
        compact(b, right);
    }
    free(left);
    free(right);
    return done;
}
