/* A world in a box: one discd, its disk, a network and many clients, in virtual time.
 *
 *   script ─> world ─┬─ clients: libdisc's own state machine, and simpler senders
 *                    ├─ network: delay, loss, copies, cuts
 *                    └─ server: reg, registry, guard and journal as in production; a disk
 *                               that is slow, fails, and keeps what was committed
 *
 * The checker looks on: what it demands is listed in check.h. The same seed and the same
 * calls give the same run, event by event. Used by sim_run.c (random scripts) and by
 * programs that measure (they add clients and faults here and watch by an observer).
 * No clock, no socket, no thread but RCU's: all time is `ms` since the world's beginning.
 *
 *     struct sim_options options = sim_options_default();
 *     options.hosts = 100;
 *     struct world *w = world_new(seed, &options);
 *     for (uint32_t h = 0; h < 100; h++)
 *         world_add_client(w, &(struct sim_client){.kind = SIM_LIBRARY, .host = h}, 0);
 *     world_cut(w, (struct sim_hosts){0, 30}, SIM_BOTH_WAYS, 60000, 180000);
 *     world_observe(w, &observer);
 *     if (!world_run(w, 600000))
 *         puts(world_failure(w)->text);
 *     world_free(w);
 */
#ifndef DISC_TESTS_SIM_SIM_H
#define DISC_TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/registry.h"

/* ---- options ------------------------------------------------------------------- */

/* What happens to a datagram on its way in either direction when nothing is wrong. */
struct sim_link {
    uint32_t delay_us;  /* at least */
    uint32_t spread_us; /* and up to so much more */
    uint32_t tail_us;   /* and, once in 50, up to so much again */
    uint32_t loss_ppm, copies_ppm;
};

struct sim_disk {
    uint32_t commit_us; /* at least */
    uint32_t spread_us; /* and up to so much more */
};

/* Servers with a fault built in, to show that the checker sees it. */
enum sim_mutant {
    SIM_SOUND,
    SIM_ACK_EARLY,     /* replies do not wait for the commit */
    SIM_EXPIRE_FIRST,  /* expiry does not wait for what lies in the socket */
    SIM_LOSE_GRAVES,   /* goodbyes are forgotten at a restart */
    SIM_GUARD_OFF,     /* nothing keeps the guard's place */
    SIM_CLOCK_JUMPS,   /* leases age while the process is stopped */
    SIM_LOSE_CHANGES,  /* one change in 64 is committed by word only */
    SIM_DEAF_TO_DEATH, /* nothing expires */
    SIM_BLIND_FEED,    /* a watcher misses one change in 16 */
    SIM_STALE_DNS,     /* every other publication is left out */
    SIM_CROSS_FLIGHTS, /* of two requests that are read together each gets the other's answer */
    SIM_MUTANTS
};
const char *sim_mutant_text(enum sim_mutant mutant);

struct sim_options {
    uint32_t hosts;
    uint32_t zones;    /* localities, over which the hosts are spread in turn; 0 = none */
    uint32_t services; /* by number "s0", "s1", ... */
    uint32_t cookie_percent, key_percent; /* of the hosts; the others are `open` */
    uint32_t lease_s;                     /* the server's default */
    struct guard_config guard;
    uint32_t tombstone_s;
    struct service_policy policy; /* of every service */
    struct sim_link link;
    struct sim_disk disk;
    uint32_t queue_max;   /* datagrams that the server's socket holds */
    uint32_t turn_max;    /* datagrams in one turn of its loop */
    uint32_t cost_us;     /* its time for one */
    bool dns;             /* publish, and compare the answers */
    bool check;           /* false: only run, and tell the observer */
    uint32_t check_every; /* events between two looks at everything; 0 = by size */
    enum sim_mutant mutant;
    bool trace; /* each event on stderr */
};

/* 20 hosts, 4 services, lease 30, a quick local network, a good disk, checks on. */
struct sim_options sim_options_default(void);

/* ---- clients -------------------------------------------------------------------- */

enum sim_kind {
    SIM_LIBRARY, /* libdisc, one instance */
    SIM_AGENT,   /* libdisc, `instances` in one lease group */
    SIM_HALF,    /* `ren` each half lease, never a retry */
    SIM_LOOP,    /* `reg` over and over, each sixth of a lease */
    SIM_ONCE,    /* one `reg`, never renewed */
    SIM_KINDS
};
const char *sim_kind_text(enum sim_kind kind);

struct sim_client {
    enum sim_kind kind;
    uint32_t host;
    uint32_t service;
    uint32_t lease_s;   /* wish; 0 = the server's default */
    uint32_t instances; /* SIM_AGENT; 0 = 30 */
    bool counts_revs;   /* sends rev= */
};

/* ---- actions -------------------------------------------------------------------- */

enum sim_direction { SIM_BOTH_WAYS, SIM_REQUESTS, SIM_REPLIES };

/* `count` hosts from `first` on, round the corner at the end. */
struct sim_hosts {
    uint32_t first, count;
};

enum sim_verb {
    /* of one client */
    SIM_START,
    SIM_KILL,    /* no goodbye */
    SIM_LEAVE,   /* says goodbye, then ends */
    SIM_RESTART, /* killed and started at once, under its old names */
    SIM_REPLACE, /* likewise under other names */
    /* of hosts */
    SIM_CRASH_HOSTS,  /* every client there is killed */
    SIM_FREEZE_HOSTS, /* their clients do not run for a while */
    SIM_CUT,
    SIM_LOSS,   /* value: per million */
    SIM_DELAY,  /* value: microseconds more, with as much spread (so it reorders) */
    SIM_COPIES, /* value: per million; the copy is late by up to for_ms */
    /* of the server */
    SIM_STALL,     /* the control thread does nothing for a while */
    SIM_PAUSE,     /* the whole process */
    SIM_SUSPEND,   /* the machine: nothing arrives, its monotonic clock stands still */
    SIM_SLOW,      /* value: one datagram takes it so many microseconds */
    SIM_CRASH,     /* kill -9, back after for_ms */
    SIM_WALL_STEP, /* value: ms, signed */
    SIM_DISK_SLOW, /* value: a commit takes so many microseconds */
    SIM_DISK_FAIL,
    /* of the operator */
    SIM_EVICT, /* value: service; what is stale or expired there goes */
    SIM_DRAIN, /* the client's (first) instance, lifted again after for_ms */
    SIM_VERBS
};
const char *sim_verb_text(enum sim_verb verb);

struct sim_action {
    enum sim_verb verb;
    uint64_t at_ms;
    uint64_t for_ms; /* of what has an end */
    uint32_t client; /* number from world_add_client */
    struct sim_hosts hosts;
    enum sim_direction direction; /* SIM_CUT, SIM_LOSS, SIM_DELAY */
    int64_t value;
};

/* One line, without its end. */
void sim_action_text(const struct sim_action *a, char *out, size_t size);

/* ---- a world --------------------------------------------------------------------- */

struct world;

struct world *world_new(uint64_t seed, const struct sim_options *options);
void world_free(struct world *w);

/* A client that SIM_START will start (UINT64_MAX) or that starts at `start_ms`. Its
 * number: from 0, in the order of the calls. */
uint32_t world_add_client(struct world *w, const struct sim_client *client, uint64_t start_ms);

/* In any order, not before the time that was run up to. */
void world_act(struct world *w, const struct sim_action *action);
void world_cut(struct world *w, struct sim_hosts hosts, enum sim_direction direction,
               uint64_t from_ms, uint64_t to_ms);
void world_loss(struct world *w, struct sim_hosts hosts, uint32_t ppm, uint64_t from_ms,
                uint64_t to_ms);
void world_crash_hosts(struct world *w, struct sim_hosts hosts, uint64_t at_ms);
void world_crash_server(struct world *w, uint64_t at_ms, uint64_t down_ms);
void world_client(struct world *w, enum sim_verb verb, uint32_t client, uint64_t at_ms);

/* Goes on until then. False: an invariant broke (world_failure); the world stands still. */
bool world_run(struct world *w, uint64_t until_ms);

struct sim_failure {
    char name[24]; /* "I1", "false-withdrawal" */
    char text[400];
    uint64_t at_ms;
};
const struct sim_failure *world_failure(const struct world *w); /* NULL = none */

/* ---- what is seen ----------------------------------------------------------------- */

/* Of an instance, as the server tells it (a client's number or UINT32_MAX), and of the
 * guards (client UINT32_MAX). */
enum sim_news_kind {
    SIM_NEWS_UP, /* registered, or back from stale */
    SIM_NEWS_STALE,
    SIM_NEWS_EVICTED,
    SIM_NEWS_LEFT, /* deregistered */
    SIM_NEWS_GUARD_ON,
    SIM_NEWS_GUARD_OFF,
    SIM_NEWS_BROWNOUT_ON,
    SIM_NEWS_BROWNOUT_OFF,
};

struct sim_news {
    enum sim_news_kind kind;
    uint64_t at_ms;
    uint32_t client;
    bool client_alive; /* the process runs: its withdrawal is a false one */
    uint64_t dead_ms;  /* else since when it does not run */
    struct instance_key key;
};

struct sim_observer {
    void (*news)(void *context, const struct sim_news *news);
    void *context;
};
void world_observe(struct world *w, const struct sim_observer *observer);

/* For looking only; NULL while the server is down. */
const struct registry *world_registry(const struct world *w);
uint64_t world_now_ms(const struct world *w);
bool world_client_alive(const struct world *w, uint32_t client);

struct sim_stats {
    uint64_t events, datagrams, lost, overflowed, handled, replies, held, refused;
    uint64_t commits, failed_commits, boots;
    uint64_t registrations, renewals, goodbyes, evictions, false_withdrawals, stale;
    uint64_t guard_changes, brownout_changes, instances, looks, answers_compared;
};
struct sim_stats world_stats(const struct world *w);

/* A number that two runs of the same have in common, and other runs hardly. */
uint64_t world_fingerprint(const struct world *w);

#endif
