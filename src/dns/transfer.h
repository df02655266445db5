/* Zone transfers out: AXFR (RFC 5936) and IXFR (RFC 1995). A worker admits the request, the
 * control thread pins a version of the zone or the differences that lead to it, and any
 * thread then writes the messages from what is pinned, holding up nobody.
 *
 * AXFR by UDP: NOTIMP (RFC 5936 section 4.2 leaves it undefined). IXFR by UDP: all of it in
 * one message, else the SOA alone. IXFR whose differences are not there any more, or are more
 * than the zone: the whole zone. What an asker cannot see (services whose name a static one
 * hides, instances that are down, subsets by selectors) is not in the transfer; what the zone
 * file has below a delegation or DNAME is (RFC 5936 section 3.5). */
#ifndef DISC_DNS_TRANSFER_H
#define DISC_DNS_TRANSFER_H

#include "dns/respond.h"
#include "dns/task_parts.h"

struct transfer;

/* Worker: looks at a well-formed query of type AXFR or IXFR whose signature, if any, is good
 * (r->answer.tsig). The RCODE to answer with at once, with a reason; or RCODE_NOERROR with
 * *task, for the control thread. */
MUST_CHECK unsigned transfer_admit(struct respond *r, const struct query *q,
                                   struct dns_task **task);

/* Control thread: pins what the answer needs, or sets the task's result. */
void transfer_run(struct dns *dns, struct dns_task *task);

/* The next message; 0 = that was all. */
size_t transfer_next(struct dns_task *task, struct dns_worker *worker, uint64_t wall_s,
                     uint8_t *out, size_t size);

/* "AXFR", or "IXFR" and the serial that it begins at (else theirs = ours); NULL: the SOA alone,
 * or no transfer (`transfer` may be NULL). */
const char *transfer_kind(const struct transfer *transfer, uint32_t *theirs, uint32_t *ours);

void transfer_free(struct transfer *transfer); /* accepts NULL */

#endif
