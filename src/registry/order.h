/* Services in the order of (namespace, name): a treap whose nodes are inside the
 * services. Adding and removing need no memory; the priorities are the services'
 * keyed hashes, so nobody outside can make it deep.
 *
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_ORDER_H
#define DISC_REGISTRY_ORDER_H

#include "base/text.h"

struct service;

struct order_node {
    struct service *left, *right;
};

void order_add(struct service **root, struct service *s);
void order_remove(struct service **root, struct service *s);

/* The first one behind (ns, name), NULL at the end. */
struct service *order_above(struct service *root, struct text ns, struct text name);

#endif
