#include "dns/view.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const struct view_instance *view_instance(const struct view *v, const struct hash_key *key,
                                          struct text label)
{
    if (!v->instance_count || label.n == 0 || label.n > INSTANCE_ID_MAX)
        return NULL;
    uint32_t at = (uint32_t)hash_bytes(key, label.s, label.n) & v->ids_mask;
    for (; v->ids[at]; at = (at + 1) & v->ids_mask) {
        const struct view_instance *i = &v->instances[v->ids[at] - 1];
        if (i->target[0] == label.n && memcmp(i->target + 1, label.s, label.n) == 0)
            return i;
    }
    return NULL;
}

/* The first selector that is not before (key, value). */
static uint32_t selector_at(const struct view *v, struct text key, struct text value)
{
    uint32_t low = 0, high = v->selector_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct selector *s = &v->selectors[middle];
        int order = text_compare(s->key, key);
        if (order == 0)
            order = text_compare(s->value, value);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct selector *view_selector(const struct view *v, struct text key, struct text value)
{
    uint32_t at = selector_at(v, key, value);
    if (at == v->selector_count)
        return NULL;
    const struct selector *s = &v->selectors[at];
    return text_is(s->key, key) && text_is(s->value, value) ? s : NULL;
}

bool view_has_selector_key(const struct view *v, struct text key)
{
    /* Values are never empty, so all of this key's stand behind the empty one. */
    uint32_t at = selector_at(v, key, (struct text){NULL, 0});
    return at < v->selector_count && text_is(v->selectors[at].key, key);
}

const struct named_port *view_port(const struct view *v, struct text name, uint8_t protocol)
{
    uint32_t low = 0, high = v->port_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct named_port *p = &v->ports[middle];
        int order = text_compare(p->name, name);
        if (order == 0)
            order = (int)p->protocol - (int)protocol;
        if (order == 0)
            return p;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void reclaim(struct rcu_late *late)
{
    view_free((struct view *)((char *)late - offsetof(struct view, late)));
}

void view_retire(struct view *v)
{
    rcu_defer(&v->late, reclaim);
}

void view_free(struct view *v)
{
    view_unref(v);
}

struct view *view_ref(struct view *v)
{
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

void view_unref(struct view *v)
{
    if (v && atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) == 0)
        free(v);
}
