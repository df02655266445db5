/* The registry's inside: all tables in one place, and how a visible change is
 * noted. Used inside registry/ only. */
#ifndef DISC_REGISTRY_STATE_H
#define DISC_REGISTRY_STATE_H

#include "registry/feed.h"
#include "registry/instance.h"
#include "registry/service.h"
#include "registry/tombstone.h"

struct registry {
    struct registry_config config;
    char *weight_key; /* what config.weight_key points to */
    struct hash_key key;
    struct map instances; /* by path */
    struct services services;
    struct map owners, groups, overrides;
    struct heap leases;
    struct tombstones tombstones;
    struct feed feed;
    uint64_t live_up;
    uint64_t registrations, renewals, deregistrations, evictions;
};

/* NULL: not there, or not a name that can be. */
struct instance *state_instance(const struct registry *r, struct instance_key key);

/* Moves the service to the end of the change feed. */
void state_note(struct registry *r, struct service *s, bool withdrawal);

/* Notes a visible change of an instance that stood as `before`; `weaker` = its new
 * content lacks something besides. A new instance stood as `down`. */
void state_changed(struct registry *r, struct instance *i, struct standing before, bool weaker,
                   struct moment now);

/* Takes the instance out of everything but the table of instances and frees it. */
void state_detach(struct registry *r, struct instance *i, struct moment now);
/* Out of that table too, and a tombstone on it: `floor` is the least revision that
 * may come back. */
void state_bury(struct registry *r, struct instance *i, uint64_t floor, struct moment now);

static inline uint64_t rev_after(uint64_t rev)
{
    return rev == UINT64_MAX ? rev : rev + 1;
}

#endif
