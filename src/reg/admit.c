#include "reg/admit.h"

#include "reg/access.h"

struct principal admit_principal(const struct reg_config *config, enum reg_auth auth,
                                 const struct addr *from)
{
    struct principal who = {.kind = PRINCIPAL_ADDRESS, .addr = *from};
    if (addr_is_loopback(from))
        who.kind = PRINCIPAL_LOCAL;
    else
        who.quota = auth == REG_AUTH_OPEN ? 0 : config->source_quota;
    return who;
}

struct addr admit_address(const struct reg_config *config, const struct addr *from)
{
    const struct addr *local = from->family == FAMILY_V4 ? &config->local_v4 : &config->local_v6;
    return addr_is_loopback(from) && local->family != FAMILY_NONE ? *local : *from;
}

bool reg_is_protected(const struct reg *reg, struct text ns, struct text service)
{
    return access_is_protected(reg, ns, service);
}

struct addr reg_local_addr(const struct reg *reg, enum family family)
{
    return family == FAMILY_V6 ? reg->config.local_v6 : reg->config.local_v4;
}

void admit_denied(const struct reg *reg, const struct principal *who, struct text ns,
                  struct text service)
{
    if (reg->denied)
        reg->denied(reg->denied_context, who, ns, service);
}

void reg_set_denied(struct reg *reg,
                    void (*denied)(void *context, const struct principal *who, struct text ns,
                                   struct text service),
                    void *context)
{
    reg->denied = denied;
    reg->denied_context = context;
}

static enum reg_admission admit_source(struct reg *reg, enum reg_auth auth, const struct addr *from,
                                       struct moment now, uint32_t *wait_ms)
{
    if (auth == REG_AUTH_DENY)
        return REG_DENIED;
    if (auth == REG_AUTH_KEY)
        return REG_NEEDS_KEY;
    if (auth == REG_AUTH_OPEN)
        return REG_ADMITTED;
    if (!limiter_has(&reg->policy.sources, from, now.lease_ms, wait_ms))
        return REG_TOO_FAST;
    (void)limiter_take(&reg->policy.sources, from, now.lease_ms);
    return REG_ADMITTED;
}

enum reg_admission reg_admit(struct reg *reg, const struct addr *from, struct text ns,
                             struct text service, struct moment now, struct reg_sender *out)
{
    enum reg_auth auth = policy_auth(&reg->config, from);
    *out = (struct reg_sender){
        .who = admit_principal(&reg->config, auth, from),
        .advertises = addr_is_loopback(from),
        .addr = admit_address(&reg->config, from),
    };
    enum reg_admission admission = admit_source(reg, auth, from, now, &out->wait_ms);
    if (admission != REG_ADMITTED || service.n == 0 || !access_is_protected(reg, ns, service))
        return admission;
    admit_denied(reg, &out->who, ns, service);
    return REG_PROTECTED;
}
