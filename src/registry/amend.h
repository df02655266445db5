/* Changing what is there already, in two steps: all that can fail, then the change.
 * Used by register.c and transaction.c only. */
#ifndef DISC_REGISTRY_AMEND_H
#define DISC_REGISTRY_AMEND_H

#include "registry/state.h"

struct amendment {
    struct instance *instance;
    struct content *fresh; /* NULL = as it is */
    uint64_t rev;
    uint16_t weight;
    bool writes; /* there is something to tell the journal: one change of this kind */
    enum journal_need need;
};

/* `renews`: the terms of the lease may change too. ERR_STALE (then only `rev` is filled: the
 * stored one) · ERR_MEMORY. */
MUST_CHECK enum err amend_make(const struct registry *r, struct instance *i,
                               const struct record *record, bool renews, struct moment now,
                               struct amendment *out);
void amend_drop(struct amendment *a);

/* Out of its group, if it is in one, and to this host, with a heartbeat. */
void amend_lease(struct registry *r, struct instance *i, struct host *host, uint32_t lease_s,
                 struct moment now);

/* Takes `fresh`; the journal has room. True when consumers see a difference. */
bool amend_commit(struct registry *r, struct amendment *a, const struct principal *who,
                  struct moment now);

#endif
