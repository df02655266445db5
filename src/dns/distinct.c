#include "dns/distinct.h"

#include <string.h>

static void forget(struct distinct_set *s)
{
    if (++s->stamp == 0) {
        memset(s->stamps, 0, sizeof(s->stamps));
        s->stamp = 1;
    }
    s->count = 0;
}

void distinct_begin(struct distinct_set *s)
{
    forget(s);
    s->dropped = false;
}

/* Not keyed: who chooses addresses that collide has to register each of them, and the
 * slots bound what that costs. */
static uint32_t slot_of(const uint8_t *bytes, unsigned size)
{
    uint64_t hash = size;
    unsigned i = 0;
    for (; i + 4 <= size; i += 4) {
        uint32_t part;
        memcpy(&part, bytes + i, 4);
        hash = (hash ^ part) * 0x9e3779b97f4a7c15;
    }
    for (; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x9e3779b97f4a7c15;
    return (uint32_t)(hash >> 32) & (DISTINCT_SLOTS - 1);
}

static bool is_same(const struct distinct_entry *e, const uint8_t *bytes, uint16_t size)
{
    return e->size == size && memcmp(e->bytes, bytes, size) == 0;
}

static void add(struct distinct_set *s, const struct distinct_entry *fresh)
{
    uint32_t at = slot_of(fresh->bytes, fresh->size);
    for (; s->stamps[at] == s->stamp; at = (at + 1) & (DISTINCT_SLOTS - 1)) {
        struct distinct_entry *e = &s->slots[at];
        if (!is_same(e, fresh->bytes, fresh->size))
            continue;
        e->weight += fresh->weight;
        if (fresh->key < e->key)
            e->key = fresh->key;
        if (fresh->tier < e->tier)
            e->tier = fresh->tier;
        return;
    }
    s->slots[at] = *fresh;
    s->stamps[at] = s->stamp;
    s->used[s->count++] = at;
}

bool distinct_has(const struct distinct_set *s, const uint8_t *bytes, uint16_t size)
{
    uint32_t at = slot_of(bytes, size);
    for (; s->stamps[at] == s->stamp; at = (at + 1) & (DISTINCT_SLOTS - 1))
        if (is_same(&s->slots[at], bytes, size))
            return true;
    return false;
}

void distinct_offer(const struct distinct_set *s, struct picker *p)
{
    for (uint32_t i = 0; i < s->count; i++)
        pick_offer(p, s->used[i], s->slots[s->used[i]].tier, s->slots[s->used[i]].key);
}

/* Keeps the PICK_MAX smallest: what is above them cannot come to be among them. */
static void prune(struct distinct_set *s, struct picker *p)
{
    pick_begin(p, PICK_MAX);
    distinct_offer(s, p);
    unsigned count = pick_finish(p);
    for (unsigned i = 0; i < count; i++)
        s->kept[i] = s->slots[p->items[i]];
    forget(s);
    for (unsigned i = 0; i < count; i++)
        add(s, &s->kept[i]);
    s->dropped = true;
}

void distinct_add(struct distinct_set *s, struct picker *p, const uint8_t *bytes, uint16_t size,
                  uint16_t tier, double key, double weight)
{
    if (s->count == DISTINCT_MAX)
        prune(s, p);
    add(s, &(struct distinct_entry){key, weight, bytes, tier, size});
}
