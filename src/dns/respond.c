#include "dns/respond.h"

#include <stdio.h>

#include "dns/chaos.h"
#include "dns/respond_edns.h"
#include "dns/respond_rate.h"
#include "dns/respond_tsig.h"
#include "dns/transfer.h"
#include "dns/update.h"

enum { RCODE_TASK = 0xffff }; /* no answer now: worker->task is to be done */

/* ---- the decision ------------------------------------------------------------------------- */

static unsigned refuse(struct respond *r, int ede, const char *text)
{
    answer_explain(&r->answer, ede, text);
    return RCODE_REFUSED;
}

/* Types that can stand in no zone (RFC 6895 section 3.1). */
static bool is_meta_type(uint16_t type)
{
    return type == TYPE_OPT || (type >= TYPE_NXNAME && type < TYPE_IXFR);
}

/* What only the control thread can do, or what `rcode` says instead. */
static unsigned hand_over(struct respond *r, unsigned rcode, struct dns_task *task)
{
    if (!task)
        return rcode;
    r->worker->task = task;
    return RCODE_TASK;
}

static unsigned answer_update(struct respond *r, const struct query *q)
{
    struct dns_task *task = NULL;
    unsigned rcode = update_admit(r, q, &task);
    return hand_over(r, rcode, task);
}

static unsigned answer_transfer(struct respond *r, const struct query *q)
{
    struct dns_task *task = NULL;
    respond_expire(r, q, dns_zone_of(r->dns, &q->name)); /* before the task takes the options */
    unsigned rcode = transfer_admit(r, q, &task);
    if (!task)
        r->answer.has_expire = false;
    return hand_over(r, rcode, task);
}

static unsigned answer_question(struct respond *r, const struct query *q)
{
    if (is_meta_type(q->type)) {
        answer_explain(&r->answer, EDE_INVALID_QUERY_TYPE, "no type to ask for");
        return RCODE_FORMERR;
    }
    if (q->class == CLASS_CH && chaos_respond(r))
        return RCODE_NOERROR;
    if (q->class != CLASS_IN) {
        const char *untold = q->class == CLASS_CH ? chaos_untold(r) : NULL;
        return refuse(r, untold ? EDE_PROHIBITED : EDE_NOT_SUPPORTED,
                      untold ? untold : "class IN only");
    }
    if (q->type == TYPE_AXFR || q->type == TYPE_IXFR)
        return answer_transfer(r, q);
    if (q->type == TYPE_MAILA || q->type == TYPE_MAILB) { /* obsolete: RFC 1035 section 3.2.3 */
        answer_explain(&r->answer, EDE_NOT_SUPPORTED, "an obsolete type");
        return RCODE_NOTIMP;
    }
    respond_place(r, q);
    return respond_name(r);
}

/* RFC 6891 section 6.1.3: whatever else is asked for. */
static bool is_bad_version(const struct query *q)
{
    return q->has_opt && q->edns_version != 0;
}

static unsigned answer_opcode(struct respond *r, const struct query *q)
{
    if (q->opcode == OPCODE_NOTIFY)
        return refuse(r, EDE_PROHIBITED, "this is the primary of its zones");
    answer_explain(&r->answer, EDE_NOT_SUPPORTED, "no such opcode");
    return RCODE_NOTIMP;
}

static unsigned answer_message(struct respond *r, const struct query *q, enum query_verdict verdict)
{
    unsigned rcode;
    if (verdict == QUERY_MALFORMED) {
        answer_explain(&r->answer, EDE_OTHER, "malformed message");
        return RCODE_FORMERR;
    }
    if (q->has_options)
        respond_options(r, q);
    if (q->tsig_at && !respond_signed(r, q, &rcode))
        return rcode;
    if (verdict == QUERY_OTHER_OPCODE)
        return answer_opcode(r, q);
    if (is_bad_version(q))
        return RCODE_BADVERS;
    if (verdict == QUERY_COOKIE)
        return respond_cookie_alone(r);
    if (verdict == QUERY_UPDATE)
        return answer_update(r, q);
    rcode = answer_question(r, q);
    if (q->type == TYPE_SOA && rcode == RCODE_NOERROR)
        respond_expire(r, q, r->looked_up ? r->found.zone : NULL);
    return rcode;
}

/* ---- what was left out -------------------------------------------------------------------- */

void respond_expect_cut(struct respond *r)
{
    if (r->request->transport == DNS_TCP)
        answer_keep_room(&r->answer);
}

void respond_cut(struct respond *r, uint32_t sent, uint32_t count)
{
    char text[sizeof(r->answer.ede_text)];
    if (r->request->transport == DNS_UDP) {
        r->answer.truncated = true;
        return;
    }
    if (count)
        snprintf(text, sizeof(text), "a sample: %u of %u records fit a message", sent, count);
    else
        snprintf(text, sizeof(text), "a sample: %u records fit a message", sent);
    answer_explain(&r->answer, EDE_OTHER, text);
}

/* ---- around it ---------------------------------------------------------------------------- */

static uint16_t configured_size(const struct dns_config *config, const struct addr *from)
{
    for (size_t i = 0; i < config->udp_size_count; i++)
        if (network_has(&config->udp_sizes[i].from, from))
            return config->udp_sizes[i].size;
    return config->udp_max_size ? config->udp_max_size : DNS_UDP_DEFAULT;
}

/* How large the answer may be. */
static size_t limit_of(const struct dns *dns, const struct dns_request *request,
                       const struct query *q, size_t size)
{
    size_t limit = DNS_TCP_LIMIT;
    if (request->transport == DNS_UDP) {
        limit = DNS_UDP_MIN;
        if (q->has_opt && q->edns_size > DNS_UDP_MIN) {
            size_t allowed = configured_size(&dns->config, &request->from.addr);
            limit = q->edns_size < allowed ? q->edns_size : allowed;
        }
        if (limit < DNS_UDP_MIN)
            limit = DNS_UDP_MIN;
    }
    return limit < size ? limit : size;
}

static enum dns_type_count counted_as(uint16_t type)
{
    switch (type) {
    case TYPE_A: return DNS_COUNT_A;
    case TYPE_AAAA: return DNS_COUNT_AAAA;
    case TYPE_SRV: return DNS_COUNT_SRV;
    case TYPE_TXT: return DNS_COUNT_TXT;
    case TYPE_SOA: return DNS_COUNT_SOA;
    case TYPE_NS: return DNS_COUNT_NS;
    case TYPE_PTR: return DNS_COUNT_PTR;
    case TYPE_ANY: return DNS_COUNT_ANY;
    default: return DNS_COUNT_OTHER;
    }
}

static size_t drop(struct dns_worker *worker, enum dns_drop why)
{
    counter_up(&worker->counters.drops[why]);
    return 0;
}

static void count(struct dns_counters *c, const struct respond *r, enum query_verdict verdict,
                  unsigned rcode, size_t size)
{
    counter_up(&c->queries[r->request->transport]);
    if (verdict == QUERY_GOOD)
        counter_up(&c->types[counted_as(r->type)]);
    if (!size) /* held back by rates, no memory to sign it, or a task: counted at its answer */
        return;
    counter_up(&c->rcodes[rcode]);
    counter_add(&c->truncated, r->answer.truncated);
    counter_add(&c->answer_bytes, size);
    counter_up(&c->sizes[dns_size_bucket(size)]);
}

static void begin(struct respond *r, const struct dns *dns, struct dns_worker *worker,
                  const struct dns_request *request, const struct query *query)
{
    r->dns = dns;
    r->worker = worker;
    r->request = request;
    r->type = query->type;
    r->owner = HEADER_SIZE;
    r->name = &query->name;
    r->target_count = 0;
    r->stale = 0;
    r->place = NULL;
    r->trusted = r->looked_up = r->answers_only = false;
}

/* The size of the answer, 0 = there is none. */
static size_t end(struct respond *r, unsigned rcode, unsigned *said)
{
    size_t size = 0;
    *said = rcode;
    if (rcode != RCODE_TASK && respond_rate(r, said))
        size = respond_sign(r, answer_end(&r->answer, *said));
    if (r->answer.tsig)
        tsig_end(&r->tsig);
    return size;
}

/* `ahead`: what is known of the query beyond itself; NULL = nothing. */
static size_t respond_parsed(struct respond *r, const struct dns *dns, struct dns_worker *worker,
                             const struct dns_request *request, const struct query *query,
                             enum query_verdict verdict, const struct ahead *ahead, uint8_t *out,
                             size_t size)
{
    if (worker->task) /* nobody took it */
        dns_task_free(dns_worker_take_task(worker));
    if (size < DNS_UDP_MIN)
        return 0;
    if (request->from.port == 0)
        return drop(worker, DNS_DROP_PORT);
    if (verdict == QUERY_SHORT)
        return drop(worker, DNS_DROP_SHORT);
    if (verdict == QUERY_RESPONSE)
        return drop(worker, DNS_DROP_RESPONSE);
    unsigned rcode;
    begin(r, dns, worker, request, query);
    r->ahead = ahead;
    answer_begin(&r->answer, query, out, limit_of(dns, request, query, size));
    size_t written = end(r, answer_message(r, query, verdict), &rcode);
    count(&worker->counters, r, verdict, rcode, written);
    return written;
}

size_t respond(struct respond *r, const struct dns *dns, struct dns_worker *worker,
               const struct dns_request *request, struct query *query, uint8_t *out, size_t size)
{
    enum query_verdict verdict = query_parse(request->bytes, request->size, query);
    return respond_parsed(r, dns, worker, request, query, verdict, NULL, out, size);
}

size_t dns_respond(const struct dns *dns, struct dns_worker *worker,
                   const struct dns_request *request, uint8_t *out, size_t size)
{
    struct respond r; /* not zeroed, nor is the query: each part sets what it hands on */
    struct query query;
    return respond(&r, dns, worker, request, &query, out, size);
}

size_t dns_respond_to(const struct dns *dns, struct dns_worker *worker, size_t n, uint8_t *out,
                      size_t size)
{
    struct respond r;
    const struct ahead *a = &worker->ahead[n];
    ahead_go_on(a);
    return respond_parsed(&r, dns, worker, a->request, &a->query, a->verdict, a, out, size);
}
