/* What outlives a restart: the registry's instances, graves, overrides and empty
 * services, and a few numbers of the server, in one LMDB file.
 *
 *   registry ──hooks──> store_journal ──take──> store_batch ──store_commit──> disk
 *   disk ──store_read──> registry                       (at start)
 *
 * The journal is the control thread's: it encodes changes as they happen and says which
 * of them a reply must wait for. A batch is handed to whichever thread commits; one
 * thread at a time uses a struct store. Called by server/ and by tests; the journal and
 * the codec work without a disk, so a simulator drives them with a map in memory.
 * No threads, no clock, no sockets here.
 *
 * A stored value is
 *
 *     version (1) | body | CRC-32C over key, table and all before (4)
 *
 * in network order. Each version that was ever released can be read; what is written has
 * the newest.
 */
#ifndef DISC_STORE_STORE_H
#define DISC_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/lease_clock.h"
#include "base/text.h"
#include "registry/registry.h"

/* ---- batches ------------------------------------------------------------------- */

enum store_table {
    STORE_SERVICES,  /* "ns/svc": empty, and known until */
    STORE_INSTANCES, /* "ns/svc/inst": the instance, or its grave */
    STORE_OVERRIDES, /* "ns/svc/inst" */
    STORE_META,      /* struct store_meta */
    STORE_RECORDS,   /* digest: a DNS record that belongs to no instance */
    STORE_TABLES
};

struct store_meta {
    uint32_t boots;          /* starts so far, the running one included */
    uint32_t serial_ceiling; /* above every SOA serial used; 0 = none yet */
    uint64_t alive_ms;       /* wall: the server was alive then (written once a minute) */
    uint64_t index_ceiling;  /* above every change index used; 0 = none yet */
};

enum {
    STORE_NAME_MAX = 255,   /* bytes of a domain name in wire form */
    STORE_RDATA_MAX = 4096, /* of a record's data */
    STORE_KEY_NAME_MAX = 255,
};

/* A DNS record, known by all of it but TTL, lease and key. */
struct store_record {
    const uint8_t *zone, *owner; /* whole wire names */
    uint16_t type, size;
    uint32_t ttl, lease_s; /* lease 0 = until deleted */
    const uint8_t *rdata;
    struct text key; /* who added it; longer ones are cut */
};

/* Changes in their order; immutable once taken. */
struct store_batch;

void store_batch_free(struct store_batch *batch); /* accepts NULL */
size_t store_batch_count(const struct store_batch *batch);
/* The number of its last change; changes are numbered from 1 without a gap. */
uint64_t store_batch_last(const struct store_batch *batch);
/* Each change, for who keeps them elsewhere than in the store's file (the simulated disk):
 * `value.s` NULL = the key is removed. */
void store_batch_visit(const struct store_batch *batch,
                       void (*visit)(void *context, enum store_table table, struct text key,
                                     struct text value),
                       void *context);

/* ---- the journal (control thread) ------------------------------------------------ */

struct store_journal;

struct store_journal *store_journal_new(void); /* NULL when memory lacks */
void store_journal_free(struct store_journal *j);

/* For registry_set_journal. */
struct registry_journal store_journal_hooks(struct store_journal *j);

/* The same for DNS records, to be called by whoever keeps them. What is reserved comes on
 * top of what the last reserve of the registry's hooks asked for, so that one change may
 * touch both; reserve there first. `record` NULL in the last: whatever was told. */
MUST_CHECK enum err store_records_reserve(struct store_journal *j, enum journal_need need,
                                          size_t changes);
void store_records_put(struct store_journal *j, const struct store_record *record);
void store_records_remove(struct store_journal *j, const struct store_record *record);
void store_records_touch(struct store_journal *j, const struct store_record *record);

/* While true, JOURNAL_PUT is refused with ERR_READONLY. */
void store_journal_readonly(struct store_journal *j, bool readonly);

#define STORE_NEVER UINT64_MAX

/* A request is about to be handled; afterwards store_journal_wait says which change must
 * be on disk before it is acknowledged. 0 = none; STORE_NEVER = it could not be noted. */
void store_journal_begin(struct store_journal *j);
uint64_t store_journal_wait(const struct store_journal *j);

/* Notes new numbers of the server. ERR_MEMORY. */
MUST_CHECK enum err store_journal_meta(struct store_journal *j, const struct store_meta *meta);

/* All changes since the last call; NULL = none. The caller's, to commit and free. */
struct store_batch *store_journal_take(struct store_journal *j);

/* Everything up to this change is on disk. */
void store_journal_committed(struct store_journal *j, uint64_t change);
uint64_t store_journal_last(const struct store_journal *j); /* the newest change; 0 = none */

/* ---- reading back ----------------------------------------------------------------- */

struct store_report {
    uint64_t instances, graves, overrides, services, records;
    uint64_t damaged; /* entries whose CRC or form is wrong: left out, and logged (limited) */
};

/* One entry into the registry. Tables in the order of their enum. `stale`: instances as
 * expired ones. `meta` may be NULL. ERR_MEMORY only. */
MUST_CHECK enum err store_restore(struct registry *r, enum store_table table, struct text key,
                                  struct text value, bool stale, struct moment now,
                                  struct store_meta *meta, struct store_report *report);

/* ---- the file ---------------------------------------------------------------------- */

struct store;

enum { STORE_FAULT_TEXT = 512 };

struct store_options {
    const char *dir; /* exists or is made, 0700 */
    uid_t uid;       /* whose what is made shall be; -1 = nobody else's */
    gid_t gid;
    uint64_t map_size; /* bytes the file may grow to; 0 = 64 GiB */
};

/* Locks the folder for this process, checks the file in a process of its own (a damaged
 * one would take ours down), opens it, reads the meta entry, takes over the numbers of an
 * older version's state file. `fault` says in one or two sentences what is wrong and what
 * to do.
 * ERR_BUSY another discd holds the folder · ERR_SYNTAX foreign, truncated or damaged
 * file, or of a newer version · ERR_OWNER folder or file belong to another user, or may
 * not be read or written · ERR_FULL no room to make them · ERR_SYSTEM · ERR_MEMORY.
 * A read-only file system is no error: all can be read, and commits fail with
 * ERR_READONLY. To be called while the process has one thread. */
MUST_CHECK enum err store_open(const struct store_options *options, struct store **out,
                               struct store_meta *meta, char fault[static STORE_FAULT_TEXT]);
void store_close(struct store *s); /* accepts NULL */

/* All entries into the registry, which has no journal yet. What was over before `now` is
 * left out, and removed with the first commit. ERR_MEMORY · ERR_SYSTEM (logged). */
MUST_CHECK enum err store_read(struct store *s, struct registry *r, bool stale, struct moment now,
                               struct store_report *report);

/* All DNS records, after store_read, whose report goes on: ERR_MEMORY of `visit` ends it, any
 * other failure counts the entry as damaged. ERR_MEMORY · ERR_SYSTEM (logged). */
MUST_CHECK enum err store_read_records(struct store *s,
                                       enum err (*visit)(void *context,
                                                         const struct store_record *record),
                                       void *context, struct store_report *report);

/* Writes the batches as one transaction and returns when it is on disk. On failure
 * nothing of it is; the same call may be repeated at any time.
 * ERR_FULL no room · ERR_READONLY · ERR_SYSTEM · ERR_MEMORY; `fault` says more. */
MUST_CHECK enum err store_commit(struct store *s, struct store_batch *const *batches, size_t count,
                                 char fault[static STORE_FAULT_TEXT]);

struct store_size {
    uint64_t entries, file_bytes, used_bytes, map_bytes;
};
struct store_size store_size(struct store *s); /* the committing thread's */

#endif
