#include "reg/reg.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "reg/access.h"
#include "reg/ahead.h"
#include "reg/apply.h"
#include "reg/fields.h"
#include "reg/reply.h"
#include "reg/subscriber.h"

/* ---- life ------------------------------------------------------------------------ */

/* Keys of the tables, from the one secret that the process was given. */
static struct hash_key derive_key(const struct hash_key *secret, char purpose)
{
    struct hash_key out;
    for (char half = 0; half < 2; half++) {
        char input[2] = {purpose, half};
        uint64_t hash = hash_bytes(secret, input, sizeof(input));
        memcpy(out.bytes + 8 * half, &hash, 8);
    }
    return out;
}

static void take_config(struct reg *reg, struct reg_config *config)
{
    reg->config = *config;
    *config = (struct reg_config){0};
    keyring_init(&reg->keys, reg->config.keys, reg->config.key_count);
    replay_limit(&reg->replay, reg->config.replay_entries_max);
    policy_configure(&reg->policy, &reg->config);
}

struct reg *reg_new(struct reg_config *config, const struct reg_identity *identity,
                    struct registry *registry)
{
    struct reg *reg = calloc(1, sizeof(*reg));
    if (!reg)
        return NULL;
    reg->calls = malloc(REG_AHEAD * sizeof(*reg->calls));
    reg->registry = registry;
    reg->durability = identity->durability;
    reg->cookies.epoch = identity->epoch;
    memcpy(reg->cookies.key.bytes, identity->cookie_secret, sizeof(identity->cookie_secret));
    rand_seed(&reg->rand, identity->seed);
    struct hash_key limits = derive_key(&reg->cookies.key, 'l');
    struct hash_key numbers = derive_key(&reg->cookies.key, 'n');
    struct hash_key watched = derive_key(&reg->cookies.key, 's');
    replay_init(&reg->replay, &numbers);
    subscriptions_init(&reg->subscriptions, &watched, (uint32_t)hash_bytes(&watched, "", 0));
    if (!reg->calls || policy_init(&reg->policy, &limits)) {
        reg_free(reg);
        return NULL;
    }
    take_config(reg, config);
    return reg;
}

void reg_free(struct reg *reg)
{
    if (!reg)
        return;
    subscriptions_deinit(&reg->subscriptions);
    keyring_deinit(&reg->keys);
    replay_deinit(&reg->replay);
    policy_deinit(&reg->policy);
    reg_config_deinit(&reg->config);
    OPENSSL_cleanse(&reg->cookies, sizeof(reg->cookies));
    free(reg->calls);
    free(reg);
}

void reg_configure(struct reg *reg, struct reg_config *config)
{
    struct reg_config before = reg->config;
    struct keyring keys = reg->keys;
    take_config(reg, config);
    subscriber_recheck(reg, &keys);
    keyring_deinit(&keys);
    reg_config_deinit(&before);
}

void reg_expect_return(struct reg *reg, uint64_t until_ms)
{
    policy_expect(&reg->policy, until_ms);
}

const struct reg_counters *reg_counters(const struct reg *reg)
{
    return &reg->counters;
}

/* ---- the check order: each step is cheaper than the next ----------------------------- */

/* Each step returns true to go on; else it wrote the reply. */

static bool refuse(struct call *c, enum refusal refusal, const char *field)
{
    reply_refuse(c, refusal, field);
    return false;
}

static bool check_form(struct call *c)
{
    struct text id = message_peek(&c->message, TEXT("id"));
    bool ours = text_is(c->message.version, TEXT("1"));
    if (ours && message_is_token(id, MESSAGE_ID_MAX))
        c->id = id;
    if (c->in->cut || c->in->size > REG_DATAGRAM_MAX) {
        reply_refuse(c, REFUSE_BIG, NULL);
        reply_number(c, TEXT("max"), REG_DATAGRAM_MAX);
        return false;
    }
    if (!ours) {
        reply_refuse(c, REFUSE_VERSION, NULL);
        reply_number(c, TEXT("max"), 1);
        return false;
    }
    if (message_verb(c->message.verb, &c->verb))
        return refuse(c, REFUSE_VERB, NULL);
    counter_up(&c->reg->counters.verbs[c->verb]);
    return true;
}

/* Charged only once the sender is known (by its cookie; by the token of its subscription), so
 * that forged datagrams can neither use up a sender's allowance nor fill the table. */
static bool check_rate(struct call *c)
{
    uint32_t wait_ms;
    if (c->auth == REG_AUTH_DENY)
        return false;
    if (c->auth == REG_AUTH_OPEN ||
        limiter_has(&c->reg->policy.sources, &c->from.addr, c->now.lease_ms, &wait_ms))
        return true;
    reply_refuse(c, REFUSE_SLOW, NULL);
    reply_number(c, TEXT("wait"), wait_ms);
    return false;
}

static bool check_cookie(struct call *c)
{
    struct reg *reg = c->reg;
    uint32_t age_s;
    if (c->auth == REG_AUTH_OPEN && c->verb != REG_SUB) /* pushes are traffic to an address */
        return true;
    struct text cookie = message_peek(&c->message, TEXT("ck"));
    if (cookie.n)
        counter_up(&reg->counters.cookies_checked);
    if (!cookie_check(&reg->cookies, &c->from.addr, call_seconds(c), cookie, &age_s)) {
        reply_challenge(c);
        return false;
    }
    c->validated = true;
    c->cookie_due = age_s >= COOKIE_RENEW_S;
    policy_charge(&c->reg->policy, c->auth, &c->from.addr, c->now.lease_ms);
    return true;
}

static bool check_replay(struct call *c, struct text key_id)
{
    struct text n = message_peek(&c->message, TEXT("n"));
    struct text cid = message_peek(&c->message, TEXT("cid"));
    enum err e = text_number(n, UINT64_MAX, &c->n);
    if (e)
        return refuse(c, n.n && e == ERR_SYNTAX ? REFUSE_SYNTAX : REFUSE_VALUE, "n");
    c->has_n = true;
    if (!message_is_token(cid, MESSAGE_CID_MAX))
        return refuse(c, REFUSE_VALUE, "cid");
    e = replay_accept(&c->reg->replay, key_id, cid, c->n, call_seconds(c));
    if (e)
        return refuse(c, e == ERR_STALE ? REFUSE_REPLAY : REFUSE_BUSY, NULL);
    return true;
}

static bool check_key(struct call *c)
{
    struct reg *reg = c->reg;
    struct text id = message_peek(&c->message, TEXT("key"));
    struct text mac = c->message.mac;
    if (id.n == 0 && mac.n == 0 && c->auth != REG_AUTH_KEY)
        return true;
    if (id.n == 0 || mac.n == 0)
        return refuse(c, REFUSE_AUTH, NULL);
    counter_up(&reg->counters.macs_checked);
    enum err e = keyring_check(&reg->keys, id, c->message.covered, mac, c->now.wall_ms, &c->signer);
    if (e)
        return refuse(c, e == ERR_NOT_FOUND ? REFUSE_AUTH : REFUSE_BUSY, NULL);
    c->key = &reg->keys.keys[c->signer.key];
    c->is_signed = true;
    return check_replay(c, id);
}

static bool check_sender(struct call *c)
{
    if (c->verb != REG_ACK && c->verb != REG_UNS)
        return check_rate(c) && check_cookie(c) && check_key(c);
    subscriber_find(c);
    if (c->verb == REG_ACK || !c->subscription)
        return c->auth != REG_AUTH_DENY;
    if (!check_rate(c))
        return false;
    policy_charge(&c->reg->policy, c->auth, &c->from.addr, c->now.lease_ms);
    return true;
}

static bool check_fields(struct call *c)
{
    if (!access_verb(c))
        return refuse(c, REFUSE_ACL, NULL);
    counter_up(&c->reg->counters.fields_parsed);
    enum refusal refusal = params_read(&c->message, c->verb, &c->params);
    if (!refusal)
        refusal = fields_common(c);
    return refusal ? refuse(c, refusal, c->params.fault) : true;
}

static size_t drop(struct reg *reg, enum reg_outcome outcome)
{
    counter_up(&reg->counters.outcomes[outcome]);
    return 0;
}

/* ---- datagrams ---------------------------------------------------------------------- */

/* The name is hashed before rate and cookie are checked, for forged datagrams too: a bounded
 * cost that is small beside that of receiving them, and which tells nobody anything. To check
 * first would be to wait for memory one datagram at a time. */
static void read_datagram(struct call *c, struct reg *reg, const struct reg_datagram *in,
                          struct moment now)
{
    call_init(c, reg, in, now);
    c->auth = policy_auth(&reg->config, &in->from.addr);
    c->readable = in->from.port && message_read(in->bytes, c->size, &c->message);
    if (c->readable && c->auth != REG_AUTH_DENY)
        ahead_begin(c);
}

void reg_read(struct reg *reg, const struct reg_datagram *in, unsigned count, struct moment now)
{
    assert(count <= REG_AHEAD);
    for (unsigned n = 0; n < count; n++)
        read_datagram(&reg->calls[n], reg, &in[n], now);
    for (unsigned step = 0; step < 2; step++)
        for (unsigned n = 0; n < count; n++)
            ahead_closer(&reg->calls[n]);
}

size_t reg_handle_read(struct reg *reg, unsigned n, uint8_t out[static REG_DATAGRAM_MAX])
{
    struct call *c = &reg->calls[n];
    reg->goodbye = 0;
    if (c->from.port == 0)
        return drop(reg, REG_OUT_DROP_SOURCE);
    if (!c->readable)
        return drop(reg, REG_OUT_DROP_FORM);
    c->loopback = addr_is_loopback(&c->from.addr);
    c->validated = c->auth == REG_AUTH_OPEN;
    reply_init(c, out);
    if (check_form(c) && check_sender(c) && check_fields(c)) {
        c->who = access_principal(c);
        apply(c);
    }
    return reply_finish(c);
}

uint64_t reg_goodbye(const struct reg *reg)
{
    return reg->goodbye;
}

size_t reg_handle(struct reg *reg, const struct reg_datagram *in, struct moment now,
                  uint8_t out[static REG_DATAGRAM_MAX])
{
    reg_read(reg, in, 1, now);
    return reg_handle_read(reg, 0, out);
}
