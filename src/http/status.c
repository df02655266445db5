/* GET /v1/status: what the registry counts, and what the server adds. */
#include "http/guard.h"
#include "http/reply.h"

static json_t *by_status(const struct registry_totals *t)
{
    json_t *counts = json_object();
    for (int n = 0; n < STATUS_COUNT; n++)
        json_object_set_new(counts, status_text((enum status)n),
                            json_integer((json_int_t)t->by_status[n]));
    return counts;
}

void status_get(struct call *call)
{
    const struct http_backend *backend = &call->http->backend;
    struct registry_totals t = registry_totals(backend->registry);
    json_t *status = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I, "
        "s:o}",
        "status", "ok", "index", (json_int_t)registry_index(backend->registry), "services",
        (json_int_t)t.services, "instances", (json_int_t)t.instances, "live_up",
        (json_int_t)t.live_up, "stale", (json_int_t)t.stale, "groups", (json_int_t)t.groups,
        "tombstones", (json_int_t)t.tombstones, "overrides", (json_int_t)t.overrides,
        "registrations", (json_int_t)t.registrations, "renewals", (json_int_t)t.renewals,
        "deregistrations", (json_int_t)t.deregistrations, "evictions", (json_int_t)t.evictions,
        "guards_closed", (json_int_t)t.guards_closed, "brownouts", (json_int_t)t.brownouts, "guard",
        guard_summary(call->http), "leases", (json_int_t)t.leases, "by_status", by_status(&t));

    if (status && backend->status)
        backend->status(backend->context, status);
    reply_json(call, status);
}
