/* The leaves that a struct dns keeps, shown or not. Private to the folder; control thread
 * only. */
#ifndef DISC_DNS_LEAF_PUBLISH_H
#define DISC_DNS_LEAF_PUBLISH_H

#include "dns/leaf.h"

/* A service's name now stands where a leaf was shown: the leaf waits. */
void leaf_displaced(struct dns *dns, const struct name *owner);

/* Shows what waits where the place has become free. ERR_MEMORY: some still wait. */
MUST_CHECK enum err leaves_settle(struct dns *dns);

/* Walks those of a zone that are shown, in no order; start with *cursor = 0. NULL at the end. */
struct leaf *leaf_next(const struct dns *dns, const struct zone *zone, size_t *cursor);

/* No reader may be left. */
void leaves_free(struct dns *dns);

#endif
