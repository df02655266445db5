#include "reg/apply.h"
#include "reg/fields.h"
#include "reg/reply.h"

void apply_get(struct call *c)
{
    struct fields_room room;
    struct instance_key key;
    char text[REG_DATAGRAM_MAX];
    if (c->params.given[PARAM_GRP]) {
        apply_group_get(c);
        return;
    }
    if (c->params.given[PARAM_AFTER]) {
        apply_refuse(c, params_fault(&c->params, PARAM_AFTER, REFUSE_KEY));
        return;
    }
    if (!apply_key(c, &room, &key))
        return;
    const struct instance *instance = registry_instance(c->reg->registry, key);
    if (!instance) {
        apply_refuse(c, REFUSE_GONE);
        return;
    }
    reply_ok(c);
    size_t n = reg_format_instance(instance, true, text, sizeof(text));
    if (n == 0 || n + 1 > reply_left(c))
        reply_refuse(c, REFUSE_USETCP, NULL);
    else
        reply_text(c, (struct text){text, n});
}
