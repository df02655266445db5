#include "base/map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIZE_LEAST = 8,    /* slots of a part */
    SIZE_DOUBLED = 64, /* smaller ones grow to the double */
    SIZE_SPLIT = 4096, /* from here on they are split: some 50 us */
    SPLIT_SHARE = 256, /* entries of the map for each part: fewer, and hashes are all alike */
    DEPTH_MAX = 20,    /* beyond that their first bits are used up */
    WALK_BITS = 32,    /* of a cursor: the slot; above them the part */
};

#define COUNT_MAX (UINT32_MAX / 2) /* the stored hashes have 32 bits to tell entries apart */

_Static_assert(sizeof(size_t) > WALK_BITS / 8, "a cursor holds part and slot");

/* 12 bytes: hash and entry lie together, so that looking is one access to memory. */
struct slot {
    uint32_t hash; /* scattered */
    unsigned char entry[sizeof(void *)];
};

struct map_part {
    uint32_t size, count;
    unsigned depth; /* bits that the hashes in it have in common */
    struct slot slots[];
};

static void *entry_of(const struct slot *slot)
{
    void *entry;
    memcpy(&entry, slot->entry, sizeof(entry));
    return entry;
}

static void set(struct slot *slot, uint32_t hash, void *entry)
{
    slot->hash = hash;
    memcpy(slot->entry, &entry, sizeof(entry));
}

/* Fibonacci hashing (Knuth, TAOCP 3, section 6.4): the first bits choose, and not all
 * callers' hashes have good ones. No two become the same. */
static uint32_t scatter(uint64_t hash)
{
    return (uint32_t)hash * 0x9e3779b1u;
}

/* ---- one part ------------------------------------------------------------------- */

static uint32_t limit_of(uint64_t size)
{
    return (uint32_t)(size * 4 / 5);
}

static uint32_t size_for(size_t count)
{
    size_t size = count + count / 4 + 2;
    return size > SIZE_LEAST ? (uint32_t)size : SIZE_LEAST;
}

static struct map_part *part_new(size_t size, unsigned depth)
{
    struct map_part *p = calloc(1, sizeof(*p) + size * sizeof(p->slots[0]));
    if (!p)
        return NULL;
    p->size = (uint32_t)size;
    p->depth = depth;
    return p;
}

static uint32_t home_of(const struct map_part *p, uint32_t hash)
{
    return (uint32_t)((uint64_t)(uint32_t)(hash << p->depth) * p->size >> 32);
}

static uint32_t after(const struct map_part *p, uint32_t at)
{
    return at + 1 < p->size ? at + 1 : 0;
}

static uint32_t distance(const struct map_part *p, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + p->size - from;
}

static void put(struct map_part *p, uint32_t hash, void *entry)
{
    uint32_t at = home_of(p, hash);
    while (entry_of(&p->slots[at]))
        at = after(p, at);
    set(&p->slots[at], hash, entry);
    p->count++;
}

/* The slot of this very entry, or NULL. */
static struct slot *slot_of(struct map_part *p, uint32_t hash, const void *entry)
{
    if (!p)
        return NULL;
    uint32_t at = home_of(p, hash);
    for (void *e; (e = entry_of(&p->slots[at])); at = after(p, at))
        if (e == entry)
            return &p->slots[at];
    return NULL;
}

static void take_out(struct map_part *p, struct slot *slot)
{
    uint32_t hole = (uint32_t)(slot - p->slots);
    for (uint32_t at = after(p, hole); entry_of(&p->slots[at]); at = after(p, at)) {
        uint32_t from_home = distance(p, home_of(p, p->slots[at].hash), at);
        if (from_home < distance(p, hole, at))
            continue; /* its home lies behind the hole: there it could not be found */
        p->slots[hole] = p->slots[at];
        hole = at;
    }
    set(&p->slots[hole], 0, NULL);
    p->count--;
}

static void *look(const struct map_part *p, uint32_t hash, map_equal *equal, const void *key)
{
    uint32_t at = home_of(p, hash);
    for (void *e; (e = entry_of(&p->slots[at])); at = after(p, at))
        if (p->slots[at].hash == hash && (!equal || equal(e, key)))
            return e;
    return NULL;
}

/* ---- all of them ----------------------------------------------------------------- */

static size_t index_of(const struct map *m, uint32_t hash)
{
    return (size_t)((uint64_t)hash >> (32 - m->depth));
}

/* Is it the first place of that part? */
static bool is_first(const struct map *m, size_t index)
{
    size_t places = (size_t)1 << (m->depth - m->parts[index]->depth);
    return (index & (places - 1)) == 0;
}

void map_deinit(struct map *m)
{
    size_t parts = m->parts ? (size_t)1 << m->depth : 0;
    for (size_t n = parts; n--;) /* backwards: whether it is the first, the part itself says */
        if (is_first(m, n))
            free(m->parts[n]);
    free(m->parts);
    free(m->spare);
    *m = (struct map){0};
}

void *map_find(const struct map *m, uint64_t hash, map_equal *equal, const void *key)
{
    uint32_t h = scatter(hash);
    if (!m->parts)
        return NULL;
    void *entry = look(m->parts[index_of(m, h)], h, equal, key);
    return entry || !m->spare ? entry : look(m->spare, h, equal, key);
}

void map_prefetch(const struct map *m, uint64_t hash)
{
    uint32_t h = scatter(hash);
    if (!m->parts)
        return;
    const struct map_part *p = m->parts[index_of(m, h)];
    __builtin_prefetch(&p->slots[home_of(p, h)]);
}

const void *map_guess(const struct map *m, uint64_t hash)
{
    return map_find(m, hash, NULL, NULL);
}

/* ---- growing ---------------------------------------------------------------------- */

/* At all the places that are its own, of which `index` is one. */
static void install(struct map *m, size_t index, struct map_part *p)
{
    size_t places = (size_t)1 << (m->depth - p->depth);
    size_t first = index & ~(places - 1);
    for (size_t n = 0; n < places; n++)
        m->parts[first + n] = p;
}

static void copy(const struct map_part *from, struct map_part *to)
{
    for (uint32_t at = 0; at < from->size; at++)
        if (entry_of(&from->slots[at]))
            put(to, from->slots[at].hash, entry_of(&from->slots[at]));
}

static enum err resize(struct map *m, uint32_t hash, size_t size)
{
    struct map_part *old = m->parts[index_of(m, hash)];
    struct map_part *p = part_new(size, old->depth);
    if (!p)
        return ERR_MEMORY;
    copy(old, p);
    install(m, index_of(m, hash), p);
    free(old);
    return ERR_OK;
}

static enum err deepen(struct map *m)
{
    size_t count = (size_t)1 << m->depth;
    struct map_part **parts = reallocarray(m->parts, count * 2, sizeof(struct map_part *));
    if (!parts)
        return ERR_MEMORY;
    for (size_t n = count; n--;)
        parts[2 * n] = parts[2 * n + 1] = parts[n];
    m->parts = parts;
    m->depth++;
    return ERR_OK;
}

static bool is_of_upper(const struct map_part *old, const struct slot *slot)
{
    return (uint32_t)(slot->hash << old->depth) >> 31;
}

/* With room for an eighth more, so that they do not grow at once. */
static bool halves_new(const struct map_part *old, struct map_part *halves[2])
{
    size_t counts[2] = {0, 0};
    for (uint32_t at = 0; at < old->size; at++)
        if (entry_of(&old->slots[at]))
            counts[is_of_upper(old, &old->slots[at])]++;
    for (unsigned n = 0; n < 2; n++)
        halves[n] = part_new(size_for(counts[n] + counts[n] / 8), old->depth + 1);
    if (halves[0] && halves[1])
        return true;
    free(halves[0]);
    free(halves[1]);
    return false;
}

static enum err split(struct map *m, uint32_t hash)
{
    struct map_part *old = m->parts[index_of(m, hash)], *halves[2];
    if ((old->depth == m->depth && deepen(m) != ERR_OK) || !halves_new(old, halves))
        return ERR_MEMORY;
    for (uint32_t at = 0; at < old->size; at++)
        if (entry_of(&old->slots[at]))
            put(halves[is_of_upper(old, &old->slots[at])], old->slots[at].hash,
                entry_of(&old->slots[at]));
    size_t half = (size_t)1 << (m->depth - old->depth - 1);
    install(m, index_of(m, hash) & ~half, halves[0]);
    install(m, index_of(m, hash) | half, halves[1]);
    free(old);
    return ERR_OK;
}

static size_t next_size(const struct map_part *p)
{
    size_t size = p->size < SIZE_DOUBLED ? p->size * 2u : p->size + p->size / 4;
    return p->size < SIZE_SPLIT && size > SIZE_SPLIT ? SIZE_SPLIT : size;
}

static bool is_to_split(const struct map *m, const struct map_part *p)
{
    return p->size >= SIZE_SPLIT && p->depth < DEPTH_MAX &&
           (size_t)1 << p->depth <= m->count / SPLIT_SHARE;
}

/* Room for one more of this hash. */
static enum err make_room(struct map *m, uint32_t hash)
{
    for (;;) {
        const struct map_part *p = m->parts[index_of(m, hash)];
        if (p->count < limit_of(p->size))
            return ERR_OK;
        enum err err = is_to_split(m, p) ? split(m, hash) : resize(m, hash, next_size(p));
        if (err != ERR_OK)
            return err;
    }
}

static enum err begin(struct map *m)
{
    if (m->parts)
        return ERR_OK;
    m->parts = malloc(sizeof(struct map_part *));
    if (m->parts && (m->parts[0] = part_new(SIZE_LEAST, 0)))
        return ERR_OK;
    free(m->parts);
    m->parts = NULL;
    return ERR_MEMORY;
}

/* ---- what was promised -------------------------------------------------------------- */

static enum err reserve_spare(struct map *m, size_t count)
{
    size_t used = m->spare ? m->spare->count : 0;
    if (m->spare && used + count <= limit_of(m->spare->size))
        return ERR_OK;
    struct map_part *larger = part_new(size_for(used + count), 0);
    if (!larger)
        return ERR_MEMORY;
    if (m->spare)
        copy(m->spare, larger);
    free(m->spare);
    m->spare = larger;
    return ERR_OK;
}

/* Home again, once there is memory; a large one is given back. */
static void clear_spare(struct map *m)
{
    struct map_part *spare = m->spare;
    for (uint32_t at = 0; spare->count && at < spare->size;) {
        struct slot slot = spare->slots[at];
        if (!entry_of(&slot)) {
            at++;
            continue;
        }
        if (make_room(m, slot.hash) != ERR_OK)
            return;
        put(m->parts[index_of(m, slot.hash)], slot.hash, entry_of(&slot));
        take_out(spare, &spare->slots[at]); /* another may have come here */
    }
    if (!m->reserved && spare->size > SIZE_DOUBLED) {
        free(spare);
        m->spare = NULL;
    }
}

/* The only part gets the room itself. Of several nobody knows which will need it: what then
 * finds none gets into the spare one. */
enum err map_reserve(struct map *m, size_t count)
{
    if (count > COUNT_MAX - m->count || begin(m) != ERR_OK)
        return ERR_MEMORY;
    if (count < m->reserved)
        count = m->reserved;
    size_t all = m->count + count, size = size_for(all);
    enum err err = ERR_OK;
    if (m->depth || size > SIZE_SPLIT)
        err = reserve_spare(m, count);
    else if (all > limit_of(m->parts[0]->size))
        err = resize(m, 0, size > next_size(m->parts[0]) ? size : next_size(m->parts[0]));
    if (err == ERR_OK)
        m->reserved = count;
    return err;
}

enum err map_insert(struct map *m, uint64_t hash, void *entry)
{
    uint32_t h = scatter(hash);
    if (m->count >= COUNT_MAX || begin(m) != ERR_OK)
        return ERR_MEMORY;
    bool fits = make_room(m, h) == ERR_OK;
    if (!fits && !m->reserved)
        return ERR_MEMORY;
    put(fits ? m->parts[index_of(m, h)] : m->spare, h, entry);
    m->count++;
    m->reserved -= m->reserved > 0;
    if (fits && m->spare && (m->spare->count || m->spare->size > SIZE_DOUBLED))
        clear_spare(m);
    return ERR_OK;
}

/* ---- taking out, walking ------------------------------------------------------------- */

void map_remove(struct map *m, uint64_t hash, const void *entry)
{
    uint32_t h = scatter(hash);
    struct map_part *p = m->parts[index_of(m, h)];
    struct slot *slot = slot_of(p, h, entry);
    if (!slot)
        slot = slot_of(p = m->spare, h, entry);
    assert(slot);
    take_out(p, slot);
    m->count--;
}

void map_replace(struct map *m, uint64_t hash, const void *old, void *entry)
{
    uint32_t h = scatter(hash);
    struct slot *slot = slot_of(m->parts[index_of(m, h)], h, old);
    if (!slot)
        slot = slot_of(m->spare, h, old);
    assert(slot);
    set(slot, h, entry);
}

/* The part of that number: the spare one comes last; NULL behind it. */
static const struct map_part *part_at(const struct map *m, size_t number)
{
    size_t count = m->parts ? (size_t)1 << m->depth : 0;
    if (number < count)
        return m->parts[number];
    return number == count ? m->spare : NULL;
}

void *map_next(const struct map *m, size_t *cursor)
{
    size_t number = *cursor >> WALK_BITS, at = *cursor & UINT32_MAX;
    for (const struct map_part *p; (p = part_at(m, number)); number++, at = 0) {
        bool again = p != m->spare && !is_first(m, number);
        while (!again && at < p->size) {
            void *entry = entry_of(&p->slots[at++]);
            if (entry) {
                *cursor = number << WALK_BITS | at;
                return entry;
            }
        }
    }
    return NULL;
}
