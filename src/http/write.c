#include "http/write.h"

#include <stdio.h>

#include "http/instance.h"
#include "http/later.h"
#include "http/name.h"
#include "http/reply.h"

enum { RENEW_PERCENT = 30 }; /* of its lease, after which an instance is to renew */

void instance_names_of(const struct call *call, struct instance_names *out)
{
    struct text ns = uri_query_get(&call->query, "ns");

    out->key = (struct instance_key){
        .ns = name_lower(ns.n ? ns : TEXT("default"), out->ns, sizeof(out->ns)),
        .service = name_lower(text_of(call->captured[0]), out->service, sizeof(out->service)),
        .id = name_lower(text_of(call->captured[1]), out->id, sizeof(out->id)),
    };
}

struct principal write_principal(const struct call *call)
{
    struct principal who = {.kind = PRINCIPAL_LOCAL, .addr = call->from};

    if (call->has_token) {
        who.kind = PRINCIPAL_NAME;
        strcpy(who.name, PRINCIPAL_TOKEN);
    }
    return who;
}

void write_tell(const struct call *call, enum http_deed_kind kind, struct instance_key key,
                const char *what)
{
    const struct http_backend *backend = &call->http->backend;
    struct http_deed deed = {kind, write_principal(call), call->from, key, what};

    if (backend->audit)
        backend->audit(backend->context, &deed);
}

bool write_is_allowed(struct call *call, struct instance_key key)
{
    const struct http_backend *backend = &call->http->backend;

    if (call->has_token || !backend->is_protected ||
        !backend->is_protected(backend->context, key.ns, key.service))
        return true;
    write_tell(call, HTTP_DEED_DENIED, key, "protected, and without the admin token");
    reply_problem(call->http, call->request, 403,
                  "this service is protected (registration.protected): over HTTP it may only be "
                  "touched with the admin token: Authorization: Bearer TOKEN");
    return false;
}

/* ---- refusals --------------------------------------------------------------------- */

static const struct {
    int status;
    const char *why, *words;
} refusals[ERR_COUNT] = {
    [ERR_VALUE] = {422, "namespace", "there is no such namespace here: see /v1/namespaces"},
    [ERR_OWNER] = {403, "owner",
                   "somebody else registered this instance and its lease still runs: see "
                   "\"owner\" of the instance"},
    [ERR_EXISTS] = {409, "name",
                    "the name is taken: by a static name of the zone file, or because the "
                    "instance a of the service b and the service a.b would be one name"},
    [ERR_FULL] = {507, "full",
                  "a limit of registrations is reached: see limits in the configuration"},
    [ERR_READONLY] = {503, "readonly",
                      "nothing new can be stored now (the disk fails or is behind): see "
                      "\"store\" in /v1/status; withdrawals are still taken"},
};

void write_refuse(struct call *call, enum err err, uint64_t rev)
{
    if (err == ERR_STALE) {
        reply_problem_with(call, 409,
                           json_pack("{s:s, s:o}", "why", "stale", "rev", instance_number(rev)),
                           "a larger rev is known, of the instance or of its deletion: send one "
                           "above \"rev\", or none");
    } else if (refusals[err].status) {
        if (refusals[err].status == 503)
            reply_header(call->request, "Retry-After", "2");
        reply_problem_with(call, refusals[err].status, json_pack("{s:s}", "why", refusals[err].why),
                           "%s", refusals[err].words);
    } else {
        reply_header(call->request, "Retry-After", "1");
        reply_problem(call->http, call->request, 503, "out of memory; try again later");
    }
}

void write_not_found(struct call *call, struct instance_key key)
{
    if (registry_service(call->http->backend.registry, key.ns, key.service))
        reply_problem(call->http, call->request, 404,
                      "the service has no such instance: see /v1/services/%.*s?ns=%.*s, and "
                      "register it (again) with PUT",
                      TEXT_ARG(key.service), TEXT_ARG(key.ns));
    else
        reply_problem(call->http, call->request, 404,
                      "no such service is known in this namespace: see /v1/services");
}

/* ---- success ------------------------------------------------------------------------ */

enum { PATH_SIZE = 320 };

/* /v1/services/S/instances/I of this instance, with ?ns= where that is not the default. */
static const char *path_of(struct instance_key key, char out[static PATH_SIZE])
{
    bool is_default = text_is(key.ns, TEXT("default"));

    snprintf(out, PATH_SIZE, "/v1/services/%.*s/instances/%.*s%s%.*s", TEXT_ARG(key.service),
             TEXT_ARG(key.id), is_default ? "" : "?ns=", is_default ? 0 : (int)key.ns.n,
             is_default ? "" : key.ns.s);
    return out;
}

static json_t *instance_written(struct call *call, const struct granted *granted)
{
    const struct http_backend *backend = &call->http->backend;
    json_t *json = instance_json(granted->instance, backend->now(backend->context));
    json_t *renew = granted->lease_s
                        ? json_integer((json_int_t)granted->lease_s * 1000 * RENEW_PERCENT / 100)
                        : json_null();

    if (json_object_set_new(json, "renew_ms", renew) == 0 &&
        json_object_set_new(json, "durability", json_string(backend->durability)) == 0)
        return json;
    json_decref(json);
    return NULL;
}

struct written written_of(struct call *call, const struct granted *granted)
{
    char path[PATH_SIZE], index[24];
    struct instance_state state;

    instance_state(granted->instance, &state);
    snprintf(index, sizeof(index), "%ju", (uintmax_t)state.index);
    reply_header(call->request, "X-Disc-Index", index);
    if (granted->created)
        reply_header(call->request, "Location", path_of(instance_key(granted->instance), path));
    return (struct written){instance_written(call, granted), granted->created ? 201 : 200};
}

void write_finish(struct call *call, const struct granted *granted)
{
    const struct http_backend *backend = &call->http->backend;
    struct written written = written_of(call, granted);
    uint64_t change = backend->wait(backend->context);

    backend->changed(backend->context);
    later_reply(call, change, written.status, written.body);
}
