/* sub, ack, uns: message.h says what they do. */
#include "reg/access.h"
#include "reg/apply.h"
#include "reg/fields.h"
#include "reg/reply.h"

struct wish {
    struct text ns, service;
    struct subscription_name name;
    uint64_t lease_s, from;
};

static enum refusal read_name(struct call *c, struct subscription_name *out)
{
    struct params *p = &c->params;
    *out = (struct subscription_name){c->from.addr, p->value[PARAM_CID], p->value[PARAM_TOK]};
    if (!p->given[PARAM_CID]) /* else it is a good one */
        return params_fault(p, PARAM_CID, REFUSE_VALUE);
    if (out->tok.n < SUBSCRIPTION_TOKEN_MIN || !message_is_token(out->tok, SUBSCRIPTION_TOKEN_MAX))
        return params_fault(p, PARAM_TOK, REFUSE_VALUE);
    return REFUSE_NOT;
}

static enum refusal read_wish(struct call *c, struct wish *out)
{
    *out = (struct wish){.lease_s = SUBSCRIPTION_LEASE_DEFAULT_S};
    enum refusal refusal = c->message.has_items ? REFUSE_SYNTAX : REFUSE_NOT;
    if (!refusal)
        refusal = fields_service(c, &out->ns, &out->service);
    if (!refusal)
        refusal = read_name(c, &out->name);
    if (!refusal)
        refusal = params_number(&c->params, PARAM_LEASE, 1, UINT32_MAX, &out->lease_s);
    if (!refusal)
        refusal = params_number(&c->params, PARAM_FROM, 0, UINT64_MAX, &out->from);
    if (!refusal && !access_service(c, out->ns, out->service))
        refusal = REFUSE_ACL;
    if (out->lease_s < SUBSCRIPTION_LEASE_MIN_S)
        out->lease_s = SUBSCRIPTION_LEASE_MIN_S;
    if (out->lease_s > SUBSCRIPTION_LEASE_MAX_S)
        out->lease_s = SUBSCRIPTION_LEASE_MAX_S;
    return refusal;
}

/* May the sender refresh it in this way? */
static enum refusal check_refresh(struct call *c, const struct subscription *s,
                                  const struct wish *wish)
{
    if (s->is_signed != c->is_signed || (s->is_signed && s->signer.key != c->signer.key))
        return REFUSE_OWNER;
    if (!text_is(topic_namespace(s->topic), wish->ns) ||
        !text_is(topic_service(s->topic), wish->service))
        return params_fault(&c->params, PARAM_SVC, REFUSE_VALUE);
    return REFUSE_NOT;
}

static enum refusal enter(struct call *c, const struct wish *wish, struct subscription **out)
{
    struct reg *reg = c->reg;
    struct topics *topics = &reg->subscriptions.topics;
    struct subscription_limits limits = {reg->config.subscriptions_max,
                                         reg->config.source_subscriptions};
    struct topic *topic = topic_for_name(topics, reg->registry, wish->ns, wish->service);
    if (!topic)
        return REFUSE_BUSY;
    enum err e = subscription_new(&reg->subscriptions, topic, &wish->name, &limits, out);
    if (e)
        topic_drop_unused(topics, topic);
    return e ? refusal_of(e) : REFUSE_NOT;
}

static enum refusal find_or_enter(struct call *c, const struct wish *wish,
                                  struct subscription **out)
{
    if (!c->route)
        return REFUSE_BUSY;
    topics_notice(&c->reg->subscriptions.topics, c->reg->registry, c->now.lease_ms);
    *out = subscription_find(&c->reg->subscriptions, &wish->name);
    return *out ? check_refresh(c, *out, wish) : enter(c, wish, out);
}

static void reply_subscribed(struct call *c, const struct subscription *s, const struct wish *wish)
{
    const struct bulletin *b = s->bulletin;
    bool waits = subscription_waits(&c->reg->subscriptions, s);
    uint64_t seq = b ? b->seq : waits ? topic_index(s->topic, c->reg->registry) : s->seq;
    reply_ok(c);
    reply_number(c, TEXT("sub"), s->number);
    reply_number(c, TEXT("seq"), seq);
    reply_number(c, TEXT("lease"), wish->lease_s);
    reply_renewal(c, (uint32_t)wish->lease_s);
    reply_number(c, TEXT("full"), b ? b->whole : waits && (s->seq == 0 || s->seq > seq));
    if (b && b->whole)
        reply_number(c, TEXT("frag"), b->count);
}

void apply_sub(struct call *c)
{
    struct subscriptions *all = &c->reg->subscriptions;
    struct subscription *s;
    struct wish wish;
    enum refusal refusal = read_wish(c, &wish);
    if (!refusal)
        refusal = find_or_enter(c, &wish, &s);
    if (refusal) {
        apply_refuse(c, refusal);
        return;
    }
    s->to.port = c->from.port;
    s->is_signed = c->is_signed;
    s->signer = c->signer;
    memcpy(s->route, c->route, sizeof(s->route));
    enum err e = subscription_tell_from(all, s, c->reg->registry, wish.from);
    if (e) {
        subscription_free(all, s);
        reply_refuse(c, e == ERR_SPACE ? REFUSE_USETCP : REFUSE_BUSY, NULL);
        return;
    }
    subscription_grant(all, s, c->now.lease_ms + wish.lease_s * 1000);
    reply_subscribed(c, s, &wish);
}

void apply_ack(struct call *c)
{
    struct params *p = &c->params;
    uint64_t seq, frag = 1;
    enum refusal refusal = c->message.has_items ? REFUSE_SYNTAX : REFUSE_NOT;
    if (!refusal && !p->given[PARAM_SEQ])
        refusal = params_fault(p, PARAM_SEQ, REFUSE_VALUE);
    if (!refusal)
        refusal = params_number(p, PARAM_SEQ, 0, UINT64_MAX, &seq);
    if (!refusal)
        refusal = params_number(p, PARAM_FRAG, 1, BULLETIN_PAGES_MAX, &frag);
    if (!refusal && !c->subscription)
        refusal = REFUSE_GONE;
    if (refusal) {
        apply_refuse(c, refusal);
        return;
    }
    /* What was dropped under way for want of memory is still acknowledged: no fault of theirs. */
    if (!subscription_ack(&c->reg->subscriptions, c->subscription, seq, frag, c->now.lease_ms) &&
        !c->subscription->cut_short)
        policy_charge(&c->reg->policy, c->auth, &c->from.addr, c->now.lease_ms);
    reply_none(c);
}

void apply_uns(struct call *c)
{
    enum refusal refusal = c->message.has_items ? REFUSE_SYNTAX : REFUSE_NOT;
    if (!refusal && !c->subscription)
        refusal = REFUSE_GONE;
    if (refusal) {
        apply_refuse(c, refusal);
        return;
    }
    subscription_free(&c->reg->subscriptions, c->subscription);
    reply_ok(c);
}
