/* One request of a batch, on its way to its answer: see dns_batch. Written by ahead.c, read by
 * respond.c and lookup.c; a worker has as many as a batch can have. */
#ifndef DISC_DNS_AHEAD_H
#define DISC_DNS_AHEAD_H

#include "dns/query.h"

struct node;
struct view;

struct ahead {
    _Alignas(64) const struct dns_request *request; /* with a line: what follows is all hot */
    const struct node *node; /* of the deepest name that exists, less likely of another one */
    const struct view *view; /* the node's, as it was then: only to be fetched */
    unsigned left;           /* labels above it; without a node: so many names do not exist */
    enum query_verdict verdict;
    uint64_t hash; /* of what is `left` labels above the name; 0 = nothing to look for */
    struct query query;
};

enum { AHEAD_BEYOND = 2 }; /* entries behind those of a batch, which ahead_go_on looks at */

/* To be called before the request is answered: fetches what those behind it need. */
void ahead_go_on(const struct ahead *answered);

#endif
