/* Cookies: proof that a sender receives what is sent to its address. 16 bytes,
 * base64url: version 1, 3 reserved bytes, time (seconds of the lease clock, 4 bytes),
 * SipHash-2-4 over those 8 bytes, the server's epoch and the address (the layout
 * of RFC 9018 section 4, with another input). The secret lives as long as the process:
 * no wall clock is involved, and what was recorded before a restart is dead.
 */
#ifndef DISC_REG_COOKIE_H
#define DISC_REG_COOKIE_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/text.h"

enum {
    COOKIE_VALID_S = 3600,
    COOKIE_RENEW_S = 1800, /* from this age on a fresher one is offered */
    COOKIE_TEXT = 23,      /* with NUL */
};

struct cookie_secret {
    struct hash_key key;
    uint32_t epoch;
};

void cookie_make(const struct cookie_secret *secret, const struct addr *addr, uint64_t now_s,
                 char out[static COOKIE_TEXT]);

/* Does this cookie hold for this address now? Constant time in the cookie's bytes.
 * `*age_s` is set when it does. */
bool cookie_check(const struct cookie_secret *secret, const struct addr *addr, uint64_t now_s,
                  struct text cookie, uint32_t *age_s);

#endif
