/* A slice in the making: what its instances say, in growing lists that refer to one another by
 * number and offset; then laid out in one block. A draft is made once and used for one slice
 * after the other. Used by compile*.c only. */
#ifndef DISC_DNS_DRAFT_H
#define DISC_DNS_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/compile.h"
#include "dns/list.h"
#include "dns/name.h"
#include "dns/slice.h"

/* An instance to be compiled. */
struct ordered {
    struct text id;
    const struct instance *instance;
};

/* Distinct strings of bytes, which stand in the draft. */
struct distinct {
    uint32_t offset; /* into draft.strings */
    uint32_t size, hash;
    uint32_t split; /* a selector's key size */
    uint64_t has;   /* by place: whose it is */
};

struct intern {
    struct list entries; /* struct distinct, in order of appearance */
    uint32_t *slots;     /* number + 1, 0 = free */
    uint32_t mask;
};

struct draft_set { /* of parts, side by side */
    uint32_t first, count;
};

struct draft_part {
    uint32_t first; /* item */
    uint32_t bytes;
    uint16_t priority;
    uint8_t count, zeros;
};

struct draft_port { /* beside each of the port names */
    uint16_t ports[SLICE_MAX];
    struct draft_set set;
};

struct draft {
    const struct compile_context *c;
    struct name owner; /* S.Z; of size 0: that is no name, and no instance has one */
    uint32_t base;     /* place (view.h) of the slice's first instance */

    unsigned count;
    /* label_at: into bytes; txt_at: number of the entry. */
    struct view_instance instances[SLICE_MAX];
    uint64_t live, stale;
    uint32_t ttl;
    struct slice_class classes[2];
    uint8_t by_priority[SLICE_MAX]; /* the live ones */
    unsigned live_count;

    struct list bytes;                  /* uint8_t: labels and addresses */
    struct list strings;                /* uint8_t: of the interns */
    struct list ports;                  /* struct draft_port, by entry of names */
    struct list parts, items, sums;     /* struct draft_part, part_item, uint32_t */
    struct list name_order, pair_order; /* uint32_t: entries in the order of the slice */
    struct intern txts, names, pairs;   /* names: of ports, with the protocol behind */
    struct draft_set sets[SET_KINDS];
};

/* An error where S.Z is no name (name_join): d->owner has no bytes then; to be ended all the same.
 */
MUST_CHECK enum err draft_init(struct draft *d, const struct compile_context *c,
                               const struct service *service);
void draft_deinit(struct draft *d);

static inline struct distinct *intern_entry(const struct intern *in, uint32_t n)
{
    return (struct distinct *)in->entries.items + n;
}
/* The label of an instance of it, and behind it the addresses. */
static inline const uint8_t *draft_label(const struct draft *d, const struct view_instance *i)
{
    return (const uint8_t *)d->bytes.items + i->label_at;
}
static inline uint32_t draft_target_size(const struct draft *d, const struct view_instance *i)
{
    return 1u + *draft_label(d, i) + d->owner.size;
}
static inline const char *draft_string(const struct draft *d, const struct distinct *e)
{
    return (const char *)d->strings.items + e->offset;
}

/* Finds or adds what was appended last (d->strings from `offset` on) and notes that the instance
 * at this place has it; known bytes are dropped again. */
MUST_CHECK enum err draft_intern(struct draft *d, struct intern *in, size_t offset, unsigned place,
                                 uint32_t *entry);

/* The slice of these (at most SLICE_MAX, which it sorts by id) anew. Those whose names would be too
 * long are left out. */
MUST_CHECK enum err draft_slice(struct draft *d, struct ordered *list, unsigned count);

/* Its parts, in files of their own. `place`: the instance's, `r`: what it says. */
MUST_CHECK enum err draft_txt(struct draft *d, unsigned place, const struct record *r);
MUST_CHECK enum err draft_note_ports(struct draft *d, unsigned place, const struct record *r);
MUST_CHECK enum err draft_note_selectors(struct draft *d, unsigned place, const struct record *r);
/* Once all instances are there. */
MUST_CHECK enum err draft_sets(struct draft *d);
MUST_CHECK enum err draft_order(struct draft *d); /* of names and pairs */

/* Where all of it stands in a block (compile_slice.c). */
enum slice_section {
    SLICE_PARTS,
    SLICE_LISTS, /* of each part: running totals, items */
    SLICE_INSTANCES,
    SLICE_BYTES,
    SLICE_HEAD,   /* what answers seldom read is from here on */
    SLICE_HASHES, /* where the slice is a block of its own */
    SLICE_PORTS,
    SLICE_SELECTORS,
    SLICE_TAGS,
    SLICE_STRINGS,
    SLICE_SECTIONS
};

struct slice_plan {
    size_t at[SLICE_SECTIONS], size; /* from the start on, a multiple of 8 */
    bool block;
};

/* `block`: the slice is to be a block of its own, and so its head stands first. */
void slice_measure(const struct draft *d, bool block, struct slice_plan *plan);
/* At `start`, which is aligned and has plan->size bytes. */
struct slice *slice_write(const struct draft *d, const struct slice_plan *plan, void *start);

#endif
