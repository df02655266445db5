/* Questions of class CH: who serves here (RFC 4892), as far as the operator says. A part of
 * dns_respond. */
#ifndef DISC_DNS_CHAOS_H
#define DISC_DNS_CHAOS_H

#include "dns/respond.h"

/* TXT (or ANY) at version.bind, version.server, id.server, hostname.bind: the configured
 * texts. False: REFUSED, for it is another name or type, or nothing is configured. */
bool chaos_respond(struct respond *r);

/* Why nothing is told at one of these names; NULL = it is none of them, or its text is set. */
const char *chaos_untold(const struct respond *r);

#endif
