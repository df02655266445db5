#include "registry/tombstone.h"

#include <stdlib.h>

void tombstones_init(struct tombstones *t)
{
    *t = (struct tombstones){0};
    TAILQ_INIT(&t->by_age);
}

static void drop(struct tombstones *t, struct tombstone *stone)
{
    map_remove(&t->map, stone->hash, stone);
    TAILQ_REMOVE(&t->by_age, stone, link);
    free(stone);
}

void tombstones_deinit(struct tombstones *t)
{
    while (!TAILQ_EMPTY(&t->by_age))
        drop(t, TAILQ_FIRST(&t->by_age));
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

void tombstone_bury(struct tombstones *t, const struct path *path, uint64_t floor,
                    uint64_t until_ms, size_t max)
{
    while (t->map.count && t->map.count >= max)
        drop(t, TAILQ_FIRST(&t->by_age));
    if (max == 0)
        return;
    struct tombstone *stone = malloc(offsetof(struct tombstone, path) + path->size);
    if (!stone)
        return;
    stone->hash = path->hash;
    stone->floor = floor;
    stone->until_ms = until_ms;
    stone->size = (uint8_t)path->size;
    memcpy(stone->path, path->bytes, path->size);
    if (map_insert(&t->map, stone->hash, stone) != ERR_OK) {
        free(stone);
        return;
    }
    TAILQ_INSERT_TAIL(&t->by_age, stone, link);
}

uint64_t tombstone_floor(const struct tombstones *t, const struct path *path, uint64_t lease_ms)
{
    const struct tombstone *stone = find(t, path);
    return stone && stone->until_ms > lease_ms ? stone->floor : 0;
}

void tombstone_lift(struct tombstones *t, const struct path *path)
{
    struct tombstone *stone = find(t, path);
    if (stone)
        drop(t, stone);
}

bool tombstones_expire(struct tombstones *t, uint64_t lease_ms, unsigned budget)
{
    while (tombstones_next(t) <= lease_ms) {
        if (budget-- == 0)
            return true;
        drop(t, TAILQ_FIRST(&t->by_age));
    }
    return false;
}

uint64_t tombstones_next(const struct tombstones *t)
{
    const struct tombstone *oldest = TAILQ_FIRST(&t->by_age);
    return oldest ? oldest->until_ms : UINT64_MAX;
}
