/* One service with its instances, and the table of all services: by name, in
 * order, and those that nobody is registered for by the end of their retention.
 *
 * A forgotten service stays in the table, unknown to readers, until the change
 * feed was trimmed past it; registering it again revives it.
 *
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_SERVICE_H
#define DISC_REGISTRY_SERVICE_H

#include <sys/queue.h>

#include "base/heap.h"
#include "base/map.h"
#include "registry/history.h"
#include "registry/order.h"
#include "registry/registry.h"

/* In the registry's pool. */
struct service {
    struct heap_node retention; /* key: when to forget it; UINT64_MAX while in use */
    union {
        struct order_node order;        /* known */
        TAILQ_ENTRY(service) forgotten; /* not known, and index > 0 */
    };
    LIST_HEAD(, override_entry) overrides;
    pool_ref *instances;
    uint32_t count, capacity;
    uint32_t stale;
    uint32_t expired; /* stale ones included */
    uint32_t well;    /* instances when all was well: an eviction does not lower it */
    uint32_t feed_at; /* place in the feed, once index > 0 */
    struct service_policy policy;
    uint32_t hash; /* its lower half */
    uint64_t index, withdrawal_index;
    uint64_t latest_ns;
    struct history_end history;
    uint64_t known_from; /* an older index may be of one that had the same name */
    struct registry *registry;
    bool known;
    uint8_t ns_size, path_size;
    char path[]; /* "ns/svc/" */
};

struct services {
    struct map map; /* forgotten ones too */
    struct service *root;
    struct heap retention;           /* all of the map, so that no change needs memory */
    TAILQ_HEAD(, service) forgotten; /* by index */
    size_t known;
    uint64_t freed_index,
        freed_ns; /* the largest `index` and `latest_ns` of those that are freed */
};

void services_init(struct services *all);

static inline struct text service_path(const struct service *s)
{
    return (struct text){s->path, s->path_size};
}

/* A known service, or NULL. */
struct service *service_find(const struct registry *r, struct text ns, struct text name);

/* The service, known or not, made unknown when there is none; NULL when memory
 * lacks. There is room in the feed for it afterwards. Give it back with
 * service_release unless it becomes known. */
struct service *service_get(struct registry *r, struct text ns, struct text name);
/* An empty one is known until then (lease ms; UINT64_MAX = as long as the configuration
 * says). */
void service_retain(struct registry *r, struct service *s, uint64_t until_ms, struct moment now);
/* After somebody came, said goodbye or was heard of again: if nobody has expired, then all
 * is well with those who are there. */
static inline void service_settle(struct service *s)
{
    if (s->expired == 0 || s->count > s->well)
        s->well = s->count;
}
/* Asks the configuration again. */
void service_take_policy(struct registry *r, struct service *s);
/* Frees one that never was known, does nothing to others. */
void service_release(struct registry *r, struct service *s);
void service_make_known(struct registry *r, struct service *s);
void service_free(struct registry *r, struct service *s);

/* Asks for what a heartbeat will read of it. */
void service_prefetch(const struct service *s);

struct instance *service_at(const struct service *s, uint32_t n);
MUST_CHECK enum err service_reserve(struct service *s, uint32_t count);
/* There is room. Tells the journal when it was empty. */
void service_add(struct registry *r, struct service *s, struct instance *i);
/* Starts the retention when it was the last one, and tells the journal. */
void service_remove(struct registry *r, struct service *s, struct instance *i, struct moment now);

/* Forgets services whose retention is over, at most `budget`; true when some are left. */
bool services_expire(struct registry *r, struct moment now, unsigned budget);
uint64_t services_next(const struct services *all);

#endif
