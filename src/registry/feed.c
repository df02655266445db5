#include "registry/feed.h"

#include <stdlib.h>

#include "registry/service.h"

enum { FEED_LEAST = 32 }; /* entries; spares small registries the first steps of growth */

void feed_deinit(struct feed *f)
{
    free(f->entries);
    *f = (struct feed){0};
}

enum err feed_reserve(struct feed *f, size_t services)
{
    if (services * 2 <= f->capacity)
        return ERR_OK;
    size_t capacity = services * 3 > FEED_LEAST ? services * 3 : FEED_LEAST;
    struct feed_entry *entries = realloc(f->entries, capacity * sizeof(*entries));
    if (!entries)
        return ERR_MEMORY;
    f->entries = entries;
    f->capacity = capacity;
    return ERR_OK;
}

static void close_holes(struct feed *f)
{
    size_t kept = 0;
    for (size_t n = 0; n < f->used; n++) {
        if (!f->entries[n].service)
            continue;
        f->entries[kept] = f->entries[n];
        f->entries[kept].service->feed_at = (uint32_t)kept;
        kept++;
    }
    f->used = kept;
}

void feed_remove(struct feed *f, struct service *s)
{
    if (s->index)
        f->entries[s->feed_at].service = NULL;
}

void feed_note(struct feed *f, struct service *s)
{
    feed_remove(f, s);
    if (f->used == f->capacity)
        close_holes(f);
    s->index = ++f->index;
    s->feed_at = (uint32_t)f->used;
    f->entries[f->used++] = (struct feed_entry){s, s->index};
}

size_t feed_after(const struct feed *f, uint64_t since)
{
    size_t low = 0, high = f->used;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->entries[middle].index > since)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
