#include "server/durable_records.h"

/* ---- writing ----------------------------------------------------------------------------- */

static struct store_record for_store(const struct dns_record *r)
{
    return (struct store_record){
        .zone = r->zone,
        .owner = r->owner,
        .type = r->type,
        .size = r->size,
        .ttl = r->ttl,
        .lease_s = r->lease_s,
        .rdata = r->rdata,
        .key = r->key,
    };
}

static enum err reserve(void *context, enum journal_need need, size_t changes)
{
    return store_records_reserve(context, need, changes);
}

static void put(void *context, const struct dns_record *record)
{
    struct store_record r = for_store(record);
    store_records_put(context, &r);
}

static void drop(void *context, const struct dns_record *record)
{
    struct store_record r = for_store(record);
    store_records_remove(context, &r);
}

static void touch(void *context, const struct dns_record *record)
{
    struct store_record r;
    if (record)
        r = for_store(record);
    store_records_touch(context, record ? &r : NULL);
}

/* ---- reading ----------------------------------------------------------------------------- */

struct restoring {
    struct dns_records *records;
    struct moment now;
};

static enum err restore_one(void *context, const struct store_record *r)
{
    struct restoring *to = context;
    struct dns_record record = {
        .zone = r->zone,
        .owner = r->owner,
        .type = r->type,
        .size = r->size,
        .ttl = r->ttl,
        .lease_s = r->lease_s,
        .rdata = r->rdata,
        .key = r->key,
    };
    return dns_records_restore(to->records, &record, to->now);
}

enum err durable_restore_records(struct durable *d, struct dns_records *records, struct moment now)
{
    struct restoring to = {records, now};
    struct durable_parts parts = durable_parts(d);
    if (!parts.store)
        return ERR_OK;
    enum err err = store_read_records(parts.store, restore_one, &to, parts.report);
    if (err)
        return err;
    struct dns_records_journal journal = {parts.journal, reserve, put, drop, touch};
    dns_records_set_journal(records, &journal);
    return ERR_OK;
}
