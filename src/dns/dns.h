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
#include "registry/registry.h"

enum {
    DNS_UDP_MIN = 512,      /* RFC 1035 section 4.2.1; smaller EDNS sizes count as this */
    DNS_UDP_DEFAULT = 1232, /* IPv6 minimum MTU less headers */
    DNS_UDP_LIMIT = 8192,   /* largest udp_max_size that may be configured */
    DNS_TCP_LIMIT = 65535,
    DNS_ADDITIONAL_TARGETS = 32, /* SRV targets whose addresses are added at most */
};

/* ---- configuration ------------------------------------------------------------- */

#define DNS_UNSET UINT32_MAX

/* Attributes of services by glob; later rules win, field by field. */
struct dns_rule {
    char *glob;
    uint32_t ttl, negative_ttl; /* seconds, DNS_UNSET = as before */
    uint32_t max_answers;       /* 0 = all */
    uint32_t srv_weight_scale;  /* 1-65535 */
    uint32_t stale;             /* enum dns_stale */
};

/* What becomes of stale instances in a service's answers while a live one is left; in A,
 * AAAA and TXT they are left out then in any case. With no live one left they are
 * answered. */
enum dns_stale {
    DNS_STALE_DEMOTE,  /* SRV priority + 32768, the default */
    DNS_STALE_WITHDRAW /* left out of SRV too: for clients that ignore priorities */
};

struct dns_zone_config {
    char *name;                 /* "disc.local", with or without final dot */
    char *ns;                   /* namespace it serves; NULL = purely static */
    char *file;                 /* zone file; NULL = SOA and NS are made up from the name */
    uint32_t ttl, negative_ttl; /* seconds; 5, 2 */
    uint32_t srv_weight_scale;  /* 1 */
    struct dns_rule *rules;
    size_t rule_count;
};

struct dns_udp_size { /* first match wins, else udp_max_size */
    struct network from;
    uint16_t size;
};

struct dns_config {
    struct dns_zone_config *zones;
    size_t zone_count;
    char **selectors; /* metadata keys that may be asked for; NULL-terminated, may be NULL */
    uint16_t udp_max_size;
    struct dns_udp_size *udp_sizes;
    size_t udp_size_count;
    uint32_t serial; /* where SOA serials go on; the zone files' serials are floors too */
};

void dns_config_deinit(struct dns_config *config);

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

/* Does a zone of this namespace hold a static name where the service (id empty), or
 * the instance, would appear? For the registry's hook. */
bool dns_name_taken(const struct dns *dns, struct text ns, struct text service, struct text id);
bool dns_serves_namespace(const struct dns *dns, struct text ns);

/* ---- publishing (control thread) ------------------------------------------------ */

/* Compiles the services that changed since the last call and swaps their views in.
 * A small service is compiled in every call; one of n instances that did nothing
 * but grow is left for later until n / 100 ms have passed since its last time. A
 * withdrawal is never left for later. `due_ms` (may be NULL): lease time at which
 * to call again, UINT64_MAX = nothing is waiting. Trims the registry's feed.
 * ERR_MEMORY: what could not be compiled stays as it was published and is tried
 * again at the next call. */
MUST_CHECK enum err dns_publish(struct dns *dns, struct registry *registry, uint64_t lease_ms,
                                uint64_t *due_ms);

/* The highest serial used so far. One counter serves all zones, so that one number
 * has to be stored; a zone's own serial moves only when that zone changes. At most
 * one step for each zone in a dns_publish. */
uint32_t dns_serial(const struct dns *dns);

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

struct dns_counters {
    struct counter queries[2]; /* by transport */
    struct counter types[DNS_TYPE_COUNTS];
    struct counter rcodes[24]; /* extended rcodes 0-23 */
    struct counter truncated, answer_bytes;
    struct counter drops[DNS_DROPS];
};

const char *dns_type_count_text(enum dns_type_count type); /* "A", ..., "other" */
const char *dns_drop_text(enum dns_drop drop);             /* "short", ... */

/* What one thread needs to answer: generator, scratch, counters. */
struct dns_worker;
struct dns_worker *dns_worker_new(uint64_t seed); /* NULL when memory lacks */
void dns_worker_free(struct dns_worker *worker);
const struct dns_counters *dns_worker_counters(const struct dns_worker *worker);

/* Answers one message: returns the size written to `out`, 0 = no answer (dropped,
 * and counted). Never more than `size`, the transport's limit and what the asker
 * said. The thread must be online (base/rcu.h) where `dns` may be retired. Does not
 * allocate, lock or read a clock. */
size_t dns_respond(const struct dns *dns, struct dns_worker *worker,
                   const struct dns_request *request, uint8_t *out, size_t size);

/* How the answer to a question comes about: zone, rule, candidates with status,
 * weight and the reason for which they are in or out, and the answer itself in
 * presentation form. From the code that answers. A new reference, NULL when memory
 * lacks; {"error": "..."} when name or type make no sense. */
json_t *dns_explain(const struct dns *dns, struct dns_worker *worker, const char *name,
                    const char *type, const struct addr *client);

#endif
