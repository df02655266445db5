/* DNS cookies (RFC 7873) in the form that servers of one service agree on (RFC 9018):
 * client's part, version, reserved bytes, time and a SipHash over these and the client's
 * address. Nothing is remembered of anybody. Called by respond_edns.c; knows no messages.
 * Times: Unix seconds, their lower 32 bits compared by RFC 1982. */
#ifndef DISC_DNS_COOKIE_H
#define DISC_DNS_COOKIE_H

#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"

enum {
    COOKIE_CLIENT = 8, /* bytes of the client's part */
    COOKIE_SIZE = 24,  /* both */
    COOKIE_PAST_S = 3600,
    COOKIE_FUTURE_S = 300,
    COOKIE_REFRESH_S = 1800, /* older ones are answered with a new one (section 4.3) */
    COOKIE_PERIOD_S = 86400, /* that a secret of our own is in use: at most 36 days, better
                                one (RFC 7873 section 7.1) */
};

enum dns_cookie_age { COOKIE_NOT_OURS, COOKIE_EXPIRED, COOKIE_OLD, COOKIE_FRESH };

/* `out` may be `client`. */
void dns_cookie_make(const struct hash_key *secret, const uint8_t client[static COOKIE_CLIENT],
                     const struct addr *from, uint32_t now_s, uint8_t out[static COOKIE_SIZE]);

enum dns_cookie_age dns_cookie_check(const struct hash_key *secret,
                                     const uint8_t cookie[static COOKIE_SIZE],
                                     const struct addr *from, uint32_t now_s);

/* When it was made, as full Unix time near `now_s`: which says with which of the secrets. */
uint64_t dns_cookie_made_s(const uint8_t cookie[static COOKIE_SIZE], uint64_t now_s);

/* The secret that is in use at a time: a function of time and seeds alone, so that no two
 * threads have to agree on a change. */
struct hash_key dns_cookie_secret(const struct hash_key seeds[static 2], uint64_t at_s);

#endif
