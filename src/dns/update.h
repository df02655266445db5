/* Dynamic updates (RFC 2136), signed (RFC 8945) and perhaps leased (RFC 9664), as a way to
 * register: an SRV record at S.Z, _S._tcp.Z or _S._udp.Z whose target is I.S.Z, and an address
 * there, are the instance I of the service S; anything else is a plain record (records.h).
 *
 *   worker   update_admit: form of the zone section, who may update at all
 *   control  update_run: prerequisites, grants, prescan, then all of it or nothing
 *
 * Of an instance the port, priority and weight are from SRV (several are several ports; the
 * last one added says the weight; at S.Z the protocol is TCP, unless the port has another),
 * metadata from the strings of TXT at I.S.Z. It is deregistered when its last address or SRV is
 * deleted, and registered again, which is a renewal when nothing is new, by each message that
 * adds to it. Its lease is what the message asks for, else none. The PTR, SRV and TXT records
 * of DNS-SD for it are taken and dropped, as they follow from it.
 *
 * Refused, with words: names of the zone file, unless nothing would change or plain records
 * that it hides are deleted; other owners' instances, and one that such an owner has left to
 * run out unless SRV and address are added; plain records where a service or instance is;
 * delegations, DNAME and types of DNSSEC; what is more than an instance or a name can hold, or
 * a key by its quota, or all together.
 *
 * Used by respond.c and task_run.c. Owner of the instances is the key, by its name. */
#ifndef DISC_DNS_UPDATE_H
#define DISC_DNS_UPDATE_H

#include "dns/respond.h"
#include "dns/task_parts.h"

/* Worker: looks at a message of opcode UPDATE whose signature, if any, is good
 * (r->answer.tsig). The RCODE to answer with at once, with a reason; or RCODE_NOERROR with
 * *task, for the control thread. */
MUST_CHECK unsigned update_admit(struct respond *r, const struct query *q, struct dns_task **task);

/* Control thread: sets the task's result. */
void update_run(struct dns *dns, struct registry *registry, struct moment now,
                struct dns_task *task);

#endif
