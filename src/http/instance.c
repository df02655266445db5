#include "http/instance.h"

#include <inttypes.h>

bool instance_is_live(const struct instance_state *state, struct moment now)
{
    return state->status == STATUS_UP && !state->stale && state->deadline_ms > now.lease_ms;
}

static json_t *json_text(struct text t)
{
    return json_stringn(t.n ? t.s : "", t.n);
}

json_t *instance_number(uint64_t n)
{
    return n <= INT64_MAX ? json_integer((json_int_t)n) : json_sprintf("%" PRIu64, n);
}

/* Memory lacked: drops what was made so far. */
static json_t *nothing(json_t *json)
{
    json_decref(json);
    return NULL;
}

/* Takes the reference; NULL fails. */
static int add(json_t *to, const char *key, json_t *value)
{
    return json_object_set_new_nocheck(to, key, value);
}

static json_t *addresses(const struct record *r)
{
    json_t *all = json_array();
    char text[ADDR_TEXT];

    for (unsigned n = 0; n < r->address_count; n++)
        if (json_array_append_new(all, json_string(addr_format(&r->addresses[n], text))) < 0)
            return nothing(all);
    return all;
}

static json_t *ports(const struct record *r)
{
    json_t *all = json_array();

    for (unsigned n = 0; n < r->port_count; n++) {
        const struct port *p = &r->ports[n];
        if (json_array_append_new(all,
                                  json_pack("{s:o, s:i, s:s}", "name", json_text(p->name), "number",
                                            p->number, "protocol", protocol_text(p->protocol))) < 0)
            return nothing(all);
    }
    return all;
}

static json_t *tags(const struct record *r)
{
    json_t *all = json_array();

    for (unsigned n = 0; n < r->tag_count; n++)
        if (json_array_append_new(all, json_text(r->tags[n])) < 0)
            return nothing(all);
    return all;
}

static json_t *metadata(const struct record *r)
{
    json_t *all = json_object();
    char key[METADATA_KEY_MAX + 1];

    for (unsigned n = 0; n < r->metadata_count; n++)
        if (text_copy(r->metadata[n].key, key, sizeof(key)) != ERR_OK ||
            json_object_set_new(all, key, json_text(r->metadata[n].value)) < 0)
            return nothing(all);
    return all;
}

json_t *instance_override_json(const struct override *o)
{
    json_t *all = json_object();
    int failed = 0;

    if (o->drain)
        failed |= add(all, "drain", json_true());
    if (o->weight_set)
        failed |= add(all, "weight", instance_number(o->weight));
    if (o->status_set)
        failed |= add(all, "status", json_string(status_text(o->status)));
    return failed ? nothing(all) : all;
}

/* What it says of itself, where that is not what is in force; NULL fails. */
static json_t *said(const struct record *r, bool overridden)
{
    json_t *weight = r->weight_set ? json_integer(r->weight) : json_null();

    return overridden ? json_pack("{s:s, s:o}", "status", status_text(r->status), "weight", weight)
                      : json_pack("{s:o}", "weight", weight);
}

static json_t *expires_in(const struct instance_state *state, struct moment now)
{
    if (state->deadline_ms == UINT64_MAX)
        return json_null();
    return instance_number(state->deadline_ms > now.lease_ms ? state->deadline_ms - now.lease_ms
                                                             : 0);
}

static int add_word(json_t *to, const struct record *r, const struct instance_state *state,
                    struct moment now)
{
    int failed = 0;

    failed |= add(to, "id", json_text(r->id));
    failed |= add(to, "status", json_string(status_text(state->status)));
    failed |= add(to, "live", json_boolean(instance_is_live(state, now)));
    failed |= add(to, "stale", json_boolean(state->stale));
    failed |= add(to, "weight", instance_number(state->weight));
    failed |= add(to, "priority", instance_number(r->priority));
    failed |= add(to, "addresses", addresses(r));
    failed |= add(to, "ports", ports(r));
    failed |= add(to, "version", json_text(r->version));
    failed |= add(to, "zone", json_text(r->zone));
    failed |= add(to, "region", json_text(r->region));
    failed |= add(to, "cluster", json_text(r->cluster));
    failed |= add(to, "tags", tags(r));
    failed |= add(to, "metadata", metadata(r));
    return failed;
}

static int add_terms(json_t *to, const struct record *r, const struct instance_state *state,
                     struct moment now)
{
    const struct override *o = &state->override;
    bool overridden = o->drain || o->weight_set || o->status_set;
    char owner[PRINCIPAL_TEXT];
    int failed = 0;

    failed |= add(to, "lease", r->lease_s ? instance_number(r->lease_s) : json_null());
    failed |= add(to, "ttl", r->ttl == TTL_UNSET ? json_null() : json_integer(r->ttl));
    failed |= add(to, "group", json_text(r->group));
    failed |= add(to, "rev", instance_number(r->rev));
    failed |= add(to, "owner", json_string(principal_format(&state->owner, owner)));
    if (overridden)
        failed |= add(to, "override", instance_override_json(o));
    if (overridden || !r->weight_set)
        failed |= add(to, "said", said(r, overridden));
    failed |= add(to, "expires_in_ms", expires_in(state, now));
    failed |= add(to, "registered_ms", instance_number(state->registered_ms));
    failed |= add(to, "up_ms", instance_number(state->up_ms));
    failed |= add(to, "renewed_ms", instance_number(state->renewed_ms));
    failed |= add(to, "dirty_ms", instance_number(state->dirty_ms));
    failed |= add(to, "latest_ms", instance_number(state->latest_ms));
    return failed;
}

json_t *instance_json(const struct instance *instance, struct moment now)
{
    struct record record;
    struct instance_state state;
    json_t *json = json_object();

    instance_read(instance, &record);
    instance_state(instance, &state);
    if (add_word(json, &record, &state, now) == 0 && add_terms(json, &record, &state, now) == 0)
        return json;
    return nothing(json);
}
