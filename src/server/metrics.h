/* The parts of /metrics: each writes some families, a few kB, from what others count. They
 * look at nothing whose size grows with what is registered, and label nothing by what clients
 * choose, but for the guards' zones (at most METRICS_ZONES of them).
 * Private to server/: metrics*.c; the hook itself is in core.h.
 */
#ifndef DISC_SERVER_METRICS_H
#define DISC_SERVER_METRICS_H

#include "server/core.h"
#include "server/metrics_text.h"

enum { METRICS_ZONES = 64 }; /* of guards, and of DNS */

typedef void metrics_part(const struct server *s, struct metrics *m);

/* metrics_dns.c, metrics_peers.c: what the DNS workers did, and with whom */
metrics_part metrics_dns_queries, metrics_dns_answers, metrics_dns_protection;
metrics_part metrics_dns_published, metrics_dns_zones;
metrics_part metrics_dns_tcp, metrics_dns_tasks, metrics_dns_notify, metrics_dnstap;
/* metrics_registry.c */
metrics_part metrics_registration, metrics_registry, metrics_heartbeats, metrics_guard;
metrics_part metrics_guard_zones, metrics_subscriptions;
/* metrics_process.c */
metrics_part metrics_store, metrics_http, metrics_audit, metrics_probes, metrics_threads,
    metrics_process;

#endif
