#include "dns/records.h"

#include <stdlib.h>
#include <string.h>

#include "dns/plain.h"

enum { RETRY_MS = 100 }; /* after the journal had no room for what ran out */

/* ---- life ------------------------------------------------------------------------------------ */

struct dns_records *dns_records_new(const struct hash_key *key)
{
    struct dns_records *records = calloc(1, sizeof(*records));
    if (!records)
        return NULL;
    records->key = *key;
    TAILQ_INIT(&records->feed);
    return records;
}

void dns_records_free(struct dns_records *records)
{
    if (!records)
        return;
    struct plain_name *n;
    while ((n = TAILQ_FIRST(&records->feed))) {
        for (size_t i = 0; i < n->count; i++)
            plain_free(records, n->records[i]);
        plain_name_drop(records, n);
    }
    heap_deinit(&records->due);
    map_deinit(&records->names);
    map_deinit(&records->holders);
    update_seen_deinit(&records->seen);
    free(records);
}

void dns_records_set_journal(struct dns_records *records, const struct dns_records_journal *journal)
{
    records->journal = journal ? *journal : (struct dns_records_journal){0};
}

static bool is_wire_name(const uint8_t *wire, struct name *out)
{
    size_t size = 0;
    for (; wire[size]; size += 1U + wire[size])
        if (wire[size] > 63 || size + 2U + wire[size] > NAME_MAX_WIRE)
            return false;
    name_from_wire(wire, out);
    return true;
}

static bool is_possible(const struct dns_record *record)
{
    struct name zone, owner;
    return is_wire_name(record->zone, &zone) && is_wire_name(record->owner, &owner) &&
           name_is_below(&owner, &zone) && record->type != 0 && record->size <= RECORDS_RDATA_MAX &&
           record->key.n <= NAME_TEXT;
}

enum err dns_records_restore(struct dns_records *records, const struct dns_record *record,
                             struct moment now)
{
    if (!is_possible(record))
        return ERR_VALUE;
    struct plain_key key = plain_name_key(record);
    struct plain_name *n = plain_name_get(records, &key);
    if (!n)
        return ERR_MEMORY;
    enum err err = plain_place(n, record) < n->count ? ERR_VALUE : plain_name_grow(n);
    if (err == ERR_OK) {
        struct plain *p = plain_draft(records, record, n, now);
        if (p)
            plain_add(records, p);
        else
            err = ERR_MEMORY;
    }
    plain_name_release(records, n);
    return err;
}

/* ---- time ------------------------------------------------------------------------------ */

bool dns_records_expire(struct dns_records *records, struct moment now, unsigned budget)
{
    struct heap_node *first;
    while ((first = heap_first(&records->due)) && first->key <= now.lease_ms) {
        if (budget-- == 0)
            return true;
        struct plain *p = (struct plain *)first; /* its first member */
        struct dns_record record = plain_read(p);
        if (journal_reserve(&records->journal, JOURNAL_WITHDRAW, 1)) {
            records->retry_ms = now.lease_ms + RETRY_MS;
            return false;
        }
        journal_remove(&records->journal, &record);
        plain_remove(records, p->at, plain_place(p->at, &record));
    }
    records->retry_ms = 0;
    return false;
}

uint64_t dns_records_next_deadline(const struct dns_records *records)
{
    const struct heap_node *first = heap_first(&records->due);
    if (!first)
        return UINT64_MAX;
    return first->key > records->retry_ms ? first->key : records->retry_ms;
}

uint64_t dns_records_count(const struct dns_records *records)
{
    return records->count;
}

/* ---- reading --------------------------------------------------------------------------- */

static struct plain_name *find_name(const struct dns_records *records, const struct name *zone,
                                    const struct name *owner)
{
    struct plain_key key = {zone->wire, owner->wire, zone->size, owner->size};
    return plain_name_find(records, &key);
}

bool records_at(const struct dns_records *records, const struct name *zone,
                const struct name *owner, size_t n, struct dns_record *out)
{
    const struct plain_name *name = find_name(records, zone, owner);
    if (!name || n >= name->count)
        return false;
    *out = plain_read(name->records[n]);
    return true;
}

bool records_has(const struct dns_records *records, const struct name *zone,
                 const struct name *owner)
{
    const struct plain_name *name = find_name(records, zone, owner);
    return name && name->count + name->puts > name->removes;
}

void records_touch(const struct dns_records *records)
{
    journal_touch(&records->journal, NULL);
}

enum update_sight records_look(struct dns_records *records, const struct tsig *t, uint64_t now_s,
                               uint16_t **rcode)
{
    return update_seen_look(&records->seen, &records->key, t, now_s, rcode);
}

void dns_records_start(struct dns_records *records, struct moment now)
{
    records->seen.start_s = now.wall_ms / 1000;
}

uint64_t records_index(const struct dns_records *records)
{
    return records->index;
}

enum err records_changes(const struct dns_records *records, uint64_t since,
                         enum err (*visit)(void *context, const struct records_name *name),
                         void *context)
{
    /* From the end: what changed since the last time is little. */
    const struct plain_name *n = TAILQ_LAST(&records->feed, plain_names), *first = NULL;
    for (; n && n->index > since; n = TAILQ_PREV(n, plain_names, feed))
        first = n;
    for (n = first; n; n = TAILQ_NEXT(n, feed)) {
        struct records_name name = {&n->zone, &n->owner, n->index, n->count};
        enum err err = visit(context, &name);
        if (err)
            return err;
    }
    return ERR_OK;
}

void records_trim(struct dns_records *records, uint64_t since)
{
    struct plain_name *n = TAILQ_LAST(&records->feed, plain_names), *before;
    for (; n && n->index > since; n = before) {
        before = TAILQ_PREV(n, plain_names, feed);
        if (n->count == 0)
            plain_name_drop(records, n);
    }
}
