/* A growing list of items of one size, for what is compiled. */
#ifndef DISC_DNS_LIST_H
#define DISC_DNS_LIST_H

#include <stdlib.h>
#include <string.h>

struct list { /* zeroed = empty; `items` is free()d by its owner */
    void *items;
    size_t count, capacity;
};

/* Room for `count` more items of `size` bytes at the end, not yet counted; NULL when
 * memory lacks. */
static inline void *list_reserve(struct list *l, size_t count, size_t size)
{
    if (!l->items || l->count + count > l->capacity) { /* none is room, too, and not NULL */
        size_t capacity = l->capacity ? l->capacity * 2 : 512 / size + 1;
        if (capacity < l->count + count)
            capacity = l->count + count;
        void *grown = realloc(l->items, capacity * size);
        if (!grown)
            return NULL;
        l->items = grown;
        l->capacity = capacity;
    }
    return (char *)l->items + l->count * size;
}

/* The same, counted; not zeroed. */
static inline void *list_add(struct list *l, size_t count, size_t size)
{
    void *at = list_reserve(l, count, size);
    if (at)
        l->count += count;
    return at;
}

static inline void *list_append(struct list *l, const void *items, size_t count, size_t size)
{
    void *at = list_add(l, count, size);
    if (at && count)
        memcpy(at, items, count * size);
    return at;
}

#endif
