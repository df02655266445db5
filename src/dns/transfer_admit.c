/* The worker's half of a transfer: who asks for what, and may they? */
#include "dns/peer_log.h"
#include "dns/transfer.h"
#include "dns/transfer_request.h"
#include "dns/worker.h"

static unsigned refuse(struct respond *r, unsigned rcode, int ede, const char *text)
{
    answer_explain(&r->answer, ede, text);
    counter_up(&r->worker->counters.transfers_refused);
    peer_log_refused(r, PEER_LOG_TRANSFER, text);
    return rcode;
}

static bool grants(const struct respond *r, const struct dns_access *access)
{
    const struct tsig *t = r->answer.tsig;
    if (!access->anywhere && !network_has(&access->from, &r->request->from.addr))
        return false;
    return !access->key || (t && tsig_key_is_named(t->key, text_of(access->key)));
}

static bool may_transfer(const struct respond *r, const struct dns_zone_config *config)
{
    for (size_t i = 0; i < config->transfer_count; i++)
        if (grants(r, &config->transfers[i]))
            return true;
    return false;
}

unsigned transfer_admit(struct respond *r, const struct query *q, struct dns_task **task)
{
    uint32_t serial;
    if (q->type == TYPE_AXFR && r->request->transport == DNS_UDP) /* RFC 5936 section 4.2 */
        return refuse(r, RCODE_NOTIMP, EDE_NOT_SUPPORTED, "AXFR needs TCP");
    if (q->type == TYPE_IXFR && !transfer_request_serial(q, &serial))
        return refuse(r, RCODE_FORMERR, EDE_OTHER, "IXFR without the SOA that is there");
    /* A name below the apex cannot be transferred. */
    const struct zone *zone = dns_zone_at(r->dns, &q->name);
    if (!zone)
        return refuse(r, RCODE_NOTAUTH, EDE_NOT_AUTHORITATIVE, "not the name of one of our zones");
    if (!may_transfer(r, &r->dns->config.zones[zone->index]))
        return refuse(r, RCODE_REFUSED, EDE_PROHIBITED, "no transfers for this asker");
    *task = task_new(DNS_TASK_TRANSFER, &r->answer, r->request, zone->index);
    return *task ? RCODE_NOERROR : refuse(r, RCODE_SERVFAIL, EDE_OTHER, "out of memory");
}
