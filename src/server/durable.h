/* Durability as the control thread sees it: the store, the journal that the registry
 * writes, the thread that commits, and the few numbers of the server itself.
 *
 *   durable_open ── durable_restore ── durable_start ── (turns) ── durable_stop ── durable_close
 *
 * Called by server.c (life), control.c (turns) and status.c. Knows nothing of datagrams
 * and replies. Nothing here waits for the disk between durable_start and durable_stop.
 * With an empty folder (memory only) every function does its nothing.
 */
#ifndef DISC_SERVER_DURABLE_H
#define DISC_SERVER_DURABLE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/lease_clock.h"
#include "registry/registry.h"
#include "server/committer.h"
#include "store/store.h"

#define SERIAL_STEP 100000  /* how far the stored ceiling of SOA serials is put ahead of use */
#define INDEX_STEP 10000000 /* and that of change indices */

struct durable;

/* Opens the store in `dir` ("" = memory only), owned by uid/gid when that is not -1; counts
 * the start and stores both ceilings before it returns. A full disk and a read-only file
 * system are no failure: see durable_state. What is wrong is logged, with what to do.
 * ERR_BUSY · ERR_SYNTAX · ERR_OWNER · ERR_SYSTEM · ERR_MEMORY. */
MUST_CHECK enum err durable_open(const char *dir, uid_t uid, gid_t gid, struct durable **out);
void durable_close(struct durable *d); /* stops first; accepts NULL */

bool durable_on_disk(const struct durable *d); /* else memory only */
uint32_t durable_boots(const struct durable *d);
/* Where SOA serials go on: above all that were ever used; from the current time when none
 * is known. */
uint32_t durable_first_serial(const struct durable *d);
/* Where change indices go on: the current time in microseconds, but above all that were ever
 * used, wherever the clock went. */
uint64_t durable_first_index(const struct durable *d);

/* Everything stored into the registry, which from now on is journaled. Says what it found.
 * ERR_MEMORY · ERR_SYSTEM (logged). */
MUST_CHECK enum err durable_restore(struct durable *d, struct registry *r, struct moment now);

/* For durable_records.c, between durable_restore and durable_start: what else is kept there.
 * `store` NULL = memory only. */
/* Logs what was restored, once all is; `services`: those of the registry. */
void durable_say_restored(const struct durable *d, uint64_t services);

struct durable_parts {
    struct store *store;
    struct store_journal *journal;
    struct store_report *report;
};
struct durable_parts durable_parts(struct durable *d);

/* Starts the store thread. `news` is called on the control thread when durable_state may
 * be another one. ERR_MEMORY (logged). */
MUST_CHECK enum err durable_start(struct durable *d, struct event_base *base,
                                  void (*news)(void *context), void *context);

/* ---- turns (control thread) --------------------------------------------------------- */

/* Around the handling of one request: the change that must be on disk before the reply
 * may leave, 0 = none. */
void durable_begin(struct durable *d);
uint64_t durable_wait(const struct durable *d);

/* The newest change so far; 0 = nothing is stored. */
uint64_t durable_last(const struct durable *d);

/* Hands what changed to the store thread. */
void durable_flush(struct durable *d);

/* Now and then (at least each minute) and before publications: notes that the server is
 * alive, and raises the stored ceilings long before `serial` or `index` reach them. */
void durable_turn(struct durable *d, struct moment now, uint32_t serial, uint64_t index);

/* The control thread's view, renewed before `news` is called. */
struct durable_state {
    uint64_t committed;           /* the newest change on disk */
    uint64_t waiting;             /* changes that are not on disk */
    bool readonly;                /* nothing new is taken: failing, or too much waits */
    struct committer_fault fault; /* of the last commit */
};
const struct durable_state *durable_state(const struct durable *d);

/* What is queued is tried once, then the thread ends; durable_state is the last one. */
void durable_stop(struct durable *d);

/* ---- for status ----------------------------------------------------------------------- */

struct durable_report {
    const char *dir;
    const struct committer_counters *counters; /* NULL = not started */
    uint64_t last_error_ms;                    /* ago; UINT64_MAX = never */
    uint64_t cpu_us;                           /* of the store thread */
    uint64_t entries, file_bytes;              /* after the last commit */
    struct store_report restored;
    uint64_t restored_in_ms;
    bool restored_stale;
};
struct durable_report durable_report(const struct durable *d);

#endif
