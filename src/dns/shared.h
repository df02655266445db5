/* What all workers have in common: rates and the seeds of cookies. Private to the folder;
 * made and shared out by server/ through dns/dns.h. */
#ifndef DISC_DNS_SHARED_H
#define DISC_DNS_SHARED_H

#include "base/hash.h"
#include "base/log.h"
#include "dns/dns.h"
#include "dns/rate_episode.h"
#include "dns/rrl.h"

enum peer_log_kind { PEER_LOG_UPDATE, PEER_LOG_TRANSFER, PEER_LOG_SIGNATURE, PEER_LOGS };

struct dns_shared {
    struct hash_key cookie_seeds[2]; /* read-only */
    struct rrl *rrl;
    struct rate_episode rate_episode;
    struct log_limit peer_logs[PEER_LOGS];
};

#endif
