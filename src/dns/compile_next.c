/* The view that follows another one: the slices in which something changed made anew. */
#include "dns/compile_large.h"

#include <stdlib.h>
#include <string.h>

#include "dns/compile_bag.h"
#include "dns/compile_ports.h"

struct placed {
    const struct delta_item *item;
    uint32_t slice;
};

struct next {
    const struct compile_context *c;
    const struct service *service;
    const struct view *old;
    struct delta_item items[DELTA_MAX];
    struct placed placed[DELTA_MAX]; /* by slice */
    size_t count;
    struct draft d;
    /* One for each slice touched, ascending. A list of blocks is given what is in `blocks`. */
    struct slice_change changes[DELTA_MAX];
    struct block_change blocks[DELTA_MAX];
    uint32_t change_count;
};

static int compare_placed(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;
    return a->slice < b->slice ? -1 : a->slice > b->slice;
}

static enum err find_changes(struct next *n)
{
    enum err err =
        registry_delta(n->c->registry, n->service, n->old->index, n->items, DELTA_MAX, &n->count);
    if (err)
        return ERR_NOT_FOUND;
    for (size_t i = 0; i < n->count; i++)
        n->placed[i] = (struct placed){
            &n->items[i], slice_number(n->old->slice_count, n->c->key, n->items[i].id)};
    if (n->count > 1)
        qsort(n->placed, n->count, sizeof(*n->placed), compare_placed);
    return ERR_OK;
}

/* Who is in the slice now; ERR_NOT_FOUND: too many. */
static enum err list_slice(const struct next *n, const struct slice *old,
                           const struct placed *placed, size_t placed_count,
                           struct ordered list[static SLICE_MAX], unsigned *count)
{
    struct instance_key key = {service_namespace(n->service), service_name(n->service), {NULL, 0}};
    *count = 0;
    for (unsigned i = 0; i < old->count; i++) {
        key.id = instance_label(&old->instances[i]);
        const struct instance *there = registry_instance(n->c->registry, key);
        if (there) /* the id in the registry's memory, as the slice may go */
            list[(*count)++] = (struct ordered){instance_key(there).id, there};
    }
    for (size_t i = 0; i < placed_count; i++) {
        const struct delta_item *item = placed[i].item;
        if (!item->instance || slice_instance(old, item->id))
            continue;
        if (*count == SLICE_MAX)
            return ERR_NOT_FOUND;
        list[(*count)++] = (struct ordered){item->id, item->instance};
    }
    return ERR_OK;
}

static enum err remake_slice(struct next *n, const struct placed *placed, size_t placed_count)
{
    struct ordered list[SLICE_MAX];
    unsigned count;
    const struct slice *old = n->old->slices[placed->slice];
    struct slice *slice;
    enum err err = list_slice(n, old, placed, placed_count, list, &count);
    if (!err)
        err = large_slice(&n->d, placed->slice, list, count, &slice);
    if (err)
        return err;
    n->changes[n->change_count] = (struct slice_change){placed->slice, old, slice};
    n->blocks[n->change_count++] = (struct block_change){placed->slice, &slice->block};
    return ERR_OK;
}

static enum err remake_slices(struct next *n)
{
    enum err err = ERR_OK;
    for (size_t at = 0, end; at < n->count && !err; at = end) {
        for (end = at + 1; end < n->count && n->placed[end].slice == n->placed[at].slice;)
            end++;
        err = remake_slice(n, n->placed + at, end - at);
    }
    if (err)
        while (n->change_count)
            block_unref(n->blocks[--n->change_count].block);
    return err;
}

/* p->blocks, p->slices. */
static enum err take_slices(struct next *n, struct large_parts *p)
{
    enum err err = remake_slices(n);
    if (err)
        return err;
    if (block_list_next(n->old->shared->slices, n->blocks, n->change_count, &p->blocks))
        return ERR_MEMORY;
    p->slice_count = n->old->slice_count;
    p->slices = malloc(p->slice_count * sizeof(*p->slices));
    if (!p->slices)
        return ERR_MEMORY;
    memcpy(p->slices, n->old->slices, p->slice_count * sizeof(*p->slices));
    for (uint32_t i = 0; i < n->change_count; i++) {
        p->slices[n->changes[i].number] = n->changes[i].new;
        p->compiled += slice_work(n->changes[i].new);
    }
    return ERR_OK;
}

static enum err take_pairs(const struct next *n, struct large_parts *p)
{
    const struct slice *changed[DELTA_MAX];
    for (uint32_t i = 0; i < n->change_count; i++)
        changed[i] = n->changes[i].new;
    enum err err =
        pair_filter_next(n->c->key, n->old->shared->pairs, changed, n->change_count, &p->pairs);
    if (err == ERR_SPACE)
        err = pair_filter_new(n->c->key, p->slices, p->slice_count, &p->pairs);
    return err;
}

/* Is the old view's bag one of the same choice? Priorities of the stale are no others'. */
static const struct block_list *old_bag(const struct next *n, enum bag_kind kind,
                                        const struct choice *choice)
{
    const struct view *old = n->old;
    const struct addr_set *set = kind == BAG_V4 ? &old->v4 : &old->v6;
    if (kind == BAG_TXT)
        return choice->stale == (old->live_count == old->stale_count) ? old->shared->txt : NULL;
    if (set->priority != choice->priority)
        return NULL;
    return kind == BAG_V4 ? old->shared->v4 : old->shared->v6;
}

static enum err take_bag(struct next *n, enum bag_kind kind, struct large_parts *p)
{
    const struct choice *choice = &p->choices[kind];
    const struct block_list *old = old_bag(n, kind, choice);
    enum err err =
        old ? bag_next(n->c->key, old, n->changes, n->change_count, kind, choice, &p->bags[kind])
            : ERR_SPACE;
    if (err == ERR_SPACE)
        err = bag_new(n->c->key, p->slices, p->slice_count, kind, choice, &p->bags[kind]);
    return err;
}

static enum err take_ports(const struct next *n, struct large_parts *p)
{
    enum err err = ports_next(n->old, n->changes, n->change_count, p);
    return err == ERR_SPACE ? ports_new(p) : err;
}

static enum err make_view(struct next *n, struct view **out)
{
    struct large_parts p = {.suffix = &n->d.owner};
    enum err err = take_slices(n, &p);
    if (!err)
        err = take_pairs(n, &p);
    if (!err)
        large_choose(n->c, n->service, &p);
    if (!err)
        err = take_ports(n, &p);
    for (enum bag_kind kind = BAG_V4; kind < BAG_KINDS && !err; kind++)
        err = take_bag(n, kind, &p);
    if (!err)
        err = compile_join(n->c, n->service, &p, out);
    if (err)
        large_parts_free(&p);
    else
        free(p.slices);
    return err;
}

enum err compile_changes(const struct compile_context *c, const struct service *service,
                         const struct view *old, struct view **out)
{
    struct next *n = malloc(sizeof(*n));
    if (!n)
        return ERR_MEMORY;
    n->c = c;
    n->service = service;
    n->old = old;
    n->change_count = 0;
    enum err err = draft_init(&n->d, c, service) ? ERR_NOT_FOUND : find_changes(n);
    if (!err)
        err = make_view(n, out);
    draft_deinit(&n->d);
    free(n);
    return err;
}
