#include "registry/pick.h"

#include <stdlib.h>

#include "registry/instance.h"

enum { CAPACITY_LEAST = 64, CAPACITY_IDLE = 4096 };

void pick_deinit(struct pick *p)
{
    free(p->leases);
    *p = (struct pick){0};
}

static enum err resize(struct pick *p, uint32_t capacity)
{
    struct lease **leases = reallocarray(p->leases, capacity, sizeof(struct lease *));
    if (!leases)
        return ERR_MEMORY;
    p->leases = leases;
    p->capacity = capacity;
    return ERR_OK;
}

enum err pick_reserve(struct pick *p, uint32_t count)
{
    if (count <= p->capacity)
        return ERR_OK;
    uint32_t capacity = count + count / 2;
    return resize(p, capacity > CAPACITY_LEAST ? capacity : CAPACITY_LEAST);
}

void pick_add(struct pick *p, struct lease *lease)
{
    lease->place = p->count;
    p->leases[p->count++] = lease;
}

void pick_remove(struct pick *p, struct lease *lease)
{
    struct lease *last = p->leases[--p->count];
    uint32_t place = lease->place;
    p->leases[place] = last;
    last->place = place;
}

void pick_shrink(struct pick *p)
{
    if (p->count == 0 && p->capacity > CAPACITY_IDLE && resize(p, CAPACITY_LEAST) != ERR_OK)
        return; /* it only stays as large as it is */
}
