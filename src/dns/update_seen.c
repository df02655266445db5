#include "dns/update_seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/heap.h"
#include "base/text.h"

struct sight {
    struct heap_node end; /* key: when it need not be remembered any more; the first member */
    uint64_t hash, signed_s;
    uint16_t rcode;
};

/* A TSIG key with what was signed by it. */
struct signer {
    struct name name;
    uint64_t hash;
    uint64_t floor_s; /* signed at or before: too old */
    struct heap by_end;
    size_t count;
};

/* ---- keys ------------------------------------------------------------------------------- */

static bool is_signer(const void *entry, const void *key)
{
    return name_is(&((const struct signer *)entry)->name, key);
}

static struct signer *signer_get(struct update_seen *seen, const struct hash_key *key,
                                 const struct name *name)
{
    uint64_t hash = hash_bytes(key, name->wire, name->size);
    struct signer *s = map_find(&seen->keys, hash, is_signer, name);
    if (s)
        return s;
    s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->name = *name;
    s->hash = hash;
    if (map_insert(&seen->keys, hash, s)) {
        free(s);
        return NULL;
    }
    return s;
}

static void drop_first(struct update_seen *seen, struct signer *of)
{
    struct sight *s = (struct sight *)heap_first(&of->by_end);
    heap_remove(&of->by_end, &s->end);
    of->count--;
    map_remove(&seen->map, s->hash, s);
    free(s);
}

static void drop_over(struct update_seen *seen, struct signer *of, uint64_t now_s)
{
    const struct heap_node *first;
    while ((first = heap_first(&of->by_end)) && first->key < now_s)
        drop_first(seen, of);
}

/* What is over makes room; else the oldest of the key that has most does, and nothing of
 * this key that is as old is taken any more. */
static void make_room(struct update_seen *seen, struct signer *of, uint64_t now_s)
{
    size_t limit = seen->limit ? seen->limit : UPDATE_SEEN_MAX, cursor = 0;
    struct signer *most = of;
    drop_over(seen, of, now_s);
    if (seen->map.count < limit)
        return;
    for (struct signer *other; (other = map_next(&seen->keys, &cursor));) {
        drop_over(seen, other, now_s);
        if (other->count > most->count)
            most = other;
    }
    if (seen->map.count < limit)
        return;
    const struct sight *s = (const struct sight *)heap_first(&most->by_end);
    if (s->signed_s > most->floor_s)
        most->floor_s = s->signed_s;
    drop_first(seen, most);
}

/* ---- messages ----------------------------------------------------------------------------- */

static bool is_sight(const void *entry, const void *key)
{
    return ((const struct sight *)entry)->hash == *(const uint64_t *)key;
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

static uint64_t fudge_of(const struct tsig *t)
{
    return t->fudge < UPDATE_FUDGE_MAX_S ? t->fudge : UPDATE_FUDGE_MAX_S;
}

static struct sight *sight_new(struct update_seen *seen, struct signer *of, uint64_t hash,
                               const struct tsig *t)
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
    if (heap_add(&of->by_end, &s->end, t->time_signed + fudge_of(t))) {
        map_remove(&seen->map, hash, s);
        free(s);
        return NULL;
    }
    of->count++;
    return s;
}

static bool is_timely(const struct tsig *t, uint64_t now_s)
{
    uint64_t away = t->time_signed > now_s ? t->time_signed - now_s : now_s - t->time_signed;
    return away <= fudge_of(t);
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
    if (!is_timely(t, now_s))
        return UPDATE_BAD_TIME;
    struct signer *of = signer_get(seen, key, &t->name);
    if (!of)
        return UPDATE_NO_MEMORY;
    if (t->time_signed < seen->start_s || (of->floor_s && t->time_signed <= of->floor_s))
        return UPDATE_TOO_OLD;
    make_room(seen, of, now_s);
    s = sight_new(seen, of, hash, t);
    if (!s)
        return UPDATE_NO_MEMORY;
    *rcode = &s->rcode;
    return UPDATE_NEW;
}

void update_seen_deinit(struct update_seen *seen)
{
    size_t cursor = 0;
    for (struct signer *s; (s = map_next(&seen->keys, &cursor));) {
        while (heap_first(&s->by_end))
            drop_first(seen, s);
        heap_deinit(&s->by_end);
        free(s);
    }
    map_deinit(&seen->keys);
    map_deinit(&seen->map);
}
