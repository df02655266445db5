/* A part of the named ports (view_ports.h) in the making. Used by compile_port*.c only. */
#ifndef DISC_DNS_COMPILE_PORT_PART_H
#define DISC_DNS_COMPILE_PORT_PART_H

#include "dns/compile_ports.h"
#include "dns/set_draft.h"
#include "dns/view_ports.h"

/* A name as a slice has it, noted slice by slice: what is taken name by name then need not look
 * at slices everywhere. */
struct port_noted {
    struct text name;
    const struct part *in_slice; /* the first of its set */
    struct part part;            /* set_part of that, where there is one */
    uint16_t number;             /* among the slice's ports */
    uint16_t part_count;
    uint8_t protocol;
    bool is_default; /* its set is that of the slice's default ports */
};

/* A slice that changed has the name, or had it. */
struct port_item {
    uint32_t hash;
    uint32_t slice; /* its number */
    uint32_t noted; /* number + 1; 0: it had the name, or this is taken */
};

struct port_work {
    const struct large_parts *p;
    const bool *changed;           /* by number of the slice; NULL: all */
    struct list noted;             /* struct port_noted */
    struct list refs;              /* struct port_ref: scratch, as are names and sets */
    struct list names;             /* struct port_draft */
    struct set_lists sets;         /* those that are to stand in the part */
    const struct port_noted *last; /* taken for the name in the making; NULL: none */
    bool is_default;               /* so are the sets of those that were taken for it */
    struct port_part *part;        /* the one made last, its taker's */
    int64_t gained;                /* names, in all of them together */
    uint32_t steps;                /* taken for them, see struct view_shared: listed */
};

void port_work_deinit(struct port_work *w);

/* Notes a port of the slice; its number in *noted is one more, see struct port_item. ERR_MEMORY. */
MUST_CHECK enum err port_note(struct port_work *w, const struct slice *s, unsigned number,
                              uint32_t *noted);

/* The part that follows `old` (NULL: there was none) with these items, which are used up: by hash,
 * those of equal hash by slice: w->part. ERR_SPACE: more names than a part may have; without `old`
 * those beyond are left out: names of equal hash, as no number of parts takes them apart.
 * ERR_MEMORY. */
MUST_CHECK enum err port_part_next(struct port_work *w, const struct port_part *old,
                                   struct port_item *items, size_t count);

#endif
