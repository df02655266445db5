#include "registry/tombstone.h"

#include <stdlib.h>

static void drop(struct tombstones *t, struct tombstone *stone)
{
    map_remove(&t->map, stone->hash, stone);
    heap_remove(&t->by_end, &stone->until);
    free(stone);
}

static struct tombstone *first(const struct tombstones *t)
{
    return (struct tombstone *)heap_first(&t->by_end); /* the node is its first member */
}

static void drop_first(struct tombstones *t, const struct registry_journal *j)
{
    struct tombstone *stone = first(t);
    journal_forget(j, path_key((struct text){stone->path, stone->size}));
    drop(t, stone);
}

void tombstones_deinit(struct tombstones *t)
{
    size_t cursor = 0;
    struct tombstone *stone;
    heap_deinit(&t->by_end); /* before its nodes go */
    while ((stone = map_next(&t->map, &cursor)))
        free(stone);
    map_deinit(&t->map);
}

static bool entry_is(const void *entry, const void *key)
{
    const struct tombstone *stone = entry;
    const struct path *path = key;
    return stone->size == path->size && memcmp(stone->path, path->bytes, path->size) == 0;
}

static struct tombstone *find(const struct tombstones *t, const struct path *path)
{
    return map_find(&t->map, path->hash, entry_is, path);
}

bool tombstone_bury(struct tombstones *t, const struct path *path, uint64_t floor,
                    uint64_t until_ms, size_t max, const struct registry_journal *j)
{
    while (t->map.count && t->map.count >= max)
        drop_first(t, j);
    if (max == 0)
        return false;
    struct tombstone *stone = malloc(offsetof(struct tombstone, path) + path->size);
    if (!stone)
        return false;
    stone->hash = path->hash;
    stone->floor = floor;
    stone->size = (uint8_t)path->size;
    memcpy(stone->path, path->bytes, path->size);
    heap_node_init(&stone->until);
    if (map_insert(&t->map, stone->hash, stone) != ERR_OK)
        goto no_entry;
    if (heap_add(&t->by_end, &stone->until, until_ms) != ERR_OK)
        goto no_place;
    return true;
no_place:
    map_remove(&t->map, stone->hash, stone);
no_entry:
    free(stone);
    return false;
}

uint64_t tombstone_floor(const struct tombstones *t, const struct path *path, uint64_t lease_ms)
{
    const struct tombstone *stone = find(t, path);
    return stone && stone->until.key > lease_ms ? stone->floor : 0;
}

void tombstone_lift(struct tombstones *t, const struct path *path)
{
    struct tombstone *stone = find(t, path);
    if (stone)
        drop(t, stone);
}

bool tombstones_expire(struct tombstones *t, uint64_t lease_ms, unsigned budget,
                       const struct registry_journal *j)
{
    while (tombstones_next(t) <= lease_ms) {
        if (budget-- == 0)
            return true;
        drop_first(t, j);
    }
    return false;
}

uint64_t tombstones_next(const struct tombstones *t)
{
    const struct tombstone *next = first(t);
    return next ? next->until.key : UINT64_MAX;
}
