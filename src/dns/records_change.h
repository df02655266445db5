/* Plain records as UPDATE and publishing see them: reading those of a name, changing
 * several as one, and the feed of names that changed. Private to the folder; control
 * thread only. */
#ifndef DISC_DNS_RECORDS_CHANGE_H
#define DISC_DNS_RECORDS_CHANGE_H

#include "dns/name.h"
#include "dns/records.h"
#include "dns/update_seen.h"

enum {
    RECORDS_RDATA_MAX = 4096, /* bytes of one's data */
    RECORDS_MAX = 1000000,    /* of all names; some 200 bytes each */
    RECORDS_BYTES_MAX = 256 << 20,
    RECORDS_OF_NAME_MAX = 1000, /* each change of a name publishes all of them anew */
};

/* ---- reading -------------------------------------------------------------------------- */

/* The n-th record of a name, as long as there is one; valid until the next change. */
bool records_at(const struct dns_records *records, const struct name *zone,
                const struct name *owner, size_t n, struct dns_record *out);

/* Is there a record at the name, that the change being made does not take away? */
bool records_has(const struct dns_records *records, const struct name *zone,
                 const struct name *owner);

/* ---- changing ------------------------------------------------------------------------- */

struct records_change {
    struct dns_record record;
    enum {
        RECORD_PUT,    /* in place of one of the same data, with a lease that begins now */
        RECORD_REMOVE, /* it is there */
        RECORD_RETIME, /* it is there and gets another TTL, but keeps its lease */
    } kind;
};

struct records_transaction;

/* Makes sure that the changes cannot fail; nothing is changed. No record twice among them.
 * From now on names that will have no record any more do not count for records_has. To be
 * followed by commit or abort, with nothing else in between but reading. ERR_FULL ·
 * ERR_MEMORY · ERR_READONLY. */
MUST_CHECK enum err records_prepare(struct dns_records *records,
                                    const struct records_change *changes, size_t count,
                                    struct moment now, struct records_transaction **out);
/* Room in the journal: the last that may fail, as others reserve there too. */
MUST_CHECK enum err records_reserve(const struct records_transaction *t);
/* Does this key get more records by it than it may hold, or all of them more than there may
 * be? ERR_FULL; then records_full says of what, in words. */
MUST_CHECK enum err records_limit(const struct records_transaction *t, struct text key,
                                  uint64_t quota);
const char *records_full(const struct dns_records *records);
void records_commit(struct records_transaction *t);
void records_abort(struct records_transaction *t); /* accepts NULL */

/* Nothing was changed, but what was told the journal before must be on disk. */
void records_touch(const struct dns_records *records);
/* update_seen_look, with what these records remember. */
enum update_sight records_look(struct dns_records *records, const struct tsig *t, uint64_t now_s,
                               uint16_t **rcode);

/* ---- the feed -------------------------------------------------------------------------- */

uint64_t records_index(const struct dns_records *records);
struct records_name {
    const struct name *zone, *owner;
    uint64_t index;
    size_t count; /* 0 = all its records are gone */
};
/* The names that changed after `since`, oldest change first, until `visit` fails. */
MUST_CHECK enum err
records_changes(const struct dns_records *records, uint64_t since,
                enum err (*visit)(void *context, const struct records_name *name), void *context);
/* Everybody knows all changes now: names that lost their records after `since` are
 * dropped. */
void records_trim(struct dns_records *records, uint64_t since);

/* All that changed since the last time into leaves of `dns`. ERR_MEMORY: again later. */
struct dns;
MUST_CHECK enum err records_publish(struct dns *dns, uint64_t now_ms);

#endif
