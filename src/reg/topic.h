/* A topic: one service that somebody is subscribed to, its subscribers, and the bulletins
 * that are under way to them.
 *
 *   topic ─┬─ subscriptions
 *          └─ bulletins (shared; each lives while somebody is still to be told it)
 *
 * The first change of a service is released at once, those that follow within TOPIC_QUIET_MS
 * together at the end of that time. Called by subscription.c and push.c.
 */
#ifndef DISC_REG_TOPIC_H
#define DISC_REG_TOPIC_H

#include "base/heap.h"
#include "base/map.h"
#include "reg/bulletin.h"

enum {
    TOPIC_QUIET_MS = 100,
    TOPIC_BYTES_MAX = 16 << 20, /* of all bulletins together */
};

struct subscription;

struct topic {
    struct heap_node due; /* lease ms; UINT64_MAX = nothing changed */
    struct subscription *first, *last;
    struct bulletin *bulletins;
    uint64_t seq;      /* the newest change index that was noticed */
    uint64_t released; /* the one that all subscribers are to reach */
    uint64_t absent;   /* while the service is not known: the index that stands for it */
    uint64_t quiet_ms; /* lease ms until which nothing is released */
    uint64_t hash;
    uint8_t ns_size, service_size;
    char name[NAMESPACE_MAX + SERVICE_MAX];
};

struct topics {
    struct map by_name;
    struct heap due;
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

struct topic *topic_by_name(const struct topics *all, struct text ns, struct text service);
/* Finds it or makes it; NULL when memory lacks. Drop it again when nobody subscribes. */
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
 * caller: a delta where there can be one, else the whole state. ERR_SPACE: the whole state is
 * too large · ERR_BUSY: too much is under way · ERR_MEMORY. */
MUST_CHECK enum err topic_bulletin(struct topics *all, struct topic *t, const struct registry *r,
                                   uint64_t from, struct bulletin **out);
void topic_return(struct topics *all, struct topic *t, struct bulletin *b);

#endif
