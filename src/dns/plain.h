/* The tables of plain records: names with what they have, the feed of those that changed,
 * and the leases. Used by records*.c only. */
#ifndef DISC_DNS_PLAIN_H
#define DISC_DNS_PLAIN_H

#include <sys/queue.h>

#include "base/heap.h"
#include "base/map.h"
#include "dns/records_change.h"

/* A key with the number of records that it has added, those being prepared among them. */
struct plain_holder {
    uint64_t hash, held;
    uint16_t size;
    char key[];
};

struct plain {
    struct heap_node due; /* key: lease ms; not in the heap when permanent; the first member */
    struct plain_name *at;
    struct plain_holder *holder;
    uint32_t ttl, lease_s;
    uint16_t type, size;
    uint16_t key_size;
    uint8_t bytes[]; /* rdata, key */
};

struct plain_name {
    TAILQ_ENTRY(plain_name) feed; /* by index, all names */
    uint64_t hash, index;         /* index 0: never had a record */
    struct name zone, owner;
    struct plain **records;
    size_t count, capacity;
    size_t puts, removes; /* of the change being prepared, that alter the count */
};

TAILQ_HEAD(plain_names, plain_name);

struct dns_records {
    struct hash_key key;
    struct map names, holders;
    struct plain_names feed;
    struct heap due;
    uint64_t index, count, retry_ms;
    size_t bytes, bytes_max;            /* of all records and names; 0 = RECORDS_BYTES_MAX */
    const char *full;                   /* of what there was too much, the last time */
    struct dns_records_journal journal; /* zeroed = none */
    struct update_seen seen;
};

struct plain_key {
    const uint8_t *zone, *owner;
    size_t zone_size, owner_size;
};

struct plain_key plain_name_key(const struct dns_record *record);
struct plain_name *plain_name_find(const struct dns_records *records, const struct plain_key *key);
/* Made when there is none; NULL when memory lacks. Give it back with plain_name_release when
 * it gets no record. */
struct plain_name *plain_name_get(struct dns_records *records, const struct plain_key *key);
void plain_name_release(struct dns_records *records, struct plain_name *n);
void plain_name_drop(struct dns_records *records, struct plain_name *n);
/* Room for what is being prepared and one more. */
MUST_CHECK enum err plain_name_grow(struct plain_name *n);

struct dns_record plain_read(const struct plain *p);
/* Of the same data; n->count = it is not there. */
size_t plain_place(const struct plain_name *n, const struct dns_record *record);
/* Are TTL, lease and key the same too? */
bool plain_has_terms(const struct plain *p, const struct dns_record *record);
/* NULL: the key has no record. */
const struct plain_holder *plain_holder_find(const struct dns_records *records, struct text key);
size_t plain_bytes(const struct plain *p);
/* A record that will be added, with its lease running already. NULL when memory lacks. */
struct plain *plain_draft(struct dns_records *records, const struct dns_record *record,
                          struct plain_name *at, struct moment now);
/* The same until that lease ms. */
struct plain *plain_draft_until(struct dns_records *records, const struct dns_record *record,
                                struct plain_name *at, uint64_t due_ms);
void plain_free(struct dns_records *records, struct plain *p); /* accepts NULL */
void plain_add(struct dns_records *records, struct plain *p);  /* there is room */
/* Puts it where one of the same data is. */
void plain_replace(struct dns_records *records, size_t at, struct plain *p);
void plain_remove(struct dns_records *records, struct plain_name *n, size_t at);

MUST_CHECK static inline enum err journal_reserve(const struct dns_records_journal *j,
                                                  enum journal_need need, size_t changes)
{
    return j->reserve ? j->reserve(j->context, need, changes) : ERR_OK;
}

static inline void journal_put(const struct dns_records_journal *j, const struct dns_record *record)
{
    if (j->put)
        j->put(j->context, record);
}

static inline void journal_remove(const struct dns_records_journal *j,
                                  const struct dns_record *record)
{
    if (j->remove)
        j->remove(j->context, record);
}

static inline void journal_touch(const struct dns_records_journal *j,
                                 const struct dns_record *record)
{
    if (j->touch)
        j->touch(j->context, record);
}

#endif
