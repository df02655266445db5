/* Rates of answers by asker's network, kind of answer and name: what keeps a spoofed sender
 * from being flooded by us. One table of fixed size for all threads, without locks: an
 * account is one word, changed by compare-and-swap; what is lost in a race, or pushed out
 * where a line is full, only lets somebody have more. Called by respond_rate.c; knows no
 * messages. */
#ifndef DISC_DNS_RRL_H
#define DISC_DNS_RRL_H

#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"

enum rrl_kind { RRL_RESPONSE, RRL_NXDOMAIN, RRL_ERROR };

enum rrl_verdict { RRL_PASS, RRL_DROP, RRL_SLIP };

enum { RRL_V4_BITS = 24, RRL_V6_BITS = 56 }; /* of an asker's network */

struct rrl;

struct rrl *rrl_new(const struct hash_key *key); /* NULL when memory lacks */
void rrl_free(struct rrl *rrl);                  /* accepts NULL */

struct rrl_asked {
    const struct addr *from;
    enum rrl_kind kind;
    uint64_t name; /* of what is asked for; any number that tells names apart */
};

/* One more answer at `now_ms` (monotonic). Passes are `rate` a second (> 0), and so many at
 * once; of what is beyond every `slip`-th (0 = none, at most 255) is a SLIP. */
enum rrl_verdict rrl_take(struct rrl *rrl, const struct rrl_asked *asked, uint32_t rate,
                          uint32_t slip, uint64_t now_ms);

#endif
