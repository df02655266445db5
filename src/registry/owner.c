#include "registry/owner.h"

#include <stdio.h>

static struct text name_of(const struct principal *p)
{
    return (struct text){p->name, strnlen(p->name, PRINCIPAL_NAME_MAX)};
}

bool principal_is(const struct principal *a, const struct principal *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case PRINCIPAL_LOCAL: return true;
    case PRINCIPAL_ADDRESS: return addr_is(&a->addr, &b->addr);
    case PRINCIPAL_KEY:
    case PRINCIPAL_NAME: break;
    }
    return text_is(name_of(a), name_of(b));
}

const char *principal_format(const struct principal *p, char out[static PRINCIPAL_TEXT])
{
    char addr[ADDR_TEXT];
    switch (p->kind) {
    case PRINCIPAL_LOCAL: snprintf(out, PRINCIPAL_TEXT, "local"); break;
    case PRINCIPAL_ADDRESS:
        snprintf(out, PRINCIPAL_TEXT, "addr:%s", addr_format(&p->addr, addr));
        break;
    case PRINCIPAL_KEY: snprintf(out, PRINCIPAL_TEXT, "key:%.*s", TEXT_ARG(name_of(p))); break;
    case PRINCIPAL_NAME:
        if (p->name[0] == PRINCIPAL_TOKEN[0])
            snprintf(out, PRINCIPAL_TEXT, "token:%.*s", PRINCIPAL_NAME_MAX - 1, p->name + 1);
        else
            snprintf(out, PRINCIPAL_TEXT, "name:%.*s", TEXT_ARG(name_of(p)));
        break;
    }
    return out;
}

/* Of keys and of names: nothing that a text of principals could not show. */
static bool take_name(struct text name, struct principal *out)
{
    if (name.n == 0 || name.n > PRINCIPAL_NAME_MAX)
        return false;
    for (size_t n = 0; n < name.n; n++)
        if (name.s[n] <= ' ' || name.s[n] > '~')
            return false;
    memcpy(out->name, name.s, name.n);
    return true;
}

static bool take_after_colon(struct text kind, struct text rest, struct principal *out)
{
    if (text_is(kind, TEXT("addr"))) {
        out->kind = PRINCIPAL_ADDRESS;
        return addr_parse(rest, &out->addr) == ERR_OK;
    }
    if (text_is(kind, TEXT("key"))) {
        out->kind = PRINCIPAL_KEY;
        return take_name(rest, out);
    }
    out->kind = PRINCIPAL_NAME;
    if (text_is(kind, TEXT("token")))
        return text_is(rest, text_of(&PRINCIPAL_TOKEN[1])) &&
               take_name(text_of(PRINCIPAL_TOKEN), out);
    return text_is(kind, TEXT("name")) && take_name(rest, out) &&
           out->name[0] != PRINCIPAL_TOKEN[0];
}

enum err principal_parse(struct text text, struct principal *out)
{
    struct text rest = text, kind = text_cut(&rest, ':');

    *out = (struct principal){.kind = PRINCIPAL_LOCAL};
    if (text_is(text, TEXT("local")) || (rest.s && take_after_colon(kind, rest, out)))
        return ERR_OK;
    return ERR_SYNTAX;
}

static uint64_t principal_hash(const struct hash_key *key, const struct principal *p)
{
    uint8_t bytes[1 + PRINCIPAL_NAME_MAX] = {(uint8_t)p->kind};
    struct text name = name_of(p);
    size_t n = 0;
    if (p->kind == PRINCIPAL_ADDRESS)
        memcpy(bytes + 1, p->addr.bytes, n = addr_size(&p->addr));
    else if (p->kind != PRINCIPAL_LOCAL)
        memcpy(bytes + 1, name.s, n = name.n);
    return hash_bytes(key, bytes, 1 + n);
}

static bool entry_is(const void *entry, const void *key)
{
    return owner_is(entry, key);
}

bool owner_is(const struct owner *owner, const struct principal *who)
{
    return principal_is(&owner->principal, who);
}

struct owner *owner_find(const struct map *owners, const struct hash_key *key,
                         const struct principal *who)
{
    return map_find(owners, principal_hash(key, who), entry_is, who);
}

struct owner *owner_get(struct pool *pool, struct map *owners, const struct hash_key *key,
                        const struct principal *who)
{
    uint64_t hash = principal_hash(key, who);
    struct owner *owner = map_find(owners, hash, entry_is, who);
    if (owner)
        return owner;
    owner = pool_new(pool, sizeof(*owner));
    if (!owner)
        return NULL;
    owner->principal = *who;
    owner->hash = hash;
    if (map_insert(owners, hash, owner) != ERR_OK) {
        pool_free(pool, owner);
        return NULL;
    }
    return owner;
}

void owner_release(struct pool *pool, struct map *owners, struct owner *owner)
{
    if (owner->instances)
        return;
    map_remove(owners, owner->hash, owner);
    pool_free(pool, owner);
}
