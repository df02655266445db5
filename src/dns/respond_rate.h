/* May an asker have one more answer? The rates of rrl.h applied to what has been written; a
 * part of dns_respond. */
#ifndef DISC_DNS_RESPOND_RATE_H
#define DISC_DNS_RESPOND_RATE_H

#include "dns/respond.h"

/* Over UDP, for whoever is neither trusted nor exempt. False: nothing is sent. True: *rcode
 * and the answer go out as they are, or as a truncated one without records, or, where the
 * asker knows cookies, as BADCOOKIE (RFC 7873 section 5.2.3). */
bool respond_take_rate(struct respond *r, unsigned *rcode);
static inline bool respond_rate(struct respond *r, unsigned *rcode)
{
    const struct dns_rrl_config *config = &r->dns->config.rrl;
    bool any = config->responses || config->nxdomains || config->errors;
    return !any || respond_take_rate(r, rcode);
}

#endif
