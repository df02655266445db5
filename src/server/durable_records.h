/* Plain DNS records on disk: between dns/'s journal of them and the store's, which do not
 * know each other. Called by server.c at the start; the hooks run on the control thread. */
#ifndef DISC_SERVER_DURABLE_RECORDS_H
#define DISC_SERVER_DURABLE_RECORDS_H

#include "base/err.h"
#include "dns/dns.h"
#include "server/durable.h"

/* Everything stored into `records`, which from now on are journaled; after durable_restore.
 * With memory only there is nothing to do. ERR_MEMORY · ERR_SYSTEM (logged). */
MUST_CHECK enum err durable_restore_records(struct durable *d, struct dns_records *records,
                                            struct moment now);

#endif
