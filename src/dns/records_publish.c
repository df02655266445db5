/* Plain records into leaves. */
#include <stdlib.h>

#include "base/log.h"
#include "dns/leaf_publish.h"
#include "dns/plain.h"
#include "dns/state.h"

static enum err make_leaf(const struct dns *dns, const struct records_name *name, struct leaf **out)
{
    struct leaf_record *list = calloc(name->count, sizeof(*list));
    if (!list)
        return ERR_MEMORY;
    struct dns_record record;
    size_t n = 0;
    for (; n < name->count && records_at(dns->records, name->zone, name->owner, n, &record); n++)
        list[n] = (struct leaf_record){record.type, record.size, record.ttl, record.rdata};
    enum err err = leaf_new(name->owner, list, n, out);
    free(list);
    return err;
}

static bool is_hidden(const struct dns *dns, const struct zone *zone, const struct name *owner)
{
    const struct node *there = table_find(dns->table, owner->wire, owner->size);
    return (there && there->kind == NODE_STATIC) || table_occluded(dns->table, owner, zone);
}

struct publishing {
    struct dns *dns;
    uint64_t now_ms;
};

static void warn_of_hidden(const struct publishing *p, const struct zone *zone,
                           const struct name *owner)
{
    char text[NAME_TEXT];
    if (is_hidden(p->dns, zone, owner))
        log_limited(&p->dns->hidden_log, p->now_ms, LOG_LEVEL_WARN,
                    "records by UPDATE are hidden at %s: a static name or delegation is there",
                    name_format(owner->wire, text));
}

/* What was added to a zone that is configured no more, or has given its name to a zone
 * below, stays unseen until it is dropped. */
static enum err publish_name(void *context, const struct records_name *name)
{
    const struct publishing *p = context;
    struct dns *dns = p->dns;
    struct zone *zone = dns_zone_at(dns, name->zone);
    struct leaf *leaf = NULL;
    if (!zone || dns_zone_of(dns, name->owner) != zone)
        return ERR_OK;
    enum err err = name->count ? make_leaf(dns, name, &leaf) : ERR_OK;
    if (err == ERR_OK && (err = leaf_publish(dns, zone, name->owner, leaf)))
        leaf_unref(leaf);
    if (err)
        return err;
    if (name->count)
        warn_of_hidden(p, zone, name->owner);
    dns->records_index = name->index;
    return ERR_OK;
}

enum err records_publish(struct dns *dns, uint64_t now_ms)
{
    if (!dns->records || dns->records_index == records_index(dns->records))
        return ERR_OK;
    uint64_t since = dns->records_index;
    struct publishing p = {dns, now_ms};
    enum err err = records_changes(dns->records, since, publish_name, &p);
    if (err == ERR_OK) {
        dns->records_index = records_index(dns->records);
        records_trim(dns->records, since);
    }
    return err;
}

void dns_use_records(struct dns *dns, struct dns_records *records)
{
    dns->records = records;
    dns->records_index = 0;
}

/* ---- zones that are gone ------------------------------------------------------------------ */

static bool is_lost(const struct dns *dns, const struct plain_name *n)
{
    const struct zone *zone = dns_zone_at(dns, &n->zone);
    return n->count && (!zone || dns_zone_of(dns, &n->owner) != zone);
}

static enum err drop_all(struct dns_records *records, struct plain_name *n)
{
    enum err err = journal_reserve(&records->journal, JOURNAL_WITHDRAW, n->count);
    while (!err && n->count) {
        struct dns_record record = plain_read(n->records[n->count - 1]);
        journal_remove(&records->journal, &record);
        plain_remove(records, n, n->count - 1);
    }
    return err;
}

void dns_records_drop_lost(struct dns *dns)
{
    struct dns_records *records = dns->records;
    char text[NAME_TEXT] = "";
    uint64_t before = records->count;
    /* One that is emptied comes again, at the end, and then is not lost. */
    for (struct plain_name *n = TAILQ_FIRST(&records->feed), *next; n; n = next) {
        next = TAILQ_NEXT(n, feed);
        if (!is_lost(dns, n))
            continue;
        if (!text[0])
            name_format(n->owner.wire, text);
        if (drop_all(records, n)) {
            log_error("records by UPDATE of zones that are no more cannot be dropped now");
            break;
        }
    }
    if (before > records->count)
        log_warn("dropped %llu records by UPDATE whose zone is configured no more, e.g. at %s",
                 (unsigned long long)(before - records->count), text);
}
