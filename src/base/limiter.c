#include "base/limiter.h"

#include <stdlib.h>

enum { WAYS = 4, TOKEN = 1000 };

enum err limiter_init(struct limiter *l, unsigned places_log2, const struct hash_key *key)
{
    *l = (struct limiter){.mask = ((size_t)1 << places_log2) - 1, .key = *key};
    l->slots = calloc((l->mask + 1) * WAYS, sizeof(*l->slots));
    return l->slots ? ERR_OK : ERR_MEMORY;
}

void limiter_deinit(struct limiter *l)
{
    free(l->slots);
    l->slots = l->last = NULL;
}

void limiter_set(struct limiter *l, uint32_t rate, uint32_t burst)
{
    l->rate = rate;
    l->burst = burst ? burst : 1;
}

static struct limiter_slot *place_of(const struct limiter *l, const struct addr *addr)
{
    uint8_t bytes[17] = {addr->family};
    memcpy(bytes + 1, addr->bytes, 16);
    return l->slots + (hash_bytes(&l->key, bytes, sizeof(bytes)) & l->mask) * WAYS;
}

static uint64_t tokens_at(const struct limiter *l, const struct limiter_slot *slot, uint64_t now_ms)
{
    uint64_t full = (uint64_t)l->burst * TOKEN;
    if (slot->addr.family == FAMILY_NONE)
        return full;
    uint64_t passed = now_ms > slot->at_ms ? now_ms - slot->at_ms : 0;
    if (passed > full / l->rate)
        return full;
    uint64_t tokens = slot->tokens + passed * l->rate;
    return tokens < full ? tokens : full;
}

/* The address's slot, or the one that it would take over. */
static struct limiter_slot *slot_of(const struct limiter *l, const struct addr *addr,
                                    uint64_t now_ms)
{
    if (l->last && addr_is(&l->last->addr, addr))
        return l->last;
    struct limiter_slot *place = place_of(l, addr), *best = place;
    for (unsigned i = 0; i < WAYS; i++) {
        if (addr_is(&place[i].addr, addr))
            return &place[i];
        if (tokens_at(l, &place[i], now_ms) > tokens_at(l, best, now_ms))
            best = &place[i];
    }
    return best;
}

bool limiter_knows(const struct limiter *l, const struct addr *addr)
{
    const struct limiter_slot *place = place_of(l, addr);

    for (unsigned i = 0; i < WAYS; i++)
        if (addr_is(&place[i].addr, addr))
            return true;
    return false;
}

bool limiter_has(const struct limiter *l, const struct addr *addr, uint64_t now_ms,
                 uint32_t *wait_ms)
{
    *wait_ms = 0;
    if (l->rate == 0)
        return true;
    uint64_t tokens = tokens_at(l, slot_of(l, addr, now_ms), now_ms);
    if (tokens >= TOKEN)
        return true;
    *wait_ms = (uint32_t)((TOKEN - tokens + l->rate - 1) / l->rate);
    return false;
}

bool limiter_take(struct limiter *l, const struct addr *addr, uint64_t now_ms)
{
    if (l->rate == 0)
        return true;
    struct limiter_slot *slot = slot_of(l, addr, now_ms);
    uint64_t tokens = tokens_at(l, slot, now_ms);
    bool has = tokens >= TOKEN;
    l->last = slot;
    *slot = (struct limiter_slot){*addr, now_ms, has ? tokens - TOKEN : tokens};
    return has;
}
