/* One resource record as zone transfers and their log see it. */
#ifndef DISC_DNS_RR_H
#define DISC_DNS_RR_H

#include <stdint.h>

#include "dns/name.h"

struct rr {
    const uint8_t *owner; /* wire, lower case */
    const uint8_t *rdata; /* uncompressed */
    uint32_t ttl;
    uint16_t type, size; /* of rdata */
    uint8_t owner_size;
};

/* Type, class, TTL and RDLENGTH, between owner and RDATA (RFC 1035 section 4.1.3). */
enum { RR_FIXED = 10 };

#endif
