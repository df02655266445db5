/* What a struct dns consists of; private to the folder. */
#ifndef DISC_DNS_STATE_H
#define DISC_DNS_STATE_H

#include <sys/queue.h>

#include "base/hash.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/map.h"
#include "base/rcu.h"
#include "dns/dns.h"
#include "dns/reverse.h"
#include "dns/table.h"
#include "dns/tsig.h"
#include "dns/zone.h"

struct cells;

struct dns {
    struct rcu_late late;
    struct hash_key key;
    struct dns_config config;
    struct tsig_keyring *keyring;
    struct zone **zones; /* with copies of what they need of the config */
    size_t zone_count;
    struct table *table;

    /* Publishing; the control thread's alone. */
    struct map published;              /* struct publication by (zone, service), see publish.c */
    struct cells *cells;               /* of publications */
    struct heap waiting;               /* publications that are left for later, by lease ms */
    uint64_t published_index;          /* registry index up to which all is compiled or waiting */
    struct map leaves;                 /* by owner, see leaf_publish.c */
    TAILQ_HEAD(, kept) waiting_leaves; /* of them those not shown */
    struct dns_records *records;       /* NULL = none, and no UPDATE */
    uint64_t records_index;            /* their index up to which all is published */
    struct reverse *reverse;           /* NULL = no reverse zones */
    uint32_t serial;
    struct dns_totals totals;
    struct log_limit hidden_log; /* registrations can cause these lines */
};

/* The zone whose apex that is; NULL = none. */
struct zone *dns_zone_at(const struct dns *dns, const struct name *apex);
/* The zone that answers for a name: of nested ones the deepest. NULL = none. */
struct zone *dns_zone_of(const struct dns *dns, const struct name *name);
/* Each zone's first serial. */
void dns_start_serials(struct dns *dns);
/* Control thread: a new serial for each zone that changed since it got its last. */
void dns_step_serials(struct dns *dns);
/* Control thread: walks what is published, in no order; start with *cursor = 0. False at the
 * end. */
struct published {
    const struct zone *zone;
    struct view *view;
    unsigned places; /* enum view_place: where it can be found */
};
bool dns_published_next(const struct dns *dns, size_t *cursor, struct published *out);
/* The same for up to `max` of them, and no more than PUBLISHED_AT_ONCE, so that the wait for
 * memory is that for one; 0 at the end. */
enum { PUBLISHED_AT_ONCE = 64 };
size_t dns_published_some(const struct dns *dns, size_t *cursor, struct published *out, size_t max);
/* Frees what was published; no reader may be left. */
void dns_unpublish(struct dns *dns);

#endif
