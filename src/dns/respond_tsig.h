/* Signed requests (RFC 8945): checked before anything else is done with them, answered with a
 * signature. A part of dns_respond, around the others. */
#ifndef DISC_DNS_RESPOND_TSIG_H
#define DISC_DNS_RESPOND_TSIG_H

#include "dns/respond.h"

/* Checks the signature of a query that has one, and sets the answer's aside; false: *rcode is
 * what is to be said. Where r->answer.tsig is set then, r->tsig needs tsig_end. */
bool respond_signed(struct respond *r, const struct query *q, unsigned *rcode);
/* Signs the finished message of `size` bytes, where it is to be; returns its size, 0 when
 * memory lacks. */
size_t respond_sign(struct respond *r, size_t size);

#endif
