/* One request of a batch, on its way to its answer: see dns_batch. Written by ahead.c, read by
 * respond.c and lookup.c; a worker has as many as a batch can have. */
#ifndef DISC_DNS_AHEAD_H
#define DISC_DNS_AHEAD_H

#include "dns/query.h"

struct node;

struct ahead {
    const struct dns_request *request;
    const struct node *node; /* of the deepest name that exists, less likely of another one */
    unsigned left;           /* labels above it; without a node: so many names do not exist */
    enum query_verdict verdict;
    uint64_t hash; /* of what is `left` labels above the name; 0 = nothing to look for */
    struct query query;
};

#endif
