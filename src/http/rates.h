/* How often one address may write, and how often it may present a wrong token. Of IPv6 a
 * network of 64 bits counts as one address: one client has it for itself. Loopback is exempt:
 * behind a proxy on this machine one client would shut out all others.
 * Time is an argument (lease ms). Used inside http/ only. */
#ifndef DISC_HTTP_RATES_H
#define DISC_HTTP_RATES_H

#include "base/limiter.h"

enum {
    RATES_WRITES_PER_S = 50,
    RATES_WRITES_BURST = 100,
    RATES_GUESSES_PER_S = 2,
    RATES_GUESSES_BURST = 20,
};

struct rates {
    struct limiter writers, guessers;
};

/* rates_deinit is right after a failure, too, and for one that is all zero. ERR_MEMORY. */
MUST_CHECK enum err rates_init(struct rates *rates, const struct hash_key *key);
void rates_deinit(struct rates *rates);

/* Counts a write; false when it is one too many: then `*wait_ms` says when the next may come. */
bool rates_write(struct rates *rates, const struct addr *from, uint64_t now_ms, uint32_t *wait_ms);

/* Counts a wrong token, likewise. An address that has not guessed lately is free to, however
 * many others guess. */
bool rates_guess(struct rates *rates, const struct addr *from, uint64_t now_ms, uint32_t *wait_ms);

#endif
