/* A disk, and the one who commits to it: batches go in in order, each commit takes its time
 * or fails, and what was committed outlives the server. Called by server.c; the batches are
 * store's own, what they hold is an ordered map here. */
#ifndef DISC_TESTS_SIM_DISK_H
#define DISC_TESTS_SIM_DISK_H

#include "base/map.h"
#include "sim/engine.h"
#include "sim/sim.h"
#include "store/store.h"

struct disk {
    struct engine *engine;
    const struct sim_options *options;
    struct rand rand;
    struct map tables[STORE_TABLES];
    struct event done; /* of the running commit, or the next try */
    bool committing;
    struct store_batch **queue;
    size_t count, room, group; /* `group`: batches in the running commit */
    uint64_t committed;        /* the newest change of this boot on disk */
    bool failing;              /* the last commit failed */
    uint64_t slow_until_us, slow_us, fail_until_us;
    uint64_t frozen_until_us;    /* the committing thread does not run */
    void (*news)(void *context); /* committed or failing changed */
    void *context;
    uint64_t commits, failures, lost;
};

void disk_init(struct disk *d, struct engine *engine, const struct sim_options *options,
               uint64_t seed);
void disk_deinit(struct disk *d);

void disk_push(struct disk *d, struct store_batch *batch); /* takes over; accepts NULL */
/* Commits at once, whatever the disk's mood: for the first numbers of a boot. */
void disk_push_now(struct disk *d, struct store_batch *batch);
/* The process is gone: what was not committed is lost; the running commit may have come
 * through or not. */
void disk_crash(struct disk *d);

/* All entries, table by table, in the order of their keys. */
void disk_read(const struct disk *d,
               void (*visit)(void *context, enum store_table table, struct text key,
                             struct text value),
               void *context);

#endif
