/* The instances of one service, one by one, while the registry may change between two of
 * them: the ids are noted at once, each instance is looked up when its turn comes. What went
 * away meanwhile is left out, what is new is not in it.
 * Used inside http/ only. */
#ifndef DISC_HTTP_MUSTER_H
#define DISC_HTTP_MUSTER_H

#include "http/state.h"

struct muster;

/* An unknown service has none. NULL when memory lacks. */
struct muster *muster_new(const struct http *http, struct text ns, struct text service);
void muster_free(struct muster *m);         /* accepts NULL */
size_t muster_size(const struct muster *m); /* bytes of memory */

/* The next one; NULL with *end set behind the last, NULL else when it went away. */
const struct instance *muster_next(struct muster *m, bool *end);

#endif
