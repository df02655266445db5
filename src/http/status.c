/* GET /v1/status: what the registry counts, and what the server adds. */
#include "http/guard.h"
#include "http/reply.h"

void status_get(struct call *call)
{
    const struct http_backend *backend = &call->http->backend;
    struct registry_totals t = registry_totals(backend->registry);
    json_t *status = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
        "status", "ok", "index", (json_int_t)registry_index(backend->registry), "services",
        (json_int_t)t.services, "instances", (json_int_t)t.instances, "live_up",
        (json_int_t)t.live_up, "stale", (json_int_t)t.stale, "groups", (json_int_t)t.groups,
        "tombstones", (json_int_t)t.tombstones, "overrides", (json_int_t)t.overrides,
        "registrations", (json_int_t)t.registrations, "renewals", (json_int_t)t.renewals,
        "deregistrations", (json_int_t)t.deregistrations, "evictions", (json_int_t)t.evictions,
        "guards_closed", (json_int_t)t.guards_closed, "brownouts", (json_int_t)t.brownouts, "guard",
        guard_summary(call->http));

    if (status && backend->status)
        backend->status(backend->context, status);
    reply_json(call, status);
}
