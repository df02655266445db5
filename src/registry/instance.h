/* One registered instance, and the table of all of them by full name.
 *
 * A million of these must fit, so: an instance is one block of memory with its id and its
 * self-description at the end, the namespace and service are a pointer, the lease shares its
 * room with the membership of a group (an instance has one or the other), and small numbers
 * stand in the bits that times leave over.
 *
 *     index ... rev | lease | service ... | id | room for the content
 *                                                  └ or a pointer to it, where it is larger
 *
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_INSTANCE_H
#define DISC_REGISTRY_INSTANCE_H

#include "base/map.h"
#include "registry/content.h"
#include "registry/group.h"
#include "registry/lease.h"
#include "registry/path.h"

/* In the registry's pool. What a heartbeat reads is at the end, near the id by which it is
 * found. */
struct instance {
    uint64_t index;                 /* change index */
    uint64_t up_ms : TIME_BITS;     /* wall ms */
    uint64_t weight : 16;           /* in force before overrides */
    uint64_t latest_ms : TIME_BITS; /* wall ms */
    uint64_t room : 16;             /* bytes for the content in this block */
    uint64_t rev;
    union {
        struct lease lease;       /* !grouped */
        struct membership member; /* grouped */
    };
    struct service *service;
    uint64_t registered_ms : TIME_BITS; /* wall ms */
    uint64_t id_size : 8;
    uint64_t grouped : 1, overridden : 1, stale : 1, outgrown : 1;
    uint32_t slot;  /* place in service->instances */
    pool_ref owner; /* its host's too, which a heartbeat need not look at for it */
    char id[];
};

_Static_assert(CONTENT_MAX < UINT16_MAX - 64, "the room's size fits");

/* What consumers are told about it, the override included. */
struct standing {
    enum status status;
    uint16_t weight;
    bool stale;
};

/* With this content; the rest is for the caller to fill. NULL when memory lacks. */
struct instance *instance_new(struct pool *pool, struct text id, const uint8_t *packed,
                              size_t size);
void instance_free(struct pool *pool, struct instance *i);

const struct content *instance_content(const struct instance *i);
/* Takes `fresh`, and copies it where there is room. */
void instance_set_content(struct instance *i, struct content *fresh);
/* Whose it is. */
struct owner *instance_owner(const struct registry *r, const struct instance *i);

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
