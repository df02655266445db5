#include "server/reserve.h"

#include <event2/event.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { RESERVE_SIZE = 256 * 1024 }; /* what some hundred connections take at once */

static _Atomic(void *) reserve; /* of the process, as its memory is */

static void give_up(void)
{
    free(atomic_exchange(&reserve, NULL));
}

static void *allocate(size_t size)
{
    void *p = malloc(size);
    if (p || !size)
        return p;
    give_up();
    return malloc(size);
}

static void *reallocate(void *old, size_t size)
{
    void *p = realloc(old, size);
    if (p || !size)
        return p;
    give_up();
    return realloc(old, size);
}

void reserve_refill(void)
{
    void *none = NULL, *fresh;
    if (atomic_load_explicit(&reserve, memory_order_relaxed))
        return;
    fresh = malloc(RESERVE_SIZE);
    if (fresh && !atomic_compare_exchange_strong(&reserve, &none, fresh))
        free(fresh);
}

void reserve_install(void)
{
    event_set_mem_functions(allocate, reallocate, free);
    reserve_refill();
}
