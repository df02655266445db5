#include "registry/history.h"

#include <stdlib.h>

enum { FIRST_BYTES = 4096, ALIGNMENT = 8 };

/* As it lies in the ring, before its id. */
struct head {
    uint64_t index;
    uint64_t index_before; /* of the same service's entry before; 0 = there was none */
    uint32_t back;         /* bytes from that entry to this one; 0 = not kept */
    uint16_t size;         /* to the next entry */
    uint8_t id_size, why;
};

void history_deinit(struct history *h)
{
    free(h->bytes);
    *h = (struct history){0};
}

static uint8_t *at(const struct history *h, uint64_t place)
{
    return h->bytes + (place & (h->capacity - 1));
}

static struct head head_at(const struct history *h, uint64_t place)
{
    struct head head;
    memcpy(&head, at(h, place), sizeof(head));
    return head;
}

static size_t capacity_max(const struct history *h)
{
    return h->capacity_max ? h->capacity_max : HISTORY_BYTES;
}

/* Where the ring begins anew behind `place`. */
static uint64_t lap_end(const struct history *h, uint64_t place)
{
    return (place | (h->capacity - 1)) + 1;
}

/* Up to the end of its lap a run of bytes stays together, in a larger ring too. */
static void copy(const struct history *from, struct history *to)
{
    for (uint64_t place = from->begin; place < from->next;) {
        uint64_t lap = lap_end(from, place);
        uint64_t end = lap < from->next ? lap : from->next;
        memcpy(at(to, place), at(from, place), end - place);
        place = end;
    }
}

static bool grow(struct history *h)
{
    struct history larger = *h;
    larger.capacity = h->capacity ? h->capacity * 2 : FIRST_BYTES;
    if (larger.capacity > capacity_max(h) || !(larger.bytes = malloc(larger.capacity)))
        return false;
    copy(h, &larger);
    free(h->bytes);
    *h = larger;
    return true;
}

static void drop_oldest(struct history *h)
{
    h->begin += head_at(h, h->begin).size;
}

/* An entry lies in one piece: what is left of the lap becomes part of the last one. */
static void skip_to(struct history *h, uint64_t place)
{
    if (h->begin == h->next) {
        h->begin = place;
    } else {
        struct head head = head_at(h, h->last);
        head.size = (uint16_t)(head.size + (place - h->next));
        memcpy(at(h, h->last), &head, sizeof(head));
    }
    h->next = place;
}

static uint64_t place_for(const struct history *h, size_t size)
{
    uint64_t lap = lap_end(h, h->next);
    return lap - h->next < size ? lap : h->next;
}

/* Room for so many bytes at `next`. False: there is no memory at all. */
static bool make_room(struct history *h, size_t size)
{
    while (h->capacity == 0 || place_for(h, size) + size - h->begin > h->capacity) {
        if (grow(h))
            continue;
        if (h->capacity == 0)
            return false;
        drop_oldest(h);
    }
    skip_to(h, place_for(h, size));
    return true;
}

static uint32_t back_to(const struct history *h, const struct history_end *before)
{
    uint64_t back = before->place ? h->next - (before->place - 1) : 0;
    return back <= UINT32_MAX ? (uint32_t)back : 0;
}

void history_note(struct history *h, struct history_end *end, uint64_t index, struct text id,
                  enum departure why)
{
    size_t size = (sizeof(struct head) + id.n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!make_room(h, size)) {
        *end = (struct history_end){.index = index};
        return;
    }
    struct head head = {.index = index,
                        .index_before = end->index,
                        .back = back_to(h, end),
                        .size = (uint16_t)size,
                        .id_size = (uint8_t)id.n,
                        .why = (uint8_t)why};
    memcpy(at(h, h->next), &head, sizeof(head));
    memcpy(at(h, h->next) + sizeof(head), id.s, id.n);
    *end = (struct history_end){h->next + 1, index};
    h->last = h->next;
    h->next += size;
}

bool history_read(const struct history *h, const struct history_end *end, struct history_entry *out)
{
    if (end->place == 0 || end->place - 1 < h->begin)
        return false;
    uint64_t place = end->place - 1;
    struct head head = head_at(h, place);
    *out = (struct history_entry){
        .index = head.index,
        .id = {(const char *)at(h, place) + sizeof(head), head.id_size},
        .why = (enum departure)head.why,
        .before = {head.back ? place - head.back + 1 : 0, head.index_before},
    };
    return true;
}
