/* What changed in each service, instance by instance: one ring of bytes for all of them,
 * in which each entry points back to the one before of the same service.
 *
 *     services:   web ──────────────────┐        db ───────┐
 *     ring:   │ web-1 │ db-1 │ web-2 │ web-1 │ ─ ─ ─ ─ │ db-7 │
 *                 ^──────────────┘ ^─────┘
 *
 * It grows with what happens, up to a bound; then the oldest entries go. Noting cannot
 * fail: where memory lacks, less is remembered. What is no more remembered is never
 * mistaken for "nothing happened", as each entry says of which index the one before was.
 *
 * Used inside registry/ only. Knows nothing of instances but their ids. */
#ifndef DISC_REGISTRY_HISTORY_H
#define DISC_REGISTRY_HISTORY_H

#include "registry/registry.h"

enum { HISTORY_BYTES = 4 << 20 }; /* some 100 000 changes */

struct history {
    uint8_t *bytes;
    size_t capacity;      /* a power of two, or 0 */
    size_t capacity_max;  /* such a number too; 0 = HISTORY_BYTES */
    uint64_t begin, next; /* places: they only grow, and lie in the ring modulo its capacity */
    uint64_t last;        /* place of the newest entry; meaningless when the ring is empty */
};                        /* zeroed = empty */

/* The end of one service's chain. Zeroed = nothing ever happened. */
struct history_end {
    uint64_t place; /* of its newest entry plus 1; 0 = that one was not kept */
    uint64_t index; /* of its newest change; 0 = none */
};

struct history_entry {
    uint64_t index;
    struct text id; /* lies in the ring: valid until something is noted */
    enum departure why;
    struct history_end before;
};

void history_deinit(struct history *h);

/* `index` is larger than that of any entry so far. */
void history_note(struct history *h, struct history_end *end, uint64_t index, struct text id,
                  enum departure why);

/* The entry at the end of a chain, when its index is not 0. False: no longer remembered. */
bool history_read(const struct history *h, const struct history_end *end,
                  struct history_entry *out);

#endif
