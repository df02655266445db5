/* Metrics of the DNS server: what was asked and answered, and what is published. */
#include <stdio.h>

#include "server/metrics.h"
#include "server/sums.h"

static const char *const transports[] = {"udp", "tcp"};

/* ---- questions ------------------------------------------------------------------------ */

static void drops(const struct server *s, struct metrics *m)
{
    metric(m, "discd_dns_drops_total", METRIC_COUNTER,
           "DNS messages that got no answer: short, response, port (source port 0), reflected "
           "(sent by ourselves), kernel (the socket's buffer was full).");
    for (int i = 0; i < DNS_DROPS; i++)
        metric_value(m, "reason", text_of(dns_drop_text(i)), SUM_AT(s, drops, i));
    metric_value(m, "reason", TEXT("reflected"), SUM_UDP(s, reflected));
    metric_value(m, "reason", TEXT("kernel"), listeners_drops(&s->dns_udp));
}

void metrics_dns_queries(const struct server *s, struct metrics *m)
{
    metric(m, "discd_dns_queries_total", METRIC_COUNTER, "DNS messages that asked for something.");
    for (int i = DNS_UDP; i <= DNS_TCP; i++)
        metric_value(m, "transport", text_of(transports[i]), SUM_AT(s, queries, i));
    metric(m, "discd_dns_query_types_total", METRIC_COUNTER,
           "Well-formed DNS questions by their type.");
    for (int i = 0; i < DNS_TYPE_COUNTS; i++)
        metric_value(m, "type", text_of(dns_type_count_text(i)), SUM_AT(s, types, i));
    drops(s, m);
}

/* ---- answers -------------------------------------------------------------------------- */

/* Extended rcodes, from the registry that RFC 6895 section 2.3 began; NULL = not assigned to
 * answers. */
static const char *rcode_name(unsigned rcode)
{
    static const char *const names[] = {
        [0] = "NOERROR",  [1] = "FORMERR",  [2] = "SERVFAIL",   [3] = "NXDOMAIN", [4] = "NOTIMP",
        [5] = "REFUSED",  [6] = "YXDOMAIN", [7] = "YXRRSET",    [8] = "NXRRSET",  [9] = "NOTAUTH",
        [10] = "NOTZONE", [16] = "BADVERS", [23] = "BADCOOKIE",
    };
    return rcode < ARRAY_COUNT(names) ? names[rcode] : NULL;
}

static void rcodes(const struct server *s, struct metrics *m)
{
    metric(m, "discd_dns_responses_total", METRIC_COUNTER, "DNS answers by their code.");
    for (unsigned i = 0; i < 24; i++) {
        char other[16];
        const char *name = rcode_name(i);
        uint64_t n = SUM_AT(s, rcodes, i);
        snprintf(other, sizeof other, "RCODE%u", i);
        if (name || n)
            metric_value(m, "rcode", text_of(name ? name : other), n);
    }
}

static void sizes(const struct server *s, struct metrics *m)
{
    uint64_t counts[DNS_SIZE_BUCKETS + 1] = {0};
    double bounds[DNS_SIZE_BUCKETS];
    for (unsigned i = 0; i < DNS_SIZE_BUCKETS; i++) {
        counts[i] = SUM_AT(s, sizes, i);
        bounds[i] = 64 << i;
    }
    metric_histogram(m, "discd_dns_response_size_bytes",
                     "Sizes of DNS answers; of a zone transfer each message counts.", counts,
                     bounds, ARRAY_COUNT(counts), (double)SUM(s, answer_bytes));
}

void metrics_dns_answers(const struct server *s, struct metrics *m)
{
    rcodes(s, m);
    sizes(s, m);
    metric_one(m, "discd_dns_truncated_responses_total", METRIC_COUNTER,
               "DNS answers with TC set: not everything fitted.", SUM(s, truncated));
    metric_one(m, "discd_dns_shortened_responses_total", METRIC_COUNTER,
               "DNS answers that no interface took whole and that were sent shortened.",
               SUM_UDP(s, too_big));
    metric_one(m, "discd_dns_send_failures_total", METRIC_COUNTER,
               "DNS answers over UDP that could not be sent.", SUM_UDP(s, send_failed));
}

/* ---- rates, cookies, signatures --------------------------------------------------------- */

void metrics_dns_protection(const struct server *s, struct metrics *m)
{
    metric(m, "discd_dns_rate_limited_responses_total", METRIC_COUNTER,
           "DNS answers above the rate of their asker: dropped, slipped (sent truncated), or only "
           "logged.");
    metric_value(m, "action", TEXT("dropped"), SUM(s, rrl_dropped));
    metric_value(m, "action", TEXT("slipped"), SUM(s, rrl_slipped));
    metric_value(m, "action", TEXT("logged"), SUM(s, rrl_logged));
    metric(m, "discd_dns_cookies_total", METRIC_COUNTER,
           "DNS queries that carried a cookie: new (the client's alone), good, bad.");
    metric_value(m, "state", TEXT("new"), SUM_AT(s, cookies, DNS_COOKIE_NEW));
    metric_value(m, "state", TEXT("good"), SUM_AT(s, cookies, DNS_COOKIE_GOOD));
    metric_value(m, "state", TEXT("bad"), SUM_AT(s, cookies, DNS_COOKIE_BAD));
    metric(m, "discd_dns_tsig_total", METRIC_COUNTER, "Signed DNS requests by what TSIG said.");
    metric_value(m, "result", TEXT("good"), SUM(s, tsig_good));
    metric_value(m, "result", TEXT("bad"), SUM(s, tsig_bad));
}

/* ---- what is published -------------------------------------------------------------------- */

static void publish_latency(const struct server *s, struct metrics *m)
{
    const struct latency *l = control_publish_latency(s->control);
    uint64_t counts[LATENCY_BUCKETS];
    double bounds[LATENCY_BUCKETS];
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        counts[i] = counter_get(&l->buckets[i]);
        bounds[i] = (double)latency_bound_us(i) / 1e6;
    }
    metric_histogram(m, "discd_dns_publish_duration_seconds",
                     "How long it took to make a turn's changes visible in DNS.", counts, bounds,
                     LATENCY_BUCKETS, (double)counter_get(&l->sum_us) / 1e6);
}

void metrics_dns_published(const struct server *s, struct metrics *m)
{
    struct dns_totals t = dns_totals(server_dns(s));
    publish_latency(s, m);
    metric_one(m, "discd_dns_publications_total", METRIC_COUNTER,
               "Services whose answers were made anew.", t.publications);
    metric_one(m, "discd_dns_names", METRIC_GAUGE, "Names that DNS answers for.", t.names);
    metric_one(m, "discd_dns_views", METRIC_GAUGE, "Services that are published.", t.views);
    metric_one(m, "discd_dns_view_bytes", METRIC_GAUGE, "Memory of the finished answers.",
               t.view_bytes);
    metric_one(m, "discd_dns_plain_records", METRIC_GAUGE, "Records that DNS UPDATE made.",
               dns_records_count(s->records));
    metric_one(m, "discd_dns_hidden_services", METRIC_GAUGE,
               "Services that a static name of a zone file hides.", t.hidden_services);
    metric_one(m, "discd_dns_zones", METRIC_GAUGE, "Zones that are served.", t.zones);
}

void metrics_dns_zones(const struct server *s, struct metrics *m)
{
    metric(m, "discd_dns_zone_serial", METRIC_GAUGE, "SOA serial of a zone.");
    for (size_t i = 0; i < s->config->zone_count && i < METRICS_ZONES; i++)
        metric_value(m, "zone", text_of(s->config->zones[i].name),
                     dns_zone_serial(server_dns(s), i));
}
