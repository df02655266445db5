/* What a view says of its slices taken together. Used by compile*.c only. */
#ifndef DISC_DNS_COMPILE_HEAD_H
#define DISC_DNS_COMPILE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/bundle.h"
#include "dns/compile.h"
#include "dns/name.h"
#include "dns/view.h"

/* Live instances of all slices that are heard from, or those that are not. */
struct head_class {
    uint32_t count, v4_count, v6_count;
    uint16_t best_priority; /* UINT16_MAX: none */
    uint16_t best_weight;
};

/* What the slices add up to. */
struct head_totals {
    struct head_class classes[2];
    uint32_t count, unbrowsable;
    uint32_t https[2]; /* of those that are heard from; of the stale */
    uint32_t status_counts[STATUS_COUNT];
    uint32_t ttl;
    uint16_t priority_max, weight_max;
    uint8_t port_protocols; /* see struct slice */
};

void head_class_add(struct head_class *class, const struct slice_class *of_slice);
struct head_totals head_total(const struct slice *const *slices, uint32_t count);

/* Whose addresses (of one family), or TXT data, are the service's. */
struct choice {
    bool stale;
    uint16_t priority; /* of addresses only */
    uint16_t weight_max;
};

enum bag_kind { BAG_V4, BAG_V6, BAG_TXT, BAG_KINDS };

struct choice head_choice(const struct head_class classes[2], enum bag_kind kind);

static inline bool choice_has(const struct choice *choice, enum bag_kind kind,
                              const struct view_instance *i)
{
    return i->live && i->stale == choice->stale &&
           (kind == BAG_TXT || i->priority == choice->priority);
}

/* Addresses of the family. */
static inline unsigned addr_count(const struct view_instance *i, enum bag_kind kind)
{
    return kind == BAG_V4 ? i->v4_count : i->v6_count;
}

/* Ends a set of which parts and groups, fresh and stale, are there: counts, and the stale ones
 * are withdrawn where that is wished and others are there. */
void head_close_set(bool withdraws_stale, struct srv_set *set);

/* Bytes that the service's names take in a view: the suffix first, see SLICE_READABLE. `suffix`:
 * S.Z; of size 0: that is no name. */
size_t head_name_bytes(const struct name *suffix, const struct service *service);
/* Names (at `names`) and what follows from the totals. Attributes and sets are there. */
void head_fill(struct view *v, const struct service *service, const struct name *suffix,
               const struct head_totals *totals, char *names);
bool head_withdraws_stale(const struct compile_context *c, const struct service *service);
/* What the rules say of the service, as the sets need it. */
void head_attributes(struct view *v, const struct compile_context *c,
                     const struct service *service);

/* A view of one slice (compile_small.c), and of many (compile_large.c): see compile.h. */
MUST_CHECK enum err compile_small(const struct compile_context *c, const struct service *service,
                                  struct view **out);
MUST_CHECK enum err compile_large(const struct compile_context *c, const struct service *service,
                                  struct view **out);
/* ERR_NOT_FOUND: it is to be compiled wholly. `old` has many slices. */
MUST_CHECK enum err compile_changes(const struct compile_context *c, const struct service *service,
                                    const struct view *old, struct view **out);

/* What a view of many slices is made of. */
struct large_parts {
    const struct name *suffix;                   /* S.Z, not to be freed */
    struct block_list *blocks, *bags[BAG_KINDS]; /* NULL: not there yet */
    const struct slice **slices;                 /* those of `blocks` */
    struct pair_filter *pairs;                   /* likewise */
    struct block_list *ports;                    /* likewise; NULL: no port has a name */
    uint32_t port_names, port_steps;             /* see struct view_shared: listed */
    uint32_t slice_count;
    uint32_t compiled; /* see struct view_shared */
    struct head_totals totals;
    struct choice choices[BAG_KINDS];
    bool withdraws_stale; /* see struct view */
};
/* Totals and choices out of its slices, and p->withdraws_stale. */
void large_choose(const struct compile_context *c, const struct service *service,
                  struct large_parts *p);
/* Its view, which takes blocks and bags over if it is made. ERR_MEMORY. */
MUST_CHECK enum err compile_join(const struct compile_context *c, const struct service *service,
                                 const struct large_parts *p, struct view **out);
void large_parts_free(struct large_parts *p); /* what nobody took over */

#endif
