/* Plain records: what UPDATE added and is no instance of a service (an _acme-challenge, an
 * MX). They are kept beside the registry, outlive reloads and, by their journal, restarts,
 * and are published by dns_publish as names of their own. Control thread only. Part of the
 * front header dns/dns.h. */
#ifndef DISC_DNS_RECORDS_H
#define DISC_DNS_RECORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/lease_clock.h"
#include "base/text.h"
#include "registry/registry.h"

struct dns;
struct dns_records;

struct dns_record {
    const uint8_t *zone;  /* apex, wire, lower case */
    const uint8_t *owner; /* likewise */
    uint16_t type, size;
    uint32_t ttl;
    uint32_t lease_s;     /* 0 = until deleted */
    const uint8_t *rdata; /* uncompressed */
    struct text key;      /* name of the TSIG key that added it */
};

/* As struct registry_journal: reserve before anything changes, then each change. */
struct dns_records_journal {
    void *context;
    enum err (*reserve)(void *context, enum journal_need need, size_t changes);
    void (*put)(void *context, const struct dns_record *record);
    void (*remove)(void *context,
                   const struct dns_record *record); /* by zone, owner, type, rdata */
    /* A request that changed nothing is about to be acknowledged: what was told before of
     * this record (NULL: of any) must be on disk. */
    void (*touch)(void *context, const struct dns_record *record);
};

struct dns_records *dns_records_new(const struct hash_key *key); /* NULL when memory lacks */
void dns_records_free(struct dns_records *records); /* accepts NULL; no struct dns uses it */
void dns_records_set_journal(struct dns_records *records,
                             const struct dns_records_journal *journal);

/* What a restart brings back, with one full lease. ERR_VALUE it makes no sense · ERR_MEMORY. */
MUST_CHECK enum err dns_records_restore(struct dns_records *records,
                                        const struct dns_record *record, struct moment now);

/* The server starts now: updates that were signed before this second are not applied, as
 * they may have been applied before. */
void dns_records_start(struct dns_records *records, struct moment now);

/* Drops records that no update could delete any more, for their zone is configured no more or
 * has given their name to a zone below, with a line of the log. For a start or a reload; to
 * be followed by dns_publish. */
void dns_records_drop_lost(struct dns *dns);

/* Removes what ran out, at most `budget`; true: more is left. To be followed by
 * dns_publish. The next time something does, in lease ms; UINT64_MAX = never. */
bool dns_records_expire(struct dns_records *records, struct moment now, unsigned budget);
uint64_t dns_records_next_deadline(const struct dns_records *records);
uint64_t dns_records_count(const struct dns_records *records);

/* {"records": [{"zone", "name", "ttl", "type", "data", "key", "lease_s", "expires_in_ms"}],
 * "next"}: about `limit` records of the names that changed later than the one that `after`
 * (0 = any) stands for, the longest unchanged first; "next" is that of the next page, null =
 * that was all. lease_s 0 and expires_in_ms null: until deleted. What changes between two
 * pages comes again. A new reference; NULL when memory lacks. */
json_t *dns_records_list(const struct dns_records *records, uint64_t after, size_t limit,
                         struct moment now);

/* From its next dns_publish on `dns` publishes them all; they are UPDATE's to change by
 * dns_task_run. A struct dns without them answers UPDATE with REFUSED. `records` must
 * outlive it. */
void dns_use_records(struct dns *dns, struct dns_records *records);

#endif
