#include "dns/respond_tsig.h"

#include "dns/peer_log.h"
#include "dns/tsig.h"

/* Without room for more than question and signature the answer is a truncated one; a
 * refusal says all with its RCODE. */
static bool set_aside(struct respond *r)
{
    bool whole = answer_sign(&r->answer, &r->tsig, tsig_size(&r->tsig));
    if (!r->answer.tsig)
        tsig_end(&r->tsig);
    if (!whole && r->tsig.error == TSIG_NOERROR)
        r->answer.truncated = true;
    return whole;
}

bool respond_signed(struct respond *r, const struct query *q, unsigned *rcode)
{
    const struct dns_request *request = r->request;
    struct dns_counters *counters = &r->worker->counters;
    if (!tsig_check(r->dns->keyring, request->bytes, request->size, q->tsig_at, request->wall_s,
                    &r->tsig)) {
        counter_up(&counters->tsig_bad);
        *rcode = RCODE_FORMERR;
        return false;
    }
    bool good = r->tsig.error == TSIG_NOERROR;
    counter_up(good ? &counters->tsig_good : &counters->tsig_bad);
    if (!good)
        peer_log_signature(r);
    r->trusted = good;
    *rcode = good ? RCODE_NOERROR : RCODE_NOTAUTH;
    return set_aside(r) && good;
}

size_t respond_sign(struct respond *r, size_t size)
{
    if (!r->answer.tsig)
        return size;
    return tsig_sign(&r->tsig, r->request->wall_s, r->answer.out, size);
}
