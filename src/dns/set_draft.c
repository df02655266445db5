#include "dns/set_draft.h"

#include <stdbool.h>
#include <stdlib.h>

#include "dns/radix.h"

void set_lists_deinit(struct set_lists *l)
{
    free(l->parts.items);
    free(l->groups.items);
    free(l->sorted.items);
}

static bool in_order(const struct part *parts, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (parts[i].priority < parts[i - 1].priority)
            return false;
    return true;
}

static uint32_t priority_of(const void *part)
{
    return ((const struct part *)part)->priority;
}

static void sort_few(struct part *parts, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct part part = parts[i];
        size_t to = i;
        for (; to && parts[to - 1].priority > part.priority; to--)
            parts[to] = parts[to - 1];
        parts[to] = part;
    }
}

/* By priority, slices in their order within it. */
static enum err sort_parts(struct set_lists *l, struct part *parts, size_t count)
{
    enum { FEW = 24 };
    if (in_order(parts, count))
        return ERR_OK;
    if (count <= FEW) {
        sort_few(parts, count);
        return ERR_OK;
    }
    l->sorted.count = 0;
    struct part *room = list_add(&l->sorted, count, sizeof(*room));
    if (!room)
        return ERR_MEMORY;
    radix_sort(parts, count, sizeof(*parts), 16, priority_of, room);
    return ERR_OK;
}

/* Groups of the set's parts, which are in order. */
static enum err make_groups(struct set_lists *l, struct set_draft *out)
{
    struct part *part = (struct part *)l->parts.items + out->first_part;
    struct pick_group *group = NULL;
    for (uint32_t i = 0; i < out->set.part_count; i++, part++) {
        if (!group || part->priority != part[-1].priority) {
            group = list_add(&l->groups, 1, sizeof(*group));
            if (!group)
                return ERR_MEMORY;
            *group = (struct pick_group){.first_part = i};
            out->set.group_count++;
        }
        uint64_t weight = part->before;
        part->before = group->total;
        group->total += weight;
        group->part_count++;
        group->count += part->count;
        group->zeros += part->zeros;
    }
    return ERR_OK;
}

enum err set_add(struct set_lists *l, const struct slice *s, const struct slice_set *set)
{
    struct part *to = list_add(&l->parts, set->count, sizeof(*to));
    if (!to)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < set->count; i++)
        to[i] = set_part(&s->parts[set->first + i]);
    return ERR_OK;
}

static bool is_behind(const struct part *a, const struct part *b)
{
    return a->priority != b->priority ? a->priority > b->priority : a->base > b->base;
}

enum err set_merge(struct set_lists *l, size_t first, size_t middle)
{
    struct part *all = l->parts.items;
    size_t left = middle, right = l->parts.count - middle, to = l->parts.count;
    if (left == first || right == 0)
        return ERR_OK;
    if (sort_parts(l, all + middle, right))
        return ERR_MEMORY;
    l->sorted.count = 0;
    const struct part *from = list_append(&l->sorted, all + middle, right, sizeof(*from));
    if (!from)
        return ERR_MEMORY;
    while (right)
        all[--to] = left > first && is_behind(&all[left - 1], &from[right - 1]) ? all[--left]
                                                                                : from[--right];
    return ERR_OK;
}

enum err set_end(struct set_lists *l, size_t first, struct set_draft *out)
{
    size_t count = l->parts.count - first;
    *out = (struct set_draft){.first_part = first, .first_group = l->groups.count};
    out->set.part_count = (uint32_t)count;
    if (sort_parts(l, (struct part *)l->parts.items + first, count))
        return ERR_MEMORY;
    return make_groups(l, out);
}
