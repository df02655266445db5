/* Lease groups: instances of one owner that live and die by one lease, in the
 * order in which they joined, with the digest by which the owner checks that both
 * sides hold the same set. A group exists while it has members.
 *
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_GROUP_H
#define DISC_REGISTRY_GROUP_H

#include "base/map.h"
#include "registry/host.h"

struct leaving;
struct owner;

/* In the registry's pool, as all that has a lease. */
struct group {
    struct lease lease; /* first: it leads back here */
    struct host *host;
    struct owner *owner;
    struct instance *first, *last;
    struct leaving *leaving; /* NULL, or see leave.h: it is not in the map, its digest of no use */
    struct instance *unmarked; /* expired: the next to become stale; NULL = the first */
    uint32_t count;
    uint32_t lease_s; /* the longest granted to a member: the lease from its next renewal on */
    uint32_t longest; /* how many members were granted that */
    uint64_t digest;
    uint64_t hash;
    uint8_t name_size;
    char name[];
};

/* What a member keeps of it. */
struct membership {
    struct group *group;
    struct instance *previous, *next;
    uint32_t lease_s; /* granted to this member; 0 = permanent */
};

struct group *group_find(const struct map *groups, const struct hash_key *key,
                         const struct owner *owner, struct text name);
/* The group of the record's name, made without members when there is none, with its host
 * where the sender is now; NULL when memory lacks. Give it back with group_release when
 * nobody joins. */
struct group *group_get(struct registry *r, struct owner *owner, const struct record *record,
                        struct addr source, uint32_t lease_s, struct moment now);
/* Frees it when it has no members. */
void group_release(struct registry *r, struct group *g, struct moment now);
/* A heartbeat of all its members. */
void group_renew(struct registry *r, struct group *g, struct moment now);

/* Writes i->member and lengthens the group's lease when this one is longer, from
 * its next renewal on. i must have neither lease nor group, and the group's must not have
 * expired. */
void group_join(struct group *g, struct instance *i, uint32_t lease_s);
/* Takes out the member i whose membership is, or was, `member`. The lease gets
 * shorter from its next renewal on when the longest has gone. */
void group_leave(const struct membership *member, const struct instance *i);
/* To be called before i->rev becomes `rev`. */
void group_revise(struct group *g, const struct instance *i, uint64_t rev);

struct text group_name(const struct group *g);
struct group_state group_state(const struct group *g);

#endif
