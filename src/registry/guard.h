/* Guards: whether silence means that instances died, or that the network did. One for
 * all hosts, one for each locality zone; beside them the brownout, which tells loss from
 * death. Their rules stand in registry.h.
 *
 * A scope counts what its guard judges by and is told of each change of that. When its
 * guard should close it is queued; guards_turn() then decides, before anything is
 * evicted. A zone's scope exists while hosts are in it, and until its guard is open.
 *
 * Used inside registry/ only. Knows nothing of single instances. */
#ifndef DISC_REGISTRY_GUARD_H
#define DISC_REGISTRY_GUARD_H

#include <sys/queue.h>

#include "base/map.h"
#include "registry/lease.h"

struct tally {
    uint32_t hosts, late_hosts; /* with counted leases; of them late */
    uint64_t counted, late;     /* leases */
    uint64_t wholly_late;       /* late leases on late hosts */
    uint64_t seconds;           /* of the counted leases together */
};

struct scope {
    struct tally tally;
    TAILQ_ENTRY(scope) link; /* of the queued, or of those whose guard is closed */
    uint64_t hash;
    uint64_t calm_ms;     /* closed, and calm since (lease ms); LEASE_NEVER = not calm */
    uint64_t since_ms;    /* wall: when `on` last changed; 0 = never */
    uint32_t hosts_named; /* hosts of this zone, counted or not */
    bool on, queued;
    uint8_t name_size; /* 0 = the scope of all */
    char name[SHORT_LABEL_MAX];
};

TAILQ_HEAD(scope_list, scope);

struct guards {
    struct scope all;
    struct map zones;
    struct scope_list queued, closed;
    enum guard_mode mode;
    bool changed; /* mode or configuration did: all are to be judged anew */
    bool brownout;
    uint64_t partial_ms; /* since when the brownout's state contradicts its rule */
    uint64_t closings, brownouts;
};

void guards_init(struct guards *g);
void guards_deinit(struct guards *g, struct pool *pool);

struct text scope_name(const struct scope *s);
/* The zone's, made when there is none; NULL when memory lacks. Give it back with
 * scope_release when no host comes to it. */
struct scope *scope_get(struct registry *r, struct text zone);
void scope_release(struct registry *r, struct scope *s);
/* What was `before` is now `after`. */
void scope_shift(struct registry *r, struct scope *s, struct tally before, struct tally after,
                 struct moment now);

/* Closes and opens what should be. True when a guard has opened. */
bool guards_turn(struct registry *r, struct moment now, registry_visit *visit, void *context);
/* When guards_turn has something to do: lease ms, 0 = now. */
uint64_t guards_next(const struct registry *r);

/* Is what runs out here to be kept? `zone` may be NULL. */
bool guards_hold(const struct registry *r, const struct scope *zone);

/* The mean lease of all counted ones; the default when there are none. */
uint64_t guards_mean_ms(const struct registry *r);

#endif
