/* What an IXFR request says (RFC 1995 section 3). */
#ifndef DISC_DNS_TRANSFER_REQUEST_H
#define DISC_DNS_TRANSFER_REQUEST_H

#include "dns/query.h"

/* The serial of the SOA in the authority section; false: there is none, or not of this zone,
 * or it is malformed. */
MUST_CHECK bool transfer_request_serial(const struct query *q, uint32_t *serial);

#endif
