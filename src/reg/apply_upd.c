#include "reg/apply.h"
#include "reg/fields.h"
#include "reg/reply.h"

/* A pair without a value is taken away. */
static enum refusal merge_metadata(struct params *p, struct record *r)
{
    for (unsigned i = 0; i < p->metadata_count; i++) {
        struct pair pair = p->metadata[i];
        if (pair.value.n == 0)
            record_drop_pair(r, pair.key);
        else if (record_set_pair(r, pair) != ERR_OK)
            return params_fault_text(p, (struct text){pair.key.s - 2, pair.key.n + 2}, REFUSE_BIG);
    }
    return REFUSE_NOT;
}

static enum refusal merge(struct call *c, struct record *record)
{
    enum refusal refusal = fields_changes(c, record);
    if (!refusal)
        refusal = merge_metadata(&c->params, record);
    const char *fault = refusal ? NULL : record_fault(record);
    return fault ? params_fault_text(&c->params, text_of(fault), REFUSE_VALUE) : refusal;
}

void apply_upd(struct call *c)
{
    struct fields_room id_room;
    struct instance_key key;
    struct record record;
    struct granted granted = {0};
    char room[RECORD_TEXT_MAX];
    if (!apply_key(c, &id_room, &key))
        return;
    const struct instance *instance = registry_instance(c->reg->registry, key);
    if (!instance) {
        apply_refuse(c, REFUSE_GONE);
        return;
    }
    instance_read(instance, &record);
    /* The update may move the registry's memory. */
    enum refusal refusal = record_hold(&record, room) ? REFUSE_BIG : merge(c, &record);
    if (refusal) {
        apply_refuse(c, refusal);
        return;
    }
    enum err e = registry_update(c->reg->registry, &record, &c->who, c->now, &granted);
    if (e) {
        apply_error(c, e, granted.rev);
        return;
    }
    reply_ok(c);
    apply_reply_rev(c, granted.rev);
    apply_reply_durability(c);
}
