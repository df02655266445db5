/* What a sender's address alone decides: who it is, what it is registered as. Used for
 * datagrams (access.c, lists.c) and, as reg_admit, for senders of other protocols.
 */
#ifndef DISC_REG_ADMIT_H
#define DISC_REG_ADMIT_H

#include "reg/call.h"

/* Who a sender without a key is for the registry. */
struct principal admit_principal(const struct reg_config *config, enum reg_auth auth,
                                 const struct addr *from);

/* What a sender that names no address is registered as (loopback addresses of one host are
 * of no use to others). */
struct addr admit_address(const struct reg_config *config, const struct addr *from);

/* Tells the hook that a sender without a key wanted to touch a protected service. */
void admit_denied(const struct reg *reg, const struct principal *who, struct text ns,
                  struct text service);

#endif
