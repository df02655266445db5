/* The registry: what is registered, by whom, and until when.
 *
 *     namespace ─┬─ service ─┬─ instance ── lease (own, or the group's)
 *                │           └─ instance ── lease
 *                └─ service (known for a while after its last instance)
 *
 * Called by reg, http (requests), dns (reads) and server (time). Knows nothing of
 * sockets, threads, DNS, files or clocks: time is `struct moment`, randomness a
 * seed, and the same calls give the same registry. One thread only.
 *
 * Everything that consumers could see differently after a call moves the service
 * to the end of the change feed; a renewal does not. Everything that must outlive a
 * restart is told to a journal; a renewal is not.
 */
#ifndef DISC_REGISTRY_REGISTRY_H
#define DISC_REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/lease_clock.h"
#include "base/text.h"
#include "registry/model.h" /* what is registered, and by whom */

/* ---- a registry ---------------------------------------------------------------- */

struct registry;
struct service;
struct instance;
struct instance_key;
struct override;

/* What the operator decided for one service. */
struct service_policy {
    /* Expired instances are kept, as stale, while fewer than so many would be left: a
     * number, or (floor_percent) a share of what the service had when all was well.
     * At most FLOOR_KEEP_MAX_S after they expired. 0 = no floor. */
    uint32_t floor;
    bool floor_percent;
    bool probe; /* late instances are to be looked at, see REGISTRY_LATE */
};

enum { FLOOR_KEEP_MAX_S = 86400 };

struct guard_config {
    uint32_t hosts_min;         /* so many silent hosts never close the guard; 2 */
    uint32_t threshold_percent; /* share of hosts that must be heard; 85 */
    uint32_t hold_s;            /* how long what expired is kept at most; 900 */
    bool zones;                 /* each locality zone of >= 4 hosts has a guard of its own */
};

struct registry_config {
    uint32_t lease_default_s, lease_min_s, lease_max_s; /* 30, 5, 300 */
    uint32_t service_retention_s;   /* how long an empty service stays known; 86400 */
    uint32_t tombstone_s;           /* how long a deletion is remembered; 300 */
    uint32_t instances_max;         /* 2 000 000 */
    uint32_t services_max;          /* 500 000 */
    uint32_t service_instances_max; /* 20 000 */
    uint32_t tombstones_max;        /* 200 000; the oldest is dropped */
    uint32_t leave_max;     /* members that leave with their groups in one millisecond; 128 */
    const char *weight_key; /* metadata key read as weight ("weight"); copied; NULL = none */
    /* The change index goes on from here; read by registry_new only. A server gives the time
     * of its start in microseconds, so that no index of an earlier run comes again. */
    uint64_t first_index;
    struct guard_config guard;
    /* Is this name spoken for elsewhere (a static name)? `id` empty = the service
     * itself. Then the registration is refused with ERR_EXISTS. May be NULL. */
    bool (*name_taken)(void *context, struct text ns, struct text service, struct text id);
    /* Does this namespace exist? NULL = every one does. */
    bool (*namespace_known)(void *context, struct text ns);
    /* Is this service to stay known for ever? Asked each time its retention is over. */
    bool (*service_permanent)(void *context, struct text ns, struct text service);
    /* Asked when a service becomes known and after each registry_configure; NULL = all
     * zero for every service. */
    struct service_policy (*service_policy)(void *context, struct text ns, struct text service);
    void *context;
};

/* The defaults of the comments above, no hooks. */
struct registry_config registry_config_default(void);

/* NULL when memory lacks. The config is copied. `key` hashes the tables and seeds the
 * order in which what expired together is evicted. */
struct registry *registry_new(const struct registry_config *config, const struct hash_key *key);
void registry_free(struct registry *r);

/* New limits, leases and hooks from now on; what is stored stays as granted. */
MUST_CHECK enum err registry_configure(struct registry *r, const struct registry_config *config);
const struct registry_config *registry_config_of(const struct registry *r);

/* ---- the journal: what must outlive a restart ------------------------------------ */

/* What a change will ask of the journal. */
enum journal_need {
    JOURNAL_PUT,     /* new or other content: may be refused while nothing can be stored */
    JOURNAL_WITHDRAW /* a goodbye, an eviction, a drain: applied in any case */
};

/* Called inside the registry's changing calls, never for a renewal. */
struct registry_journal {
    void *context;
    /* Before anything is changed: room for `changes` of the calls below. ERR_MEMORY, or
     * (JOURNAL_PUT only) ERR_READONLY: the registry's call fails with it, nothing is
     * changed. */
    enum err (*reserve)(void *context, enum journal_need need, size_t changes);
    /* The instance is new, or its content, revision, lease, group or owner changed. */
    void (*put)(void *context, const struct instance *i);
    /* The instance is gone and buried until `until_ms` (wall): a revision below `floor`
     * does not bring it back. */
    void (*bury)(void *context, struct instance_key key, uint64_t floor, uint64_t until_ms);
    /* The grave is no longer remembered (called without reserve: may be dropped). */
    void (*forget)(void *context, struct instance_key key);
    /* `override` is all zero when it was lifted. */
    void (*override)(void *context, struct instance_key key, const struct override *override);
    /* Nobody is registered for the service any more and it is forgotten at `until_ms`
     * (wall; UINT64_MAX = never); 0 = it has instances again, or is forgotten (this one
     * without reserve: may be dropped). */
    void (*service)(void *context, struct text ns, struct text service, uint64_t until_ms);
    /* A request that changed nothing is about to be acknowledged: what was told of this
     * instance before must be on disk by then. Also when a goodbye met nobody; of a group
     * the key is empty: whatever was told. */
    void (*touch)(void *context, struct instance_key key);
};

/* From now on; NULL = none (as at first). Copied. */
void registry_set_journal(struct registry *r, const struct registry_journal *journal);

/* What a restart brings back. Not journaled; before the first ordinary change. */
struct stored_instance {
    struct record record; /* lease_s as granted */
    struct principal owner;
    uint64_t registered_ms, up_ms, latest_ms; /* wall ms */
};

/* Puts it back as it was, with one full lease from `now` (`stale`: as one that expired and
 * is kept, until it is heard of again; not evicted before that lease is over). Limits, name
 * rules and tombstones are not asked. It counts as one that has renewed.
 * ERR_VALUE record_fault(), no revision, a time beyond 48 bits · ERR_EXISTS · ERR_MEMORY. */
MUST_CHECK enum err registry_restore(struct registry *r, const struct stored_instance *stored,
                                     bool stale, struct moment now);
/* `until_ms` wall; one that is over is left out. */
MUST_CHECK enum err registry_restore_grave(struct registry *r, struct instance_key key,
                                           uint64_t floor, uint64_t until_ms, struct moment now);
/* A service without instances, to be forgotten at `until_ms` (wall). */
MUST_CHECK enum err registry_restore_service(struct registry *r, struct text ns,
                                             struct text service, uint64_t until_ms,
                                             struct moment now);
/* Overrides: registry_override(), after services and instances. */

/* ---- changes ------------------------------------------------------------------- */

struct granted {
    const struct instance *instance; /* valid until the next change */
    uint64_t rev;                    /* in force; on ERR_STALE the stored (or buried) one */
    uint32_t lease_s;                /* granted; 0 = permanent */
    bool created;                    /* it was not there before */
    bool changed;                    /* consumers see a difference */
};

/* Idempotent upsert and renewal. Rules: a larger rev wins; equal rev and equal
 * content is a repeated request (renews, ERR_OK); equal rev and other content:
 * the larger content digest wins; a smaller one is ERR_STALE. rev 0: the same
 * content renews and keeps its rev, other content gets max(stored + 1, wall ms).
 * ERR_VALUE record_fault() or unknown namespace · ERR_OWNER another principal's and
 * its lease still runs · ERR_STALE · ERR_EXISTS the name is taken (static name, or
 * instance `a` of `b` beside service `a.b`) · ERR_FULL · ERR_MEMORY · ERR_READONLY. */
MUST_CHECK enum err registry_register(struct registry *r, const struct record *record,
                                      const struct principal *who, struct moment now,
                                      struct granted *out);

/* The same in the name of `owner`, whose it is from then on: `asker` may do that, and is who the
 * observer is told of beside. Without `addr` of a sender the owner's instances are kept together
 * by whatever `owner->addr` says. */
MUST_CHECK enum err registry_register_for(struct registry *r, const struct record *record,
                                          const struct principal *owner,
                                          const struct principal *asker, struct moment now,
                                          struct granted *out);

/* Like registry_register on what is already there (ERR_NOT_FOUND else); `record`
 * is the whole new record. It is no renewal and keeps the lease. */
MUST_CHECK enum err registry_update(struct registry *r, const struct record *record,
                                    const struct principal *who, struct moment now,
                                    struct granted *out);

struct instance_key {
    struct text ns, service, id;
};

/* O(1): one lookup, one store. Members of a group renew the group.
 * ERR_NOT_FOUND · ERR_OWNER. */
MUST_CHECK enum err registry_renew(struct registry *r, struct instance_key key,
                                   const struct principal *who, struct moment now,
                                   struct granted *out);

/* The goodbye. rev 0 = whatever is stored. Leaves a tombstone: until it is gone a
 * registration with a rev <= the deletion's is ERR_STALE.
 * ERR_NOT_FOUND · ERR_OWNER · ERR_STALE (`*rev_stored` then says). */
MUST_CHECK enum err registry_deregister(struct registry *r, struct instance_key key, uint64_t rev,
                                        const struct principal *who, struct moment now,
                                        uint64_t *rev_stored);

/* ---- lease groups -------------------------------------------------------------- */

/* A group belongs to (owner, name); its members share one lease, the longest
 * granted to one of them. It exists while it has members. */
struct group_state {
    uint32_t count;  /* members */
    uint64_t digest; /* XOR over members of hash_digest("ns/svc/inst@rev") */
    uint32_t lease_s;
};

/* O(1) for any number of members. Renews, then compares: ERR_DIGEST when count or
 * digest differ (the lease was renewed all the same). `check` false = no compare.
 * ERR_NOT_FOUND. */
MUST_CHECK enum err registry_group_renew(struct registry *r, struct text group,
                                         const struct principal *who, bool check, uint32_t count,
                                         uint64_t digest, struct moment now,
                                         struct group_state *out);
/* Deregisters all members; `*count` says how many. Of a large group only some go at once
 * (config.leave_max), the others in the following calls of registry_expire: then `*goodbye` is
 * a number, and all have gone when registry_goodbyes_over says that one or a higher one; else it
 * is 0. Meanwhile the group and its members cannot be renewed or updated, a new group may have the
 * same name, and whoever registers one of them finds it gone.
 * ERR_NOT_FOUND (then too `*goodbye` is of the last one of that name, if it is not over) · as
 * reserve · ERR_MEMORY. */
MUST_CHECK enum err registry_group_deregister(struct registry *r, struct text group,
                                              const struct principal *who, struct moment now,
                                              uint32_t *count, uint64_t *goodbye);
/* The numbers up to this one are of goodbyes that are over. */
uint64_t registry_goodbyes_over(const struct registry *r);
/* Members in the order of "ns/svc/inst" (bytes), from the first above `after`
 * (empty = from the start); calls `visit` until it returns false. O(members) for
 * each call. ERR_NOT_FOUND · ERR_MEMORY. */
MUST_CHECK enum err registry_group_list(const struct registry *r, struct text group,
                                        const struct principal *who, struct text after,
                                        bool (*visit)(void *context, const struct instance *i),
                                        void *context);

/* ---- operator overrides -------------------------------------------------------- */

/* Kept beside what the instance says of itself; survives its re-registration,
 * and its absence for as long as the service is known. */
struct override {
    bool drain; /* as if it said `draining` */
    bool weight_set, status_set;
    uint16_t weight;
    enum status status;
};

/* An override that sets nothing lifts the stored one. The instance need not be
 * there, the service must be known. ERR_NOT_FOUND · ERR_MEMORY. */
MUST_CHECK enum err registry_override(struct registry *r, struct instance_key key,
                                      const struct override *override, struct moment now);
/* What is stored, all zero when nothing is; the instance need not be there. */
struct override registry_override_of(const struct registry *r, struct instance_key key);

/* Those of one service, by id, the least `max` (> 0) above `after` (empty = from the start);
 * returns how many. Valid until the next change. Looks at all of the service's. */
struct override_row {
    struct text id; /* such an instance need not be there */
    struct override value;
};
size_t service_overrides(const struct service *s, struct text after, struct override_row *out,
                         size_t max);

/* Everything that changes may also fail as the journal's reserve does. */

/* ---- time ---------------------------------------------------------------------- */

/* An instance is *late* when its last heartbeat is older than 1.5 x max(0.30 x lease,
 * the gap between its last two), or than its lease; one that never renewed is not
 * counted. (A gap of less than a 16th of the lease is a repeated message, one in which the
 * lease ran out says nothing; where none is known yet, half the lease is taken.)
 * A *host* is the lease group, else the sender (owner with source address; for
 * PRINCIPAL_LOCAL the first address registered), in its locality zone. It is late when
 * all its counted instances are. An instance has *expired* when its last heartbeat is
 * older than its lease (three leases in a brownout: many late instances on hosts that
 * are not late, that is loss rather than death).
 *
 * The *guard* is closed ("on") while more hosts are late than
 * max(hosts_min, 15 % of them), or all of several: then it is the network or
 * ourselves. What expires is then kept as *stale*, for hold_s at most. With the guard
 * open what expired is evicted, in random order, through a token bucket of
 * max(100, 15 %) instances per mean lease. There is one guard for all hosts and one for
 * each locality zone; an instance is kept when either is closed. */

enum registry_event_kind {
    REGISTRY_EVICTED,  /* about to go */
    REGISTRY_STALE,    /* expired and kept */
    REGISTRY_LATE,     /* late, of a service with `probe`; again each lease while stale */
    REGISTRY_GUARD_ON, /* `guard` says which and why */
    REGISTRY_GUARD_OFF,
    REGISTRY_BROWNOUT_ON,
    REGISTRY_BROWNOUT_OFF,
};

enum guard_mode { GUARD_AUTO, GUARD_ALWAYS_ON, GUARD_ALWAYS_OFF, GUARD_MODE_COUNT };

const char *guard_mode_text(enum guard_mode mode); /* "auto", "on", "off" */

struct guard_state {
    struct text zone; /* empty = the guard for all */
    enum guard_mode mode;
    bool on;
    bool brownout;                              /* the guard for all only */
    uint64_t since_ms;                          /* wall: when `on` last changed; 0 = never */
    uint32_t hosts, late_hosts, late_hosts_max; /* more late ones close it */
    uint64_t late, counted;                     /* leases: a group is one */
};

struct registry_event {
    enum registry_event_kind kind;
    const struct instance *instance; /* the first three; else NULL */
    const struct guard_state *guard; /* the others; else NULL */
};

/* May not call back into anything that changes the registry. */
typedef void registry_visit(void *context, const struct registry_event *event);

/* What time does, up to now.lease_ms: lateness, guards, expiry, evictions (at most
 * `budget` instances change in one call). Also forgets tombstones and services whose
 * retention is over. `visit` may be NULL. True when work is left that could be done at
 * once. */
bool registry_expire(struct registry *r, struct moment now, unsigned budget, registry_visit *visit,
                     void *context);

/* A lower bound of the next time at which registry_expire has work, in lease ms;
 * UINT64_MAX when there is none. */
uint64_t registry_next_deadline(const struct registry *r);

/* The guard for all. */
struct guard_state registry_guard(const struct registry *r);
/* The zones' guards in the order of their names, from the first above `after` (empty =
 * from the start): at most `max`; returns how many. */
size_t registry_guard_zones(const struct registry *r, struct text after, struct guard_state *out,
                            size_t max);
/* Steers all guards; GUARD_AUTO = by the rules, from the next registry_expire on. */
void registry_guard_mode(struct registry *r, enum guard_mode mode, struct moment now);

/* What a look at the instance itself showed. `alive`: it (or its group) is treated as
 * just heard of, and is not counted any more until it renews by itself; else it is evicted
 * at once.
 * ERR_NOT_FOUND · as reserve. */
MUST_CHECK enum err registry_probed(struct registry *r, struct instance_key key, bool alive,
                                    struct moment now);

/* The operator's eviction, whatever guard, hold, floor and bucket say: the stale and
 * expired instances of a service (`key.id` empty) or of all (`key.service` empty too), or
 * one instance in any state. At most `budget`; `*count` says how many went; call again
 * while it equals `budget`. ERR_NOT_FOUND no such service or instance · as reserve. */
MUST_CHECK enum err registry_evict(struct registry *r, struct instance_key key, unsigned budget,
                                   struct moment now, registry_visit *visit, void *context,
                                   unsigned *count);

/* ---- reading ------------------------------------------------------------------- */

/* Everything below is valid until the next call that changes something. */

const struct service *registry_service(const struct registry *r, struct text ns,
                                       struct text service);
const struct instance *registry_instance(const struct registry *r, struct instance_key key);

/* Known services in the order of (namespace, name), from the first above `after`
 * of that namespace (empty = from the start). `ns` empty = all namespaces. */
const struct service *registry_service_next(const struct registry *r, struct text ns,
                                            const struct service *after);
/* The first of that namespace whose name is above `name`, which need not be one (empty = from
 * the start). */
const struct service *registry_service_above(const struct registry *r, struct text ns,
                                             struct text name);

struct text service_namespace(const struct service *s);
struct text service_name(const struct service *s);
uint32_t service_count(const struct service *s); /* instances */
uint32_t service_stale(const struct service *s); /* of them stale */
uint64_t service_index(const struct service *s); /* change index; only grows */
/* When it last changed, as wall time in nanoseconds; grows strictly with each change, whatever
 * the clock does. */
uint64_t service_latest_ns(const struct service *s);
/* Change index of the last change that took something out of the service's answers
 * or made it weaker (goodbye, eviction, status, drain, address, port, weight down):
 * such a change must not wait to be published. 0 = none yet. */
uint64_t service_withdrawal_index(const struct service *s);
/* The n-th instance, 0 <= n < service_count; the order is arbitrary but stable
 * while the service's index stands. */
const struct instance *service_instance(const struct service *s, uint32_t n);

void instance_read(const struct instance *i, struct record *out);
struct instance_key instance_key(const struct instance *i);

struct instance_state {
    enum status status; /* in force: override before the instance's own word */
    uint16_t weight;    /* in force: override, `w`, metadata, default */
    struct override override;
    bool stale;           /* expired and kept: the last choice of consumers */
    uint64_t index;       /* the registry's change index when it last changed */
    uint64_t deadline_ms; /* lease ms: when the lease runs out; UINT64_MAX = permanent */
    uint64_t registered_ms, up_ms, renewed_ms, dirty_ms, latest_ms; /* wall ms */
    struct principal owner;
};
void instance_state(const struct instance *i, struct instance_state *out);

/* Grows by one with each change that consumers can see. */
uint64_t registry_index(const struct registry *r);

/* The last parts of this header. */
#include "registry/ahead.h"
#include "registry/changes.h"
#include "registry/totals.h"
#include "registry/transaction.h"

#endif
