/* Several changes as one: either all are made or nothing is. Part of the front header
 * registry/registry.h. */
#ifndef DISC_REGISTRY_TRANSACTION_H
#define DISC_REGISTRY_TRANSACTION_H

#include "registry/registry.h"

struct registry_change {
    const struct record *record; /* registered as by registry_register; without a group */
    struct instance_key key;     /* when that is NULL: this one is deregistered */
};

struct registry_transaction;

/* Makes sure that the changes cannot fail, and nothing else; each instance is in one of them at
 * most. Then commit or abort, before anything else is asked of the registry but reading.
 * All that registry_register and registry_deregister fail with; `*failed`: in which change
 * (`count` = in all of them together). */
MUST_CHECK enum err registry_prepare(struct registry *r, const struct registry_change *changes,
                                     size_t count, const struct principal *who, struct moment now,
                                     struct registry_transaction **out, size_t *failed);
void registry_commit(struct registry_transaction *t);
void registry_abort(struct registry_transaction *t); /* accepts NULL */

#endif
