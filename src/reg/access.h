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

/* Is the service protected, from all senders without a key? */
bool access_is_protected(const struct reg *reg, struct text ns, struct text service);

/* May the sender do this to the service? Who touches a protected one is told to
 * reg_set_denied's hook. */
bool access_service(const struct call *c, struct text ns, struct text service);

/* Has the key a grant for this? */
bool access_key_covers(const struct reg_key *key, enum reg_verb verb, struct text ns,
                       struct text service);

/* May the sender register the record's addresses? */
bool access_addresses(const struct call *c, const struct record *record);

#endif
