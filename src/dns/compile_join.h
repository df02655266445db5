/* The head of a view of many slices in the making. Used by compile_join.c and compile_ports.c
 * only. */
#ifndef DISC_DNS_COMPILE_JOIN_H
#define DISC_DNS_COMPILE_JOIN_H

#include "dns/compile_head.h"
#include "dns/list.h"

struct set_draft {
    struct srv_set set; /* less its pointers */
    size_t first_part, first_group;
};

struct port_draft {
    const struct slice_port *port; /* one of those of this name and protocol */
    struct set_draft set;
};

struct join {
    const struct large_parts *p;
    struct list parts, groups; /* struct part, pick_group: of all sets */
    struct list sorted;        /* struct part: scratch */
    struct set_draft sets[SET_KINDS];
    struct list ports;           /* struct port_draft, sorted by name, protocol */
    struct list bags[BAG_KINDS]; /* struct part, struct txt_part */
    size_t steps;                /* taken for the ports, see struct view_shared: listed */
};

/* The set of the parts from `first` on, which are put in order. ERR_MEMORY. */
MUST_CHECK enum err join_set(struct join *j, size_t first, struct set_draft *out);

/* j->ports, once the set of the default ports is there. ERR_MEMORY. */
MUST_CHECK enum err join_ports(struct join *j);

#endif
