#include "dns/compile_port_part.h"

#include <stdlib.h>
#include <string.h>

/* What an item and a name of a part cost, and a part of a set that is taken out of its slice. One
 * that is copied with others, or a reference, is one step. */
enum { ITEM_STEPS = 2, NAME_STEPS = 12, FETCH_STEPS = 10 };

struct port_draft {
    struct named_port port; /* its set's pointers only to what is in a slice */
    size_t first_ref, first_part, first_group;
    uint32_t ref_end;
    bool in_slice; /* the parts */
};

void port_work_deinit(struct port_work *w)
{
    free(w->noted.items);
    free(w->refs.items);
    free(w->names.items);
    set_lists_deinit(&w->sets);
}

enum err port_note(struct port_work *w, const struct slice *s, unsigned number, uint32_t *noted)
{
    const struct slice_port *from = &slice_ports(s)[number];
    struct port_noted *to = list_add(&w->noted, 1, sizeof(*to));
    if (!to)
        return ERR_MEMORY;
    *to = (struct port_noted){.name = from->name,
                              .in_slice = s->parts + from->set.first,
                              .number = (uint16_t)number,
                              .part_count = from->set.count,
                              .protocol = from->protocol,
                              .is_default = slice_set_is_default(s, &from->set)};
    if (to->part_count)
        to->part = set_part(to->in_slice);
    *noted = (uint32_t)w->noted.count;
    return ERR_OK;
}

/* ---- who has a name ------------------------------------------------------------------------ */

static uint32_t first_ref(const struct port_part *part, uint32_t name)
{
    return name ? part->ref_ends[name - 1] : 0;
}

static const struct slice_port *port_of(const struct port_work *w, const struct port_ref *ref)
{
    return &slice_ports(w->p->slices[ref->slice])[ref->port];
}

static const struct port_noted *noted_of(const struct port_work *w, const struct port_item *item)
{
    return (const struct port_noted *)w->noted.items + (item->noted - 1);
}

static bool has_name(const struct port_work *w, const struct port_item *item, uint32_t hash,
                     struct text name, uint8_t protocol)
{
    if (!item->noted || item->hash != hash)
        return false;
    const struct port_noted *noted = noted_of(w, item);
    return noted->name.s == name.s || (noted->protocol == protocol && text_is(noted->name, name));
}

/* So has an item the name of the old part? */
static bool has_old_name(const struct port_work *w, const struct port_item *item,
                         const struct named_port *old)
{
    return has_name(w, item, old->hash, old->name, old->protocol);
}

/* Takes the item: reference and parts. */
static enum err add_item(struct port_work *w, struct port_item *item)
{
    const struct port_noted *noted = noted_of(w, item);
    const struct port_ref ref = {item->slice, noted->number};
    item->noted = 0;
    w->last = noted;
    w->is_default &= noted->is_default;
    if (!list_append(&w->refs, &ref, 1, sizeof(ref)))
        return ERR_MEMORY;
    if (noted->part_count > 1) {
        const struct slice *s = w->p->slices[ref.slice];
        return set_add(&w->sets, s, &slice_ports(s)[ref.port].set);
    }
    return list_append(&w->sets.parts, &noted->part, noted->part_count, sizeof(noted->part))
               ? ERR_OK
               : ERR_MEMORY;
}

/* Has no slice changed that has, or had, the name? */
static bool is_kept(const struct port_work *w, const struct port_part *old, uint32_t name,
                    const struct port_item *items, size_t count)
{
    for (uint32_t r = first_ref(old, name); r < old->ref_ends[name]; r++)
        if (w->changed[old->refs[r].slice])
            return false;
    for (size_t i = 0; i < count; i++)
        if (has_old_name(w, &items[i], &old->ports[name]))
            return false;
    return true;
}

/* The slices that still have a name of the old part, and those that have it now, by number, with
 * the parts of the latter. */
static enum err merge_refs(struct port_work *w, const struct port_part *old, uint32_t name,
                           struct port_item *items, size_t count)
{
    uint32_t r = first_ref(old, name), end = old->ref_ends[name];
    for (size_t i = 0; i <= count; i++) {
        if (i < count && !has_old_name(w, &items[i], &old->ports[name]))
            continue;
        for (; r < end && (i == count || old->refs[r].slice < items[i].slice); r++)
            if (!w->changed[old->refs[r].slice] &&
                !list_append(&w->refs, &old->refs[r], 1, sizeof(*old->refs)))
                return ERR_MEMORY;
        if (i < count && add_item(w, &items[i]))
            return ERR_MEMORY;
    }
    return ERR_OK;
}

/* Those of a group in a set of the old part. */
static enum err copy_group(struct port_work *w, const struct srv_set *set,
                           const struct pick_group *group)
{
    const struct part *from = set->parts + group->first_part, *last = from + group->part_count - 1;
    struct part *to = list_reserve(&w->sets.parts, group->part_count, sizeof(*to));
    if (!to)
        return ERR_MEMORY;
    for (; from <= last; from++) {
        if (w->changed[from->base / SLICE_MAX])
            continue;
        *to = *from;
        to->before = (from < last ? from[1].before : group->total) - from->before; /* as set_part */
        to++;
        w->sets.parts.count++;
    }
    return ERR_OK;
}

/* The parts of slices that did not change, in order. */
static enum err copy_parts(struct port_work *w, const struct port_part *old, uint32_t name)
{
    uint32_t first = first_ref(old, name);
    const struct srv_set *set = &old->ports[name].set;
    if (old->ref_ends[name] - first == 1 && w->changed[old->refs[first].slice])
        return ERR_OK; /* they stand in that slice, elsewhere */
    for (uint32_t i = 0; i < set->group_count; i++)
        if (copy_group(w, set, &set->groups[i]))
            return ERR_MEMORY;
    return ERR_OK;
}

/* The slices that have the name of the first item. */
static enum err take_refs(struct port_work *w, struct port_item *items, size_t count)
{
    const struct port_noted *first = noted_of(w, items);
    for (size_t i = 0; i < count && items[i].hash == items->hash; i++)
        if (has_name(w, &items[i], items->hash, first->name, first->protocol) &&
            add_item(w, &items[i]))
            return ERR_MEMORY;
    return ERR_OK;
}

/* ---- the names ----------------------------------------------------------------------------- */

static enum err add_name(struct port_work *w, struct port_draft *name)
{
    name->ref_end = (uint32_t)w->refs.count;
    return list_append(&w->names, name, 1, sizeof(*name)) ? ERR_OK : ERR_MEMORY;
}

/* As it was. */
static enum err keep_name(struct port_work *w, const struct port_part *old, uint32_t n)
{
    uint32_t first = first_ref(old, n), count = old->ref_ends[n] - first;
    const struct srv_set *set = &old->ports[n].set;
    struct port_draft name = {.port = old->ports[n],
                              .first_part = w->sets.parts.count,
                              .first_group = w->sets.groups.count,
                              .in_slice = count == 1};
    if (!list_append(&w->refs, old->refs + first, count, sizeof(*old->refs)) ||
        !list_append(&w->sets.groups, set->groups, set->group_count, sizeof(*set->groups)) ||
        (!name.in_slice &&
         !list_append(&w->sets.parts, set->parts, set->part_count, sizeof(*set->parts))))
        return ERR_MEMORY;
    return add_name(w, &name);
}

static void close_set(const struct port_work *w, const struct set_draft *from, struct srv_set *set)
{
    *set = from->set;
    set->parts = (const struct part *)w->sets.parts.items + from->first_part;
    set->groups = (const struct pick_group *)w->sets.groups.items + from->first_group;
    head_close_set(w->p->withdraws_stale, set);
}

/* Begins a name, whose references and parts are then added. */
static struct port_draft begin_name(struct port_work *w, uint32_t hash, uint8_t protocol)
{
    w->last = NULL;
    w->is_default = true;
    return (struct port_draft){.port = {.hash = hash, .protocol = protocol},
                               .first_ref = w->refs.count,
                               .first_part = w->sets.parts.count};
}

/* Has each slice the name, for what its default ports are? Most often the first one tells. `was`:
 * in the old part; NULL: all were taken. */
static bool is_default(const struct port_work *w, const struct port_draft *name,
                       const struct named_port *was)
{
    const struct port_ref *ref = (const struct port_ref *)w->refs.items + name->first_ref;
    size_t count = w->refs.count - name->first_ref;
    if (count != w->p->slice_count || !w->is_default)
        return false;
    if (!was || was->by_default)
        return true;
    for (size_t i = 0; i < count; i++)
        if (!slice_set_is_default(w->p->slices[ref[i].slice], &port_of(w, &ref[i])->set))
            return false;
    return true;
}

/* All parts out of the slices, where the old part did not have all of them. */
static enum err fetch_parts(struct port_work *w, const struct port_draft *name)
{
    w->sets.parts.count = name->first_part;
    for (size_t r = name->first_ref; r < w->refs.count; r++) {
        const struct port_ref *ref = (const struct port_ref *)w->refs.items + r;
        if (set_add(&w->sets, w->p->slices[ref->slice], &port_of(w, ref)->set))
            return ERR_MEMORY;
    }
    w->steps += FETCH_STEPS * (uint32_t)(w->sets.parts.count - name->first_part);
    return ERR_OK;
}

/* Out of a slice that has it: its text, and parts that stand there as they are to if no other slice
 * has it. */
static void place_in_slice(struct port_work *w, struct port_draft *name)
{
    const struct port_ref *ref = (const struct port_ref *)w->refs.items + name->first_ref;
    const struct slice_port *port = w->last ? NULL : port_of(w, ref);
    name->port.name = port ? port->name : w->last->name;
    name->in_slice = w->refs.count - name->first_ref == 1;
    if (!name->in_slice)
        return;
    name->port.set.parts =
        port ? w->p->slices[ref->slice]->parts + port->set.first : w->last->in_slice;
    w->sets.parts.count = name->first_part;
}

/* `was`: see is_default. */
static enum err end_name(struct port_work *w, struct port_draft *name, const struct named_port *was)
{
    struct set_draft set;
    if (w->refs.count == name->first_ref) /* nobody has it any more */
        return ERR_OK;
    name->port.by_default = is_default(w, name, was);
    if (name->port.by_default)
        w->sets.parts.count = name->first_part;
    else if (was && (was->by_default || was->set.withdrawn) && fetch_parts(w, name))
        return ERR_MEMORY;
    if (set_end(&w->sets, name->first_part, &set))
        return ERR_MEMORY;
    name->first_group = set.first_group;
    close_set(w, &set, &name->port.set);
    place_in_slice(w, name);
    return add_name(w, name);
}

static enum err take_old_name(struct port_work *w, const struct port_part *old, uint32_t n,
                              struct port_item *items, size_t count)
{
    const struct named_port *was = &old->ports[n];
    struct port_draft name = begin_name(w, was->hash, was->protocol);
    if (copy_parts(w, old, n))
        return ERR_MEMORY;
    size_t taken_from = w->sets.parts.count;
    if (merge_refs(w, old, n, items, count) || set_merge(&w->sets, name.first_part, taken_from))
        return ERR_MEMORY;
    return end_name(w, &name, was);
}

static enum err take_old(struct port_work *w, const struct port_part *old, struct port_item *items,
                         size_t count)
{
    enum err err = ERR_OK;
    for (uint32_t n = 0; n < old->count && !err; n++)
        err = is_kept(w, old, n, items, count) ? keep_name(w, old, n)
                                               : take_old_name(w, old, n, items, count);
    return err;
}

static enum err take_new_name(struct port_work *w, struct port_item *items, size_t count)
{
    struct port_draft name = begin_name(w, items->hash, noted_of(w, items)->protocol);
    return take_refs(w, items, count) ? ERR_MEMORY : end_name(w, &name, NULL);
}

static enum err take_new(struct port_work *w, struct port_item *items, size_t count, size_t max)
{
    for (size_t i = 0; i < count && w->names.count < max; i++)
        if (items[i].noted && take_new_name(w, items + i, count - i))
            return ERR_MEMORY;
    return ERR_OK;
}

/* ---- the block ----------------------------------------------------------------------------- */

static void copy_list(void *to, const struct list *from, size_t size)
{
    if (from->count)
        memcpy(to, from->items, from->count * size);
}

static enum err write_part(struct port_work *w)
{
    const struct port_draft *name = w->names.items;
    size_t count = w->names.count;
    size_t parts_at = sizeof(struct port_part) + count * sizeof(struct named_port);
    size_t groups_at = parts_at + w->sets.parts.count * sizeof(struct part);
    size_t refs_at = groups_at + w->sets.groups.count * sizeof(struct pick_group);
    size_t ends_at = refs_at + w->refs.count * sizeof(struct port_ref);
    struct port_part *p = block_new(ends_at + count * sizeof(uint32_t));
    if (!p)
        return ERR_MEMORY;
    struct part *parts = (void *)((char *)p + parts_at);
    struct pick_group *groups = (void *)((char *)p + groups_at);
    struct port_ref *refs = (void *)((char *)p + refs_at);
    uint32_t *ends = (void *)((char *)p + ends_at);
    copy_list(parts, &w->sets.parts, sizeof(*parts));
    copy_list(groups, &w->sets.groups, sizeof(*groups));
    copy_list(refs, &w->refs, sizeof(*refs));
    p->count = (uint32_t)count;
    p->refs = refs;
    p->ref_ends = ends;
    for (size_t i = 0; i < count; i++, name++) {
        ends[i] = name->ref_end;
        p->ports[i] = name->port;
        p->ports[i].set.groups = groups + name->first_group;
        if (!name->in_slice)
            p->ports[i].set.parts = parts + name->first_part;
    }
    w->part = p;
    return ERR_OK;
}

enum err port_part_next(struct port_work *w, const struct port_part *old, struct port_item *items,
                        size_t count)
{
    w->refs.count = w->names.count = w->sets.parts.count = w->sets.groups.count = 0;
    if (old && take_old(w, old, items, count))
        return ERR_MEMORY;
    if (take_new(w, items, count, PORT_PART_MAX + (old != NULL)))
        return ERR_MEMORY;
    if (w->names.count > PORT_PART_MAX)
        return ERR_SPACE;
    w->gained += (int64_t)w->names.count - (old ? old->count : 0);
    w->steps += (uint32_t)(ITEM_STEPS * count + NAME_STEPS * w->names.count + w->refs.count +
                           w->sets.parts.count);
    return write_part(w);
}
