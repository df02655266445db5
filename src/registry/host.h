/* Hosts: what falls silent together. A lease group is a host; other leases share one by
 * owner and source address (for local senders: the address they registered), each
 * locality zone apart. A host is late when all its counted leases are.
 *
 * It exists while it has leases; a group's as long as the group.
 *
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_HOST_H
#define DISC_REGISTRY_HOST_H

#include "registry/lease.h"

struct owner;
struct scope;

/* In the registry's pool: there are nearly as many as instances. */
struct host {
    pool_ref owner;
    pool_ref zone;   /* struct scope; 0 = none named */
    uint32_t leases; /* of any kind */
    uint32_t counted;
    uint32_t late : 28;
    uint32_t grouped : 1;
    uint32_t family : 3; /* of the source, enum family */
    uint8_t address[];   /* of the source; a group's has room for both families */
};

/* What a lease adds to its host and its guards. */
struct share {
    uint32_t counted, late;
    uint64_t seconds;
};

/* The address by which this sender's leases are kept together. */
struct addr host_source(const struct principal *who, const struct record *record);

/* The host, made without leases when there is none; NULL when memory lacks. Give it back
 * with host_release when it gets no lease. */
struct host *host_get(struct registry *r, struct owner *owner, struct addr source,
                      struct text zone);
void host_release(struct registry *r, struct host *h); /* does nothing to a group's */

/* Of this lease. */
struct host *host_of(const struct registry *r, const struct lease *lease);
struct owner *host_owner(const struct registry *r, const struct host *h);
struct scope *host_zone(const struct registry *r, const struct host *h); /* NULL = none named */
/* The sender's address. */
struct addr host_address(const struct host *h);

/* A group's own; NULL when memory lacks. */
struct host *host_new_grouped(struct registry *r, struct owner *owner, struct addr source,
                              struct text zone);
void host_free_grouped(struct registry *r, struct host *h);
/* The group is heard of from there now. */
void host_move_grouped(struct host *h, struct addr source);
/* Moves a group's, whose only lease this is. ERR_MEMORY, and nothing has changed. */
MUST_CHECK enum err host_rezone(struct registry *r, const struct lease *lease, struct text zone,
                                struct moment now);

struct share host_share(const struct lease *lease);
/* One of its leases adds `after` instead of `before`. */
void host_shift(struct registry *r, struct host *h, struct share before, struct share after,
                struct moment now);

/* The lease has no host yet; it adds its share. */
void host_join(struct registry *r, struct host *h, struct lease *lease, struct moment now);
/* Takes its share with it; frees the host when it was the last. */
void host_leave(struct registry *r, struct lease *lease, struct moment now);

#endif
