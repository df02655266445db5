#include "registry/override.h"

#include <stdlib.h>

#include "registry/service.h"
#include "registry/state.h"

static bool entry_is(const void *entry, const void *key)
{
    const struct override_entry *o = entry;
    const struct path *path = key;
    struct text front = service_path(o->service);
    return path->size == front.n + o->id_size && memcmp(path->bytes, front.s, front.n) == 0 &&
           memcmp(path->bytes + front.n, o->id, o->id_size) == 0;
}

struct override_entry *override_find(const struct map *overrides, const struct path *path)
{
    return map_find(overrides, path->hash, entry_is, path);
}

struct override_entry *override_get(struct map *overrides, struct service *s, struct text id,
                                    const struct path *path)
{
    struct override_entry *o = override_find(overrides, path);
    if (o)
        return o;
    o = calloc(1, offsetof(struct override_entry, id) + id.n);
    if (!o)
        return NULL;
    o->hash = path->hash;
    o->service = s;
    o->id_size = (uint8_t)id.n;
    memcpy(o->id, id.s, id.n);
    if (map_insert(overrides, o->hash, o) != ERR_OK) {
        free(o);
        return NULL;
    }
    LIST_INSERT_HEAD(&s->overrides, o, link);
    return o;
}

void override_drop(struct map *overrides, struct override_entry *entry)
{
    map_remove(overrides, entry->hash, entry);
    LIST_REMOVE(entry, link);
    free(entry);
}

bool override_is_empty(struct override o)
{
    return !o.drain && !o.weight_set && !o.status_set;
}

bool override_is(struct override a, struct override b)
{
    return a.drain == b.drain && a.weight_set == b.weight_set && a.status_set == b.status_set &&
           (!a.weight_set || a.weight == b.weight) && (!a.status_set || a.status == b.status);
}

struct standing override_apply(struct override o, struct standing own)
{
    struct standing s = own;
    if (o.weight_set)
        s.weight = o.weight;
    if (o.status_set)
        s.status = o.status;
    if (o.drain && (s.status == STATUS_UP || s.status == STATUS_STARTING))
        s.status = STATUS_DRAINING;
    return s;
}

/* Does it only drain, or lower? */
static enum journal_need need_of(struct standing before, struct standing after)
{
    bool out = after.status == STATUS_DRAINING || after.status == STATUS_DOWN;
    bool kept = after.status == before.status || (out && before.status != STATUS_DOWN);
    return kept && after.weight <= before.weight ? JOURNAL_WITHDRAW : JOURNAL_PUT;
}

enum err registry_override(struct registry *r, struct instance_key key,
                           const struct override *override, struct moment now)
{
    struct service *s = service_find(r, key.ns, key.service);
    struct path path;
    if (!s || key.id.n == 0 || !path_of_instance(&r->key, key, &path))
        return ERR_NOT_FOUND;
    struct instance *i = instance_find(&r->instances, &path);
    struct standing before = i ? instance_standing(i) : (struct standing){0};
    struct override_entry *entry = override_find(&r->overrides, &path);
    struct override was = entry ? entry->value : (struct override){0};
    if (override_is(was, *override)) {
        journal_touch(&r->journal, key);
        return ERR_OK;
    }
    bool lifts = override_is_empty(*override);
    struct standing own = {STATUS_UP, WEIGHT_DEFAULT, false};
    if (i)
        own = (struct standing){content_status(instance_content(i)), i->weight, false};
    enum journal_need need = need_of(override_apply(was, own), override_apply(*override, own));
    enum err err = journal_reserve(&r->journal, need, 1);
    if (err != ERR_OK)
        return err;
    if (!lifts && !(entry = override_get(&r->overrides, s, key.id, &path)))
        return ERR_MEMORY;
    if (lifts)
        override_drop(&r->overrides, entry);
    else
        entry->value = *override;
    if (i) {
        i->overridden = !lifts;
        state_changed(r, i, before, false, now);
    }
    journal_override(&r->journal, key, override);
    return ERR_OK;
}

struct override registry_override_of(const struct registry *r, struct instance_key key)
{
    struct path path;
    const struct override_entry *entry =
        path_of_instance(&r->key, key, &path) ? override_find(&r->overrides, &path) : NULL;
    return entry ? entry->value : (struct override){0};
}

size_t service_overrides(const struct service *s, struct text after, struct override_row *out,
                         size_t max)
{
    const struct override_entry *o;
    size_t count = 0;
    LIST_FOREACH(o, &s->overrides, link)
    {
        struct text id = {o->id, o->id_size};
        if (text_compare(id, after) <= 0 || (count == max && text_compare(id, out[max - 1].id) > 0))
            continue;
        size_t at = count < max ? count++ : max - 1;
        for (; at && text_compare(out[at - 1].id, id) > 0; at--)
            out[at] = out[at - 1];
        out[at] = (struct override_row){id, o->value};
    }
    return count;
}
