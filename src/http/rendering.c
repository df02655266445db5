#include "http/rendering.h"

#include <stdint.h>
#include <stdlib.h>

struct rendering {
    size_t users, size;
    char bytes[];
};

struct rendering *rendering_of(struct evbuffer *from)
{
    size_t size = evbuffer_get_length(from);
    struct rendering *r = malloc(sizeof(*r) + size);

    if (!r)
        return NULL;
    r->users = 1;
    r->size = size;
    evbuffer_remove(from, r->bytes, size);
    return r;
}

struct rendering *rendering_use(struct rendering *r)
{
    r->users++;
    return r;
}

void rendering_drop(struct rendering *r)
{
    if (r && --r->users == 0)
        free(r);
}

size_t rendering_size(const struct rendering *r)
{
    return r->size;
}

struct iovec rendering_bytes(const struct rendering *r)
{
    return (struct iovec){(void *)(uintptr_t)r->bytes, r->size};
}

static void sent(const void *bytes, size_t size, void *context)
{
    (void)bytes;
    (void)size;
    rendering_drop(context);
}

enum err rendering_add(struct rendering *r, struct evbuffer *out)
{
    if (evbuffer_add_reference(out, r->bytes, r->size, sent, r) < 0)
        return ERR_MEMORY;
    rendering_use(r);
    return ERR_OK;
}
