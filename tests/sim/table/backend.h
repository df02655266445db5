/* What is behind a fleet. Each function may be called at f->now_ms only; `run` moves it. */
#ifndef DISC_TESTS_SIM_TABLE_BACKEND_H
#define DISC_TESTS_SIM_TABLE_BACKEND_H

#include <stddef.h>

#include "sim/table/fleet.h"

struct rules_kind;

struct backend {
    const char *name;
    const struct rules_kind *rules; /* of a crowd (crowd.h), else NULL */
    uint64_t settle_ms; /* from the start until counts and thresholds are what they stay */
    void (*start)(struct fleet *f); /* sets f->state */
    void (*stop)(struct fleet *f);
    void (*join)(struct fleet *f, unsigned id, uint64_t at_ms);
    void (*run)(struct fleet *f, uint64_t until_ms);
    void (*crash)(struct fleet *f, unsigned id);
    void (*leave)(struct fleet *f, unsigned id);
    void (*cut)(struct fleet *f, unsigned host, uint64_t until_ms);
    void (*loss)(struct fleet *f, unsigned percent);
    void (*restart)(struct fleet *f, uint64_t down_ms);
    enum served (*served)(const struct fleet *f, unsigned id);
};

extern const struct backend backend_eureka, backend_go, backend_disc;

/* For backends: the registry put this one's instance last (SERVED_LAST) or withdrew it
 * (SERVED_NOT) on its own account. */
void fleet_lost(struct fleet *f, unsigned id, enum served now_served);

/* Zeroed memory, or the end of the program. */
void *fleet_memory(size_t count, size_t size);

#endif
