/* Who may speak, and how often: the source table, the rate of validated senders, and
 * the rate of replies to senders that have not shown that they own their address.
 * Called by reg.c before and by reply.c after all other work; looks at addresses only.
 */
#ifndef DISC_REG_POLICY_H
#define DISC_REG_POLICY_H

#include "base/limiter.h"
#include "reg/reg.h"

enum {
    POLICY_UNVALIDATED_MAX = 96,   /* bytes of a reply to an unvalidated source */
    POLICY_UNVALIDATED_FACTOR = 3, /* and at most this many times the request */
    POLICY_UNVALIDATED_PER_S = 10, /* replies per network, */
    POLICY_RETURNING_PER_S = 1000, /* and while all that were validated have to be again */
    POLICY_UNVALIDATED_V4_BITS = 24,
    POLICY_UNVALIDATED_V6_BITS = 56,
};

struct policy {
    struct limiter sources;     /* validated datagrams, by address */
    struct limiter unvalidated; /* replies, by network */
    uint64_t returning_ms;      /* lease ms until which the higher rate holds; 0 = it does not */
};

MUST_CHECK enum err policy_init(struct policy *p, const struct hash_key *key);
void policy_deinit(struct policy *p);
void policy_configure(struct policy *p, const struct reg_config *config);

/* Until then (lease ms) more senders than usual come without a cookie. */
void policy_expect(struct policy *p, uint64_t until_ms);

/* First match wins; REG_AUTH_DENY where nothing matches. */
enum reg_auth policy_auth(const struct reg_config *config, const struct addr *from);

/* One datagram of a sender that has shown its address; `open` ones are not counted. */
void policy_charge(struct policy *p, enum reg_auth auth, const struct addr *from, uint64_t now_ms);

/* May this reply go to an unvalidated source? Counts it if so. */
bool policy_unvalidated(struct policy *p, const struct addr *to, size_t request, size_t reply,
                        uint64_t now_ms);

#endif
