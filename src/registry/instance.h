/* One registered instance, and the table of all of them by full name.
 *
 * A million of these must fit, so: the self-description is one packed block, the
 * namespace and service are a pointer, the owner is shared, and the lease shares
 * its room with the membership of a group: an instance has one or the other.
 *
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_INSTANCE_H
#define DISC_REGISTRY_INSTANCE_H

#include "base/map.h"
#include "registry/content.h"
#include "registry/group.h"
#include "registry/lease.h"
#include "registry/path.h"

/* What a heartbeat reads is at the end, near the id by which it is found. */
struct instance {
    uint64_t index;                           /* change index */
    uint64_t registered_ms, up_ms, latest_ms; /* wall ms */
    struct content *content;
    union {
        struct lease lease;       /* !grouped */
        struct membership member; /* grouped */
    };
    struct owner *owner;
    uint64_t rev;
    struct service *service;
    uint32_t slot;   /* place in service->instances */
    uint16_t weight; /* in force before overrides */
    bool grouped, overridden, stale;
    uint8_t id_size;
    char id[];
};

/* What consumers are told about it, the override included. */
struct standing {
    enum status status;
    uint16_t weight;
    bool stale;
};

/* Takes `content` when it succeeds. The rest is for the caller to fill. */
struct instance *instance_new(struct text id, struct content *content);
void instance_free(struct instance *i);

struct instance *instance_find(const struct map *instances, const struct path *path);
/* By the key and the hash of its path. */
struct instance *instance_find_hashed(const struct map *instances, uint64_t hash,
                                      struct instance_key key);
/* Asks for what a heartbeat will read of it. */
void instance_prefetch(const struct instance *i);
uint64_t instance_hash(const struct instance *i);
/* "ns/svc/inst", not hashed. */
void instance_path(const struct instance *i, struct path *out);
/* By the bytes of "ns/svc/inst". */
int instance_compare(const struct instance *a, const struct instance *b);

/* The lease it lives by: its own or its group's. */
struct lease *instance_lease(struct instance *i);
const struct lease *instance_lease_of(const struct instance *i);
/* Seconds granted to this one; 0 = permanent. */
uint32_t instance_lease_s(const struct instance *i);

struct override instance_override(const struct instance *i);
struct standing instance_standing(const struct instance *i);

#endif
