#include "dns/respond_edns.h"

#include "dns/cookie.h"
#include "dns/shared.h"

_Static_assert(sizeof(struct hash_key) == DNS_COOKIE_SECRET, "SipHash key");

/* ---- cookies ------------------------------------------------------------------------------ */

static struct hash_key configured(const struct dns_config *config, unsigned n)
{
    struct hash_key key;
    memcpy(key.bytes, config->cookie_secrets[n], sizeof(key.bytes));
    return key;
}

/* Looks for the secret that made it: one of the configured, or that of its time. */
static enum dns_cookie_age age_of(const struct respond *r, const uint8_t *cookie)
{
    const struct dns_config *config = &r->dns->config;
    const struct addr *from = &r->request->from.addr;
    uint64_t now_s = r->request->wall_s;
    enum dns_cookie_age age = COOKIE_NOT_OURS;
    for (unsigned i = 0; i < config->cookie_secret_count && age == COOKIE_NOT_OURS; i++) {
        struct hash_key key = configured(config, i);
        age = dns_cookie_check(&key, cookie, from, (uint32_t)now_s);
    }
    if (config->cookie_secret_count == 0) {
        struct hash_key key =
            dns_cookie_secret(r->worker->shared->cookie_seeds, dns_cookie_made_s(cookie, now_s));
        age = dns_cookie_check(&key, cookie, from, (uint32_t)now_s);
    }
    return age;
}

static void make_cookie(struct respond *r, const uint8_t *client)
{
    const struct dns_config *config = &r->dns->config;
    uint64_t now_s = r->request->wall_s;
    struct hash_key key = config->cookie_secret_count
                              ? configured(config, 0)
                              : dns_cookie_secret(r->worker->shared->cookie_seeds, now_s);
    dns_cookie_make(&key, client, &r->request->from.addr, (uint32_t)now_s, r->answer.cookie);
}

/* What is not ours, or too old, counts as a client's part alone (RFC 7873 section 5.2.4). */
static void take_cookie(struct respond *r, const struct query_edns *e)
{
    enum dns_cookie_age age = COOKIE_NOT_OURS;
    bool whole = e->cookie_size > COOKIE_CLIENT;
    if (e->cookie_size == COOKIE_SIZE)
        age = age_of(r, e->cookie);
    bool good = age == COOKIE_OLD || age == COOKIE_FRESH;
    r->cookie = good ? DNS_COOKIE_GOOD : whole ? DNS_COOKIE_BAD : DNS_COOKIE_NEW;
    r->trusted = good;
    if (age == COOKIE_FRESH)
        memcpy(r->answer.cookie, e->cookie, COOKIE_SIZE);
    else
        make_cookie(r, e->cookie);
    r->answer.has_cookie = true;
    answer_reserve(&r->answer, ANSWER_COOKIE);
    counter_up(&r->worker->counters.cookies[r->cookie]);
}

unsigned respond_cookie_alone(struct respond *r)
{
    if (!r->answer.has_cookie) { /* who knows no cookies knows no such message: RFC 9619 */
        answer_explain(&r->answer, EDE_OTHER, "no question, and no cookies here");
        return RCODE_FORMERR;
    }
    return r->cookie == DNS_COOKIE_BAD && r->request->transport == DNS_UDP ? RCODE_BADCOOKIE
                                                                           : RCODE_NOERROR;
}

/* ---- the others --------------------------------------------------------------------------- */

void respond_options(struct respond *r, const struct query *q)
{
    const struct dns_config *config = &r->dns->config;
    const struct query_edns *e = &q->edns;
    struct answer *a = &r->answer;
    if (e->cookie && config->cookies && r->worker->shared)
        take_cookie(r, e);
    if (e->nsid && config->nsid) {
        a->nsid = config->nsid;
        a->nsid_size = config->nsid_size;
    }
    if (e->keepalive && config->keepalive_ms && r->request->transport == DNS_TCP) {
        a->has_keepalive = true;
        a->keepalive_ms = config->keepalive_ms;
    }
}

void respond_expire(struct respond *r, const struct query *q, const struct zone *zone)
{
    enum { EXPIRE = 8 }; /* from the end of a SOA's RDATA */
    if (!q->has_opt || !q->edns.expire || !zone || !name_is(&q->name, &zone->apex))
        return;
    r->answer.has_expire = true;
    r->answer.expire_s = get_u32(zone->soa + zone->soa_size - EXPIRE);
}
