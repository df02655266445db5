#include "base/map.h"

#include <assert.h>
#include <stdlib.h>

#include "base/map_part.h"

enum {
    SIZE_FIRST = 8,     /* slots of a part */
    SIZE_DOUBLED = 64,  /* smaller ones grow to the double, and do not shrink */
    SIZE_SPLIT = 4096,  /* from here on they are split: some 50 us */
    SPLIT_SHARE = 256,  /* entries of the map for each part: fewer, and hashes are all alike */
    MERGED_MOST = 1024, /* entries of two parts that become one: far from being split again */
    SPARSE = 4,         /* a part of which only so much is in use shrinks, or merges */
    DEPTH_MAX = 20,     /* beyond that their first bits are used up */
    WALK_BITS = 32,     /* of a cursor: the slot; above them the part */
};

#define COUNT_MAX (UINT32_MAX / 2) /* the stored hashes have 32 bits to tell entries apart */

_Static_assert(sizeof(size_t) > WALK_BITS / 8, "a cursor holds part and slot");

/* Fibonacci hashing (Knuth, TAOCP 3, section 6.4): the first bits choose, and not all
 * callers' hashes have good ones. No two become the same. */
static uint32_t scatter(uint64_t hash)
{
    return (uint32_t)hash * 0x9e3779b1u;
}

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
    void *entry = part_find(m->parts[index_of(m, h)], h, equal, key);
    return entry || !m->spare ? entry : part_find(m->spare, h, equal, key);
}

void map_prefetch(const struct map *m, uint64_t hash)
{
    uint32_t h = scatter(hash);
    if (!m->parts)
        return;
    part_prefetch(m->parts[index_of(m, h)], h);
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

static enum err resize(struct map *m, uint32_t hash, size_t size)
{
    struct map_part *old = m->parts[index_of(m, hash)];
    struct map_part *p = part_new(m->pool, size, old->depth);
    if (!p)
        return ERR_MEMORY;
    part_copy(old, p);
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

static bool is_of_upper(const struct map_part *old, uint32_t at)
{
    return (uint32_t)(part_hash(old, at) << old->depth) >> 31;
}

/* With room for an eighth more, so that they do not grow at once. */
static bool halves_new(const struct map *m, const struct map_part *old, struct map_part *halves[2])
{
    size_t counts[2] = {0, 0};
    for (uint32_t at = 0; at < old->size; at++)
        if (part_entry(old, at))
            counts[is_of_upper(old, at)]++;
    for (unsigned n = 0; n < 2; n++)
        halves[n] = part_new(m->pool, part_size_for(counts[n] + counts[n] / 8), old->depth + 1);
    if (halves[0] && halves[1])
        return true;
    free(halves[0]);
    free(halves[1]);
    return false;
}

static enum err split(struct map *m, uint32_t hash)
{
    struct map_part *old = m->parts[index_of(m, hash)], *halves[2];
    if ((old->depth == m->depth && deepen(m) != ERR_OK) || !halves_new(m, old, halves))
        return ERR_MEMORY;
    for (uint32_t at = 0; at < old->size; at++)
        if (part_entry(old, at))
            part_put(halves[is_of_upper(old, at)], part_hash(old, at), part_entry(old, at));
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
        if (p->count < part_limit(p->size))
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
    if (m->parts && (m->parts[0] = part_new(m->pool, SIZE_FIRST, 0)))
        return ERR_OK;
    free(m->parts);
    m->parts = NULL;
    return ERR_MEMORY;
}

/* ---- what was promised -------------------------------------------------------------- */

static enum err reserve_spare(struct map *m, size_t count)
{
    size_t used = m->spare ? m->spare->count : 0;
    if (m->spare && used + count <= part_limit(m->spare->size))
        return ERR_OK;
    struct map_part *larger = part_new(m->pool, part_size_for(used + count), 0);
    if (!larger)
        return ERR_MEMORY;
    if (m->spare)
        part_copy(m->spare, larger);
    free(m->spare);
    m->spare = larger;
    return ERR_OK;
}

/* Home again, once there is memory; a large one is given back. */
static void clear_spare(struct map *m)
{
    struct map_part *spare = m->spare;
    for (uint32_t at = 0; spare->count && at < spare->size;) {
        uint32_t hash = part_hash(spare, at);
        void *entry = part_entry(spare, at);
        if (!entry) {
            at++;
            continue;
        }
        if (make_room(m, hash) != ERR_OK)
            return;
        part_put(m->parts[index_of(m, hash)], hash, entry);
        part_take_out(spare, at); /* another may have come here */
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
    size_t all = m->count + count, size = part_size_for(all);
    enum err err = ERR_OK;
    if (m->depth || size > SIZE_SPLIT)
        err = reserve_spare(m, count);
    else if (all > part_limit(m->parts[0]->size))
        err = resize(m, 0, size > next_size(m->parts[0]) ? size : next_size(m->parts[0]));
    if (err == ERR_OK)
        m->reserved = count;
    return err;
}

void map_release(struct map *m)
{
    m->reserved = 0;
    if (m->spare)
        clear_spare(m);
}

enum err map_insert(struct map *m, uint64_t hash, void *entry)
{
    uint32_t h = scatter(hash);
    if (m->count >= COUNT_MAX || begin(m) != ERR_OK)
        return ERR_MEMORY;
    bool fits = make_room(m, h) == ERR_OK;
    if (!fits && !m->reserved)
        return ERR_MEMORY;
    part_put(fits ? m->parts[index_of(m, h)] : m->spare, h, entry);
    m->count++;
    m->reserved -= m->reserved > 0;
    if (fits && m->spare && (m->spare->count || m->spare->size > SIZE_DOUBLED))
        clear_spare(m);
    return ERR_OK;
}

/* ---- shrinking ------------------------------------------------------------------------ */

/* Where the parts nowhere need the last bit of the place any more, half of the places go. */
static void flatten(struct map *m)
{
    size_t count = (size_t)1 << m->depth;
    for (size_t n = 0; n < count; n += 2)
        if (m->parts[n] != m->parts[n + 1])
            return;
    for (size_t n = 0; n < count; n += 2)
        m->parts[n / 2] = m->parts[n];
    m->depth--;
    struct map_part **parts = reallocarray(m->parts, count / 2, sizeof(struct map_part *));
    if (parts)
        m->parts = parts;
}

/* With the part that it was once split from, if both are nearly empty. */
static bool merge(struct map *m, uint32_t hash)
{
    struct map_part *p = m->parts[index_of(m, hash)];
    if (p->depth == 0)
        return false;
    size_t buddy_at = index_of(m, hash) ^ (size_t)1 << (m->depth - p->depth);
    struct map_part *buddy = m->parts[buddy_at];
    size_t count = p->count + buddy->count;
    if (buddy->depth != p->depth || count > MERGED_MOST)
        return false;
    struct map_part *both = part_new(m->pool, part_size_for(count * 2), p->depth - 1);
    if (!both)
        return false;
    part_copy(p, both);
    part_copy(buddy, both);
    install(m, buddy_at, both);
    if (p->depth == m->depth)
        flatten(m);
    free(p);
    free(buddy);
    return true;
}

/* Gives back what a part has no use for; what was promised stays. */
static void shrink(struct map *m, uint32_t hash)
{
    const struct map_part *p = m->parts[index_of(m, hash)];
    if (p->count > p->size / SPARSE || m->reserved || merge(m, hash) || p->size <= SIZE_DOUBLED)
        return;
    enum err err = resize(m, hash, part_size_for((size_t)p->count * 2));
    (void)err; /* then it stays as it is */
}

/* ---- taking out, walking ------------------------------------------------------------- */

/* The part with this very entry, and its slot there. */
static struct map_part *part_of(const struct map *m, uint32_t hash, const void *entry, uint32_t *at)
{
    struct map_part *p = m->parts[index_of(m, hash)];
    *at = part_slot_of(p, hash, entry);
    if (*at == PART_NONE)
        *at = part_slot_of(p = m->spare, hash, entry);
    assert(*at != PART_NONE);
    return p;
}

void map_remove(struct map *m, uint64_t hash, const void *entry)
{
    uint32_t h = scatter(hash), at;
    struct map_part *p = part_of(m, h, entry, &at);
    part_take_out(p, at);
    m->count--;
    if (p != m->spare)
        shrink(m, h);
}

void map_replace(struct map *m, uint64_t hash, const void *old, void *entry)
{
    uint32_t at;
    struct map_part *p = part_of(m, scatter(hash), old, &at);
    part_replace(p, at, entry);
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
            void *entry = part_entry(p, (uint32_t)at++);
            if (entry) {
                *cursor = number << WALK_BITS | at;
                return entry;
            }
        }
    }
    return NULL;
}
