/* What could not be stored is not acknowledged. */
#include "reg/reg.h"

#include "reg/call.h"
#include "reg/reply.h"

/* The secret to sign with, and the number to echo. False: the key was taken away while the
 * request waited, so that no reply would be believed. */
static bool find_signer(struct call *c)
{
    struct text key = message_peek(&c->message, TEXT("key"));
    struct text n = message_peek(&c->message, TEXT("n"));
    if (key.n == 0)
        return true;
    if (c->message.mac.n == 0 ||
        keyring_check(&c->reg->keys, key, c->message.covered, c->message.mac, c->now.wall_ms,
                      &c->signer) ||
        text_number(n, UINT64_MAX, &c->n))
        return false;
    c->has_n = c->is_signed = true;
    return true;
}

size_t reg_refuse_unstored(struct reg *reg, const struct reg_datagram *in, uint32_t wait_ms,
                           struct moment now, uint8_t out[static REG_DATAGRAM_MAX])
{
    struct call c;
    call_init(&c, reg, in, now);
    if (in->cut || !message_read(in->bytes, c.size, &c.message))
        return 0;
    c.auth = policy_auth(&reg->config, &in->from.addr);
    c.validated = true; /* else it would not have been applied */
    c.id = message_peek(&c.message, TEXT("id"));
    if (!message_is_token(c.id, MESSAGE_ID_MAX))
        c.id = (struct text){0};
    reply_init(&c, out);
    if (!find_signer(&c))
        return 0;
    reply_unstored(&c, wait_ms);
    return reply_finish(&c);
}
