/* The registry's inside: all tables in one place, and how a visible change is
 * noted. Used inside registry/ only. */
#ifndef DISC_REGISTRY_STATE_H
#define DISC_REGISTRY_STATE_H

#include "base/pool.h"
#include "base/rand.h"
#include "registry/bucket.h"
#include "registry/feed.h"
#include "registry/gaps.h"
#include "registry/guard.h"
#include "registry/history.h"
#include "registry/instance.h"
#include "registry/journal.h"
#include "registry/late.h"
#include "registry/leave.h"
#include "registry/service.h"
#include "registry/tombstone.h"

struct observer {
    void (*observe)(void *context, const struct registry_deed *deed); /* NULL = nobody */
    void *context;
};

struct registry {
    struct registry_config config;
    char *weight_key; /* what config.weight_key points to */
    struct hash_key key;
    struct pool pool;     /* of all that there may be a million of */
    struct map instances; /* by path */
    struct services services;
    struct map owners, hosts, groups, overrides;
    struct agenda agenda; /* of all leases */
    struct guards guards;
    struct expired expired;
    struct bucket bucket;
    uint64_t evict_retry_ms; /* not before: the journal had no room */
    uint32_t held_unseen;    /* of those held, so many from the start may be free */
    bool evict_left;         /* the last turn ended for its budget */
    bool probes;             /* some service has, or had, its late instances looked at */
    struct rand rand;
    struct leavings leavings;
    struct tombstones tombstones;
    struct feed feed;
    struct history history;
    struct registry_journal journal; /* zeroed = none */
    struct observer observer;
    const struct principal *asker; /* during registry_register_for; else NULL */
    uint64_t live_up, stale;
    uint64_t by_status[STATUS_COUNT];
    uint64_t leases; /* that run */
    struct gaps gaps;
    uint64_t registrations, renewals, deregistrations, evictions;
};

/* NULL: not there, or not a name that can be. */
struct instance *state_instance(const struct registry *r, struct instance_key key);

void state_observe(const struct registry *r, enum registry_deed_kind kind, const struct instance *i,
                   const struct principal *who, const struct principal *before);

/* Moves the service to the end of the change feed. */
void state_note(struct registry *r, struct service *s, bool withdrawal, struct moment now);

/* Notes a visible change of an instance that stood as `before`; `weaker` = its new
 * content lacks something besides. */
void state_changed(struct registry *r, struct instance *i, struct standing before, bool weaker,
                   struct moment now);

/* The same of one that is new. */
void state_appeared(struct registry *r, struct instance *i, struct moment now);

/* Takes the instance out of everything but the table of instances and frees it.
 * DEPARTURE_NONE: another has its place already. */
void state_detach(struct registry *r, struct instance *i, enum departure why, struct moment now);
/* How many changes state_bury will tell the journal of. */
size_t state_bury_changes(const struct instance *i);
/* Out of that table too, and a tombstone on it: `floor` is the least revision that
 * may come back. The journal is told, and must have room for it. */
void state_bury(struct registry *r, struct instance *i, uint64_t floor, enum departure why,
                struct moment now);

static inline uint64_t rev_after(uint64_t rev)
{
    return rev == UINT64_MAX ? rev : rev + 1;
}

#endif
