/* disc/1, the UDP registration protocol: datagram in, datagram out. message.h is
 * the protocol's specification for people who write a client.
 *
 * Called by server/ (the control thread) with each received datagram, and by tests
 * and fuzzers with exactly the same call. No sockets, no clock, no YAML here; the
 * configuration arrives as structs.
 */
#ifndef DISC_REG_REG_H
#define DISC_REG_REG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/lease_clock.h"
#include "registry/registry.h"

enum {
    REG_DATAGRAM_MAX = 1232, /* bytes, both ways: IPv6 minimum MTU less headers */
    REG_RECEIVE_SIZE = 2048, /* receive buffer, so that a longer one is seen */
    REG_KEY_ID_MAX = 32,
    REG_SECRET_MIN = 16, /* bytes */
    REG_SECRET_MAX = 64,
    REG_ROUTE_SIZE = 96,
    REG_AHEAD = 16, /* datagrams read together: so many misses a core has under way */
};

/* ---- configuration ------------------------------------------------------------- */

enum reg_auth { REG_AUTH_DENY, REG_AUTH_OPEN, REG_AUTH_COOKIE, REG_AUTH_KEY };

struct reg_source { /* first match wins; what matches nothing is denied */
    struct network from;
    enum reg_auth auth;
};

enum reg_verb {
    REG_HELLO,
    REG_REG,
    REG_REN,
    REG_UPD,
    REG_DEL,
    REG_GET,
    REG_SUB,
    REG_ACK,
    REG_UNS,
    REG_VERB_COUNT
};

struct reg_grant {
    uint32_t verbs;            /* bits 1 << enum reg_verb; hello needs none */
    char **services;           /* globs "ns/service"; NULL-terminated */
    struct network *advertise; /* addresses that may be named beside the source's */
    size_t advertise_count;
};

struct reg_key {
    char id[REG_KEY_ID_MAX + 1];
    uint8_t secret[REG_SECRET_MAX];
    size_t secret_size;
    uint8_t next[REG_SECRET_MAX]; /* for rotation: accepted too; size 0 = none */
    size_t next_size;
    uint64_t not_before_ms, not_after_ms; /* wall; 0 = no limit */
    struct reg_grant *grants;
    size_t grant_count;
    bool permanent; /* may register with lease=static */
    uint32_t quota; /* instances; 0 = unlimited */
};

struct reg_config {
    struct reg_source *sources;
    size_t source_count;
    struct reg_key *keys;
    size_t key_count;
    char **protected_services; /* globs "ns/service" that only keyed senders may touch;
                                  NULL-terminated; may be NULL */
    /* What a loopback sender without addr= is registered as; FAMILY_NONE = the
     * loopback address itself. The server finds these out. */
    struct addr local_v4, local_v6;
    uint32_t source_quota;           /* instances per unauthenticated source; 4096 */
    uint32_t rate_per_s, rate_burst; /* validated datagrams per source; 200, 400 */
    uint32_t replay_entries_max;     /* (key, cid) pairs remembered; 65536 */
    uint32_t subscriptions_max;      /* 10 000 */
    uint32_t source_subscriptions;   /* of one address, loopback excepted; 64 */
};

/* Frees everything inside (secrets are wiped), not the struct itself. */
void reg_config_deinit(struct reg_config *config);

/* ---- counters -------------------------------------------------------------------- */

/* Every way out of the check order has one, see reg_outcome_text(). */
enum reg_outcome {
    REG_OUT_OK,
    REG_OUT_CHALLENGE,
    REG_OUT_DROP_FORM,        /* no disc/ magic, bad bytes, empty, reply verb */
    REG_OUT_DROP_SOURCE,      /* source port 0, or denied by policy */
    REG_OUT_DROP_UNVALIDATED, /* reply too large or too many to an unvalidated source */
    REG_OUT_VERSION,
    REG_OUT_BIG,
    REG_OUT_SYNTAX,
    REG_OUT_AUTH,
    REG_OUT_ACL,
    REG_OUT_OWNER,
    REG_OUT_GONE,
    REG_OUT_STALE,
    REG_OUT_RESYNC,
    REG_OUT_VALUE,
    REG_OUT_NAME,
    REG_OUT_REPLAY,
    REG_OUT_SLOW,
    REG_OUT_BUSY,
    REG_OUT_DISK,     /* not stored: see reg_refuse_unstored */
    REG_OUT_READONLY, /* nothing can be stored now */
    REG_OUT_FULL,
    REG_OUT_COUNT
};

const char *reg_outcome_text(enum reg_outcome outcome); /* "drop_form" */
const char *reg_verb_text(enum reg_verb verb);

struct reg_counters {
    struct counter outcomes[REG_OUT_COUNT];
    struct counter verbs[REG_VERB_COUNT]; /* datagrams whose verb was understood */
    /* How deep the check order went (each step cheaper than the next). */
    struct counter cookies_checked, macs_checked, fields_parsed;
    /* Datagrams to subscribers, of them sent again; and how often one of them gave no sign any
     * more. */
    struct counter pushes, push_retries, lagged;
};

/* ---- the protocol ---------------------------------------------------------------- */

struct reg;

struct reg_identity {
    uint32_t epoch;            /* of this start of the server, in every ok/err ("ep=") */
    uint8_t cookie_secret[16]; /* from the system's random source, new at each start */
    uint64_t seed;             /* for what is spread at random (wait=) */
    const char *durability;    /* word for dur=: "mem" or "disk"; static storage */
};

/* `config` is taken over (its contents belong to the reg from now on). */
struct reg *reg_new(struct reg_config *config, const struct reg_identity *identity,
                    struct registry *registry);
void reg_free(struct reg *reg);

/* A new configuration (reload); cookies and replay windows stay. Takes over. */
void reg_configure(struct reg *reg, struct reg_config *config);

/* The server remembers instances from before it was started, whose senders need a new
 * cookie: until `until_ms` (lease ms) up to 1000 unvalidated senders a second of a network
 * are answered, instead of 10, so that all are back before their leases end. */
void reg_expect_return(struct reg *reg, uint64_t until_ms);

const struct reg_counters *reg_counters(const struct reg *reg);

/* ---- senders of other protocols ----------------------------------------------------- */

enum reg_admission { REG_ADMITTED, REG_DENIED, REG_NEEDS_KEY, REG_PROTECTED, REG_TOO_FAST };

struct reg_sender {
    struct principal who;
    bool advertises;  /* may name addresses that are not its own */
    struct addr addr; /* registered where it names none; FAMILY_NONE only for none known */
    uint32_t wait_ms; /* REG_TOO_FAST */
};

/* What reg_config says of a sender that is known to receive at its address (TCP) and has no
 * key: source, rate, protected service (`service` empty: any). *out in every case. */
enum reg_admission reg_admit(struct reg *reg, const struct addr *from, struct text ns,
                             struct text service, struct moment now, struct reg_sender *out);

/* Only a key may touch this service (registration.protected). */
bool reg_is_protected(const struct reg *reg, struct text ns, struct text service);

/* Another than loopback's, for what registers from loopback; FAMILY_NONE: none is known. */
struct addr reg_local_addr(const struct reg *reg, enum family family);

/* Told when a sender without a key wanted to touch a protected service. */
void reg_set_denied(struct reg *reg,
                    void (*denied)(void *context, const struct principal *who, struct text ns,
                                   struct text service),
                    void *context);

/* ---- subscriptions ------------------------------------------------------------------- */

/* After each publication, before registry_changes_trim: notices which services changed. */
void reg_published(struct reg *reg, struct moment now);

/* Pushes that are due: after reg_published, after each reg_handle, and at reg_next_push. Writes one
 * into `out`, its way into `route` (as the subscriber's datagram had it), and returns its size; 0 =
 * none is due, or enough was done for now: reg_next_push says when to go on. To be called until
 * it says 0 (or the socket is full). */
size_t reg_push(struct reg *reg, struct moment now, uint8_t out[static REG_DATAGRAM_MAX],
                const void **route);

/* Lease ms at which reg_push has something to do; 0 or by now = at once; UINT64_MAX = never. */
uint64_t reg_next_push(const struct reg *reg);

uint32_t reg_subscriptions(const struct reg *reg);

struct reg_datagram {
    const uint8_t *bytes;
    size_t size; /* as received */
    bool cut;    /* it was longer than the buffer */
    struct endpoint from;
    const void *route; /* the way back, for pushes: REG_ROUTE_SIZE bytes, opaque, copied; NULL:
                          subscriptions are refused */
};

/* Datagrams that came together are read together, so that what they name is on its way from
 * memory while others are worked on: reg_read, then reg_handle_read for each of them, in any
 * order, at most once. `count` <= REG_AHEAD; all that `in` points to stays in place
 * meanwhile, and nothing else of the protocol's is called but reg_refuse_unstored. */
void reg_read(struct reg *reg, const struct reg_datagram *in, unsigned count, struct moment now);

/* Handles the n-th of them; applies it to the registry. Returns the size of the reply
 * in `out`, 0 for none. Never writes more than REG_DATAGRAM_MAX; to an unvalidated
 * source at most min(96, 3 x request). */
size_t reg_handle_read(struct reg *reg, unsigned n, uint8_t out[static REG_DATAGRAM_MAX]);

/* Of the last one that was handled: its reply speaks of a group that leaves, and must not leave
 * before registry_goodbyes_over says this number or a higher one; 0 = it need not wait. */
uint64_t reg_goodbye(const struct reg *reg);

/* Both for one datagram. */
size_t reg_handle(struct reg *reg, const struct reg_datagram *in, struct moment now,
                  uint8_t out[static REG_DATAGRAM_MAX]);

/* The reply to a datagram that reg_handle applied but whose change could not be stored:
 * 503 `disk` in place of what reg_handle wrote. Reads of the request only what the reply
 * needs: the sender was checked, the replay window is not asked again, the registry is not
 * touched. `wait_ms`: when to try again at the earliest (spread over half as much more).
 * Same sizes; 0 when its key is no longer there to sign the reply. */
size_t reg_refuse_unstored(struct reg *reg, const struct reg_datagram *in, uint32_t wait_ms,
                           struct moment now, uint8_t out[static REG_DATAGRAM_MAX]);

/* ---- text form of a stored record -------------------------------------------------- */

/* Writes an instance as disc/1 parameters ("svc=web inst=web-1 addr=... port=..."),
 * percent-encoded, in a fixed order; with `state` also what the registry adds
 * (rev, lease, status in force). Returns the length, or 0 when it does not fit. */
size_t reg_format_instance(const struct instance *instance, bool state, char *out, size_t size);

#endif
