/* A topic: one service that somebody is subscribed to, its subscribers, and the bulletins
 * that are under way to them.
 *
 *   topic ─┬─ subscriptions
 *          └─ bulletins (shared; each lives while somebody is still to be told it)
 *
 * What was found out of a large service is kept for a moment though nobody subscribes: its
 * whole state, or that this is too large, holds until the service changes.
 *
 * The first change of a service is released at once, those that follow within TOPIC_QUIET_MS
 * together at the end of that time. Called by subscription.c and push.c.
 */
#ifndef DISC_REG_TOPIC_H
#define DISC_REG_TOPIC_H

#include "base/heap.h"
#include "base/map.h"
#include "reg/bulletin.h"
#include "reg/work.h"

enum {
    TOPIC_QUIET_MS = 100,
    TOPIC_BYTES_MAX = 16 << 20,    /* of all bulletins together */
    TOPIC_BYTES_RESERVE = 1 << 20, /* of it, for those of one page */
    TOPIC_KEEP_MS = 1000,          /* what nobody needs just now */
    TOPIC_KEEP_MAX = 64,           /* services of which something is kept */
};

struct subscription;

struct topic {
    struct heap_node due; /* lease ms; UINT64_MAX = nothing changed */
    struct subscription *first, *last;
    struct topic *kept_before, *kept_after; /* of those of which something is kept */
    uint64_t keep_ms;                       /* lease ms until which; 0 = it is none of them */
    struct bulletin *kept;                  /* the whole state as it is now; NULL = not made */
    uint64_t too_large;                     /* the index at which the whole state was; 0 = none */
    uint64_t seq;                           /* the newest change index that was noticed */
    uint64_t released;                      /* the one that all subscribers are to reach */
    uint64_t absent;   /* while the service is not known: the index that stands for it */
    uint64_t quiet_ms; /* lease ms until which nothing is released */
    uint64_t hash;
    uint8_t ns_size, service_size;
    char name[NAMESPACE_MAX + SERVICE_MAX];
};

struct topics {
    struct map by_name, bulletins;
    struct heap due;
    struct topic *first_kept, *last_kept; /* the first is the first to go */
    size_t kept_count;
    struct work work;
    struct hash_key key;
    uint64_t noticed; /* the registry's changes up to here were looked at */
    size_t bytes;     /* of all bulletins */
    struct press press;
};

static inline struct text topic_namespace(const struct topic *t)
{
    return (struct text){t->name, t->ns_size};
}

static inline struct text topic_service(const struct topic *t)
{
    return (struct text){t->name + t->ns_size, t->service_size};
}

void topics_init(struct topics *all, const struct hash_key *key);
void topics_deinit(struct topics *all); /* they have no subscribers any more */

/* Finds it or makes it; NULL when memory lacks. Drop it again when nobody subscribes; others
 * than this one may be dropped on the way. */
struct topic *topic_for_name(struct topics *all, const struct registry *r, struct text ns,
                             struct text service);
void topic_drop_unused(struct topics *all, struct topic *t);

/* Looks at all that changed in the registry; `now_ms` lease ms. */
void topics_notice(struct topics *all, const struct registry *r, uint64_t now_ms);
/* One whose changes are to be released by now, and were; NULL = none. */
struct topic *topics_release(struct topics *all, uint64_t now_ms);
/* Lease ms; UINT64_MAX = nothing waits. */
uint64_t topics_next(const struct topics *all);

/* The change index of the service as it is now. */
uint64_t topic_index(const struct topic *t, const struct registry *r);

/* What leads from `from` (0 = nothing) to the service as it is now, with a reference for the
 * caller: a delta where there can be one, else the whole state. Somebody subscribes to it.
 * `make`: it may be made now, if it is not there. ERR_BUSY: it would have to be · ERR_SPACE: the
 * whole state is too large · ERR_FULL: too much is under way · ERR_MEMORY. */
MUST_CHECK enum err topic_bulletin(struct topics *all, struct topic *t, const struct registry *r,
                                   uint64_t from, bool make, struct bulletin **out);
void topic_return(struct topics *all, struct bulletin *b);

/* Marks the whole states that are not the newest any more as dropped: those of which no page
 * arrived anywhere, or (where there are none) all. Returns how many. */
size_t topics_drop_outdated(struct topics *all);

#endif
