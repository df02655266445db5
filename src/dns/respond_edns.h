/* What the OPT record brings about, less the questions themselves: cookies (RFC 7873), NSID,
 * KEEPALIVE, EXPIRE. A part of dns_respond; the answer's options are set here and written by
 * answer.c. */
#ifndef DISC_DNS_RESPOND_EDNS_H
#define DISC_DNS_RESPOND_EDNS_H

#include "dns/respond.h"

/* Before anything is written; only for a query with an OPT record. */
void respond_options(struct respond *r, const struct query *q);
/* A message without question that asks for a cookie (RFC 7873 section 5.4): the RCODE. */
unsigned respond_cookie_alone(struct respond *r);
/* EXPIRE (RFC 7314), where it is asked for and `zone` (NULL = none) begins at the name: with
 * an answer that is the zone's SOA, or begins with it. */
void respond_expire(struct respond *r, const struct query *q, const struct zone *zone);

#endif
