#include "reg/source_count.h"

#include <stdlib.h>

struct source {
    struct addr addr;
    uint32_t count;
};

static uint64_t hash_of(const struct hash_key *key, const struct addr *addr)
{
    uint8_t bytes[17] = {addr->family};
    memcpy(bytes + 1, addr->bytes, 16);
    return hash_bytes(key, bytes, sizeof(bytes));
}

static bool source_is(const void *entry, const void *key)
{
    return addr_is(&((const struct source *)entry)->addr, key);
}

enum err source_count_up(struct map *sources, const struct hash_key *key, const struct addr *addr,
                         uint32_t max)
{
    uint64_t hash = hash_of(key, addr);
    struct source *s = map_find(sources, hash, source_is, addr);
    if (s && s->count >= max && !addr_is_loopback(addr))
        return ERR_FULL;
    if (s) {
        s->count++;
        return ERR_OK;
    }
    if (max == 0 && !addr_is_loopback(addr))
        return ERR_FULL;
    s = malloc(sizeof(*s));
    if (!s)
        return ERR_MEMORY;
    *s = (struct source){*addr, 1};
    enum err e = map_insert(sources, hash, s);
    if (e)
        free(s);
    return e;
}

void source_count_down(struct map *sources, const struct hash_key *key, const struct addr *addr)
{
    uint64_t hash = hash_of(key, addr);
    struct source *s = map_find(sources, hash, source_is, addr);
    if (--s->count)
        return;
    map_remove(sources, hash, s);
    free(s);
}
