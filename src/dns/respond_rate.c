#include "dns/respond_rate.h"

#include "dns/shared.h"

static bool is_in(const struct network *networks, size_t count, const struct addr *addr)
{
    for (size_t i = 0; i < count; i++)
        if (network_has(&networks[i], addr))
            return true;
    return false;
}

/* What the answer is an answer to: random names below one zone are one name, and so are all
 * that a wildcard or a service's view makes up. */
static struct rrl_asked asked_of(const struct respond *r, unsigned rcode)
{
    struct rrl_asked asked = {&r->request->from.addr, RRL_ERROR, 0};
    if (rcode != RCODE_NOERROR && rcode != RCODE_NXDOMAIN && rcode != RCODE_YXDOMAIN)
        return asked;
    asked.kind = rcode == RCODE_NOERROR ? RRL_RESPONSE : RRL_NXDOMAIN;
    if (!r->looked_up || !r->found.zone)
        return asked;
    asked.name = rcode == RCODE_NOERROR ? r->found.node->hash : r->found.zone->index + 1;
    return asked;
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

/* Once a second in each thread; a flood makes no more lines than that. */
static void tell(const struct respond *r, bool answered)
{
    enum { EVERY_MS = 1000 };
    const struct dns_request *request = r->request;
    if (r->worker->told_ms && request->mono_ms - r->worker->told_ms < EVERY_MS)
        return;
    r->worker->told_ms = request->mono_ms;
    uint8_t bits = request->from.addr.family == FAMILY_V4 ? RRL_V4_BITS : RRL_V6_BITS;
    struct network network = {addr_prefix(&request->from.addr, bits), bits};
    char text[NETWORK_TEXT];
    log_limited(&r->worker->shared->rate_log, request->mono_ms, LOG_LEVEL_INFO,
                "dns: %s asks for more answers than dns.rrl allows: %s",
                network_format(&network, text), answered ? "answered all the same" : "held back");
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

bool respond_rate(struct respond *r, unsigned *rcode)
{
    const struct dns_rrl_config *config = &r->dns->config.rrl;
    const struct addr *from = &r->request->from.addr;
    if (r->trusted || r->request->transport != DNS_UDP || !r->worker->shared)
        return true;
    struct rrl_asked asked = asked_of(r, *rcode);
    uint32_t rate = rate_of(config, asked.kind);
    if (rate == 0 || is_in(config->exempt, config->exempt_count, from))
        return true;
    enum rrl_verdict verdict =
        rrl_take(r->worker->shared->rrl, &asked, rate, config->slip, r->request->mono_ms);
    if (verdict == RRL_PASS)
        return true;
    bool watched = config->log_only || is_in(config->watched, config->watched_count, from);
    tell(r, watched);
    if (!watched)
        return limit(r, verdict, rcode);
    counter_up(&r->worker->counters.rrl_logged);
    return true;
}
