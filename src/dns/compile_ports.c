#include "dns/compile_ports.h"

#include <stdlib.h>
#include <string.h>

#include "dns/compile_port_part.h"
#include "dns/hash_parts.h"
#include "dns/radix.h"

enum {
    FILL = 8,      /* names of a part that is made anew, in the mean: one that changes takes the
                      others along */
    FILL_MIN = 3,  /* below in the mean, fewer parts are made */
    FILL_MAX = 16, /* above, more */
};

/* ---- which names slices have --------------------------------------------------------------- */

/* `had`: before the slice changed. */
static enum err gather(struct port_work *w, struct list *items, const struct slice *s,
                       uint32_t number, bool had)
{
    const struct slice_port *port = slice_ports(s);
    struct port_item *to = list_add(items, s->port_count, sizeof(*to));
    if (!to)
        return ERR_MEMORY;
    for (unsigned i = 0; i < s->port_count; i++, to++) {
        *to = (struct port_item){port[i].hash, number, 0};
        if (!had && port_note(w, s, i, &to->noted))
            return ERR_MEMORY;
    }
    return ERR_OK;
}

static uint32_t hash_of(const void *item)
{
    return ((const struct port_item *)item)->hash;
}

/* By hash; equal ones stay in their order. */
static enum err sort_items(struct list *items)
{
    struct port_item *room = malloc((items->count + 1) * sizeof(*room));
    if (!room)
        return ERR_MEMORY;
    radix_sort(items->items, items->count, sizeof(*room), 32, hash_of, room);
    free(room);
    return ERR_OK;
}

/* ---- parts --------------------------------------------------------------------------------- */

/* How many differ among those. */
static size_t hash_count(const struct port_item *items, size_t count)
{
    size_t hashes = count > 0;
    for (size_t i = 1; i < count; i++)
        hashes += items[i].hash != items[i - 1].hash;
    return hashes;
}

/* Half of a part stays free for names of equal hash, which no number of parts takes apart. */
static bool fit(const void *first, size_t length)
{
    return hash_count(first, length) <= PORT_PART_MAX / 2;
}

/* By hash they come from anywhere: begins to load what is noted of those behind [at, end). */
static void look_ahead(const struct port_work *w, const struct list *items, size_t at, size_t end)
{
    enum { AHEAD = 16 };
    const struct port_item *item = items->items;
    const struct port_noted *noted = w->noted.items;
    for (size_t i = at + AHEAD; i < end + AHEAD && i < items->count; i++) {
        const char *to = (const char *)&noted[item[i].noted - 1];
        __builtin_prefetch(to);
        __builtin_prefetch(to + sizeof(*noted) - 1);
    }
}

struct making {
    struct port_work *w;
    struct list *items; /* struct port_item */
};

static enum err make_part(void *context, const struct block *old, size_t at, size_t length,
                          struct block **out)
{
    struct making *m = context;
    if (!old)
        look_ahead(m->w, m->items, at, at + length);
    enum err err = port_part_next(m->w, (const struct port_part *)(const void *)old,
                                  (struct port_item *)m->items->items + at, length);
    *out = err ? NULL : &m->w->part->block;
    return err;
}

static struct hash_parts parts_of(struct making *m)
{
    return (struct hash_parts){m->items->items, m->items->count, sizeof(struct port_item),
                               hash_of,         make_part,       m};
}

/* ---- anew ---------------------------------------------------------------------------------- */

static enum err make_all(struct port_work *w, struct list *items, struct block_list **out)
{
    struct making m = {w, items};
    if (sort_items(items))
        return ERR_MEMORY;
    const struct hash_parts parts = parts_of(&m);
    uint32_t count = (uint32_t)(hash_count(items->items, items->count) / FILL + 1);
    return hash_parts_new(&parts, hash_parts_fitting(&parts, count, fit), out);
}

static enum err gather_all(struct port_work *w, struct list *items)
{
    const struct large_parts *p = w->p;
    size_t count = 0;
    for (uint32_t n = 0; n < p->slice_count; n++)
        count += p->slices[n]->port_count;
    if (count && (!list_reserve(items, count, sizeof(struct port_item)) ||
                  !list_reserve(&w->noted, count, sizeof(struct port_noted))))
        return ERR_MEMORY;
    for (uint32_t n = 0; n < p->slice_count; n++)
        if (p->slices[n]->port_count && gather(w, items, p->slices[n], n, false))
            return ERR_MEMORY;
    return ERR_OK;
}

enum err ports_new(struct large_parts *p)
{
    struct list items = {0};
    struct port_work w = {.p = p};
    enum err err = gather_all(&w, &items);
    if (!err && items.count)
        err = make_all(&w, &items, &p->ports);
    p->port_names = (uint32_t)w.gained;
    p->port_steps = w.steps;
    port_work_deinit(&w);
    free(items.items);
    return err;
}

/* ---- changed ------------------------------------------------------------------------------- */

static enum err change_all(const struct view_shared *old, struct port_work *w, struct list *items,
                           struct large_parts *p)
{
    struct making m = {w, items};
    enum err err = sort_items(items);
    const struct hash_parts parts = parts_of(&m);
    if (!err)
        err = hash_parts_next(&parts, old->ports, &p->ports);
    p->port_names = (uint32_t)(old->port_names + w->gained);
    p->port_steps = w->steps;
    return err;
}

static bool is_in_bounds(const struct view_shared *old)
{
    uint32_t parts = old->ports->count;
    return old->port_names <= (uint64_t)parts * FILL_MAX &&
           (parts == 1 || old->port_names >= (uint64_t)parts * FILL_MIN);
}

enum err ports_next(const struct view *old, const struct slice_change *changes, uint32_t count,
                    struct large_parts *p)
{
    if (!old->shared->ports || old->withdraws_stale != p->withdraws_stale ||
        !is_in_bounds(old->shared))
        return ERR_SPACE;
    struct list items = {0};
    bool *changed = calloc(p->slice_count, sizeof(*changed));
    struct port_work w = {.p = p, .changed = changed};
    enum err err = changed ? ERR_OK : ERR_MEMORY;
    for (uint32_t i = 0; i < count && !err; i++) {
        changed[changes[i].number] = true;
        err = gather(&w, &items, changes[i].old, changes[i].number, true);
        if (!err)
            err = gather(&w, &items, changes[i].new, changes[i].number, false);
    }
    if (!err)
        err = change_all(old->shared, &w, &items, p);
    port_work_deinit(&w);
    free(changed);
    free(items.items);
    return err;
}

/* ---- by default ---------------------------------------------------------------------------- */

enum err ports_by_default(const struct large_parts *p, struct list *out)
{
    const struct slice *s = p->slices[0]; /* it has those, too */
    const struct slice_port *port = slice_ports(s), *end = port + s->port_count;
    for (; port < end; port++) {
        if (!slice_set_is_default(s, &port->set))
            continue;
        const struct named_port *there =
            port_in_parts(p->ports, port->hash, port->name, port->protocol);
        if (there && there->by_default && !list_append(out, there, 1, sizeof(*there)))
            return ERR_MEMORY;
    }
    return ERR_OK;
}
