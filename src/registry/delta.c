/* What changed in a service since an index, read backwards from its newest change. */
#include "registry/state.h"

enum {
    WALK_PER_ITEM = 8, /* entries looked at for each one wanted: beyond, reading the service
                          anew costs less than finding out what may be left away */
    WALK_LEAST = 1024,
};

const char *departure_text(enum departure why)
{
    static const char *const texts[] = {"", "deregistered", "expired", "evicted"};
    return texts[why];
}

enum { BUCKETS = 512 };
_Static_assert(DELTA_MAX < UINT16_MAX, "places fit");

struct walk {
    const struct registry *r;
    const struct service *s;
    struct delta_item *out;
    size_t max, count;
    uint16_t gone[BUCKETS];   /* those that are gone, by the hash of their id: place plus 1 */
    uint16_t next[DELTA_MAX]; /* in the bucket; 0 = none */
};

static uint16_t *bucket_of(struct walk *w, struct text id)
{
    return &w->gone[hash_bytes(&w->r->key, id.s, id.n) % BUCKETS];
}

static bool has_gone(struct walk *w, struct text id)
{
    for (size_t at = *bucket_of(w, id); at; at = w->next[at - 1])
        if (text_is(w->out[at - 1].id, id))
            return true;
    return false;
}

static void note_gone(struct walk *w, struct text id)
{
    uint16_t *bucket = bucket_of(w, id);
    w->next[w->count] = *bucket;
    *bucket = (uint16_t)(w->count + 1);
}

/* False when there is no room. The newest entry of what is there bears its index; what is
 * not there has left with the newest one. */
static bool take(struct walk *w, const struct history_entry *entry)
{
    struct instance_key key = {service_namespace(w->s), service_name(w->s), entry->id};
    const struct instance *i = state_instance(w->r, key);
    if (i ? i->index != entry->index : has_gone(w, entry->id))
        return true;
    if (w->count == w->max)
        return false;
    if (!i)
        note_gone(w, entry->id);
    w->out[w->count++] = (struct delta_item){
        .id = i ? instance_key(i).id : entry->id,
        .instance = i,
        .why = i ? DEPARTURE_NONE : entry->why,
    };
    return true;
}

enum err registry_delta_steps(const struct registry *r, const struct service *s, uint64_t since,
                              struct delta_item *out, size_t max, size_t *count, size_t *looked_at)
{
    *count = *looked_at = 0;
    if (!s || s->index <= since)
        return ERR_OK;
    if (since < s->known_from)
        return ERR_NOT_FOUND;
    max = max < DELTA_MAX ? max : DELTA_MAX;
    size_t steps = max * WALK_PER_ITEM > WALK_LEAST ? max * WALK_PER_ITEM : WALK_LEAST;
    struct walk w = {.r = r, .s = s, .out = out, .max = max};
    struct history_entry entry;
    for (struct history_end end = s->history; end.index > since; end = entry.before) {
        if (!history_read(&r->history, &end, &entry))
            return ERR_NOT_FOUND;
        if ((*looked_at)++ == steps || !take(&w, &entry))
            return ERR_SPACE;
    }
    *count = w.count;
    return ERR_OK;
}

enum err registry_delta(const struct registry *r, const struct service *s, uint64_t since,
                        struct delta_item *out, size_t max, size_t *count)
{
    size_t looked_at;
    return registry_delta_steps(r, s, since, out, max, count, &looked_at);
}
