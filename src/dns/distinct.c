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

void distinct_clear(struct distinct_set *s)
{
    forget(s);
    s->dropped = false;
}

void distinct_begin(struct distinct_set *s, const struct hash_key *key)
{
    distinct_clear(s);
    s->hash_key = key;
    s->keep = PICK_MAX;
    s->room = DISTINCT_MAX;
}

void distinct_keep_only(struct distinct_set *s, unsigned keep)
{
    uint32_t room = 3 * keep + 16; /* so it is not often that the rest has to go */
    s->keep = keep;
    s->room = room < DISTINCT_MAX ? room : DISTINCT_MAX;
}

static uint32_t hash_of(const struct distinct_set *s, const uint8_t *bytes, uint16_t size)
{
    return (uint32_t)hash_place(s->hash_key, bytes, size);
}

static bool is_same(const struct distinct_entry *e, uint32_t hash, const uint8_t *bytes,
                    uint16_t size)
{
    return e->hash == hash && e->size == size && memcmp(e->bytes, bytes, size) == 0;
}

static bool is_used(const struct distinct_set *s, uint32_t slot)
{
    return s->stamps[slot] == s->stamp;
}

/* The slot where it is, or the free one where it belongs. */
static uint32_t slot_of(const struct distinct_set *s, uint32_t hash, const uint8_t *bytes,
                        uint16_t size)
{
    uint32_t at = hash & (DISTINCT_SLOTS - 1);
    while (is_used(s, at) && !is_same(&s->slots[at], hash, bytes, size))
        at = (at + 1) & (DISTINCT_SLOTS - 1);
    return at;
}

bool distinct_has(const struct distinct_set *s, const uint8_t *bytes, uint16_t size)
{
    return is_used(s, slot_of(s, hash_of(s, bytes, size), bytes, size));
}

void distinct_weigh(struct distinct_set *s, const uint8_t *bytes, uint16_t size, double weight)
{
    uint32_t at = slot_of(s, hash_of(s, bytes, size), bytes, size);
    if (is_used(s, at))
        s->slots[at].weight += weight;
}

void distinct_offer(const struct distinct_set *s, struct picker *p)
{
    for (uint32_t i = 0; i < s->count; i++)
        pick_offer(p, s->used[i], s->slots[s->used[i]].tier, s->slots[s->used[i]].key);
}

static void put(struct distinct_set *s, uint32_t slot, const struct distinct_entry *fresh)
{
    s->slots[slot] = *fresh;
    s->stamps[slot] = s->stamp;
    s->used[s->count++] = slot;
}

/* `e` is not there. */
static void put_new(struct distinct_set *s, const struct distinct_entry *e)
{
    uint32_t at = e->hash & (DISTINCT_SLOTS - 1);
    while (is_used(s, at))
        at = (at + 1) & (DISTINCT_SLOTS - 1);
    put(s, at, e);
}

/* Keeps the smallest: what is above them cannot come to be among them. */
static void prune(struct distinct_set *s, struct picker *p)
{
    pick_begin(p, s->keep);
    distinct_offer(s, p);
    unsigned count = pick_finish(p);
    for (unsigned i = 0; i < count; i++)
        s->kept[i] = s->slots[p->items[i]];
    forget(s);
    for (unsigned i = 0; i < count; i++)
        put_new(s, &s->kept[i]);
    s->dropped = true;
    s->last_tier = s->kept[count - 1].tier;
    s->last_key = s->kept[count - 1].key;
}

static void merge(struct distinct_entry *e, const struct distinct_entry *fresh)
{
    e->weight += fresh->weight;
    if (fresh->key < e->key)
        e->key = fresh->key;
    if (fresh->tier < e->tier)
        e->tier = fresh->tier;
}

/* Enough come before it. */
static bool is_behind(const struct distinct_set *s, uint16_t tier, double key)
{
    return s->dropped && (tier != s->last_tier ? tier > s->last_tier : key >= s->last_key);
}

void distinct_add(struct distinct_set *s, struct picker *p, const uint8_t *bytes, uint16_t size,
                  uint16_t tier, double key, double weight)
{
    uint32_t hash = hash_of(s, bytes, size), at = slot_of(s, hash, bytes, size);
    const struct distinct_entry fresh = {key, weight, bytes, tier, size, hash};
    if (is_used(s, at)) {
        merge(&s->slots[at], &fresh);
        return;
    }
    if (is_behind(s, tier, key))
        return;
    if (s->count < s->room) {
        put(s, at, &fresh);
        return;
    }
    prune(s, p);
    put_new(s, &fresh);
}
