/* GET, PUT, PATCH and DELETE /v1/services/S/instances/I/override: what the operator decided for
 * an instance, beside what it says of itself. The instance need not be there. */
#include <stdio.h>

#include "http/body.h"
#include "http/instance.h"
#include "http/later.h"
#include "http/reply.h"
#include "http/write.h"

enum { WORDS = 64 };

static const char *drain_of(const json_t *value, struct override *out)
{
    if (!json_is_boolean(value) && !json_is_null(value))
        return "\"drain\": expected true or false";
    out->drain = json_is_true(value);
    return NULL;
}

static const char *weight_of(const json_t *value, struct override *out)
{
    json_int_t n = json_integer_value(value);

    if ((!json_is_integer(value) && !json_is_null(value)) || n < 0 || n > UINT16_MAX)
        return "\"weight\": expected a whole number from 0 to 65535, or null to lift it";
    out->weight_set = !json_is_null(value);
    out->weight = (uint16_t)n;
    return NULL;
}

static const char *status_of(const json_t *value, struct override *out)
{
    const char *word = json_string_value(value);

    out->status_set = !json_is_null(value);
    if (out->status_set && !(word && status_parse(text_of(word), &out->status)))
        return "\"status\": expected \"up\", \"starting\", \"draining\" or \"down\", or null to "
               "lift it";
    return NULL;
}

static const struct body_member members[] = {
    {.name = "drain"}, {.name = "weight"}, {.name = "status"}};

/* Of known members, into what is there. What is wrong, or NULL. */
static const char *read_body(const json_t *json, struct override *out)
{
    static const char *(*const takes[])(const json_t *value,
                                        struct override *out) = {drain_of, weight_of, status_of};
    _Static_assert(ARRAY_COUNT(takes) == ARRAY_COUNT(members), "one for each member");

    for (size_t n = 0; n < ARRAY_COUNT(members); n++) {
        const json_t *value = json_object_get(json, members[n].name);
        const char *fault = value ? takes[n](value, out) : NULL;
        if (fault)
            return fault;
    }
    return NULL;
}

static const char *describe(const struct override *o, char out[static WORDS])
{
    int used = 0;

    if (o->drain)
        used += snprintf(out + used, WORDS - (size_t)used, " drain");
    if (o->weight_set)
        used += snprintf(out + used, WORDS - (size_t)used, " weight=%u", o->weight);
    if (o->status_set)
        used += snprintf(out + used, WORDS - (size_t)used, " status=%s", status_text(o->status));
    return used ? out + 1 : "lifted";
}

static bool is_nothing(const struct override *o)
{
    return !o->drain && !o->weight_set && !o->status_set;
}

static bool is_same(const struct override *a, const struct override *b)
{
    char words[2][WORDS];
    return strcmp(describe(a, words[0]), describe(b, words[1])) == 0;
}

/* Nothing is to be lifted of what is not there, by a slip of the pen. */
static bool is_pointless(struct call *call, struct instance_key key, const struct override *was,
                         const struct override *wanted)
{
    if (!is_nothing(was) || !is_nothing(wanted) ||
        registry_instance(call->http->backend.registry, key))
        return false;
    reply_problem(call->http, call->request, 404,
                  "nothing to lift: there is no such instance, and no override for one: see "
                  "/v1/overrides");
    return true;
}

/* Replies with `status`: what is in force now, or nothing with 204. The audit log is told of
 * what changes. */
static void apply(struct call *call, struct instance_key key, const struct override *wanted,
                  int status)
{
    const struct http_backend *backend = &call->http->backend;
    struct override was = registry_override_of(backend->registry, key);
    char words[WORDS];

    if (is_pointless(call, key, &was, wanted))
        return;
    backend->begin(backend->context);
    enum err err =
        registry_override(backend->registry, key, wanted, backend->now(backend->context));
    if (err == ERR_NOT_FOUND) {
        write_not_found(call, key);
    } else if (err) {
        write_refuse(call, err, 0);
    } else {
        json_t *json = status == 204 ? NULL : instance_override_json(wanted);
        if (!is_same(&was, wanted))
            write_tell(call, HTTP_DEED_OVERRIDE, key, describe(wanted, words));
        uint64_t change = backend->wait(backend->context);
        backend->changed(backend->context);
        later_reply(call, change, status, json);
    }
}

/* The names; false when the service is not known: the reply was sent. */
static bool find(struct call *call, struct instance_names *names)
{
    instance_names_of(call, names);
    if (registry_service(call->http->backend.registry, names->key.ns, names->key.service) &&
        text_is_label(names->key.id, INSTANCE_ID_MAX))
        return true;
    write_not_found(call, names->key);
    return false;
}

static void change(struct call *call, bool merge)
{
    struct instance_names names;
    struct override wanted = {0};

    if (!find(call, &names) || !write_is_allowed(call, names.key))
        return;
    if (merge)
        wanted = registry_override_of(call->http->backend.registry, names.key);
    json_t *json = body_object(call);
    bool known = json && body_is_known(call, json, members, ARRAY_COUNT(members));
    const char *fault = known ? read_body(json, &wanted) : NULL;
    if (fault)
        reply_problem(call->http, call->request, 422, "%s", fault);
    else if (known)
        apply(call, names.key, &wanted, 200);
    json_decref(json);
}

void overrides_get(struct call *call)
{
    struct instance_names names;

    if (!find(call, &names))
        return;
    struct override o = registry_override_of(call->http->backend.registry, names.key);
    reply_json(call, instance_override_json(&o));
}

void overrides_put(struct call *call)
{
    change(call, false);
}

void overrides_patch(struct call *call)
{
    change(call, true);
}

void overrides_delete(struct call *call)
{
    static const struct override none = {0};
    struct instance_names names;

    if (find(call, &names) && write_is_allowed(call, names.key))
        apply(call, names.key, &none, 204);
}
