/* Plain records into leaves. */
#include <stdlib.h>

#include "dns/leaf_publish.h"
#include "dns/records_change.h"
#include "dns/state.h"

static struct zone *zone_at(const struct dns *dns, const struct name *apex)
{
    for (size_t i = 0; i < dns->zone_count; i++)
        if (name_is(&dns->zones[i]->apex, apex))
            return dns->zones[i];
    return NULL;
}

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

/* What was added to a zone that is configured no more, or has given its name to a zone
 * below, stays unseen. */
static enum err publish_name(void *context, const struct records_name *name)
{
    struct dns *dns = context;
    struct zone *zone = zone_at(dns, name->zone);
    struct leaf *leaf = NULL;
    if (!zone || dns_zone_of(dns, name->owner) != zone)
        return ERR_OK;
    enum err err = name->count ? make_leaf(dns, name, &leaf) : ERR_OK;
    if (err == ERR_OK && (err = leaf_publish(dns, zone, name->owner, leaf)))
        leaf_unref(leaf);
    if (err == ERR_OK)
        dns->records_index = name->index;
    return err;
}

enum err records_publish(struct dns *dns)
{
    if (!dns->records || dns->records_index == records_index(dns->records))
        return ERR_OK;
    uint64_t since = dns->records_index;
    enum err err = records_changes(dns->records, since, publish_name, dns);
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
