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
 * to the end of the change feed; a renewal does not.
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

/* ---- limits of the model ------------------------------------------------------ */

enum {
    NAMESPACE_MAX = 32, /* bytes, one DNS label */
    SERVICE_MAX = 127,  /* bytes, 1-4 labels with dots */
    SERVICE_LABELS_MAX = 4,
    INSTANCE_ID_MAX = 63, /* bytes, one DNS label */
    ADDRESSES_MAX = 8,
    PORTS_MAX = 8,
    PORT_NAME_MAX = 15, /* RFC 6335 section 5.1 */
    TAGS_MAX = 16,
    SHORT_LABEL_MAX = 32, /* zone, region, cluster, tag */
    VERSION_MAX = 32,     /* printable ASCII */
    METADATA_MAX = 64,    /* pairs; the UDP protocol allows fewer */
    METADATA_KEY_MAX = 32,
    METADATA_VALUE_MAX = 200,  /* so that key=value fits one TXT string */
    METADATA_BYTES_MAX = 4096, /* keys and values together */
    GROUP_MAX = 63,
    PRIORITY_MAX = 32767, /* the upper half is for demotion */
    TTL_MAX = 300,        /* seconds */
    WEIGHT_DEFAULT = 100,
    TTL_UNSET = -1,
};

enum status { STATUS_UP, STATUS_STARTING, STATUS_DRAINING, STATUS_DOWN, STATUS_COUNT };
enum protocol { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP, PROTOCOL_COUNT };

const char *status_text(enum status status);       /* "up" ... */
const char *protocol_text(enum protocol protocol); /* "tcp" ... */
bool status_parse(struct text t, enum status *out);
bool protocol_parse(struct text t, enum protocol *out);

struct port {
    struct text name; /* empty = the port has no name */
    uint16_t number;  /* never 0 */
    enum protocol protocol;
};

struct pair {
    struct text key, value;
};

/* ---- what an instance says of itself ------------------------------------------- */

/* Used in both directions: filled by a protocol to register, and filled by
 * instance_read() with slices into the registry's memory. All names in lower
 * case. A zeroed record with `ttl = TTL_UNSET` is the empty one. */
struct record {
    struct text ns, service, id;
    struct addr addresses[ADDRESSES_MAX];
    unsigned address_count;
    struct port ports[PORTS_MAX]; /* first = default */
    unsigned port_count;          /* 0 = address-only */
    bool weight_set;              /* else metadata `weight_key`, else WEIGHT_DEFAULT */
    uint16_t weight;              /* instance_read: the weight in force, before overrides */
    uint16_t priority;
    enum status status;
    struct text version, zone, region, cluster;
    struct text tags[TAGS_MAX];
    unsigned tag_count;
    struct pair metadata[METADATA_MAX]; /* instance_read: sorted by key */
    unsigned metadata_count;
    uint32_t lease_s;  /* wished; 0 = the default. instance_read: granted */
    bool permanent;    /* never expires (needs a grant, which the protocol checks) */
    int ttl;           /* seconds, or TTL_UNSET */
    struct text group; /* lease group; empty = a lease of its own */
    uint64_t rev;      /* last-writer-wins number; 0 = the registry assigns one */
};

/* What is wrong with a record. The text names the field in the protocol's words
 * ("port", "addr", "m.x"); NULL when it is fine. Names, counts, sizes, ranges,
 * duplicate keys, port 0, unspecified/multicast/link-local addresses. Loopback
 * addresses pass: who may advertise them is the protocol's matter. */
const char *record_fault(const struct record *record);

/* ---- who asks ------------------------------------------------------------------ */

enum principal_kind {
    PRINCIPAL_LOCAL,   /* any loopback transport */
    PRINCIPAL_ADDRESS, /* another source address, not authenticated */
    PRINCIPAL_KEY,     /* key id */
    PRINCIPAL_NAME,    /* TSIG key or HTTP token, by name */
};

#define PRINCIPAL_NAME_MAX 32
#define PRINCIPAL_TEXT 64 /* room for principal_format */

struct principal {
    enum principal_kind kind;
    struct addr addr;                  /* PRINCIPAL_ADDRESS */
    char name[PRINCIPAL_NAME_MAX + 1]; /* PRINCIPAL_KEY, PRINCIPAL_NAME */
    uint32_t quota; /* instances this one may hold; 0 = unlimited. Taken at each call */
};

/* "local", "addr:10.0.0.7", "key:deploy", "name:admin" */
const char *principal_format(const struct principal *p, char out[static PRINCIPAL_TEXT]);

/* ---- a registry ---------------------------------------------------------------- */

struct registry;
struct service;
struct instance;

struct registry_config {
    uint32_t lease_default_s, lease_min_s, lease_max_s; /* 30, 5, 300 */
    uint32_t service_retention_s;   /* how long an empty service stays known; 86400 */
    uint32_t tombstone_s;           /* how long a deletion is remembered; 300 */
    uint32_t instances_max;         /* 2 000 000 */
    uint32_t services_max;          /* 500 000 */
    uint32_t service_instances_max; /* 20 000 */
    uint32_t tombstones_max;        /* 200 000; the oldest is dropped */
    const char *weight_key; /* metadata key read as weight ("weight"); copied; NULL = none */
    /* Is this name spoken for elsewhere (a static name)? `id` empty = the service
     * itself. Then the registration is refused with ERR_EXISTS. May be NULL. */
    bool (*name_taken)(void *context, struct text ns, struct text service, struct text id);
    /* Does this namespace exist? NULL = every one does. */
    bool (*namespace_known)(void *context, struct text ns);
    /* Is this service to stay known for ever? Asked each time its retention is over. */
    bool (*service_permanent)(void *context, struct text ns, struct text service);
    void *context;
};

/* The defaults of the comments above, no hooks. */
struct registry_config registry_config_default(void);

/* NULL when memory lacks. The config is copied. */
struct registry *registry_new(const struct registry_config *config, const struct hash_key *key);
void registry_free(struct registry *r);

/* New limits, leases and hooks from now on; what is stored stays as granted. */
MUST_CHECK enum err registry_configure(struct registry *r, const struct registry_config *config);
const struct registry_config *registry_config_of(const struct registry *r);

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
 * instance `a` of `b` beside service `a.b`) · ERR_FULL · ERR_MEMORY. */
MUST_CHECK enum err registry_register(struct registry *r, const struct record *record,
                                      const struct principal *who, struct moment now,
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
/* Deregisters all members; `*count` says how many. ERR_NOT_FOUND. */
MUST_CHECK enum err registry_group_deregister(struct registry *r, struct text group,
                                              const struct principal *who, struct moment now,
                                              uint32_t *count);
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

/* ---- time ---------------------------------------------------------------------- */

/* Evicts what ran out at or before now.lease_ms, in the order of its deadlines, at
 * most `budget` instances. Also forgets tombstones and services whose retention is
 * over. True when work is left. `visit` (may be NULL) sees each instance first. */
bool registry_expire(struct registry *r, struct moment now, unsigned budget,
                     void (*visit)(void *context, const struct instance *i), void *context);

/* A lower bound of the next time at which registry_expire has work, in lease ms;
 * UINT64_MAX when there is none. */
uint64_t registry_next_deadline(const struct registry *r);

/* ---- reading ------------------------------------------------------------------- */

/* Everything below is valid until the next call that changes something. */

const struct service *registry_service(const struct registry *r, struct text ns,
                                       struct text service);
const struct instance *registry_instance(const struct registry *r, struct instance_key key);

/* Known services in the order of (namespace, name), from the first above `after`
 * of that namespace (empty = from the start). `ns` empty = all namespaces. */
const struct service *registry_service_next(const struct registry *r, struct text ns,
                                            const struct service *after);

struct registry_totals {
    uint64_t services, instances, live_up, groups, tombstones, overrides;
    uint64_t registrations, renewals, deregistrations, evictions; /* since start */
};
struct registry_totals registry_totals(const struct registry *r);

struct text service_namespace(const struct service *s);
struct text service_name(const struct service *s);
uint32_t service_count(const struct service *s); /* instances */
uint64_t service_index(const struct service *s); /* change index; only grows */
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
    uint64_t index;       /* the registry's change index when it last changed */
    uint64_t deadline_ms; /* lease ms; UINT64_MAX = permanent */
    uint64_t registered_ms, up_ms, renewed_ms, dirty_ms, latest_ms; /* wall ms */
    struct principal owner;
};
void instance_state(const struct instance *i, struct instance_state *out);

/* ---- the change feed ----------------------------------------------------------- */

/* Grows by one with each change that consumers can see. */
uint64_t registry_index(const struct registry *r);

struct change {
    struct text ns, service;
    uint64_t index;
    const struct service *known; /* NULL = the service was forgotten */
};

/* The services that changed after `since`, each once, oldest change first: fills
 * at most `max` entries, returns how many. Call again with the last entry's index.
 * A forgotten service is reported until registry_changes_trim. */
size_t registry_changes(const struct registry *r, uint64_t since, struct change *out, size_t max);

/* Nobody will ask for what lies at or before `index` any more: forgotten services
 * up to there are dropped from the feed. */
void registry_changes_trim(struct registry *r, uint64_t index);

#endif
