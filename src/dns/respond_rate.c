#include "dns/respond_rate.h"

#include "dns/shared.h"

static bool is_in(const struct network *networks, size_t count, const struct addr *addr)
{
    for (size_t i = 0; i < count; i++)
        if (network_has(&networks[i], addr))
            return true;
    return false;
}

/* Of what is in no table: names of the server itself; 0 = no question. */
static uint64_t unfound_name(const struct respond *r)
{
    bool asked = r->answer.query->question_end > HEADER_SIZE;
    return asked ? hash_bytes(&r->dns->key, r->name->wire, r->name->size) : 0;
}

static enum rrl_kind kind_of(unsigned rcode)
{
    switch (rcode) {
    case RCODE_NOERROR: return RRL_RESPONSE;
    case RCODE_NXDOMAIN:
    case RCODE_YXDOMAIN: return RRL_NXDOMAIN;
    default: return RRL_ERROR;
    }
}

/* What the answer is an answer to: random names below one zone are one name, and so are all
 * that a wildcard or a service's view makes up. An alias that leads away from our zones is
 * the one that did. */
static uint64_t name_of(const struct respond *r, unsigned rcode)
{
    if (kind_of(rcode) == RRL_ERROR)
        return 0;
    if (!r->looked_up)
        return unfound_name(r);
    if (rcode == RCODE_NOERROR)
        return table_hash(r->dns->table, r->found.node->name, r->found.node->size);
    return r->found.zone->index + 1;
}

static uint32_t rate_of(const struct dns_rrl_config *config, enum rrl_kind kind)
{
    switch (kind) {
    case RRL_RESPONSE: return config->responses;
    case RRL_NXDOMAIN: return config->nxdomains;
    case RRL_ERROR: break;
    }
    return config->errors;
}

/* Little enough that nobody sends us a spoofed question for its sake. */
static void slip(struct respond *r)
{
    struct answer *a = &r->answer;
    answer_empty(a);
    a->authoritative = false;
    a->has_expire = a->has_subnet = false;
    a->nsid = NULL;
    a->ede = EDE_NONE;
}

static bool limit(struct respond *r, enum rrl_verdict verdict, unsigned *rcode)
{
    struct dns_counters *counters = &r->worker->counters;
    if (!r->answer.has_cookie && verdict == RRL_DROP) {
        counter_up(&counters->rrl_dropped);
        return false;
    }
    slip(r);
    if (r->answer.has_cookie)
        *rcode = RCODE_BADCOOKIE;
    else
        r->answer.truncated = !r->answer.tsig; /* what is wrong with a signature is all it says */
    counter_up(&counters->rrl_slipped);
    return true;
}

bool respond_take_rate(struct respond *r, unsigned *rcode)
{
    const struct dns_rrl_config *config = &r->dns->config.rrl;
    const struct addr *from = &r->request->from.addr;
    if (r->trusted || r->request->transport != DNS_UDP || !r->worker->shared)
        return true;
    uint32_t rate = rate_of(config, kind_of(*rcode));
    if (rate == 0 || is_in(config->exempt, config->exempt_count, from))
        return true;
    struct rrl_asked asked = {from, kind_of(*rcode), name_of(r, *rcode)};
    enum rrl_verdict verdict =
        rrl_take(r->worker->shared->rrl, &asked, rate, config->slip, r->request->mono_ms);
    if (verdict == RRL_PASS) {
        rate_episode_look(&r->worker->shared->rate_episode, r->request->mono_ms);
        return true;
    }
    bool watched = config->log_only || is_in(config->watched, config->watched_count, from);
    rate_episode_note(&r->worker->shared->rate_episode, from, watched, r->request->mono_ms);
    if (!watched)
        return limit(r, verdict, rcode);
    counter_up(&r->worker->counters.rrl_logged);
    return true;
}
