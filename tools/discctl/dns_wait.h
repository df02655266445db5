/* Waits until the server's DNS shows an instance. Used by `register --wait`.
 */
#ifndef DISCCTL_DNS_WAIT_H
#define DISCCTL_DNS_WAIT_H

#include "discctl.h"

/* At each DNS address that the server's status lists and that can be asked from here, in each zone
 * of the namespace: the instance's own name answers, and the service's SRV records hold it where
 * they hold all. EXIT_NO_ANSWER (said) when that did not come about in a->wait_s. */
int dns_wait(const struct arguments *a, const char *instance);

#endif
