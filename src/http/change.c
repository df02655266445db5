/* What is done with one instance that is there: GET, PATCH, DELETE
 * /v1/services/S/instances/I, and POST .../renew. */
#include <event2/buffer.h>

#include "http/body.h"
#include "http/instance.h"
#include "http/later.h"
#include "http/record_body.h"
#include "http/reply.h"
#include "http/version.h"
#include "http/write.h"

/* ---- GET ---------------------------------------------------------------------------- */

void instance_get(struct call *call)
{
    const struct http_backend *backend = &call->http->backend;
    struct instance_names names;
    struct instance_state state;

    instance_names_of(call, &names);
    const struct instance *i = registry_instance(backend->registry, names.key);
    if (!i) {
        write_not_found(call, names.key);
        return;
    }
    instance_state(i, &state);
    if (!version_is_known(call, state.index))
        reply_json(call, instance_json(i, backend->now(backend->context)));
}

/* ---- PATCH -------------------------------------------------------------------------- */

static void update(struct call *call, const struct record *record)
{
    const struct http_backend *backend = &call->http->backend;
    struct principal who = write_principal(call);
    struct granted granted = {0};

    backend->begin(backend->context);
    enum err err =
        registry_update(backend->registry, record, &who, backend->now(backend->context), &granted);
    if (err)
        write_refuse(call, err, granted.rev);
    else
        write_finish(call, &granted);
}

static void read_and_update(struct call *call, const struct instance *i, const json_t *json)
{
    struct record_body b = {.room_used = 0};
    char room[RECORD_TEXT_MAX];

    instance_read(i, &b.record);
    b.record.rev = 0;
    if (record_hold(&b.record, room) != ERR_OK)
        write_refuse(call, ERR_MEMORY, 0);
    else if (record_body_merge(&b, json) && record_body_check(&b))
        update(call, &b.record);
    else
        reply_problem(call->http, call->request, 422, "%s", b.fault);
}

void instance_patch(struct call *call)
{
    struct instance_names names;

    instance_names_of(call, &names);
    if (!write_is_allowed(call, names.key))
        return;
    const struct instance *i = registry_instance(call->http->backend.registry, names.key);
    if (!i) {
        write_not_found(call, names.key);
        return;
    }
    json_t *json = body_object(call);
    if (json)
        read_and_update(call, i, json);
    json_decref(json);
}

/* ---- renewal ------------------------------------------------------------------------ */

/* A body is not needed; one that says something is not meant for this. */
static bool body_is_empty(struct call *call)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(call->request);
    json_t *json = evbuffer_get_length(body) ? body_read(call, NULL, 0) : json_object();

    json_decref(json);
    return json != NULL;
}

static json_t *renewed_json(struct call *call, const struct granted *granted)
{
    struct written written = written_of(call, granted);
    json_t *all = written.body;
    json_t *json = json_pack("{s:O, s:O, s:O, s:O, s:O}", "id", json_object_get(all, "id"), "lease",
                             json_object_get(all, "lease"), "renew_ms",
                             json_object_get(all, "renew_ms"), "rev", json_object_get(all, "rev"),
                             "expires_in_ms", json_object_get(all, "expires_in_ms"));

    json_decref(all);
    return json;
}

void instance_renew(struct call *call)
{
    const struct http_backend *backend = &call->http->backend;
    struct principal who = write_principal(call);
    struct instance_names names;
    struct granted granted = {0};

    instance_names_of(call, &names);
    if (!write_is_allowed(call, names.key) || !body_is_empty(call))
        return;
    backend->begin(backend->context);
    enum err err = registry_renew(backend->registry, names.key, &who,
                                  backend->now(backend->context), &granted);
    if (err == ERR_NOT_FOUND) {
        write_not_found(call, names.key);
    } else if (err) {
        write_refuse(call, err, 0);
    } else {
        json_t *json = renewed_json(call, &granted);
        uint64_t change = backend->wait(backend->context);
        backend->changed(backend->context);
        later_reply(call, change, 200, json);
    }
}

/* ---- DELETE ------------------------------------------------------------------------- */

static void refuse_owner(struct call *call)
{
    reply_problem_with(call, 403, json_pack("{s:s}", "why", "owner"),
                       "somebody else registered this instance and its lease still runs: see "
                       "\"owner\" of the instance. To take it out all the same: POST /v1/evict "
                       "with \"service\", \"instance\" and \"force\": true");
}

static void deregister(struct call *call, struct instance_key key, uint64_t rev)
{
    const struct http_backend *backend = &call->http->backend;
    struct principal who = write_principal(call);
    uint64_t stored = 0;

    backend->begin(backend->context);
    enum err err = registry_deregister(backend->registry, key, rev, &who,
                                       backend->now(backend->context), &stored);
    if (err == ERR_NOT_FOUND) {
        write_not_found(call, key);
    } else if (err == ERR_OWNER) {
        refuse_owner(call);
    } else if (err) {
        write_refuse(call, err, stored);
    } else {
        uint64_t change = backend->wait(backend->context);
        backend->changed(backend->context);
        later_reply(call, change, 204, NULL);
    }
}

void instance_delete(struct call *call)
{
    struct text wanted = uri_query_get(&call->query, "rev");
    struct instance_names names;
    uint64_t rev = 0;

    instance_names_of(call, &names);
    if (!write_is_allowed(call, names.key))
        return;
    if (wanted.s && text_number(wanted, UINT64_MAX, &rev) != ERR_OK)
        reply_problem(call->http, call->request, 400, "rev is a whole number");
    else
        deregister(call, names.key, rev);
}
