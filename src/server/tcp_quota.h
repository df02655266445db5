/* How many TCP connections there may be, in all and per client address (of IPv6: per network
 * of 64 bits, which one client has for itself), over all workers. Asked only when a connection
 * comes or goes, so a lock costs nothing that a query would feel. Loopback is exempt from the limit
 * per address.
 */
#ifndef DISC_SERVER_TCP_QUOTA_H
#define DISC_SERVER_TCP_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"

struct tcp_quota;

struct tcp_quota *tcp_quota_new(uint32_t total, uint32_t per_address, const struct hash_key *key);
void tcp_quota_free(struct tcp_quota *q);
void tcp_quota_configure(struct tcp_quota *q, uint32_t total, uint32_t per_address);

enum tcp_admission { TCP_ADMITTED, TCP_FULL, TCP_ADDRESS_FULL };

/* Counts the connection when it is admitted. TCP_FULL: close an idle one and ask again. */
enum tcp_admission tcp_quota_enter(struct tcp_quota *q, const struct addr *from);
void tcp_quota_leave(struct tcp_quota *q, const struct addr *from);
uint32_t tcp_quota_count(struct tcp_quota *q);

#endif
