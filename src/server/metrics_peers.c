/* Metrics of what goes beyond questions: TCP, transfers, updates, NOTIFY, dnstap. */
#include "server/metrics.h"
#include "server/sums.h"

void metrics_dns_tcp(const struct server *s, struct metrics *m)
{
    metric_one(m, "discd_dns_tcp_connections", METRIC_GAUGE, "DNS connections that are open.",
               tcp_quota_count(s->tcp_quota));
    metric_one(m, "discd_dns_tcp_accepted_total", METRIC_COUNTER,
               "DNS connections that were accepted.", SUM_TCP(s, accepted));
    metric(m, "discd_dns_tcp_closed_total", METRIC_COUNTER,
           "DNS connections that we ended: refused (too many), timed_out, for_others (to make "
           "room).");
    metric_value(m, "reason", TEXT("refused"), SUM_TCP(s, refused));
    metric_value(m, "reason", TEXT("timed_out"), SUM_TCP(s, timed_out));
    metric_value(m, "reason", TEXT("for_others"), SUM_TCP(s, closed_for_others));
}

static void transfers(const struct server *s, const struct tasks_report *report, struct metrics *m)
{
    metric(m, "discd_dns_transfers_total", METRIC_COUNTER, "Zone transfers that were begun.");
    metric_value(m, "kind", TEXT("axfr"), SUM_AT(s, transfers, 0));
    metric_value(m, "kind", TEXT("ixfr"), SUM_AT(s, transfers, 1));
    metric_one(m, "discd_dns_transfers_refused_total", METRIC_COUNTER,
               "Zone transfers that were refused.",
               report->refused_transfers + SUM(s, transfers_refused));
    metric_one(m, "discd_dns_transfers_in_progress", METRIC_GAUGE, "Zone transfers under way.",
               report->transfers_now);
}

void metrics_dns_tasks(const struct server *s, struct metrics *m)
{
    struct tasks_report report = tasks_report(s->tasks);
    transfers(s, &report, m);
    metric_one(m, "discd_dns_tasks_total", METRIC_COUNTER,
               "DNS requests handed to the control thread: updates and transfers.",
               report.submitted);
    metric_one(m, "discd_dns_tasks_refused_total", METRIC_COUNTER,
               "DNS requests that found its queue full.", report.refused_full);
    metric_one(m, "discd_dns_tasks_in_progress", METRIC_GAUGE, "Such requests under way.",
               report.under_way);
    metric_one(m, "discd_dns_tasks_held", METRIC_GAUGE, "Updates that wait for the disk.",
               control_held_tasks(s->control));
}

void metrics_dns_notify(const struct server *s, struct metrics *m)
{
    const struct notify_counters *n = notify_out_counters(s->notify);
    metric(m, "discd_dns_notify_total", METRIC_COUNTER,
           "NOTIFY messages to secondaries: sent, sent again, answered, given up, not sent.");
    metric_value(m, "event", TEXT("sent"), n->sent);
    metric_value(m, "event", TEXT("retried"), n->retried);
    metric_value(m, "event", TEXT("answered"), n->answered);
    metric_value(m, "event", TEXT("given_up"), n->given_up);
    metric_value(m, "event", TEXT("send_failed"), n->send_failed);
    metric_one(m, "discd_dns_notify_waiting", METRIC_GAUGE,
               "Secondaries that are to be told of a new serial or did not answer yet.",
               notify_out_waiting(s->notify));
}

static void tap_totals(const struct server *s, uint64_t out[static 3])
{
    for (size_t i = 0; i < s->worker_count && s->dnstap; i++) {
        const struct dnstap_counters *n = dnstap_counters(dnstap_tap(s->dnstap, (unsigned)i));
        out[0] += counter_get(&n->queries);
        out[1] += counter_get(&n->responses);
        out[2] += counter_get(&n->dropped);
    }
}

void metrics_dnstap(const struct server *s, struct metrics *m)
{
    uint64_t totals[3] = {0};
    tap_totals(s, totals);
    metric(m, "discd_dnstap_messages_total", METRIC_COUNTER, "DNS messages written to dnstap.");
    metric_value(m, "kind", TEXT("query"), totals[0]);
    metric_value(m, "kind", TEXT("response"), totals[1]);
    metric_one(m, "discd_dnstap_dropped_total", METRIC_COUNTER,
               "DNS messages that its reader was too slow for.", totals[2]);
}
