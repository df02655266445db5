/* What a worker can say of an update: its zone section (RFC 2136 section 3.1), and whether its
 * sender may update anything at all. */
#include "dns/peer_log.h"
#include "dns/update.h"

static unsigned refuse(struct respond *r, unsigned rcode, int ede, const char *why)
{
    answer_explain(&r->answer, ede, why);
    peer_log_refused(r, PEER_LOG_UPDATE, why);
    return rcode;
}

static bool is_holder(const struct dns_zone_config *config, const struct tsig_key *key)
{
    for (size_t i = 0; i < config->grant_count; i++)
        if (tsig_key_is_named(key, text_of(config->grants[i].key)))
            return true;
    return false;
}

unsigned update_admit(struct respond *r, const struct query *q, struct dns_task **task)
{
    const struct tsig *t = r->answer.tsig;
    *task = NULL;
    if (q->counts[0] != 1 || q->type != TYPE_SOA)
        return refuse(r, RCODE_FORMERR, EDE_OTHER, "the zone section is not one SOA");
    const struct zone *zone = q->class == CLASS_IN ? dns_zone_at(r->dns, &q->name) : NULL;
    if (!zone)
        return refuse(r, RCODE_NOTAUTH, EDE_NOT_AUTHORITATIVE, "not a zone of this server");
    const struct dns_zone_config *config = &r->dns->config.zones[zone->index];
    if (config->reverse)
        return refuse(r, RCODE_REFUSED, EDE_PROHIBITED, "a reverse zone follows its instances");
    if (config->grant_count == 0)
        return refuse(r, RCODE_REFUSED, EDE_PROHIBITED, "this zone takes no updates");
    if (!t)
        return refuse(r, RCODE_REFUSED, EDE_PROHIBITED, "updates have to be signed");
    if (!is_holder(config, t->key))
        return refuse(r, RCODE_REFUSED, EDE_PROHIBITED, "this key has no grant in this zone");
    *task = task_new(DNS_TASK_UPDATE, &r->answer, r->request, zone->index);
    return *task ? RCODE_NOERROR : refuse(r, RCODE_SERVFAIL, EDE_OTHER, "out of memory");
}
