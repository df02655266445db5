#include "http/roster.h"

#include <stdlib.h>

struct roster {
    size_t size;
    uint32_t count;    /* in the heap: its first is the smallest */
    uint32_t places[]; /* of ids in the bytes behind: a length byte, then the text */
};

static char *bytes_of(const struct roster *r)
{
    return (char *)(uintptr_t)r + r->size;
}

/* Places count backwards from the end, where the block's size is known. */
static struct text id_at(const struct roster *r, uint32_t place)
{
    const char *at = bytes_of(r) - place;
    return (struct text){at + 1, (unsigned char)at[0]};
}

static bool is_wanted(struct text id, struct text after)
{
    return !after.n || text_compare(id, after) > 0;
}

struct roster *roster_new(const struct service *s, struct text after)
{
    size_t bytes = 0, wanted = 0;

    for (uint32_t n = 0; n < service_count(s); n++) {
        struct text id = instance_key(service_instance(s, n)).id;
        if (is_wanted(id, after)) {
            bytes += 1 + id.n;
            wanted++;
        }
    }
    size_t size = sizeof(struct roster) + wanted * sizeof(uint32_t) + bytes;
    struct roster *r = malloc(size);
    if (!r)
        return NULL;
    *r = (struct roster){.size = size};
    for (uint32_t n = 0; n < service_count(s); n++) {
        struct text id = instance_key(service_instance(s, n)).id;
        if (!is_wanted(id, after))
            continue;
        char *at = bytes_of(r) - bytes;
        at[0] = (char)id.n;
        memcpy(at + 1, id.s, id.n);
        r->places[r->count++] = (uint32_t)bytes;
        bytes -= 1 + id.n;
    }
    return r;
}

void roster_free(struct roster *r)
{
    free(r);
}

size_t roster_size(const struct roster *r)
{
    return r->size;
}

static bool is_below(const struct roster *r, uint32_t a, uint32_t b)
{
    return text_compare(id_at(r, r->places[a]), id_at(r, r->places[b])) < 0;
}

static void sink(struct roster *r, uint32_t at)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= r->count)
            return;
        if (child + 1 < r->count && is_below(r, child + 1, child))
            child++;
        if (!is_below(r, child, at))
            return;
        uint32_t place = r->places[at];
        r->places[at] = r->places[child];
        r->places[child] = place;
        at = child;
    }
}

void roster_order(struct roster *r)
{
    for (uint32_t n = r->count / 2; n-- > 0;)
        sink(r, n);
}

bool roster_take(struct roster *r, struct text *out)
{
    if (!r->count)
        return false;
    *out = id_at(r, r->places[0]);
    r->places[0] = r->places[--r->count];
    sink(r, 0);
    return true;
}
