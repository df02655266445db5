#include "reg/reply.h"

#include <assert.h>

enum {
    END_ROOM = 1 + 4 + MESSAGE_MAC_SIZE + 1,   /* " mac=...", LF */
    COOKIE_ROOM = 1 + 3 + MESSAGE_COOKIE_SIZE, /* " ck=..." */
    REPLY_ROOM = REG_DATAGRAM_MAX - END_ROOM - COOKIE_ROOM,
    WAIT_MAX_MS = 3000, /* RFC 9665's spread of first messages */
    NUMBER_MAX = 20,    /* digits of 64 bits */
};

void reply_init(struct call *c, uint8_t out[static REG_DATAGRAM_MAX])
{
    c->reply = (struct reply){.text = (char *)out, .room = REPLY_ROOM};
}

static void append(struct reply *r, const char *bytes, size_t n)
{
    if (r->full || r->room - r->used < n) {
        r->full = true;
        return;
    }
    memcpy(r->text + r->used, bytes, n);
    r->used += n;
}

static void begin(struct call *c, const char *verb, enum reg_outcome outcome)
{
    struct reply *r = &c->reply;
    *r = (struct reply){.text = r->text, .room = REPLY_ROOM, .outcome = outcome};
    append(r, "disc/1 ", 7);
    append(r, verb, strlen(verb));
    if (c->id.n)
        reply_word(c, TEXT("id"), c->id);
}

void reply_word(struct call *c, struct text key, struct text value)
{
    struct reply *r = &c->reply;
    size_t need = key.n + value.n + 2;
    if (r->full || r->room - r->used < need) {
        r->full = true;
        return;
    }
    char *at = r->text + r->used;
    at[0] = ' ';
    memcpy(at + 1, key.s, key.n);
    at[1 + key.n] = '=';
    if (value.n)
        memcpy(at + 2 + key.n, value.s, value.n);
    r->used += need;
}

void reply_number(struct call *c, struct text key, uint64_t value)
{
    char digits[NUMBER_MAX], *at = digits + sizeof(digits);
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    reply_word(c, key, (struct text){at, (size_t)(digits + sizeof(digits) - at)});
}

void reply_hex(struct call *c, struct text key, uint64_t value, unsigned digits)
{
    char text[16];
    for (unsigned i = digits; i-- > 0; value >>= 4)
        text[i] = "0123456789abcdef"[value & 15];
    reply_word(c, key, (struct text){text, digits});
}

void reply_text(struct call *c, struct text params)
{
    append(&c->reply, " ", 1);
    append(&c->reply, params.s, params.n);
}

static void numbers(struct call *c)
{
    if (c->has_n)
        reply_number(c, TEXT("n"), c->n);
    reply_hex(c, TEXT("ep"), c->reg->cookies.epoch, 8);
}

void reply_ok(struct call *c)
{
    begin(c, "ok", REG_OUT_OK);
    c->reply.ok = true;
    numbers(c);
}

void reply_none(struct call *c)
{
    c->reply.outcome = REG_OUT_OK;
    c->reply.none = true;
}

/* Who is not let in learns nothing of the server, not even since when it runs. */
static bool is_anonymous(const struct call *c, enum refusal refusal)
{
    return !c->validated || refusal == REFUSE_AUTH || refusal == REFUSE_VERSION;
}

void reply_refuse(struct call *c, enum refusal refusal, const char *field)
{
    struct refusal_form form = refusal_form(refusal);
    begin(c, "err", form.outcome);
    if (!is_anonymous(c, refusal))
        numbers(c);
    reply_number(c, TEXT("c"), form.code);
    reply_word(c, TEXT("why"), text_of(form.why));
    if (field && field[0])
        reply_word(c, TEXT("f"), text_of(field));
    if (refusal == REFUSE_GONE || refusal == REFUSE_BUSY || refusal == REFUSE_READONLY)
        reply_wait(c);
}

static void write_cookie(struct call *c)
{
    char cookie[COOKIE_TEXT];
    cookie_make(&c->reg->cookies, &c->from.addr, call_seconds(c), cookie);
    c->reply.room += COOKIE_ROOM;
    c->reply.has_cookie = true;
    reply_word(c, TEXT("ck"), text_of(cookie));
}

void reply_challenge(struct call *c)
{
    begin(c, "chal", REG_OUT_CHALLENGE);
    write_cookie(c);
}

static void end_header(struct call *c)
{
    if (c->reply.ok && c->cookie_due && !c->reply.has_cookie)
        write_cookie(c);
}

void reply_item(struct call *c, struct text line)
{
    if (!c->reply.has_items)
        end_header(c);
    c->reply.has_items = true;
    append(&c->reply, "\n", 1);
    append(&c->reply, line.s, line.n);
}

void reply_renewal(struct call *c, uint32_t lease_s)
{
    if (lease_s)
        reply_number(c, TEXT("ren"), (uint64_t)lease_s * 300); /* 0.30 of it */
}

void reply_wait(struct call *c)
{
    reply_number(c, TEXT("wait"), rand_below(&c->reg->rand, WAIT_MAX_MS + 1));
}

void reply_unstored(struct call *c, uint32_t wait_ms)
{
    reply_refuse(c, REFUSE_DISK, NULL);
    reply_number(c, TEXT("wait"), wait_ms + rand_below(&c->reg->rand, wait_ms / 2 + 1));
}

size_t reply_left(const struct call *c)
{
    return c->reply.full ? 0 : c->reply.room - c->reply.used;
}

/* False when it cannot be signed: then there is no reply, as the client would have to
 * ignore it. */
static bool write_mac(struct call *c)
{
    struct reply *r = &c->reply;
    struct text covered = {r->text, r->used};
    char mac[MESSAGE_MAC_SIZE];
    if (keyring_sign(&c->reg->keys, c->signer, covered, mac))
        return false;
    append(r, r->has_items ? "\nmac=" : " mac=", 5);
    append(r, mac, sizeof(mac));
    return true;
}

/* Nothing is sent. */
static size_t dropped(struct call *c, enum reg_outcome outcome)
{
    counter_up(&c->reg->counters.outcomes[outcome]);
    return 0;
}

size_t reply_finish(struct call *c)
{
    struct reply *r = &c->reply;
    if (r->none)
        return dropped(c, r->outcome);
    if (r->full)
        reply_refuse(c, REFUSE_USETCP, NULL);
    if (c->auth == REG_AUTH_DENY)
        return dropped(c, REG_OUT_DROP_SOURCE);
    end_header(c);
    r->room = REG_DATAGRAM_MAX;
    if (c->is_signed && !write_mac(c))
        return dropped(c, REG_OUT_BUSY);
    append(r, "\n", 1);
    assert(!r->full && r->used <= REG_DATAGRAM_MAX);
    if (!c->validated &&
        !policy_unvalidated(&c->reg->policy, &c->from.addr, c->size, r->used, c->now.lease_ms))
        return dropped(c, REG_OUT_DROP_UNVALIDATED);
    assert(c->validated ||
           (r->used <= POLICY_UNVALIDATED_MAX && r->used <= POLICY_UNVALIDATED_FACTOR * c->size));
    counter_up(&c->reg->counters.outcomes[r->outcome]);
    return r->used;
}
