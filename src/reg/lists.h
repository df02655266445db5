/* The parameters that are lists: addresses, ports, tags. Called by
 * fields.c. */
#ifndef DISC_REG_LISTS_H
#define DISC_REG_LISTS_H

#include "reg/call.h"

/* addr= with its substitutions; the datagram's source when it is not given. */
enum refusal lists_addresses(struct call *c, struct record *record);

/* port= ; "-" gives none. */
enum refusal lists_ports(struct call *c, struct record *record);

enum refusal lists_tags(struct call *c, struct record *record);

#endif
