/* The named ports of a view. A view of one slice has a list of them, sorted by name. One of many
 * slices has them in parts by their keyed hash: each part is a block that the next view shares
 * where no slice changed that has one of its names.
 *
 *   hash of name, protocol ──> part ──> named_port ──┬ of one slice: parts in that slice
 *                                                    ├ of several: parts in this block
 *                                                    └ of all, for their default ports: the
 *                                                      view's own list has it with that set
 *
 * Names and parts of one slice are in the slices, so such a part is good only beside them.
 *
 * Made by compile*.c; read where ports are asked for by name, or all of them are walked. Numbers
 * of ports have gaps, and mean nothing in another view. */
#ifndef DISC_DNS_VIEW_PORTS_H
#define DISC_DNS_VIEW_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "dns/bundle.h"
#include "dns/view.h"

struct named_port {
    struct text name;
    uint32_t hash;      /* keyed, of name and protocol; 0 in a view of one slice */
    uint8_t protocol;   /* enum protocol */
    bool by_default;    /* of a part: the set is the view's by_default, and this one is empty */
    struct srv_set set; /* of live instances; may be empty while the name exists */
};

/* A slice that has the name, and which of its ports that is. */
struct port_ref {
    uint32_t slice;
    uint16_t port;
};

enum { PORT_PART_MAX = 64 };

struct port_part {
    struct block block;
    uint32_t count;              /* names, at most PORT_PART_MAX; may be 0 */
    const struct port_ref *refs; /* name by name, ascending */
    const uint32_t *ref_ends;    /* of each name; the first one's begin at 0 */
    struct named_port ports[];   /* behind them what they point to */
};

static inline const struct port_part *port_part_at(const struct block_list *ports, uint32_t n)
{
    return (const struct port_part *)(const void *)block_at(ports, n);
}

/* As the part has it, NULL: it has no such name. */
const struct named_port *port_in_parts(const struct block_list *ports, uint32_t hash,
                                       struct text name, uint8_t protocol);

/* NULL: there is no such name. `key`: that of the slices' hashes. */
const struct named_port *view_port(const struct view *v, const struct hash_key *key,
                                   struct text name, uint8_t protocol);

/* Has a port of this protocol a name? */
bool view_names_protocol(const struct view *v, uint8_t protocol);

/* One beyond the last number there can be. */
uint32_t view_port_numbers(const struct view *v);
/* The port of a number; NULL: a gap. */
const struct named_port *view_port_at(const struct view *v, uint32_t number);
/* Walks all: begin with *number = 0; `*number` is one when true is returned: then add 1 and go
 * on. */
bool view_port_next(const struct view *v, uint32_t *number);

/* One beyond the last number of those, with this one, that both views have as they are; `number`:
 * they share none there. */
uint32_t view_ports_shared(const struct view *a, const struct view *b, uint32_t number);
/* Walks likewise those of `a` that `b` does not have as they are, as far as can be said without a
 * look at them. */
bool view_port_next_unshared(const struct view *a, const struct view *b, uint32_t *number);

#endif
