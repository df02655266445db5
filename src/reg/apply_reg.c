#include "reg/access.h"
#include "reg/apply.h"
#include "reg/fields.h"
#include "reg/reply.h"

static enum refusal check(struct call *c, const struct record *record)
{
    if (!access_service(c, record->ns, record->service))
        return REFUSE_ACL;
    if (record->permanent && !(c->key && c->key->permanent))
        return params_fault(&c->params, PARAM_LEASE, REFUSE_ACL);
    return access_addresses(c, record) ? REFUSE_NOT : REFUSE_ADDR;
}

/* IPv6 without brackets: commas separate, and no port follows. */
static void reply_addresses(struct call *c, const struct record *record)
{
    char list[ADDRESSES_MAX * ADDR_TEXT], one[ADDR_TEXT];
    size_t used = 0;
    for (unsigned i = 0; i < record->address_count; i++) {
        struct text t = text_of(addr_format(&record->addresses[i], one));
        if (i)
            list[used++] = ',';
        memcpy(list + used, t.s, t.n);
        used += t.n;
    }
    reply_word(c, TEXT("addr"), (struct text){list, used});
}

static void reply_granted(struct call *c, const struct record *record,
                          const struct granted *granted)
{
    reply_ok(c);
    reply_word(c, TEXT("inst"), record->id);
    reply_addresses(c, record);
    if (granted->lease_s)
        reply_number(c, TEXT("lease"), granted->lease_s);
    else
        reply_word(c, TEXT("lease"), TEXT("static"));
    reply_renewal(c, granted->lease_s);
    apply_reply_rev(c, granted->rev);
    apply_reply_durability(c);
}

void apply_reg(struct call *c)
{
    struct fields_room room;
    struct record record;
    struct granted granted = {0};
    enum refusal refusal = c->message.has_items ? REFUSE_SYNTAX : fields_record(c, &room, &record);
    if (!refusal)
        refusal = check(c, &record);
    if (refusal) {
        apply_refuse(c, refusal);
        return;
    }
    enum err e = registry_register(c->reg->registry, &record, &c->who, c->now, &granted);
    if (e)
        apply_error(c, e, granted.rev);
    else
        reply_granted(c, &record, &granted);
}
