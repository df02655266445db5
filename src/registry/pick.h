/* Sets of leases from which one is drawn at random; who holds a lease keeps its place.
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_PICK_H
#define DISC_REGISTRY_PICK_H

#include "registry/lease.h"

struct pick {
    struct lease **leases;
    uint32_t count, capacity;
}; /* zeroed = empty */

void pick_deinit(struct pick *p);
/* Room for this many altogether. */
MUST_CHECK enum err pick_reserve(struct pick *p, uint32_t count);
/* There is room. */
void pick_add(struct pick *p, struct lease *lease);
/* The last one takes its place. */
void pick_remove(struct pick *p, struct lease *lease);
/* Gives memory back once it is empty and was large. */
void pick_shrink(struct pick *p);

#endif
