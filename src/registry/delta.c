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

struct walk {
    const struct registry *r;
    const struct service *s;
    struct delta_item *out;
    size_t max, count;
};

static bool has_gone(const struct walk *w, struct text id)
{
    for (size_t n = 0; n < w->count; n++)
        if (!w->out[n].instance && text_is(w->out[n].id, id))
            return true;
    return false;
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
    w->out[w->count++] = (struct delta_item){
        .id = i ? instance_key(i).id : entry->id,
        .instance = i,
        .why = i ? DEPARTURE_NONE : entry->why,
    };
    return true;
}

enum err registry_delta(const struct registry *r, const struct service *s, uint64_t since,
                        struct delta_item *out, size_t max, size_t *count)
{
    *count = 0;
    if (!s || s->index <= since)
        return ERR_OK;
    if (since < s->known_from)
        return ERR_NOT_FOUND;
    size_t steps = max * WALK_PER_ITEM > WALK_LEAST ? max * WALK_PER_ITEM : WALK_LEAST;
    struct walk w = {r, s, out, max, 0};
    struct history_entry entry;
    for (struct history_end end = s->history; end.index > since; end = entry.before) {
        if (!history_read(&r->history, &end, &entry))
            return ERR_NOT_FOUND;
        if (steps-- == 0 || !take(&w, &entry))
            return ERR_SPACE;
    }
    *count = w.count;
    return ERR_OK;
}
