/* What a struct dns consists of; private to the folder. */
#ifndef DISC_DNS_STATE_H
#define DISC_DNS_STATE_H

#include "base/hash.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/map.h"
#include "base/rcu.h"
#include "dns/dns.h"
#include "dns/table.h"
#include "dns/zone.h"

struct dns {
    struct rcu_late late;
    struct hash_key key;
    struct dns_config config;
    struct zone **zones; /* with copies of what they need of the config */
    size_t zone_count;
    struct table *table;

    /* Publishing; the control thread's alone. */
    struct map published;     /* struct publication by (zone, service), see publish.c */
    struct heap waiting;      /* publications that are left for later, by lease ms */
    uint64_t published_index; /* registry index up to which all is compiled or waiting */
    uint32_t serial;
    struct dns_totals totals;
    struct log_limit hidden_log; /* registrations can cause these lines */
};

/* The zone that answers for a name: of nested ones the deepest. NULL = none. */
struct zone *dns_zone_of(const struct dns *dns, const struct name *name);
/* Frees what was published; no reader may be left. */
void dns_unpublish(struct dns *dns);

#endif
