#include "dns/update_seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

struct sight {
    struct heap_node end; /* key: when it need not be remembered any more; the first member */
    uint64_t hash, signed_s;
    uint16_t rcode;
};

static bool is_sight(const void *entry, const void *key)
{
    return ((const struct sight *)entry)->hash == *(const uint64_t *)key;
}

static void drop_first(struct update_seen *seen)
{
    struct sight *s = (struct sight *)heap_first(&seen->by_end);
    heap_remove(&seen->by_end, &s->end);
    map_remove(&seen->map, s->hash, s);
    free(s);
}

static uint64_t hash_of(const struct hash_key *key, const struct tsig *t)
{
    uint8_t bytes[NAME_MAX_WIRE + 8 + TSIG_MAC_MAX];
    struct writer w = writer_of(bytes, sizeof(bytes));
    write_bytes(&w, t->name.wire, t->name.size);
    write_u32(&w, (uint32_t)(t->time_signed >> 32));
    write_u32(&w, (uint32_t)t->time_signed);
    write_bytes(&w, t->mac, t->mac_size);
    return hash_bytes(key, bytes, writer_used(&w));
}

/* What is over makes room; else the oldest does, and nothing like it is taken any more. */
static void make_room(struct update_seen *seen, uint64_t now_s)
{
    size_t limit = seen->limit ? seen->limit : UPDATE_SEEN_MAX;
    const struct heap_node *first;
    while ((first = heap_first(&seen->by_end)) && first->key < now_s)
        drop_first(seen);
    while (seen->map.count >= limit) {
        const struct sight *s = (const struct sight *)heap_first(&seen->by_end);
        if (s->signed_s > seen->floor_s)
            seen->floor_s = s->signed_s;
        drop_first(seen);
    }
}

static struct sight *sight_new(struct update_seen *seen, uint64_t hash, const struct tsig *t)
{
    struct sight *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->hash = hash;
    s->signed_s = t->time_signed;
    heap_node_init(&s->end);
    if (map_insert(&seen->map, hash, s)) {
        free(s);
        return NULL;
    }
    if (heap_add(&seen->by_end, &s->end, t->time_signed + t->fudge)) {
        map_remove(&seen->map, hash, s);
        free(s);
        return NULL;
    }
    return s;
}

enum update_sight update_seen_look(struct update_seen *seen, const struct hash_key *key,
                                   const struct tsig *t, uint64_t now_s, uint16_t **rcode)
{
    uint64_t hash = hash_of(key, t);
    struct sight *s = map_find(&seen->map, hash, is_sight, &hash);
    if (s) {
        *rcode = &s->rcode;
        return UPDATE_REPEATED;
    }
    if (seen->floor_s && t->time_signed <= seen->floor_s)
        return UPDATE_TOO_OLD;
    make_room(seen, now_s);
    s = sight_new(seen, hash, t);
    if (!s)
        return UPDATE_NO_MEMORY;
    *rcode = &s->rcode;
    return UPDATE_NEW;
}

void update_seen_deinit(struct update_seen *seen)
{
    while (heap_first(&seen->by_end))
        drop_first(seen);
    heap_deinit(&seen->by_end);
    map_deinit(&seen->map);
}
