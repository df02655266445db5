#include "reg/replay.h"

#include <assert.h>
#include <stdlib.h>

#include "reg/cookie.h"
#include "reg/message.h"

enum { NAME_MAX_SIZE = REG_KEY_ID_MAX + 1 + MESSAGE_CID_MAX, WINDOW = 64 };

struct replay_entry {
    struct replay_entry *older, *newer;
    uint64_t hash, highest, window; /* bit k: highest - k was used */
    uint64_t used_s;
    uint8_t size;
    char name[NAME_MAX_SIZE]; /* "key cid" */
};

void replay_init(struct replay *r, const struct hash_key *key)
{
    *r = (struct replay){.key = *key};
}

void replay_deinit(struct replay *r)
{
    for (struct replay_entry *e = r->oldest, *next; e; e = next) {
        next = e->newer;
        free(e);
    }
    map_deinit(&r->entries);
    *r = (struct replay){0};
}

void replay_limit(struct replay *r, size_t max)
{
    r->max = max;
}

static bool entry_equal(const void *entry, const void *key)
{
    const struct replay_entry *e = entry;
    const struct text *name = key;
    return text_is((struct text){e->name, e->size}, *name);
}

static void list_remove(struct replay *r, struct replay_entry *e)
{
    *(e->older ? &e->older->newer : &r->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &r->newest) = e->older;
}

static void list_append(struct replay *r, struct replay_entry *e)
{
    e->older = r->newest;
    e->newer = NULL;
    *(r->newest ? &r->newest->newer : &r->oldest) = e;
    r->newest = e;
}

/* Forgets entries that no valid cookie can be older than. */
static void drop_expired(struct replay *r, uint64_t now_s, unsigned budget)
{
    while (budget-- && r->oldest && now_s - r->oldest->used_s > COOKIE_VALID_S) {
        struct replay_entry *e = r->oldest;
        list_remove(r, e);
        map_remove(&r->entries, e->hash, e);
        free(e);
    }
}

static enum err add(struct replay *r, struct text name, uint64_t hash, uint64_t n, uint64_t now_s)
{
    drop_expired(r, now_s, 2);
    if (r->entries.count >= r->max)
        return ERR_BUSY;
    struct replay_entry *e = malloc(sizeof(*e));
    if (!e)
        return ERR_MEMORY;
    *e = (struct replay_entry){.hash = hash, .highest = n, .window = 1, .used_s = now_s};
    e->size = (uint8_t)name.n;
    memcpy(e->name, name.s, name.n);
    enum err err = map_insert(&r->entries, hash, e);
    if (err) {
        free(e);
        return err;
    }
    list_append(r, e);
    return ERR_OK;
}

static enum err advance(struct replay_entry *e, uint64_t n)
{
    if (n > e->highest) {
        uint64_t step = n - e->highest;
        e->window = step < WINDOW ? e->window << step | 1 : 1;
        e->highest = n;
        return ERR_OK;
    }
    uint64_t back = e->highest - n;
    if (back >= WINDOW || (e->window >> back & 1))
        return ERR_STALE;
    e->window |= (uint64_t)1 << back;
    return ERR_OK;
}

enum err replay_accept(struct replay *r, struct text key_id, struct text cid, uint64_t n,
                       uint64_t now_s)
{
    char room[NAME_MAX_SIZE];
    struct text name = {room, key_id.n + 1 + cid.n};
    assert(name.n <= sizeof(room));
    memcpy(room, key_id.s, key_id.n);
    room[key_id.n] = ' ';
    memcpy(room + key_id.n + 1, cid.s, cid.n);
    uint64_t hash = hash_bytes(&r->key, name.s, name.n);
    struct replay_entry *e = map_find(&r->entries, hash, entry_equal, &name);
    if (!e)
        return add(r, name, hash, n, now_s);
    enum err err = advance(e, n);
    if (err)
        return err;
    e->used_s = now_s;
    list_remove(r, e);
    list_append(r, e);
    return ERR_OK;
}
