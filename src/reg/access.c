#include "reg/access.h"

#include "reg/admit.h"

struct principal access_principal(const struct call *c)
{
    if (!c->key)
        return admit_principal(&c->reg->config, c->auth, &c->from.addr);
    struct principal who = {.kind = PRINCIPAL_KEY, .addr = c->from.addr, .quota = c->key->quota};
    _Static_assert(sizeof(who.name) >= sizeof(c->key->id), "a key id is a principal's name");
    memcpy(who.name, c->key->id, sizeof(c->key->id));
    return who;
}

static bool grants_verb(const struct reg_grant *grant, enum reg_verb verb)
{
    return verb == REG_HELLO || (grant->verbs >> verb & 1);
}

bool access_verb(const struct call *c)
{
    if (!c->key || c->verb == REG_HELLO)
        return true;
    for (size_t i = 0; i < c->key->grant_count; i++) {
        if (grants_verb(&c->key->grants[i], c->verb))
            return true;
    }
    return false;
}

static bool matches_any(char **globs, struct text ns, struct text service)
{
    char path[NAMESPACE_MAX + 1 + SERVICE_MAX];
    if (!globs || !*globs || ns.n + 1 + service.n > sizeof(path))
        return false;
    if (ns.n)
        memcpy(path, ns.s, ns.n);
    path[ns.n] = '/';
    if (service.n)
        memcpy(path + ns.n + 1, service.s, service.n);
    for (; *globs; globs++) {
        if (text_matches((struct text){path, ns.n + 1 + service.n}, *globs))
            return true;
    }
    return false;
}

static bool grant_covers(const struct reg_grant *grant, enum reg_verb verb, struct text ns,
                         struct text service)
{
    return grants_verb(grant, verb) && matches_any(grant->services, ns, service);
}

bool access_key_covers(const struct reg_key *key, enum reg_verb verb, struct text ns,
                       struct text service)
{
    for (size_t i = 0; i < key->grant_count; i++) {
        if (grant_covers(&key->grants[i], verb, ns, service))
            return true;
    }
    return false;
}

bool access_is_protected(const struct reg *reg, struct text ns, struct text service)
{
    return matches_any(reg->config.protected_services, ns, service);
}

/* Whatever can be read here can be read over DNS. */
static bool is_read(enum reg_verb verb)
{
    return verb == REG_GET || verb == REG_SUB;
}

static bool access_keyless(const struct call *c, struct text ns, struct text service)
{
    if (is_read(c->verb) || !access_is_protected(c->reg, ns, service))
        return true;
    admit_denied(c->reg, &c->who, ns, service);
    return false;
}

bool access_service(const struct call *c, struct text ns, struct text service)
{
    return c->key ? access_key_covers(c->key, c->verb, ns, service)
                  : access_keyless(c, ns, service);
}

static bool may_advertise(const struct call *c, const struct record *record, const struct addr *a)
{
    for (size_t i = 0; c->key && i < c->key->grant_count; i++) {
        const struct reg_grant *grant = &c->key->grants[i];
        if (!grant_covers(grant, c->verb, record->ns, record->service))
            continue;
        for (size_t k = 0; k < grant->advertise_count; k++) {
            if (network_has(&grant->advertise[k], a))
                return true;
        }
    }
    return false;
}

bool access_addresses(const struct call *c, const struct record *record)
{
    for (unsigned i = 0; !c->loopback && i < record->address_count; i++) {
        const struct addr *a = &record->addresses[i];
        if (!addr_is(a, &c->from.addr) && !may_advertise(c, record, a))
            return false;
    }
    return true;
}
