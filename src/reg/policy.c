#include "reg/policy.h"

/* Places of four entries of 40 bytes: 640 KiB for 16 384 sources, 160 KiB for 4096
 * networks (which bounds the replies to all unvalidated sources by 40 960 a second). */
enum { SOURCES_LOG2 = 12, UNVALIDATED_LOG2 = 10 };

enum err policy_init(struct policy *p, const struct hash_key *key)
{
    *p = (struct policy){0};
    enum err e = limiter_init(&p->sources, SOURCES_LOG2, key);
    if (!e)
        e = limiter_init(&p->unvalidated, UNVALIDATED_LOG2, key);
    limiter_set(&p->unvalidated, POLICY_UNVALIDATED_PER_S, POLICY_UNVALIDATED_PER_S);
    return e;
}

void policy_deinit(struct policy *p)
{
    limiter_deinit(&p->sources);
    limiter_deinit(&p->unvalidated);
}

void policy_configure(struct policy *p, const struct reg_config *config)
{
    limiter_set(&p->sources, config->rate_per_s, config->rate_burst);
}

void policy_expect(struct policy *p, uint64_t until_ms)
{
    p->returning_ms = until_ms;
    limiter_set(&p->unvalidated, POLICY_RETURNING_PER_S, POLICY_RETURNING_PER_S);
}

enum reg_auth policy_auth(const struct reg_config *config, const struct addr *from)
{
    for (size_t i = 0; i < config->source_count; i++) {
        if (network_has(&config->sources[i].from, from))
            return config->sources[i].auth;
    }
    return REG_AUTH_DENY;
}

void policy_charge(struct policy *p, enum reg_auth auth, const struct addr *from, uint64_t now_ms)
{
    if (auth != REG_AUTH_OPEN)
        (void)limiter_take(&p->sources, from, now_ms);
}

bool policy_unvalidated(struct policy *p, const struct addr *to, size_t request, size_t reply,
                        uint64_t now_ms)
{
    if (reply > POLICY_UNVALIDATED_MAX || reply > POLICY_UNVALIDATED_FACTOR * request)
        return false;
    unsigned bits =
        to->family == FAMILY_V4 ? POLICY_UNVALIDATED_V4_BITS : POLICY_UNVALIDATED_V6_BITS;
    struct addr network = addr_prefix(to, bits);
    if (p->returning_ms && now_ms >= p->returning_ms) {
        p->returning_ms = 0;
        limiter_set(&p->unvalidated, POLICY_UNVALIDATED_PER_S, POLICY_UNVALIDATED_PER_S);
    }
    return limiter_take(&p->unvalidated, &network, now_ms);
}
