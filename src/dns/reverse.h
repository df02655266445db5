/* Reverse zones: a PTR record for each address of a forward zone's instances, at the
 * address's name below in-addr.arpa or ip6.arpa (RFC 1035 section 3.5, RFC 3596 section 2.5).
 * Kept as leaves, from the difference between what was published of a service and what is.
 * Called by publish.c; control thread only. */
#ifndef DISC_DNS_REVERSE_H
#define DISC_DNS_REVERSE_H

#include "base/addr.h"
#include "base/err.h"
#include "dns/name.h"
#include "dns/view.h"

struct dns;
struct reverse;
struct zone;

/* Of more instances at one address the longest known have records: what secondaries take of
 * one type (BIND 9.18). */
enum { REVERSE_MAX = 100 };

/* NULL in *out when no zone is a reverse zone. ERR_MEMORY · ERR_VALUE: *wrong says of which
 * zone the configuration names none that can be its forward zone. */
MUST_CHECK enum err reverse_new(const struct dns *dns, struct reverse **out, const char **wrong);
void reverse_free(struct reverse *reverse); /* accepts NULL */

/* A service of the forward zone has changed from `old` to `new`; NULL = not there, or not
 * to be seen. When memory lacks all is looked through again later. */
void reverse_note(struct dns *dns, const struct zone *forward, const struct view *old,
                  const struct view *new);

/* Publishes the leaves of what was noted. ERR_MEMORY: the rest waits for the next call. */
MUST_CHECK enum err reverse_settle(struct dns *dns);

/* 4.3.2.1.in-addr.arpa, or the 32 nibbles below ip6.arpa. */
void reverse_name(const struct addr *a, struct name *out);

#endif
