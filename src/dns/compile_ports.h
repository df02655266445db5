/* The named ports of a service of many slices, in parts by their keyed hash: view_ports.h. Used by
 * compile*.c only. */
#ifndef DISC_DNS_COMPILE_PORTS_H
#define DISC_DNS_COMPILE_PORTS_H

#include "dns/compile_bag.h"
#include "dns/compile_head.h"
#include "dns/list.h"

/* p->ports out of its slices. ERR_MEMORY. */
MUST_CHECK enum err ports_new(struct large_parts *p);

/* The same where these slices changed since `old`: made anew is what holds a name that one of them
 * has, or had. ERR_SPACE: other bounds of the parts are better: ports_new. ERR_MEMORY. */
MUST_CHECK enum err ports_next(const struct view *old, const struct slice_change *changes,
                               uint32_t count, struct large_parts *p);

/* Appends the names whose set is that by default, struct named_port, by name and protocol; sets are
 * left out. ERR_MEMORY. */
MUST_CHECK enum err ports_by_default(const struct large_parts *p, struct list *out);

#endif
