/* The ids of a service's instances as of one moment, handed out in their order. Noting them
 * and putting them in order is a small part of a slice each even for the largest service;
 * then one after the other costs O(log n).
 * Used inside http/ only. */
#ifndef DISC_HTTP_ROSTER_H
#define DISC_HTTP_ROSTER_H

#include "registry/registry.h"

struct roster;

/* The ids above `after` (empty: all); NULL when memory lacks. */
struct roster *roster_new(const struct service *s, struct text after);
void roster_free(struct roster *r);         /* accepts NULL */
size_t roster_size(const struct roster *r); /* bytes of memory */

/* Once, before the first is taken. */
void roster_order(struct roster *r);
/* False: there are no more. *out stands as long as the roster. */
bool roster_take(struct roster *r, struct text *out);

#endif
