/* The verbs that steer eviction: guard and evict. */
#include "http_client.h"
#include "listing.h"
#include "table.h"
#include "words.h"

/* ---- guard ----------------------------------------------------------------------- */

TABLE_CELL(cell_zone, "zone")
TABLE_CELL(cell_on, "on")
TABLE_CELL(cell_since, "since")
TABLE_CELL(cell_hosts, "hosts")
TABLE_CELL(cell_late_hosts, "late_hosts")
TABLE_CELL(cell_limit, "late_hosts_max")
TABLE_CELL(cell_late, "late")
TABLE_CELL(cell_counted, "counted")

static const struct column zone_columns[] = {
    {"ZONE", cell_zone},         {"ON", cell_on},
    {"SINCE", cell_since},       {"HOSTS", cell_hosts},
    {"LATE", cell_late_hosts},   {"ON ABOVE", cell_limit},
    {"INSTANCES", cell_counted}, {"LATE INSTANCES", cell_late},
};

static void print_guard(const json_t *guard)
{
    char words[WORDS_MAX];
    json_int_t stale = json_integer_value(json_object_get(guard, "stale"));
    printf("guard %s\n", words_for_guard(guard, words));
    if (stale)
        printf("%" JSON_INTEGER_FORMAT " instances are stale\n", stale);
    table_print(json_object_get(guard, "zones"), zone_columns,
                sizeof(zone_columns) / sizeof(zone_columns[0]));
}

int verb_guard(struct arguments *a)
{
    json_t *guard = NULL;
    int code = a->mode ? http_send(a, EVHTTP_REQ_POST, "/v1/guard",
                                   json_pack("{s:s}", "mode", a->mode), 3, &guard)
                       : http_get(a, "/v1/guard", &guard);
    if (code == EXIT_DONE && json_is_string(json_object_get(guard, "next"))) {
        json_decref(guard);
        guard = NULL;
        code = listing_whole(a, "/v1/guard", "zones", &guard);
    }
    if (code == EXIT_DONE && a->json)
        json_print(guard);
    else if (code == EXIT_DONE)
        print_guard(guard);
    json_decref(guard);
    return code;
}

/* ---- evict ----------------------------------------------------------------------- */

static json_t *wish(const struct arguments *a)
{
    return json_pack("{s:s*, s:s*, s:s*, s:b}", "ns", a->ns, "service", a->service, "instance",
                     a->instance, "force", a->force);
}

int verb_evict(struct arguments *a)
{
    json_t *done = NULL;
    int code = http_send(a, EVHTTP_REQ_POST, "/v1/evict", wish(a), 30, &done);
    json_int_t n = json_integer_value(json_object_get(done, "evicted"));
    if (code == EXIT_DONE && a->json)
        json_print(done);
    else if (code == EXIT_DONE)
        printf("evicted %" JSON_INTEGER_FORMAT " instance%s\n", n, n == 1 ? "" : "s");
    json_decref(done);
    return code;
}
