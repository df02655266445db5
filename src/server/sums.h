/* What the DNS workers counted, added up. Private to server/: status_dns.c, metrics*.c. */
#ifndef DISC_SERVER_SUMS_H
#define DISC_SERVER_SUMS_H

#include "server/core.h"

/* Of the counter at this offset in each worker's struct dns_counters, udp_counters,
 * tcp_counters. */
uint64_t sum_dns(const struct server *s, size_t offset);
uint64_t sum_udp(const struct server *s, size_t offset);
uint64_t sum_tcp(const struct server *s, size_t offset);

#define SUM(s, field) sum_dns(s, offsetof(struct dns_counters, field))
#define SUM_AT(s, field, i)                                                                        \
    sum_dns(s, offsetof(struct dns_counters, field) + (size_t)(i) * sizeof(struct counter))
#define SUM_UDP(s, field) sum_udp(s, offsetof(struct udp_counters, field))
#define SUM_TCP(s, field) sum_tcp(s, offsetof(struct tcp_counters, field))

#endif
