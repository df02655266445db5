/* Paging through the members of a group. A group has no sorted form of its own:
 * the members above the mark are put into a heap, and only those that the caller
 * wants are taken out in order. */
#include <stdlib.h>

#include "registry/owner.h"
#include "registry/state.h"

static void sink(const struct instance **heap, size_t count, size_t at)
{
    const struct instance *i = heap[at];
    for (;;) {
        size_t child = at * 2 + 1;
        if (child >= count)
            break;
        if (child + 1 < count && instance_compare(heap[child + 1], heap[child]) < 0)
            child++;
        if (instance_compare(i, heap[child]) <= 0)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = i;
}

static size_t collect(const struct group *g, struct text after, const struct instance **out)
{
    size_t count = 0;
    for (const struct instance *i = g->first; i; i = i->member.next) {
        struct path path;
        instance_path(i, &path);
        if (text_compare(path_text(&path), after) > 0)
            out[count++] = i;
    }
    for (size_t at = count / 2; at-- > 0;)
        sink(out, count, at);
    return count;
}

enum err registry_group_list(const struct registry *r, struct text group,
                             const struct principal *who, struct text after,
                             bool (*visit)(void *context, const struct instance *i), void *context)
{
    const struct owner *owner = owner_find(&r->owners, &r->key, who);
    const struct group *g = owner ? group_find(&r->groups, &r->key, owner, group) : NULL;
    if (!g)
        return ERR_NOT_FOUND;
    const struct instance **heap = malloc(g->count * sizeof(*heap));
    if (!heap)
        return ERR_MEMORY;
    size_t count = collect(g, after, heap);
    while (count && visit(context, heap[0])) {
        heap[0] = heap[--count];
        sink(heap, count, 0);
    }
    free(heap);
    return ERR_OK;
}
