#include "sim/engine.h"

#include <stdio.h>
#include <stdlib.h>

static void out_of_memory(void)
{
    fprintf(stderr, "sim: out of memory\n");
    abort();
}

void *sim_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p)
        out_of_memory();
    return p;
}

void *sim_grow(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);
    if (!p)
        out_of_memory();
    return p;
}

void engine_deinit(struct engine *e)
{
    heap_deinit(&e->heap);
}

void event_init(struct event *event, void (*happen)(void *, struct event *), void *context)
{
    heap_node_init(&event->node);
    event->happen = happen;
    event->context = context;
}

bool event_is_set(const struct event *event)
{
    return event->node.at != HEAP_ABSENT;
}

void event_cancel(struct engine *e, struct event *event)
{
    if (!event_is_set(event))
        return;
    heap_remove(&e->heap, &event->node);
    heap_node_init(&event->node);
}

void event_set(struct engine *e, struct event *event, uint64_t at_us)
{
    if (at_us < e->now_us)
        at_us = e->now_us;
    if (event_is_set(event))
        heap_move(&e->heap, &event->node, at_us);
    else if (heap_add(&e->heap, &event->node, at_us))
        out_of_memory();
}

bool engine_step(struct engine *e, uint64_t until_us)
{
    struct heap_node *first = heap_first(&e->heap);
    if (!first || first->key > until_us) {
        e->now_us = until_us;
        return false;
    }
    struct event *event = (struct event *)first; /* its first member */
    e->now_us = first->key;
    e->happened++;
    event_cancel(e, event);
    event->happen(event->context, event);
    return true;
}

bool chance(struct rand *r, uint32_t ppm)
{
    return ppm && rand_below(r, 1000000) < ppm;
}

uint64_t between(struct rand *r, uint64_t low, uint64_t high)
{
    return high > low ? low + rand_below64(r, high - low + 1) : low;
}

void rand_for(struct rand *r, uint64_t seed, uint64_t purpose, uint64_t number)
{
    struct rand mixer;
    rand_seed(&mixer, seed ^ (purpose << 56));
    rand_seed(r, rand_next(&mixer) ^ (number * 0x9e3779b97f4a7c15u));
}
