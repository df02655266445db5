#include "reg/apply.h"

#include <stdio.h>

#include "reg/access.h"
#include "reg/fields.h"
#include "reg/reply.h"

void apply(struct call *c)
{
    static void (*const verbs[REG_VERB_COUNT])(struct call *) = {
        [REG_HELLO] = apply_hello, [REG_REG] = apply_reg, [REG_REN] = apply_ren,
        [REG_UPD] = apply_upd,     [REG_DEL] = apply_del, [REG_GET] = apply_get,
        [REG_SUB] = apply_sub,     [REG_ACK] = apply_ack, [REG_UNS] = apply_uns,
    };
    verbs[c->verb](c);
}

void apply_refuse(struct call *c, enum refusal refusal)
{
    reply_refuse(c, refusal, c->params.fault);
}

void apply_error(struct call *c, enum err err, uint64_t rev)
{
    /* Names and values were checked on the way: what is left is the namespace. */
    reply_refuse(c, refusal_of(err), err == ERR_VALUE ? params_key_text(PARAM_NS) : NULL);
    if (err == ERR_STALE)
        apply_reply_rev(c, rev);
}

bool apply_key(struct call *c, struct fields_room *room, struct instance_key *out)
{
    enum refusal refusal = c->message.has_items ? REFUSE_SYNTAX : fields_key(c, room, out);
    if (!refusal && !access_service(c, out->ns, out->service))
        refusal = REFUSE_ACL;
    if (refusal)
        apply_refuse(c, refusal);
    return !refusal;
}

void apply_reply_rev(struct call *c, uint64_t rev)
{
    reply_number(c, TEXT("rev"), rev);
}

void apply_reply_durability(struct call *c)
{
    reply_word(c, TEXT("dur"), text_of(c->reg->durability));
}

void apply_hello(struct call *c)
{
    const struct registry_config *config = registry_config_of(c->reg->registry);
    char seen[ENDPOINT_TEXT], range[3 * 10 + 2 + 1];
    uint64_t lease;
    enum refusal refusal = c->message.has_items ? REFUSE_SYNTAX : REFUSE_NOT;
    if (!refusal && !text_is(c->params.value[PARAM_LEASE], TEXT("static")))
        refusal = params_number(&c->params, PARAM_LEASE, 1, UINT32_MAX, &lease);
    if (refusal) {
        apply_refuse(c, refusal);
        return;
    }
    reply_ok(c);
    reply_number(c, TEXT("v"), 1);
    reply_number(c, TEXT("max"), REG_DATAGRAM_MAX);
    snprintf(range, sizeof(range), "%u-%u-%u", config->lease_min_s, config->lease_default_s,
             config->lease_max_s);
    reply_word(c, TEXT("lease"), text_of(range));
    reply_word(c, TEXT("seen"), text_of(endpoint_format(&c->from, seen)));
    reply_word(c, TEXT("f"), TEXT("batch,grp,hmac,sub"));
    c->cookie_due = true;
}
