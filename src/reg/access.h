/* Who may do what to whom: the grants of keys, protected services, and the addresses that
 * a sender may advertise. Ownership of stored instances is the registry's matter.
 */
#ifndef DISC_REG_ACCESS_H
#define DISC_REG_ACCESS_H

#include "reg/call.h"

/* Who the sender is for the registry: key, loopback or source address. */
struct principal access_principal(const struct call *c);

/* Before anything of the request was read: has the key any grant for the verb? */
bool access_verb(const struct call *c);

/* May the sender do this to the service? */
bool access_service(const struct call *c, struct text ns, struct text service);

/* May the sender register the record's addresses? */
bool access_addresses(const struct call *c, const struct record *record);

#endif
