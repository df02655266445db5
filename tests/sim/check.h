/* The checker: knows by itself what the server has to know, and fails the run at the first
 * difference. It sees every datagram that is handled, every reply that leaves, what the
 * journal is told, what the disk has, and what time does.
 *
 *   I1  what was acknowledged is there unless a goodbye was handled or an eviction told;
 *       nothing leaves the server that is not on disk; a restart brings back exactly what
 *       the disk had, goodbyes included
 *   I2  nothing is evicted while a guard covers it and its hold is not over; the guard is
 *       closed whenever more hosts are late than it allows
 *   I3  evictions keep to the token bucket
 *   I4  what is not heard of is gone after lease (three in a brownout), hold and bucket
 *   I5  the SRV records of a service are what the states of its instances make of them
 *   I6  who folds the change feed has what the registry has
 *   I7  change indices grow
 *   I8  revisions never go back
 *   early             nothing expires before its lease, nor before what lies in the socket
 *   false-withdrawal  what lives and says so within the promises is not evicted
 *   flapping          guards change their mind twice in a minute at most, unless the world does
 *   clock             leases age by two seconds a turn at most (looked at every other one)
 *   amplification     replies to unvalidated senders are small
 *
 * Called by server.c and world.c; changes nothing of what it looks at. */
#ifndef DISC_TESTS_SIM_CHECK_H
#define DISC_TESTS_SIM_CHECK_H

#include "registry/registry.h"
#include "sim/client.h"
#include "sim/sim.h"
#include "store/store.h"

struct check;

struct check *check_new(const struct sim_options *options, struct engine *engine,
                        struct clients *clients);
void check_free(struct check *c);
const struct sim_failure *check_failure(const struct check *c);
void check_observe(struct check *c, const struct sim_observer *observer);
void check_count(const struct check *c, struct sim_stats *stats);

/* ---- life of the server ---- */

/* A registry that holds what the disk has; before the first request. The journal's hooks
 * are to be those that are returned. */
struct registry_journal check_boot(struct check *c, struct registry *r, struct store_journal *j,
                                   const struct store_report *report, struct moment now);
void check_crash(struct check *c); /* before the registry goes */

/* ---- requests ---- */

/* What a reply promises; goes with it until it leaves. */
struct promise {
    uint64_t change; /* has to be on disk; 0 = nothing */
    bool unvalidated;
    size_t request_size;
};

void check_request(struct check *c, const struct datagram *d, struct moment now);
struct promise check_reply(struct check *c, const uint8_t *reply, size_t size);
/* `on_disk`: the newest change that a crash now would leave. */
void check_leaves(struct check *c, const struct promise *promise, uint32_t host,
                  const uint8_t *reply, size_t size, uint64_t on_disk);

void check_committed(struct check *c, uint64_t change);

/* ---- time ---- */

enum check_cause { CHECK_NOTHING, CHECK_REQUEST, CHECK_TIME, CHECK_OPERATOR, CHECK_PROBE };

/* What is done next is done for this reason; `queue` lies in the server's socket. */
void check_begin(struct check *c, enum check_cause cause, const struct datagram *queue,
                 struct moment now);
void check_end(struct check *c);
registry_visit check_visit; /* context: the checker */

/* A look found it alive. */
void check_probed(struct check *c, struct instance_key key);

/* The world disturbs these hosts until then: what is promised is promised later again. */
void check_disturbed(struct check *c, struct sim_hosts hosts, uint64_t until_ms, bool excuses);
void check_action(struct check *c, const struct sim_action *a); /* likewise, by what it does */
uint64_t check_fingerprint(const struct check *c);

/* After each event. */
void check_look(struct check *c);

#endif
