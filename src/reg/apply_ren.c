#include "reg/ahead.h"
#include "reg/apply.h"
#include "reg/batch.h"
#include "reg/fields.h"
#include "reg/reply.h"

static enum refusal step(struct call *c, const struct batch_item *item, struct batch *batch)
{
    struct granted granted;
    enum err e =
        registry_renew_seen(c->reg->registry, item->key, &item->sight, &c->who, c->now, &granted);
    if (e)
        return refusal_of(e);
    if (granted.lease_s && (!batch->lease_s || granted.lease_s < batch->lease_s))
        batch->lease_s = granted.lease_s;
    return REFUSE_NOT;
}

static void renew_items(struct call *c)
{
    struct batch batch;
    enum refusal refusal = batch_run(c, step, &batch);
    if (refusal) {
        batch_refuse(c, refusal);
        return;
    }
    reply_ok(c);
    batch_reply(c, &batch);
    reply_renewal(c, batch.lease_s);
    if (batch.gone.used)
        reply_wait(c);
}

static void renew_one(struct call *c)
{
    struct fields_room room;
    struct instance_key key;
    struct granted granted;
    if (!apply_key(c, &room, &key))
        return;
    const struct sight *seen = ahead_seen(c, &key);
    enum err e = seen ? registry_renew_seen(c->reg->registry, key, seen, &c->who, c->now, &granted)
                      : registry_renew(c->reg->registry, key, &c->who, c->now, &granted);
    if (e) {
        apply_error(c, e, 0);
        return;
    }
    reply_ok(c);
    reply_renewal(c, granted.lease_s);
}

void apply_ren(struct call *c)
{
    static const enum param_key group_only[] = {PARAM_CNT, PARAM_SUM};
    if (c->params.given[PARAM_GRP]) {
        apply_group_ren(c);
        return;
    }
    for (size_t i = 0; i < ARRAY_COUNT(group_only); i++) {
        if (c->params.given[group_only[i]]) {
            apply_refuse(c, params_fault(&c->params, group_only[i], REFUSE_KEY));
            return;
        }
    }
    if (c->message.has_items)
        renew_items(c);
    else
        renew_one(c);
}
