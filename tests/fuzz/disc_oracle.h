/* What must hold for every datagram, whatever is in it; judged from the bytes alone, by
 * other means than the server's. Used by the fuzz target and by the property test.
 */
#ifndef DISC_TESTS_FUZZ_DISC_ORACLE_H
#define DISC_TESTS_FUZZ_DISC_ORACLE_H

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reg/reg.h"

#define ORACLE_SECRET "0123456789abcdef0123456789abcdef"

struct disc_oracle {
    struct reg *reg;
    struct registry *registry;
    struct endpoint from;
    enum reg_auth auth;
    char cookie[23];                    /* the one that holds for `from` */
    uint64_t n;                         /* the last number used in a keyed request */
    uint64_t route[REG_ROUTE_SIZE / 8]; /* goes with each datagram, comes with each push */
    bool subscribed;                    /* a `sub` with the cookie was answered ok */
    uint32_t sub;                       /* its number */
    uint64_t seq;                       /* of the last push */
};

#define ORACLE_REQUIRE(condition, bytes, n)                                                        \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n%.*s\n", __FILE__, __LINE__, #condition, (int)(n),         \
                    (const char *)(bytes));                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static inline void oracle_mac(const void *bytes, size_t n, char out[static 33])
{
    unsigned char full[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), ORACLE_SECRET, 32, bytes, n, full, &size);
    for (unsigned i = 0; i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", full[i]);
}

/* Ends in the right MAC of the one secret there is. */
static inline bool oracle_is_signed(const uint8_t *bytes, size_t n)
{
    char mac[33];
    if (n && bytes[n - 1] == '\n')
        n--;
    if (n && bytes[n - 1] == '\r')
        n--;
    if (n < 37 || memcmp(bytes + n - 36, "mac=", 4) != 0)
        return false;
    oracle_mac(bytes, n - 37, mac);
    return memcmp(bytes + n - 32, mac, 32) == 0;
}

static inline bool oracle_is_reply(const uint8_t *bytes, size_t n)
{
    static const char *const verbs[] = {"disc/1 ok ", "disc/1 err ", "disc/1 chal ",
                                        "disc/1 push "};
    for (size_t i = 0; i < 4; i++) {
        if (n >= strlen(verbs[i]) && memcmp(bytes, verbs[i], strlen(verbs[i])) == 0)
            return true;
    }
    return false;
}

/* The number behind " key=" in the header; `old` when it is not there. */
static inline uint64_t oracle_number(const uint8_t *bytes, size_t n, const char *key, uint64_t old)
{
    const uint8_t *at = memmem(bytes, n, key, strlen(key));
    return at ? strtoull((const char *)at + strlen(key), NULL, 10) : old;
}

static inline bool oracle_begins(const uint8_t *bytes, size_t n, const char *with)
{
    return n >= strlen(with) && memcmp(bytes, with, strlen(with)) == 0;
}

static inline void oracle_check_form(const uint8_t *out, size_t size)
{
    if (size == 0)
        return;
    ORACLE_REQUIRE(size <= REG_DATAGRAM_MAX && oracle_is_reply(out, size), out, size);
    ORACLE_REQUIRE(out[size - 1] == '\n', out, size);
    for (size_t i = 0; i < size; i++)
        ORACLE_REQUIRE(out[i] == '\n' || (out[i] >= 0x20 && out[i] <= 0x7e), out, size);
}

/* Takes all pushes that are due: they go where a `sub` with a cookie came from, signed if it
 * had to be, at most four to each at once. */
static inline void oracle_pushes(struct disc_oracle *o, struct moment now)
{
    uint8_t out[REG_DATAGRAM_MAX];
    const void *route;
    unsigned most = 4 * reg_subscriptions(o->reg);
    reg_published(o->reg, now);
    for (size_t size; (size = reg_push(o->reg, now, out, &route)); most--) {
        ORACLE_REQUIRE(o->subscribed && most, out, size);
        ORACLE_REQUIRE(memcmp(route, o->route, sizeof(o->route)) == 0, out, size);
        ORACLE_REQUIRE(oracle_begins(out, size, "disc/1 push sub="), out, size);
        ORACLE_REQUIRE(o->auth != REG_AUTH_KEY || oracle_is_signed(out, size), out, size);
        oracle_check_form(out, size);
        o->seq = oracle_number(out, size, " seq=", o->seq);
    }
}

/* Is it one of the messages that a subscriber's token stands for? */
static inline bool oracle_is_subscriber(const struct disc_oracle *o, const uint8_t *bytes, size_t n)
{
    const uint8_t *verb = memmem(bytes, n, "disc/1", 6);
    return o->subscribed && verb &&
           (memmem(bytes, n, " ack ", 5) != NULL || memmem(bytes, n, " uns ", 5) != NULL);
}

/* Handles one datagram; aborts when a rule is broken. */
static inline size_t oracle_handle(struct disc_oracle *o, const uint8_t *bytes, size_t n,
                                   struct moment now, uint8_t out[static REG_DATAGRAM_MAX])
{
    struct reg_datagram in = {bytes, n, false, o->from, o->route};
    struct registry_totals before = registry_totals(o->registry);
    uint64_t index = registry_index(o->registry);
    size_t size = reg_handle(o->reg, &in, now, out);
    struct registry_totals after = registry_totals(o->registry);
    bool changed = memcmp(&before, &after, sizeof(before)) || index != registry_index(o->registry);
    bool validated =
        o->auth == REG_AUTH_OPEN || (o->auth != REG_AUTH_DENY && memmem(bytes, n, o->cookie, 22));
    bool ok = size > 10 && memcmp(out, "disc/1 ok ", 10) == 0;
    bool subscriber = oracle_is_subscriber(o, bytes, n);
    if (ok && memmem(out, size, " sub=", 5)) {
        ORACLE_REQUIRE(memmem(bytes, n, o->cookie, 22), bytes, n);
        o->subscribed = true;
        o->sub = (uint32_t)oracle_number(out, size, " sub=", 0);
    }

    oracle_check_form(out, size);
    ORACLE_REQUIRE(!oracle_is_reply(bytes, n) || size == 0, bytes, n);
    ORACLE_REQUIRE(o->auth != REG_AUTH_DENY || size == 0, bytes, n);
    if (!validated && subscriber)
        ORACLE_REQUIRE(size <= 160 && !changed, bytes, n);
    else if (!validated)
        ORACLE_REQUIRE(size <= 96 && size <= 3 * n && !changed && !ok, bytes, n);
    if (o->auth == REG_AUTH_KEY && !oracle_is_signed(bytes, n))
        ORACLE_REQUIRE(!changed && (!ok || subscriber), bytes, n);
    /* A reply is never answered. */
    struct reg_datagram echo = {out, size, false, o->from, o->route};
    uint8_t again[REG_DATAGRAM_MAX];
    ORACLE_REQUIRE(reg_handle(o->reg, &echo, now, again) == 0, out, size);
    oracle_pushes(o, now);
    return size;
}

/* Asks for the cookie of `from`; leaves it empty where there is none. */
static inline void oracle_learn_cookie(struct disc_oracle *o, struct moment now)
{
    static const uint8_t hello[] = "disc/1 hello\n";
    uint8_t out[REG_DATAGRAM_MAX];
    struct reg_datagram in = {hello, sizeof(hello) - 1, false, o->from, NULL};
    size_t size = reg_handle(o->reg, &in, now, out);
    memset(o->cookie, 0, sizeof(o->cookie));
    if (size > 23)
        memcpy(o->cookie, out + size - 23, 22);
}

/* Copies a datagram, puts the real cookie where "ck=@" stands, a fresh number for "n=#", the
 * last subscription's for "sub=#" and the last push's for "seq=#", and signs it when asked to.
 * Returns its size; `out` has room for `size` bytes. */
static inline size_t oracle_prepare(struct disc_oracle *o, const uint8_t *bytes, size_t n,
                                    bool sign, uint8_t *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < n && used + 64 < size; i++) {
        out[used++] = bytes[i];
        if (used >= 4 && memcmp(out + used - 4, "ck=@", 4) == 0) {
            memcpy(out + used - 1, o->cookie, 22);
            used += 21;
        } else if (used >= 5 && memcmp(out + used - 5, "sub=#", 5) == 0) {
            used--;
            used += (size_t)sprintf((char *)out + used, "%u", o->sub);
        } else if (used >= 5 && memcmp(out + used - 5, "seq=#", 5) == 0) {
            used--;
            used += (size_t)sprintf((char *)out + used, "%llu", (unsigned long long)o->seq);
        } else if (used >= 3 && memcmp(out + used - 3, "n=#", 3) == 0) {
            used--;
            used += (size_t)sprintf((char *)out + used, "%llu", (unsigned long long)++o->n);
        }
    }
    if (sign) {
        while (used && out[used - 1] == '\n')
            used--;
        char mac[33], separator = memchr(out, '\n', used) ? '\n' : ' ';
        oracle_mac(out, used, mac);
        used += (size_t)sprintf((char *)out + used, "%cmac=%s\n", separator, mac);
    }
    return used;
}

#endif
