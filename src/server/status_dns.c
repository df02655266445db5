#include "server/status_dns.h"

#include "server/core.h"
#include "server/sums.h"

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

json_t *status_listening(const struct listeners *listeners)
{
    json_t *list = json_array();
    char text[ENDPOINT_TEXT];
    for (size_t i = 0; i < listeners->count; i++)
        json_array_append_new(list, json_string(endpoint_format(&listeners->sets[i].local, text)));
    return list;
}

/* ---- what the workers counted -------------------------------------------------------- */

static json_t *by_name(const struct server *s)
{
    json_t *types = json_object();
    for (int i = 0; i < DNS_TYPE_COUNTS; i++)
        json_object_set_new(types, dns_type_count_text(i), number(SUM_AT(s, types, i)));
    return types;
}

static json_t *by_drop(const struct server *s)
{
    json_t *drops = json_object();
    for (int i = 0; i < DNS_DROPS; i++)
        json_object_set_new(drops, dns_drop_text(i), number(SUM_AT(s, drops, i)));
    json_object_set_new(drops, "reflected", number(SUM_UDP(s, reflected)));
    return drops;
}

static json_t *by_rcode(const struct server *s)
{
    json_t *rcodes = json_object();
    for (int i = 0; i < 24; i++) {
        char name[8];
        uint64_t n = SUM_AT(s, rcodes, i);
        snprintf(name, sizeof name, "%d", i);
        if (n)
            json_object_set_new(rcodes, name, number(n));
    }
    return rcodes;
}

static json_t *cookies(const struct server *s)
{
    return json_pack("{s:I,s:I,s:I}", "new", (json_int_t)SUM_AT(s, cookies, DNS_COOKIE_NEW), "good",
                     (json_int_t)SUM_AT(s, cookies, DNS_COOKIE_GOOD), "bad",
                     (json_int_t)SUM_AT(s, cookies, DNS_COOKIE_BAD));
}

static json_t *rrl(const struct server *s)
{
    return json_pack("{s:I,s:I,s:I}", "dropped", (json_int_t)SUM(s, rrl_dropped), "slipped",
                     (json_int_t)SUM(s, rrl_slipped), "logged", (json_int_t)SUM(s, rrl_logged));
}

/* ---- peers --------------------------------------------------------------------------- */

static json_t *transfers(const struct server *s, const struct tasks_report *tasks)
{
    return json_pack("{s:I,s:I,s:I,s:I}", "axfr", (json_int_t)SUM_AT(s, transfers, 0), "ixfr",
                     (json_int_t)SUM_AT(s, transfers, 1), "under_way",
                     (json_int_t)tasks->transfers_now, "refused",
                     (json_int_t)(tasks->refused_transfers + SUM(s, transfers_refused)));
}

static json_t *tasks(const struct server *s, const struct tasks_report *tasks)
{
    return json_pack("{s:I,s:I,s:I,s:I}", "submitted", (json_int_t)tasks->submitted, "refused",
                     (json_int_t)tasks->refused_full, "under_way", (json_int_t)tasks->under_way,
                     "held", (json_int_t)control_held_tasks(s->control));
}

static json_t *notify(const struct server *s)
{
    const struct notify_counters *n = notify_out_counters(s->notify);
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "sent", (json_int_t)n->sent, "retried",
                     (json_int_t)n->retried, "answered", (json_int_t)n->answered, "given_up",
                     (json_int_t)n->given_up, "send_failed", (json_int_t)n->send_failed, "waiting",
                     (json_int_t)notify_out_waiting(s->notify));
}

static json_t *dnstap(const struct server *s)
{
    uint64_t queries = 0, responses = 0, dropped = 0;
    for (size_t i = 0; i < s->worker_count && s->dnstap; i++) {
        const struct dnstap_counters *n = dnstap_counters(dnstap_tap(s->dnstap, (unsigned)i));
        queries += counter_get(&n->queries);
        responses += counter_get(&n->responses);
        dropped += counter_get(&n->dropped);
    }
    if (!s->dnstap)
        return json_null();
    return json_pack("{s:I,s:I,s:I}", "queries", (json_int_t)queries, "responses",
                     (json_int_t)responses, "dropped", (json_int_t)dropped);
}

static json_t *zone_list(const struct server *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->config->zone_count; i++) {
        const struct config_zone *zone = &s->config->zones[i];
        json_array_append_new(list,
                              json_pack("{s:s,s:s?,s:I}", "name", zone->name, "namespace", zone->ns,
                                        "serial", (json_int_t)dns_zone_serial(server_dns(s), i)));
    }
    return list;
}

/* ---- all ----------------------------------------------------------------------------- */

static void add_peers(const struct server *s, json_t *status)
{
    struct tasks_report report = tasks_report(s->tasks);
    json_object_set_new(status, "zone_list", zone_list(s));
    json_object_set_new(status, "cookies", cookies(s));
    json_object_set_new(status, "rrl", rrl(s));
    json_object_set_new(status, "tsig",
                        json_pack("{s:I,s:I}", "good", (json_int_t)SUM(s, tsig_good), "bad",
                                  (json_int_t)SUM(s, tsig_bad)));
    json_object_set_new(status, "transfers", transfers(s, &report));
    json_object_set_new(status, "tasks", tasks(s, &report));
    json_object_set_new(status, "notify", notify(s));
    json_object_set_new(status, "dnstap", dnstap(s));
}

json_t *status_dns(const struct server *s)
{
    struct dns_totals t = dns_totals(server_dns(s));
    json_t *status = json_object();
    json_object_set_new(status, "listen", status_listening(&s->dns_udp));
    json_object_set_new(status, "udp_queries", number(SUM_AT(s, queries, DNS_UDP)));
    json_object_set_new(status, "tcp_queries", number(SUM_AT(s, queries, DNS_TCP)));
    json_object_set_new(status, "types", by_name(s));
    json_object_set_new(status, "rcodes", by_rcode(s));
    json_object_set_new(status, "drops", by_drop(s));
    json_object_set_new(status, "kernel_drops", number(listeners_drops(&s->dns_udp)));
    json_object_set_new(status, "send_failed", number(SUM_UDP(s, send_failed)));
    json_object_set_new(status, "too_big", number(SUM_UDP(s, too_big)));
    json_object_set_new(status, "truncated", number(SUM(s, truncated)));
    json_object_set_new(status, "zones", number(t.zones));
    json_object_set_new(status, "names", number(t.names));
    json_object_set_new(status, "views", number(t.views));
    json_object_set_new(status, "view_bytes", number(t.view_bytes));
    json_object_set_new(status, "plain_records", number(dns_records_count(s->records)));
    json_object_set_new(status, "hidden_services", number(t.hidden_services));
    json_object_set_new(status, "serial", number(dns_serial(server_dns(s))));
    json_object_set_new(status, "tcp_connections", number(tcp_quota_count(s->tcp_quota)));
    add_peers(s, status);
    return status;
}
