/* A fleet of clients that heartbeat to one registry over a network that loses and cuts, on
 * virtual time: one seed, one course of events.
 *
 *     rows ──> fleet ─┬─ crowd:  plain clients before the rules of Eureka or the Go registry
 *              ▲      └─ disc:   the simulator's world: libdisc and the production server
 *              └── what was withdrawn or put last, and when
 *
 * Called by the rows of the table, which do not see what is behind it. */
#ifndef DISC_TESTS_SIM_TABLE_FLEET_H
#define DISC_TESTS_SIM_TABLE_FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rand.h"

#define FLEET_NEVER UINT64_MAX

enum column { COLUMN_EUREKA, COLUMN_GO, COLUMN_DISC, COLUMN_COUNT };

const char *column_name(enum column column);

enum client {
    CLIENT_PLAIN, /* as the registry's own library does */
    /* Only disc's column has these: */
    CLIENT_AGENT, /* keeps 30 instances in one lease group */
    CLIENT_LOOP,  /* registers each sixth of a lease and reads no answer */
    CLIENT_HALF,  /* renews each half lease */
    CLIENT_ONCE,  /* registers and is not heard of again */
};

enum { AGENT_INSTANCES = 30 };

struct fleet_plan {
    enum column column;
    unsigned hosts;
    unsigned zones;    /* localities, host by host in turn; 0 = none */
    unsigned capacity; /* clients over the whole run */
    uint32_t lease_s;  /* of disc; the others' is fixed */
    uint64_t seed;
};

/* One client, and what became of its instance (or first instance). */
struct peer {
    unsigned host;
    enum client client;
    bool alive;
    /* FLEET_NEVER = not yet. The last two count from its death on, and stay when the
     * registry lost them by losing its memory. */
    uint64_t died_ms, demoted_ms, withdrawn_ms;
};

enum served { SERVED_NOT, SERVED_LAST, SERVED_YES }; /* LAST: only for want of better ones */

/* How often protection began and ended. */
struct guard_story {
    unsigned closed, opened, brownouts;
};

struct fleet {
    struct fleet_plan plan;
    struct peer *peers; /* [count]; ids are places */
    unsigned count;
    struct rand rand;
    uint64_t now_ms;
    uint64_t false_withdrawals, false_demotions; /* of instances whose client lives */
    struct guard_story story;                    /* all since fleet_settle */
    const struct backend *backend;
    void *state;
};

void fleet_start(struct fleet *f, const struct fleet_plan *plan);
void fleet_stop(struct fleet *f);

/* A new client on this host, that begins to register at `at_ms`. */
unsigned fleet_join(struct fleet *f, unsigned host, enum client client, uint64_t at_ms);
/* per_host plain clients on each host from `first` on, in step with nobody. */
void fleet_populate(struct fleet *f, unsigned first, unsigned hosts, unsigned per_host);
/* Until all thresholds have found their level; ends at a random moment of a minute. What
 * was counted until then is forgotten. */
void fleet_settle(struct fleet *f);

void fleet_run(struct fleet *f, uint64_t until_ms);
void fleet_crash(struct fleet *f, unsigned id);
void fleet_leave(struct fleet *f, unsigned id); /* with a goodbye */
void fleet_cut(struct fleet *f, unsigned host, uint64_t for_ms);
void fleet_loss(struct fleet *f, unsigned percent);    /* each way, from now on */
void fleet_restart(struct fleet *f, uint64_t down_ms); /* the registry, from now on */

enum served fleet_served(const struct fleet *f, unsigned id);

#endif
