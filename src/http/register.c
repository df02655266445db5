/* POST /v1/services/S/instances and PUT /v1/services/S/instances/I: registers an instance, or
 * registers it again, which also renews it. */
#include <stdio.h>

#include "http/body.h"
#include "http/record_body.h"
#include "http/reply.h"
#include "http/write.h"

/* What an instance that names no address is registered with: the sender's; for loopback, of no
 * use to others, the one that the server has outwards. What is wrong with that, or NULL. */
static const char *add_own_address(struct call *call, struct record *r)
{
    const struct http_backend *backend = &call->http->backend;
    struct addr own = call->from, outward = {.family = FAMILY_NONE};

    if (call->is_local && backend->local_addr)
        outward = backend->local_addr(backend->context, (enum family)own.family);
    if (outward.family != FAMILY_NONE)
        own = outward;
    /* Through a proxy the sender is the proxy. */
    if (addr_is_loopback(&call->from) && !call->is_local)
        return "\"addresses\": name them, the request came through a proxy";
    if (own.family == FAMILY_NONE)
        return "\"addresses\": name them, the sender's is not known";
    r->addresses[0] = own;
    r->address_count = 1;
    return NULL;
}

/* What is missing, or does not go together. False: the words are in b->fault. */
static bool complete(struct call *call, struct record_body *b, struct instance_names *names)
{
    struct record *r = &b->record;

    const char *fault = r->address_count ? NULL : add_own_address(call, r);

    if (fault) {
        snprintf(b->fault, sizeof(b->fault), "%s", fault);
        return false;
    }
    if (names->key.id.n && r->id.n && !text_is(names->key.id, r->id)) {
        strcpy(b->fault, "\"id\" is another one than that of the path");
        return false;
    }
    if (names->key.id.n)
        r->id = names->key.id;
    else if (!r->id.n)
        r->id = record_default_id(r, names->id);
    return record_body_check(b);
}

/* False: the reply was sent, and the audit log told. */
static bool may_register_for(struct call *call, const struct record_body *b)
{
    if (!b->has_owner || call->has_token || b->owner.kind == PRINCIPAL_LOCAL)
        return true;
    struct instance_key key = {b->record.ns, b->record.service, b->record.id};
    write_tell(call, HTTP_DEED_DENIED, key, "for another, and without the admin token");
    reply_problem(call->http, call->request, 403,
                  "\"owner\": only the holder of the admin token may register for others");
    return false;
}

/* In whose name: who is named has not sent this, so its place is where the instance is. */
static struct principal owner_of(struct call *call, const struct record_body *b)
{
    struct principal owner = b->has_owner ? b->owner : write_principal(call);

    if (owner.addr.family == FAMILY_NONE)
        owner.addr = b->record.addresses[0];
    return owner;
}

static void apply(struct call *call, const struct record_body *b)
{
    const struct http_backend *backend = &call->http->backend;
    struct principal asker = write_principal(call), owner = owner_of(call, b);
    struct granted granted = {0};

    backend->begin(backend->context);
    enum err err = registry_register_for(backend->registry, &b->record, &owner, &asker,
                                         backend->now(backend->context), &granted);
    if (err)
        write_refuse(call, err, granted.rev);
    else
        write_finish(call, &granted);
}

/* `names` has no id: it is the body's, or derived. */
static void read_and_apply(struct call *call, struct instance_names *names)
{
    json_t *json = body_object(call);

    if (!json)
        return;
    struct record_body b = {
        .record = {.ttl = TTL_UNSET, .ns = names->key.ns, .service = names->key.service}};
    if (!record_body_read(&b, json) || !complete(call, &b, names) ||
        !record_body_has_ports(&b, json))
        reply_problem(call->http, call->request, 422, "%s", b.fault);
    else if (may_register_for(call, &b))
        apply(call, &b);
    json_decref(json);
}

void instance_post(struct call *call)
{
    struct instance_names names;

    instance_names_of(call, &names);
    names.key.id.n = 0;
    if (write_is_allowed(call, names.key))
        read_and_apply(call, &names);
}

void instance_put(struct call *call)
{
    struct instance_names names;

    instance_names_of(call, &names);
    if (write_is_allowed(call, names.key))
        read_and_apply(call, &names);
}
