/* What a registry other than disc does with those who register: one interface, written
 * down here only, to be compared with.
 *
 *     crowd ── enter, renew, cancel, tick, restart ──> rules   (eureka · go)
 *           <───────────── fleet_lost ────────────────
 *
 * Rules know nothing of networks and clients: what reaches them has arrived. */
#ifndef DISC_TESTS_SIM_TABLE_RULES_H
#define DISC_TESTS_SIM_TABLE_RULES_H

#include "sim/table/fleet.h"

/* How the clients of these rules behave by default. */
struct habit {
    uint32_t interval_ms;        /* from one heartbeat to the next */
    const uint16_t *patience_ms; /* how long each try waits for its answer */
    unsigned tries;
    bool metronome; /* beats at fixed times, however long the answer took */
};

struct rules;

struct rules_kind {
    struct habit habit;
    struct rules *(*start)(struct fleet *f); /* reports to it and notes its guard there */
    void (*stop)(struct rules *r);
    void (*enter)(struct rules *r, unsigned id, uint64_t now_ms); /* registers */
    bool (*renew)(struct rules *r, unsigned id, uint64_t now_ms); /* false: unknown */
    void (*cancel)(struct rules *r, unsigned id);
    uint64_t (*tick)(struct rules *r, uint64_t now_ms); /* when it wants the next one */
    void (*restart)(struct rules *r, uint64_t now_ms);  /* with what survives its end */
    bool (*is_served)(const struct rules *r, unsigned id, uint64_t now_ms);
};

#endif
