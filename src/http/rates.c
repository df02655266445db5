#include "http/rates.h"

enum { ADDRESSES_LOG2 = 8 /* places of the tables */, V6_BITS = 64 };

enum err rates_init(struct rates *rates, const struct hash_key *key)
{
    enum err err = limiter_init(&rates->writers, ADDRESSES_LOG2, key);

    if (!err)
        err = limiter_init(&rates->guessers, ADDRESSES_LOG2, key);
    limiter_set(&rates->writers, RATES_WRITES_PER_S, RATES_WRITES_BURST);
    limiter_set(&rates->guessers, RATES_GUESSES_PER_S, RATES_GUESSES_BURST);
    return err;
}

void rates_deinit(struct rates *rates)
{
    limiter_deinit(&rates->writers);
    limiter_deinit(&rates->guessers);
}

static struct addr client_of(const struct addr *from)
{
    return from->family == FAMILY_V6 ? addr_prefix(from, V6_BITS) : *from;
}

bool rates_write(struct rates *rates, const struct addr *from, uint64_t now_ms, uint32_t *wait_ms)
{
    struct addr client = client_of(from);

    *wait_ms = 0;
    if (addr_is_loopback(from) || limiter_take(&rates->writers, &client, now_ms))
        return true;
    (void)limiter_has(&rates->writers, &client, now_ms, wait_ms);
    return false;
}

bool rates_guess(struct rates *rates, const struct addr *from, uint64_t now_ms, uint32_t *wait_ms)
{
    struct addr client = client_of(from);

    *wait_ms = 0;
    if (addr_is_loopback(from))
        return true;
    if (limiter_knows(&rates->guessers, &client) &&
        !limiter_has(&rates->guessers, &client, now_ms, wait_ms))
        return false;
    (void)limiter_take(&rates->guessers, &client, now_ms);
    return true;
}
