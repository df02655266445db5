/* Registering what is not there yet. Everything that can fail, for lack of memory or
 * by the rules, is done before the first visible step.
 *
 * Used by register.c, transaction.c and restore.c only. */
#ifndef DISC_REGISTRY_CREATE_H
#define DISC_REGISTRY_CREATE_H

#include "registry/state.h"

/* An instance in the making, with all that it needs besides. */
struct draft {
    struct service *service;
    struct owner *owner;
    struct group *group; /* NULL = a lease of its own */
    struct instance *instance;
    uint32_t lease_s;
    bool stale; /* restored as one that has expired; late_reserve() was called */
};

/* Makes all the parts, and room for them. What was made
 * stays in *d (which begins as zeroed) for draft_drop or draft_commit. */
MUST_CHECK enum err draft_make(struct registry *r, struct draft *d, const struct record *record,
                               const struct principal *who, uint32_t lease_s, struct moment now);
void draft_drop(struct registry *r, struct draft *d, struct moment now);
/* Nothing can fail any more, nor can an insertion into the table of instances, which is
 * the caller's; the instance has its revision. */
void draft_commit(struct registry *r, struct draft *d, const struct path *path, struct moment now);

/* After that, where somebody asked for it: `displaced` as below goes, and all is counted. */
void draft_settle(struct registry *r, const struct draft *d, struct instance *displaced,
                  const struct principal *who, struct moment now);

/* May it be registered, quotas aside? `displaced` as below. ERR_STALE · ERR_EXISTS. */
MUST_CHECK enum err draft_admit(const struct registry *r, const struct record *record,
                                const struct path *path, const struct instance *displaced,
                                struct moment now, uint64_t *rev);

/* `displaced`, when not NULL, is another owner's instance of this very name whose
 * lease has run out: it is evicted when nothing else stands in the way.
 * ERR_STALE · ERR_EXISTS · ERR_FULL · ERR_MEMORY, as registry_register. */
MUST_CHECK enum err create(struct registry *r, const struct record *record, const struct path *path,
                           const struct principal *who, struct instance *displaced,
                           struct moment now, struct granted *out);

/* Seconds granted to this record; 0 = permanent. */
uint32_t lease_granted(const struct registry_config *config, const struct record *record);

#endif
