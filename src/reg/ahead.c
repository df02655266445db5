#include "reg/ahead.h"

static bool names_instance(enum reg_verb verb)
{
    return verb == REG_REN || verb == REG_REG || verb == REG_UPD || verb == REG_DEL;
}

void ahead_begin(struct call *c)
{
    const struct message *m = &c->message;
    enum reg_verb verb;
    if (m->has_items || message_verb(m->verb, &verb) || !names_instance(verb))
        return;
    struct text id = message_peek(m, TEXT("inst")), ns = message_peek(m, TEXT("ns"));
    if (id.n == 0)
        return;
    c->sighted =
        (struct instance_key){ns.n ? ns : TEXT("default"), message_peek(m, TEXT("svc")), id};
    registry_ahead(c->reg->registry, c->sighted, &c->sight);
}

void ahead_closer(struct call *c)
{
    registry_ahead_closer(c->reg->registry, &c->sight);
}

const struct sight *ahead_seen(const struct call *c, const struct instance_key *key)
{
    bool same = c->sight.hash && text_is(c->sighted.id, key->id) &&
                text_is(c->sighted.service, key->service) && text_is(c->sighted.ns, key->ns);
    return same ? &c->sight : NULL;
}
