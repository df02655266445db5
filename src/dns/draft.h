/* A view in the making: growing lists that refer to one another by index and
 * offset, so that they may move. compile.c fills one in, lays the lists out in one
 * block and throws the draft away. Used by compile*.c only. */
#ifndef DISC_DNS_DRAFT_H
#define DISC_DNS_DRAFT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "dns/name.h"
#include "dns/view.h"
#include "dns/zone.h"
#include "registry/registry.h"

/* A growing list of items of one size. */
struct list {
    void *items;
    size_t count, capacity;
};

/* Room for `count` more items of `size` bytes at the end, not yet counted; NULL when
 * memory lacks. */
void *list_reserve(struct list *l, size_t count, size_t size);
/* The same, counted, zeroed. */
void *list_add(struct list *l, size_t count, size_t size);

/* Distinct strings of bytes; the bytes stand in the draft. */
struct distinct {
    size_t offset; /* into draft.bytes */
    uint32_t size, hash;
    uint32_t split;         /* a selector's key size */
    uint32_t last_instance; /* + 1: who was noted last; 0 = nobody */
    uint32_t count;         /* notes, see struct note */
    bool live;              /* a live instance has it */
    uint64_t weight;        /* of an address */
};

struct intern {
    struct list entries; /* struct distinct, in order of appearance */
    uint32_t *slots;     /* index + 1, 0 = free */
    size_t mask;
};

/* "This instance has that" (selector, named port). */
struct note {
    uint32_t of, instance; /* index into the entries; into the instances */
    uint16_t port;
};

struct draft_instance {
    struct text id;
    size_t target, v4, v6;                       /* offsets into bytes */
    uint32_t txt;                                /* entry of txts */
    uint16_t port[PROTOCOL_COUNT], default_port; /* 0 = none */
    uint16_t https_port;
    uint16_t priority, weight, wire_weight;
    uint8_t target_size, v4_count, v6_count, status;
    bool live, stale, alpn;
};

struct draft_set {
    size_t first, count, first_group, group_count;
    uint32_t record_bytes;
};

struct draft_port {
    uint32_t entry; /* of port_names */
    struct draft_set set;
};

struct draft_selector {
    uint32_t entry; /* of pairs */
    uint32_t first, count, fresh;
};

struct draft_addrs {
    size_t offset, first_sum;
    struct pick_group group;
    bool stale;
};

/* Live instances that are heard from, or those that are not. */
struct draft_class {
    uint32_t count, v4_count, v6_count; /* instances, those with such addresses */
    uint16_t best_priority;
};

struct draft {
    const struct service *service;
    const struct zone *zone;
    const struct hash_key *key;
    char *const *selector_keys;
    struct name owner; /* S.Z */
    struct zone_attributes attributes;
    struct draft_class classes[2]; /* of the live ones; [1]: the stale among them */

    struct list bytes;                  /* uint8_t */
    struct list instances;              /* struct draft_instance, sorted by id */
    struct list items, sums, groups;    /* of the SRV sets; sums[i] belongs to items[i] */
    struct list addr_sums;              /* uint64_t */
    struct list ids;                    /* uint32_t */
    struct list live;                   /* uint32_t, of the selectors */
    struct list ports;                  /* struct draft_port, sorted */
    struct list selectors;              /* struct draft_selector, sorted */
    struct list port_notes, pair_notes; /* struct note */
    struct intern txts, v4s, v6s, port_names, pairs;
    struct draft_set by_default, by_protocol[PROTOCOL_UDP + 1];
    struct draft_addrs v4, v6;
};

void draft_deinit(struct draft *d);

static inline const uint8_t *draft_bytes(const struct draft *d, size_t offset)
{
    return (const uint8_t *)d->bytes.items + offset;
}
static inline struct draft_instance *draft_instance(const struct draft *d, uint32_t n)
{
    return (struct draft_instance *)d->instances.items + n;
}
static inline struct distinct *intern_entry(const struct intern *in, uint32_t n)
{
    return (struct distinct *)in->entries.items + n;
}

/* Appends to d->bytes; the offset in *offset. */
MUST_CHECK enum err draft_append(struct draft *d, const void *bytes, size_t size, size_t *offset);
/* Finds or adds what was appended last (d->bytes from `offset` on); known bytes are
 * dropped again. */
MUST_CHECK enum err draft_intern(struct draft *d, struct intern *in, size_t offset,
                                 uint32_t *entry);
/* Notes that the instance has the entry; once, however often it is said. */
MUST_CHECK enum err draft_note(struct intern *in, struct list *notes, uint32_t entry,
                               uint32_t instance, uint16_t port);
/* The notes grouped by entry, in their order within each; starts[e] is where those of
 * entry e begin. Both belong to the caller; NULL when memory lacks. */
struct note *draft_group_notes(const struct intern *in, const struct list *notes, size_t **starts);

/* The parts of a compilation, in this order, in files of their own. `n`: the
 * instance's index, `r`: what it says. */
MUST_CHECK enum err draft_txt(struct draft *d, const struct record *r, uint32_t *entry);
MUST_CHECK enum err draft_note_ports(struct draft *d, uint32_t n, const struct record *r);
MUST_CHECK enum err draft_note_selectors(struct draft *d, uint32_t n, const struct record *r);
/* Once all instances are there. */
MUST_CHECK enum err draft_sets(struct draft *d);      /* SRV and address sets */
MUST_CHECK enum err draft_ports(struct draft *d);     /* sets of the named ports */
MUST_CHECK enum err draft_selectors(struct draft *d); /* selectors and their lists */

/* At last: the view that the draft describes; the caller's. */
MUST_CHECK enum err draft_lay_out(const struct draft *d, struct view **out);

/* An SRV set out of `notes` (live instances only are taken). */
MUST_CHECK enum err draft_set(struct draft *d, const struct note *notes, size_t count,
                              struct draft_set *out);

#endif
