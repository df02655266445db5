#include "reg/fields.h"

#include "reg/lists.h"

enum { LEASE_WISH_MAX = 86400 }; /* seconds; the registry brings it into its range */

struct text fields_namespace(struct call *c)
{
    return c->params.given[PARAM_NS] ? params_lower(&c->params, PARAM_NS) : TEXT("default");
}

enum refusal fields_common(struct call *c)
{
    struct params *p = &c->params;
    uint64_t n;
    bool checked = c->id.n; /* before the sender was known, as cid and n with a signature */
    if (p->given[PARAM_ID] && !checked && !message_is_token(p->value[PARAM_ID], MESSAGE_ID_MAX))
        return params_fault(p, PARAM_ID, REFUSE_VALUE);
    if (c->has_n)
        return REFUSE_NOT;
    if (p->given[PARAM_CID] && !message_is_token(p->value[PARAM_CID], MESSAGE_CID_MAX))
        return params_fault(p, PARAM_CID, REFUSE_VALUE);
    return params_number(p, PARAM_N, 0, UINT64_MAX, &n);
}

enum param_key fields_key_fault(const struct instance_key *key)
{
    if (!text_is_label(key->ns, NAMESPACE_MAX))
        return PARAM_NS;
    if (!service_name_is_valid(key->service))
        return PARAM_SVC;
    if (!text_is_label(key->id, INSTANCE_ID_MAX))
        return PARAM_INST;
    return PARAM_COUNT;
}

static bool namespace_known(const struct call *c, struct text ns)
{
    const struct registry_config *config = registry_config_of(c->reg->registry);
    return !config->namespace_known || config->namespace_known(config->context, ns);
}

static enum refusal check_key(struct call *c, const struct instance_key *key)
{
    enum param_key fault = fields_key_fault(key);
    if (fault != PARAM_COUNT)
        return params_fault(&c->params, fault, REFUSE_VALUE);
    if (!namespace_known(c, key->ns))
        return params_fault(&c->params, PARAM_NS, REFUSE_VALUE);
    return REFUSE_NOT;
}

enum refusal fields_service(struct call *c, struct text *ns, struct text *service)
{
    *ns = fields_namespace(c);
    *service = params_lower(&c->params, PARAM_SVC);
    return check_key(c, &(struct instance_key){*ns, *service, TEXT("any")});
}

/* inst= or what stands for it; the record's addresses and ports must be there. */
static struct text instance_id(struct call *c, const struct record *record,
                               struct fields_room *room)
{
    if (c->params.given[PARAM_INST])
        return params_lower(&c->params, PARAM_INST);
    return record_default_id(record, room->id);
}

/* The id that follows from where it is. */
static enum refusal place_id(struct call *c, struct fields_room *room, struct text *out)
{
    struct record where = {0};
    enum refusal refusal = lists_addresses(c, &where);
    if (!refusal)
        refusal = lists_ports(c, &where);
    if (!refusal)
        *out = record_default_id(&where, room->id);
    return refusal;
}

enum refusal fields_key(struct call *c, struct fields_room *room, struct instance_key *out)
{
    struct params *p = &c->params;
    enum refusal refusal = REFUSE_NOT;
    *out = (struct instance_key){fields_namespace(c), params_lower(p, PARAM_SVC),
                                 params_lower(p, PARAM_INST)};
    if (p->given[PARAM_INST] && p->given[PARAM_PORT])
        return params_fault(p, PARAM_PORT, REFUSE_KEY);
    if (p->given[PARAM_INST] && p->given[PARAM_ADDR])
        return params_fault(p, PARAM_ADDR, REFUSE_KEY);
    if (!p->given[PARAM_INST] && !p->given[PARAM_PORT])
        return params_fault(p, PARAM_INST, REFUSE_VALUE);
    if (!p->given[PARAM_INST])
        refusal = place_id(c, room, &out->id);
    return refusal ? refusal : check_key(c, out);
}

static enum refusal take_status(struct params *p, struct record *record)
{
    if (p->given[PARAM_ST] && !status_parse(params_lower(p, PARAM_ST), &record->status))
        return params_fault(p, PARAM_ST, REFUSE_VALUE);
    return REFUSE_NOT;
}

static enum refusal take_numbers(struct params *p, struct record *record)
{
    uint64_t weight = record->weight, priority = record->priority;
    uint64_t ttl = (uint64_t)record->ttl, rev = 0;
    enum refusal refusal = params_number(p, PARAM_W, 0, UINT16_MAX, &weight);
    if (!refusal)
        refusal = params_number(p, PARAM_PRIO, 0, PRIORITY_MAX, &priority);
    if (!refusal)
        refusal = params_number(p, PARAM_TTL, 0, TTL_MAX, &ttl);
    if (!refusal)
        refusal = params_number(p, PARAM_REV, 0, UINT64_MAX, &rev);
    record->weight = (uint16_t)weight;
    record->weight_set |= p->given[PARAM_W];
    record->priority = (uint16_t)priority;
    record->ttl = (int)ttl;
    record->rev = rev;
    return refusal;
}

enum refusal fields_changes(struct call *c, struct record *record)
{
    struct params *p = &c->params;
    const struct {
        enum param_key key;
        struct text *field;
    } labels[] = {{PARAM_ZONE, &record->zone},
                  {PARAM_REGION, &record->region},
                  {PARAM_CLUSTER, &record->cluster}};
    enum refusal refusal = take_numbers(p, record);
    if (!refusal)
        refusal = take_status(p, record);
    for (size_t i = 0; i < ARRAY_COUNT(labels); i++) {
        if (p->given[labels[i].key])
            *labels[i].field = params_lower(p, labels[i].key);
    }
    if (p->given[PARAM_VER])
        record->version = p->value[PARAM_VER];
    if (!refusal && p->given[PARAM_TAGS])
        refusal = lists_tags(c, record);
    return refusal;
}

static enum refusal take_lease(struct params *p, struct record *record)
{
    uint64_t lease = 0;
    if (p->given[PARAM_LEASE] && text_is(params_lower(p, PARAM_LEASE), TEXT("static"))) {
        record->permanent = true;
        return REFUSE_NOT;
    }
    enum refusal refusal = params_number(p, PARAM_LEASE, 1, LEASE_WISH_MAX, &lease);
    record->lease_s = (uint32_t)lease;
    return refusal;
}

static enum refusal take_group(struct params *p, struct record *record)
{
    record->group = p->value[PARAM_GRP];
    if (p->given[PARAM_GRP] && record->group.n == 0)
        return params_fault(p, PARAM_GRP, REFUSE_VALUE);
    return REFUSE_NOT;
}

enum refusal fields_record(struct call *c, struct fields_room *room, struct record *out)
{
    struct params *p = &c->params;
    *out = (struct record){.ttl = TTL_UNSET};
    enum refusal refusal = lists_ports(c, out);
    if (!refusal)
        refusal = lists_addresses(c, out);
    if (refusal)
        return refusal;
    out->ns = fields_namespace(c);
    out->service = params_lower(p, PARAM_SVC);
    out->id = instance_id(c, out, room);
    refusal = check_key(c, &(struct instance_key){out->ns, out->service, out->id});
    if (!refusal)
        refusal = fields_changes(c, out);
    if (!refusal)
        refusal = take_lease(p, out);
    if (!refusal)
        refusal = take_group(p, out);
    if (refusal)
        return refusal;
    memcpy(out->metadata, p->metadata, p->metadata_count * sizeof(*p->metadata));
    out->metadata_count = p->metadata_count;
    const char *fault = record_fault(out);
    return fault ? params_fault_text(p, text_of(fault), REFUSE_VALUE) : REFUSE_NOT;
}

enum refusal fields_group(struct call *c, struct text *out)
{
    static const enum param_key others[] = {PARAM_SVC, PARAM_INST, PARAM_ADDR, PARAM_PORT,
                                            PARAM_REV};
    struct params *p = &c->params;
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        if (p->given[others[i]])
            return params_fault(p, others[i], REFUSE_KEY);
    }
    *out = p->value[PARAM_GRP];
    if (out->n == 0 || out->n > GROUP_MAX)
        return params_fault(p, PARAM_GRP, REFUSE_VALUE);
    return c->message.has_items ? REFUSE_SYNTAX : REFUSE_NOT;
}
