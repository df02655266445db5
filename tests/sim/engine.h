/* Virtual time and what is to happen in it, in order. Knows nothing of what happens.
 *
 * Beside it, what the whole simulator uses: memory that cannot lack, and draws. */
#ifndef DISC_TESTS_SIM_ENGINE_H
#define DISC_TESTS_SIM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/rand.h"

/* Embed it. Events of the same microsecond happen in the order in which they were first
 * set. */
struct event {
    struct heap_node node;
    void (*happen)(void *context, struct event *event);
    void *context;
};

struct engine {
    struct heap heap;
    uint64_t now_us;
    uint64_t happened;
};

void engine_deinit(struct engine *e);

void event_init(struct event *event, void (*happen)(void *, struct event *), void *context);
/* Sets it, or puts it elsewhere; a time that is over means now. */
void event_set(struct engine *e, struct event *event, uint64_t at_us);
void event_cancel(struct engine *e, struct event *event); /* also when it is not set */
bool event_is_set(const struct event *event);

/* The next event if it is due by then: false when there is none, and it is `until_us`. */
bool engine_step(struct engine *e, uint64_t until_us);

/* Memory, or the end of the program. */
void *sim_alloc(size_t size); /* zeroed */
void *sim_grow(void *old, size_t size);

/* True with a chance of `ppm` in a million. */
bool chance(struct rand *r, uint32_t ppm);
uint64_t between(struct rand *r, uint64_t low, uint64_t high); /* both included */
/* A generator for one purpose, so that one part's draws do not move the others'. */
void rand_for(struct rand *r, uint64_t seed, uint64_t purpose, uint64_t number);

#endif
