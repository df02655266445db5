/* What of an instance stands in an answer that was written. Part of explain.c. */
#ifndef DISC_DNS_EXPLAIN_SENT_H
#define DISC_DNS_EXPLAIN_SENT_H

#include "dns/respond.h"

/* Has the answer section a record of the type asked for that comes from this instance (its
 * name, one of its addresses, its text)? Reads our own message only. */
bool explain_is_sent(const struct respond *r, const struct view_instance *i);

#endif
