/* Lines of the log about secondaries and senders of UPDATE whose wishes are not granted:
 * what an operator looks for when nothing arrives. Called by workers as they answer, and by
 * task_describe.c; each kind of line is limited, for anybody can cause them. */
#ifndef DISC_DNS_PEER_LOG_H
#define DISC_DNS_PEER_LOG_H

#include "dns/name.h"
#include "dns/respond.h"
#include "dns/shared.h"
#include "dns/tsig.h"

/* "192.0.2.1, key deploy.example" or "192.0.2.1, no key"; `tsig` NULL = unsigned. */
enum { PEER_TEXT = ADDR_TEXT + 16 + NAME_TEXT };
const char *peer_format(const struct endpoint *from, const struct tsig *tsig,
                        char out[static PEER_TEXT]);
/* Text of a zone's name as it is configured: no final dot but the root's. */
const char *peer_zone(const struct name *name, char out[static NAME_TEXT]);

/* UPDATE or transfer, of the zone that the question names. */
void peer_log_refused(const struct respond *r, enum peer_log_kind kind, const char *why);
/* r->tsig says what is wrong with the signature. */
void peer_log_signature(const struct respond *r);

#endif
