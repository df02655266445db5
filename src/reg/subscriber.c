#include "reg/subscriber.h"

#include "reg/access.h"

void subscriber_find(struct call *c)
{
    uint64_t number;
    if (text_number(message_peek(&c->message, TEXT("sub")), UINT32_MAX, &number))
        return;
    c->subscription = subscription_check(&c->reg->subscriptions, (uint32_t)number, &c->from.addr,
                                         message_peek(&c->message, TEXT("tok")));
    if (!c->subscription)
        return;
    c->validated = true;
    c->is_signed = c->subscription->is_signed;
    c->signer = c->subscription->signer;
}

/* ---- another configuration ----------------------------------------------------------- */

static bool is_secret(const uint8_t *secret, size_t size, const uint8_t *other, size_t other_size)
{
    return size && size == other_size && memcmp(secret, other, size) == 0;
}

/* The secret that it was signed with, where the new configuration has it. */
static bool find_signer(const struct reg *reg, const struct keyring *before, struct signer *signer)
{
    const struct reg_key *old = &before->keys[signer->key];
    const uint8_t *secret = signer->next ? old->next : old->secret;
    size_t size = signer->next ? old->next_size : old->secret_size;
    for (size_t i = 0; i < reg->keys.count; i++) {
        const struct reg_key *key = &reg->keys.keys[i];
        if (strcmp(key->id, old->id) != 0)
            continue;
        bool next = is_secret(secret, size, key->next, key->next_size);
        *signer = (struct signer){i, next};
        return next || is_secret(secret, size, key->secret, key->secret_size);
    }
    return false;
}

static bool may_stay(const struct reg *reg, const struct keyring *before, struct subscription *s)
{
    const struct topic *t = s->topic;
    enum reg_auth auth = policy_auth(&reg->config, &s->to.addr);
    if (auth == REG_AUTH_DENY || (auth == REG_AUTH_KEY && !s->is_signed))
        return false;
    if (!s->is_signed)
        return true;
    return find_signer(reg, before, &s->signer) &&
           access_key_covers(&reg->keys.keys[s->signer.key], REG_SUB, topic_namespace(t),
                             topic_service(t));
}

void subscriber_recheck(struct reg *reg, const struct keyring *before)
{
    struct subscriptions *all = &reg->subscriptions;
    struct subscription *s;
    struct heap_node *first;
    size_t cursor = 0;
    while ((s = map_next(&all->by_name, &cursor))) {
        if (!may_stay(reg, before, s))
            subscription_grant(all, s, 0);
    }
    while ((first = heap_first(&all->timers)) && first->key == 0)
        subscription_free(all, (struct subscription *)first);
}
