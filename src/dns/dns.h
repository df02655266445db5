/* The authoritative DNS server, less its sockets: query in, answer out.
 *
 *   registry ──dns_publish──> views (immutable, finished) ──dns_respond──> bytes
 *   control thread only        published by RCU               any worker
 *
 * Called by server/ (workers: dns_respond; control: the rest), by tests and
 * fuzzers. No clock, no sockets, no locks; randomness from the worker's generator.
 */
#ifndef DISC_DNS_DNS_H
#define DISC_DNS_DNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/hash.h"
#include "dns/config.h"
#include "dns/records.h"
#include "dns/task.h"
#include "registry/registry.h"

/* Where a configuration or zone file is wrong. */
struct dns_fault {
    char file[256];
    unsigned line, column; /* from 1; 0 = unknown */
    char text[256];        /* what was found, what was expected */
};

/* ---- life ---------------------------------------------------------------------- */

struct dns;

/* Loads the zone files and builds the table of static names; no service is there
 * until dns_publish. NULL with *fault filled. Takes `config` over (also on failure). */
struct dns *dns_new(struct dns_config *config, const struct hash_key *key, struct dns_fault *fault);

/* Frees at once: no reader may be left. */
void dns_free(struct dns *dns);
/* Frees after the grace period: for one that workers may be reading. */
void dns_retire(struct dns *dns);

/* Does a zone of this namespace hold a static name or a plain record where the service (id
 * empty), or the instance, would appear? For the registry's hook. */
bool dns_name_taken(const struct dns *dns, struct text ns, struct text service, struct text id);
bool dns_serves_namespace(const struct dns *dns, struct text ns);

/* ---- publishing (control thread) ------------------------------------------------ */

/* Compiles the services that changed since the last call and swaps their views in.
 * What costs little (a small service, a change of a few instances of a large one) is
 * compiled in every call; a service whose last time cost more, and that did nothing but
 * grow since, is left for later until 20 times as long has passed. A withdrawal is never
 * left for later. `due_ms` (may be NULL): lease time at which to call again, UINT64_MAX =
 * nothing is waiting.
 * ERR_MEMORY: what could not be compiled stays as it was published and is tried
 * again at the next call. */
MUST_CHECK enum err dns_publish(struct dns *dns, struct registry *registry, uint64_t lease_ms,
                                uint64_t *due_ms);

/* The registry's change index up to which the feed was read: registry_changes_trim may go
 * so far. */
uint64_t dns_published_index(const struct dns *dns);

/* The highest serial used so far by zones that change at run time: one counter serves them
 * all, so that one number has to be stored; a zone's own serial moves only when that zone
 * changes. At most one step for each zone in a dns_publish. A zone that only a reload
 * changes has the serial of its file. */
uint32_t dns_serial(const struct dns *dns);

/* `dns` will take the place of `old` (reload; before its first dns_publish, with
 * config.serial = dns_serial(old)): zones that are other than they were get a new serial,
 * the others keep theirs. */
void dns_follow(struct dns *dns, const struct dns *old, const struct registry *registry);

struct dns_totals {
    uint64_t zones, names, views, view_bytes, publications, hidden_services;
};
struct dns_totals dns_totals(const struct dns *dns);

/* ---- answering (workers) --------------------------------------------------------- */

enum dns_transport { DNS_UDP, DNS_TCP };

struct dns_request {
    const uint8_t *bytes;
    size_t size;
    struct endpoint from;
    enum dns_transport transport;
    uint64_t wall_s;  /* Unix time: signatures, cookies */
    uint64_t mono_ms; /* any monotonic time: rates */
};

/* Query types that are counted by name; the rest together. */
enum dns_type_count {
    DNS_COUNT_A,
    DNS_COUNT_AAAA,
    DNS_COUNT_SRV,
    DNS_COUNT_TXT,
    DNS_COUNT_SOA,
    DNS_COUNT_NS,
    DNS_COUNT_PTR,
    DNS_COUNT_ANY,
    DNS_COUNT_OTHER,
    DNS_TYPE_COUNTS
};

/* Why there was no answer. */
enum dns_drop { DNS_DROP_SHORT, DNS_DROP_RESPONSE, DNS_DROP_PORT, DNS_DROPS };

/* What cookies said of the askers (RFC 7873). */
enum dns_cookie_state { DNS_COOKIE_NEW, DNS_COOKIE_GOOD, DNS_COOKIE_BAD, DNS_COOKIE_STATES };

/* Answers by size: up to 64 << bucket bytes. Those of a transfer count message by message. */
enum { DNS_SIZE_BUCKETS = 11 };

/* `size`: 1 to 65 536 bytes. */
static inline unsigned dns_size_bucket(size_t size)
{
    unsigned above = (unsigned)((size - 1) / 64);
    return above ? 32 - (unsigned)__builtin_clz(above) : 0;
}

struct dns_counters {
    struct counter queries[2]; /* by transport */
    struct counter types[DNS_TYPE_COUNTS];
    struct counter rcodes[24]; /* extended rcodes 0-23 */
    struct counter truncated, answer_bytes;
    struct counter sizes[DNS_SIZE_BUCKETS]; /* answers by dns_size_bucket */
    struct counter drops[DNS_DROPS];
    struct counter rrl_dropped, rrl_slipped, rrl_logged; /* the last: answered all the same */
    struct counter cookies[DNS_COOKIE_STATES];
    struct counter tsig_good, tsig_bad;
    struct counter transfers[2];      /* begun: whole zones, differences */
    struct counter transfers_refused; /* with an answer at once */
};

const char *dns_type_count_text(enum dns_type_count type); /* "A", ..., "other" */
const char *dns_drop_text(enum dns_drop drop);             /* "short", ... */

/* What one thread needs to answer: generator, scratch, counters. */
struct dns_worker;
struct dns_worker *dns_worker_new(uint64_t seed); /* NULL when memory lacks */
void dns_worker_free(struct dns_worker *worker);

/* What all workers have in common over reloads: the rates of askers and the secret of
 * cookies. Without it (tests, explain) there are no rates and no cookies. Lock-free. */
struct dns_shared;
struct dns_shared *dns_shared_new(const uint8_t seed[static 32]); /* NULL when memory lacks */
void dns_shared_free(struct dns_shared *shared);                  /* accepts NULL */
void dns_worker_share(struct dns_worker *worker, struct dns_shared *shared);

const struct dns_counters *dns_worker_counters(const struct dns_worker *worker);

/* Answers one message: returns the size written to `out`, 0 = no answer (dropped,
 * and counted), or there is a task (dns_worker_take_task). Never more than `size`, the transport's
 * limit and what the asker said. The thread must be online (base/rcu.h) where `dns` may be retired.
 * Does not lock or read a clock, nor allocate, but for signed requests and tasks. */
size_t dns_respond(const struct dns *dns, struct dns_worker *worker,
                   const struct dns_request *request, uint8_t *out, size_t size);

/* dns_respond for who has several requests at once. Between two batches the kernel goes through
 * the caches, so an answer waits for memory several times over, each time for an address that it
 * has just read: dns_batch takes all of the requests one such step, then all of them the next,
 * so that they wait together.
 *
 * The requests stay in place, and the thread online, until dns_respond_to has answered the n-th
 * of them; the answers are those of dns_respond. */
enum { DNS_BATCH_MAX = 64 };
void dns_batch(const struct dns *dns, struct dns_worker *worker, const struct dns_request *requests,
               size_t count);
size_t dns_respond_to(const struct dns *dns, struct dns_worker *worker, size_t n, uint8_t *out,
                      size_t size);

/* ---- NOTIFY (RFC 1996; control thread) -------------------------------------------- */

/* The message that tells a target (zone and target by their places in the configuration) of
 * the zone's serial, signed where it has a key; returns its size, 0 = memory lacks, or the
 * room, or the key. */
size_t dns_notify_message(const struct dns *dns, size_t zone, size_t target, uint16_t id,
                          uint64_t wall_s, uint8_t *out, size_t size);
/* Is that the answer to it, whatever it says? */
bool dns_notify_answered(const uint8_t *bytes, size_t size, uint16_t id);
uint32_t dns_zone_serial(const struct dns *dns, size_t zone);
const char *dns_zone_name(const struct dns *dns, size_t zone); /* as configured, no final dot */
size_t dns_zone_notify_count(const struct dns *dns, size_t zone);
const struct dns_notify_target *dns_zone_notify(const struct dns *dns, size_t zone, size_t target);

/* How the answer to a question comes about: zone, rule, candidates with status,
 * weight and the reason for which they are in or out, and the answer itself in
 * presentation form. From the code that answers. A new reference, NULL when memory
 * lacks; {"error": "..."} when name or type make no sense. */
json_t *dns_explain(const struct dns *dns, struct dns_worker *worker, const char *name,
                    const char *type, const struct addr *client);

#endif
