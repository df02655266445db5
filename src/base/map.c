#include "base/map.h"

#include <assert.h>
#include <stdlib.h>

#define SLOTS_MIN 8
#define COUNT_MAX (UINT32_MAX / 2) /* the stored hashes have 32 bits to tell slots apart */

void map_deinit(struct map *m)
{
    free(m->entries);
    free(m->hashes);
    *m = (struct map){0};
}

static size_t slot_count(const struct map *m)
{
    return m->entries ? m->mask + 1 : 0;
}

static bool fits(size_t count, size_t slots)
{
    return count <= slots / 4 * 3;
}

void *map_find(const struct map *m, uint64_t hash, map_equal *equal, const void *key)
{
    if (!m->entries)
        return NULL;
    for (size_t at = (uint32_t)hash & m->mask; m->entries[at]; at = (at + 1) & m->mask)
        if (m->hashes[at] == (uint32_t)hash && equal(m->entries[at], key))
            return m->entries[at];
    return NULL;
}

void map_prefetch(const struct map *m, uint64_t hash)
{
    if (!m->entries)
        return;
    __builtin_prefetch(&m->hashes[(uint32_t)hash & m->mask]);
    __builtin_prefetch(&m->entries[(uint32_t)hash & m->mask]);
}

const void *map_guess(const struct map *m, uint64_t hash)
{
    if (!m->entries)
        return NULL;
    for (size_t at = (uint32_t)hash & m->mask; m->entries[at]; at = (at + 1) & m->mask)
        if (m->hashes[at] == (uint32_t)hash)
            return m->entries[at];
    return NULL;
}

static void put(struct map *m, uint32_t hash, void *entry)
{
    size_t at = hash & m->mask;
    while (m->entries[at])
        at = (at + 1) & m->mask;
    m->entries[at] = entry;
    m->hashes[at] = hash;
    m->count++;
}

static enum err resize(struct map *m, size_t slots)
{
    struct map wider = {.mask = slots - 1};

    wider.entries = calloc(slots, sizeof(*wider.entries));
    wider.hashes = calloc(slots, sizeof(*wider.hashes));
    if (!wider.entries || !wider.hashes) {
        map_deinit(&wider);
        return ERR_MEMORY;
    }
    for (size_t at = 0; at < slot_count(m); at++)
        if (m->entries[at])
            put(&wider, m->hashes[at], m->entries[at]);
    map_deinit(m);
    *m = wider;
    return ERR_OK;
}

enum err map_reserve(struct map *m, size_t count)
{
    size_t slots = slot_count(m) ? slot_count(m) : SLOTS_MIN;

    if (count > COUNT_MAX - m->count)
        return ERR_MEMORY;
    while (!fits(m->count + count, slots))
        slots *= 2;
    return slots == slot_count(m) ? ERR_OK : resize(m, slots);
}

enum err map_insert(struct map *m, uint64_t hash, void *entry)
{
    enum err err = map_reserve(m, 1);
    if (err)
        return err;
    put(m, (uint32_t)hash, entry);
    return ERR_OK;
}

static size_t slot_of(const struct map *m, uint64_t hash, const void *entry)
{
    size_t at = (uint32_t)hash & m->mask;
    while (m->entries[at] && m->entries[at] != entry)
        at = (at + 1) & m->mask;
    assert(m->entries[at] == entry);
    return at;
}

void map_remove(struct map *m, uint64_t hash, const void *entry)
{
    size_t hole = slot_of(m, hash, entry);

    for (size_t at = (hole + 1) & m->mask; m->entries[at]; at = (at + 1) & m->mask) {
        size_t from_home = (at - m->hashes[at]) & m->mask;
        size_t from_hole = (at - hole) & m->mask;
        if (from_home < from_hole)
            continue; /* its home lies behind the hole: there it could not be found */
        m->entries[hole] = m->entries[at];
        m->hashes[hole] = m->hashes[at];
        hole = at;
    }
    m->entries[hole] = NULL;
    m->count--;
}

void map_replace(struct map *m, uint64_t hash, const void *old, void *entry)
{
    m->entries[slot_of(m, hash, old)] = entry;
}

void *map_next(const struct map *m, size_t *cursor)
{
    while (*cursor < slot_count(m)) {
        void *entry = m->entries[(*cursor)++];
        if (entry)
            return entry;
    }
    return NULL;
}
