/* Which records of a service an answer gets, and in which order: from a finished set, or
 * from the instances that selectors leave; all of them, a random sample, or one that is
 * stable for a client (max_answers): rendezvous hashing, where each item's key comes from
 * a hash of client and item, so that a change moves only what it has to move. The outcome
 * stands in the worker's scratch until the next draw. Called by respond_service.c.
 */
#ifndef DISC_DNS_DRAW_H
#define DISC_DNS_DRAW_H

#include "dns/lookup.h"
#include "dns/worker.h"

enum draw_of { DRAW_ALL, DRAW_FRESH, DRAW_STALE };

struct draw {
    struct dns_worker *worker;
    const struct addr *client;
    const struct view *view;
    const struct srv_set *set;           /* NULL: the default ports of what the pairs leave */
    const struct selector *const *pairs; /* at least one where they are used */
    unsigned pair_count;
    enum draw_of of; /* whom of what the pairs leave; not used with a set */
};

/* The instances that all pairs have in common, one by one; *at begins with 0. */
bool draw_next_selected(const struct draw *d, uint32_t *at, uint32_t *instance);

/* Sets d->of: the stale only where the pairs leave no other that has data of the type. */
void draw_choose(struct draw *d, uint16_t type);

/* ---- SRV records ------------------------------------------------------------------------ */

struct draw_size {
    uint32_t count, bytes; /* on the wire, owners as pointers */
    uint32_t zeros;        /* of weight 0; set only for what the pairs leave */
};

struct draw_size draw_srv_size(const struct draw *d);
/* Draws at most `max`; returns how many. `stable`: the same ones for a client each time,
 * no more than fit `room` bytes. */
unsigned draw_srv(const struct draw *d, const struct draw_size *size, unsigned max, bool stable,
                  size_t room);
/* How many of all there is are not heard from. */
uint32_t draw_srv_stale(const struct draw *d);
/* The n-th that was drawn. */
struct srv_item draw_srv_at(const struct draw *d, unsigned n);

/* ---- addresses -------------------------------------------------------------------------- */

struct draw_addrs {
    const struct addr_set *set; /* NULL: of what the pairs leave */
    enum family family;
    uint32_t count; /* drawn */
    uint32_t total; /* there (at least) */
    bool stale;     /* of instances that are not heard from: there are no others */
};

void draw_addrs(const struct draw *d, struct draw_addrs *a, unsigned max, bool stable);
const uint8_t *draw_addr_at(const struct draw *d, const struct draw_addrs *a, unsigned n);

/* ---- shared by both ----------------------------------------------------------------------- */

/* 64 bits that are the same for this client and item each time. Not keyed: several servers,
 * and one after its restart, choose alike. */
uint64_t draw_stable_bits(const struct addr *client, const uint8_t *item, size_t size);
/* Weight 0 comes after all others. */
double draw_stable_key(uint64_t bits, double weight);

#endif
