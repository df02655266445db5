#include "reg/apply.h"
#include "reg/batch.h"
#include "reg/fields.h"
#include "reg/reply.h"

static enum refusal step(struct call *c, const struct batch_item *item, struct batch *batch)
{
    uint64_t stored;
    (void)batch;
    enum err e = registry_deregister(c->reg->registry, item->key, 0, &c->who, c->now, &stored);
    return e ? refusal_of(e) : REFUSE_NOT;
}

static void delete_items(struct call *c)
{
    struct batch batch;
    enum refusal refusal = batch_run(c, step, &batch);
    if (refusal) {
        batch_refuse(c, refusal);
        return;
    }
    reply_ok(c);
    batch_reply(c, &batch);
    apply_reply_durability(c);
}

static void delete_one(struct call *c)
{
    struct fields_room room;
    struct instance_key key;
    uint64_t rev = 0, stored = 0;
    if (!apply_key(c, &room, &key))
        return;
    enum refusal refusal = params_number(&c->params, PARAM_REV, 0, UINT64_MAX, &rev);
    if (refusal) {
        apply_refuse(c, refusal);
        return;
    }
    enum err e = registry_deregister(c->reg->registry, key, rev, &c->who, c->now, &stored);
    if (e) {
        apply_error(c, e, stored);
        return;
    }
    reply_ok(c);
    apply_reply_durability(c);
}

void apply_del(struct call *c)
{
    if (c->params.given[PARAM_GRP])
        apply_group_del(c);
    else if (c->message.has_items)
        delete_items(c);
    else
        delete_one(c);
}
