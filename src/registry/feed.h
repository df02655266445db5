/* The change feed: services in the order of their last change, as an array sorted
 * by index. A service that changes again leaves a hole and goes to the end; when
 * the array is full the holes are closed. There is always twice the room that the
 * services need, so noting a change cannot fail and costs O(1) in the long run.
 *
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_FEED_H
#define DISC_REGISTRY_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct service;

struct feed_entry {
    struct service *service; /* NULL = a hole */
    uint64_t index;
};

struct feed {
    struct feed_entry *entries;
    size_t used, capacity;
    uint64_t index; /* of the last change */
};

void feed_deinit(struct feed *f); /* a zeroed struct feed is an empty feed */

/* Makes room for this many services altogether. */
MUST_CHECK enum err feed_reserve(struct feed *f, size_t services);
/* Counts one up and moves the service to the end (a new one has index 0). */
void feed_note(struct feed *f, struct service *s);
void feed_remove(struct feed *f, struct service *s);
/* The place of the first entry, or hole, with an index above `since`. */
size_t feed_after(const struct feed *f, uint64_t since);

#endif
