/* What links a subscription to the sender of a datagram: who may acknowledge, and whose
 * subscriptions stay when the configuration changes. Called by reg.c.
 */
#ifndef DISC_REG_SUBSCRIBER_H
#define DISC_REG_SUBSCRIBER_H

#include "reg/call.h"

/* For ack and uns: sub= and tok= of the datagram, from the subscriber's address, stand for
 * cookie and key. Sets call.subscription, NULL where they do not. */
void subscriber_find(struct call *c);

/* After a change of the configuration: ends the subscriptions that could not be asked for
 * again, signs on with the same secrets. `keys`: the ones before. */
void subscriber_recheck(struct reg *reg, const struct keyring *keys);

#endif
