/* Counters with one owner: only the owning thread adds, any thread reads. Plain
 * load and store, no locked instruction; C11 atomics so that readers are defined. */
#ifndef DISC_BASE_COUNTER_H
#define DISC_BASE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

struct counter {
    _Atomic uint64_t value;
};

static inline void counter_add(struct counter *c, uint64_t n)
{
    uint64_t now = atomic_load_explicit(&c->value, memory_order_relaxed);
    atomic_store_explicit(&c->value, now + n, memory_order_relaxed);
}

static inline void counter_up(struct counter *c)
{
    counter_add(c, 1);
}

static inline uint64_t counter_get(const struct counter *c)
{
    return atomic_load_explicit(&c->value, memory_order_relaxed);
}

#endif
