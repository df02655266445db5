#include "reg/access.h"

#include <stdio.h>

struct principal access_principal(const struct call *c)
{
    struct principal who = {.addr = c->from.addr};
    if (c->key) {
        who.kind = PRINCIPAL_KEY;
        who.quota = c->key->quota;
        _Static_assert(sizeof(who.name) >= sizeof(c->key->id), "a key id is a principal's name");
        memcpy(who.name, c->key->id, sizeof(c->key->id));
    } else if (c->loopback) {
        who.kind = PRINCIPAL_LOCAL;
    } else {
        who.kind = PRINCIPAL_ADDRESS;
        who.quota = c->auth == REG_AUTH_OPEN ? 0 : c->reg->config.source_quota;
    }
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
    char path[NAMESPACE_MAX + 1 + SERVICE_MAX + 1];
    int n = snprintf(path, sizeof(path), "%.*s/%.*s", TEXT_ARG(ns), TEXT_ARG(service));
    if (n < 0 || (size_t)n >= sizeof(path))
        return false;
    for (; globs && *globs; globs++) {
        if (text_matches((struct text){path, (size_t)n}, *globs))
            return true;
    }
    return false;
}

static bool grant_covers(const struct call *c, const struct reg_grant *grant, struct text ns,
                         struct text service)
{
    return grants_verb(grant, c->verb) && matches_any(grant->services, ns, service);
}

bool access_service(const struct call *c, struct text ns, struct text service)
{
    if (!c->key) /* whatever can be read here can be read over DNS */
        return c->verb == REG_GET || !matches_any(c->reg->config.protected_services, ns, service);
    for (size_t i = 0; i < c->key->grant_count; i++) {
        if (grant_covers(c, &c->key->grants[i], ns, service))
            return true;
    }
    return false;
}

static bool may_advertise(const struct call *c, const struct record *record, const struct addr *a)
{
    for (size_t i = 0; c->key && i < c->key->grant_count; i++) {
        const struct reg_grant *grant = &c->key->grants[i];
        if (!grant_covers(c, grant, record->ns, record->service))
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
