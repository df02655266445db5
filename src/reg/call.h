/* One datagram on its way through the check order, and the state of the protocol
 * server. Private to src/reg: reg.c fills a call step by step, apply_*.c answer it.
 */
#ifndef DISC_REG_CALL_H
#define DISC_REG_CALL_H

#include <stddef.h>

#include "base/rand.h"
#include "reg/cookie.h"
#include "reg/key.h"
#include "reg/message.h"
#include "reg/params.h"
#include "reg/policy.h"
#include "reg/refusal.h"
#include "reg/replay.h"
#include "reg/subscription.h"

struct reg {
    struct reg_config config;
    struct registry *registry;
    struct cookie_secret cookies;
    struct keyring keys;
    struct replay replay;
    struct policy policy;
    struct subscriptions subscriptions;
    struct rand rand;
    const char *durability;
    void (*denied)(void *context, const struct principal *who, struct text ns, struct text service);
    void *denied_context;
    struct reg_counters counters;
    uint64_t goodbye;   /* see reg_goodbye */
    struct call *calls; /* REG_AHEAD: of the datagrams that were read last */
};

/* Text under construction; always ends within the room that a reply has. */
struct reply {
    char *text;
    size_t used, room;
    bool full; /* something did not fit: the reply must not be sent */
    bool ok;
    bool has_items;
    bool has_cookie;
    bool none; /* there is to be no reply */
    enum reg_outcome outcome;
};

struct call {
    struct reg *reg;
    struct moment now;
    const struct reg_datagram *in;
    struct endpoint from;
    size_t size;   /* of the datagram */
    bool readable; /* `message` is one */
    bool loopback;
    enum reg_auth auth;
    bool validated;  /* the sender is known to receive what is sent to its address */
    bool cookie_due; /* a fresher cookie is to be offered */
    bool has_n, is_signed;
    uint64_t n;
    struct signer signer;
    const struct reg_key *key;         /* NULL = not keyed */
    const void *route;                 /* as in reg_datagram */
    struct subscription *subscription; /* ack, uns: the sender's; NULL = there is none */
    struct principal who;
    struct text id; /* echoed; empty when there was none that may be */
    enum reg_verb verb;
    struct reply reply;
    struct instance_key sighted; /* see ahead.h */
    struct sight sight;          /* of it */
    /* Large, and each cleared by whoever fills it as far as that is needed. */
    struct message message;
    struct params params;
};

/* All but the large parts. */
static inline void call_init(struct call *c, struct reg *reg, const struct reg_datagram *in,
                             struct moment now)
{
    memset(c, 0, offsetof(struct call, message));
    c->reg = reg;
    c->now = now;
    c->in = in;
    c->from = in->from;
    c->route = in->route;
    c->size = in->size < REG_RECEIVE_SIZE ? in->size : REG_RECEIVE_SIZE;
}

static inline uint64_t call_seconds(const struct call *c)
{
    return c->now.lease_ms / 1000;
}

#endif
