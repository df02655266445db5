/* A protocol server over an empty registry, with a manual clock: for the tests of
 * src/reg. Sources: loopback and 172.16/12 open, 10/8 and 2001:db8::/32 cookie,
 * 192.168/16 key, 10.9/16 and everything else denied. Keys: "deploy" (services
 * "default/web*" and all of prod; may advertise 203.0.113.0/24, may be static), "node" (all
 * services, quota 3, two secrets), "reader" (get only), "late" (expired). */
#ifndef DISC_TESTS_UNIT_REG_RIG_H
#define DISC_TESTS_UNIT_REG_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "reg/reg.h"

#define RIG_WALL 1795245098534ull
#define RIG_SECRET "0123456789abcdef0123456789abcdef"
#define RIG_NEXT "the-secret-that-comes-after-this"
#define RIG_ALL_VERBS ((1u << REG_VERB_COUNT) - 1)

struct rig {
    struct registry *registry;
    struct reg *reg;
    struct moment now;
    struct endpoint from;
    uint64_t route[REG_ROUTE_SIZE / 8]; /* given with each datagram */
    bool no_route;
    uint8_t out[REG_DATAGRAM_MAX];
    size_t size;
    char text[REG_DATAGRAM_MAX + 1]; /* the last reply without its LF; "" = none */
};

static struct addr rig_addr(const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(text_of(text), &a), ERR_OK);
    return a;
}

static struct network rig_network(const char *text)
{
    struct network n;
    assert_int_equal(network_parse(text_of(text), &n), ERR_OK);
    return n;
}

/* A NULL-terminated list of copies. */
static UNUSED char **rig_strings(const char *first, const char *second)
{
    char **list = calloc(3, sizeof(*list));
    list[0] = strdup(first);
    list[1] = second ? strdup(second) : NULL;
    return list;
}

static UNUSED void rig_key(struct reg_key *key, const char *id, uint32_t verbs, const char *first,
                           const char *second)
{
    memset(key, 0, sizeof(*key));
    strcpy(key->id, id);
    memcpy(key->secret, RIG_SECRET, 32);
    key->secret_size = 32;
    key->grants = calloc(1, sizeof(*key->grants));
    key->grant_count = 1;
    key->grants[0].verbs = verbs;
    key->grants[0].services = rig_strings(first, second);
}

static UNUSED struct reg_config rig_config(void)
{
    static const struct {
        const char *from;
        enum reg_auth auth;
    } sources[] = {{"127.0.0.0/8", REG_AUTH_OPEN},   {"::1", REG_AUTH_OPEN},
                   {"172.16.0.0/12", REG_AUTH_OPEN}, {"10.9.0.0/16", REG_AUTH_DENY},
                   {"10.0.0.0/8", REG_AUTH_COOKIE},  {"2001:db8::/32", REG_AUTH_COOKIE},
                   {"192.168.0.0/16", REG_AUTH_KEY}};
    struct reg_config c = {.source_quota = 4,
                           .rate_per_s = 200,
                           .rate_burst = 400,
                           .replay_entries_max = 100,
                           .subscriptions_max = 20,
                           .source_subscriptions = 3,
                           .source_count = ARRAY_COUNT(sources)};
    c.sources = calloc(c.source_count, sizeof(*c.sources));
    for (size_t i = 0; i < c.source_count; i++)
        c.sources[i] = (struct reg_source){rig_network(sources[i].from), sources[i].auth};
    c.key_count = 4;
    c.keys = calloc(c.key_count, sizeof(*c.keys));
    rig_key(&c.keys[0], "node", RIG_ALL_VERBS, "*", NULL);
    c.keys[0].quota = 3;
    memcpy(c.keys[0].next, RIG_NEXT, 32);
    c.keys[0].next_size = 32;
    rig_key(&c.keys[1], "deploy", RIG_ALL_VERBS, "default/web*", "prod/*");
    c.keys[1].permanent = true;
    c.keys[1].grants[0].advertise = calloc(1, sizeof(struct network));
    c.keys[1].grants[0].advertise[0] = rig_network("203.0.113.0/24");
    c.keys[1].grants[0].advertise_count = 1;
    rig_key(&c.keys[2], "reader", 1u << REG_GET, "*", NULL);
    rig_key(&c.keys[3], "late", RIG_ALL_VERBS, "*", NULL);
    c.keys[3].not_after_ms = RIG_WALL - 1;
    c.protected_services = rig_strings("default/pay*", NULL);
    return c;
}

static bool rig_name_taken(void *context, struct text ns, struct text service, struct text id)
{
    (void)context, (void)ns, (void)id;
    return text_is(service, TEXT("ns1"));
}

static bool rig_namespace_known(void *context, struct text ns)
{
    (void)context;
    return text_is(ns, TEXT("default")) || text_is(ns, TEXT("prod"));
}

static UNUSED struct rig *rig_new(void)
{
    struct rig *t = calloc(1, sizeof(*t));
    struct registry_config rc = registry_config_default();
    rc.name_taken = rig_name_taken;
    rc.namespace_known = rig_namespace_known;
    rc.instances_max = 1000;
    struct hash_key key = {{7}};
    t->registry = registry_new(&rc, &key);
    assert_non_null(t->registry);
    struct reg_config config = rig_config();
    struct reg_identity identity = {
        .epoch = 0x2b6296d4, .cookie_secret = "fifteen bytes!!", .seed = 1, .durability = "disk"};
    t->reg = reg_new(&config, &identity, t->registry);
    assert_non_null(t->reg);
    t->now = (struct moment){.lease_ms = 10000000, .wall_ms = RIG_WALL};
    t->from = (struct endpoint){rig_addr("127.0.0.1"), 53311};
    t->route[0] = 1;
    return t;
}

static UNUSED void rig_free(struct rig *t)
{
    reg_free(t->reg);
    registry_free(t->registry);
    free(t);
}

static UNUSED int rig_setup(void **state)
{
    *state = rig_new();
    return 0;
}

static UNUSED int rig_teardown(void **state)
{
    rig_free(*state);
    return 0;
}

static UNUSED void rig_from(struct rig *t, const char *addr)
{
    t->from = (struct endpoint){rig_addr(addr), 53311};
}

static UNUSED void rig_pass(struct rig *t, uint64_t ms)
{
    t->now.lease_ms += ms;
    t->now.wall_ms += ms;
}

static UNUSED const char *rig_send_bytes(struct rig *t, const void *bytes, size_t n)
{
    /* An exact copy, so that the address sanitizer sees a read past the end. */
    uint8_t *copy = malloc(n ? n : 1);
    if (n)
        memcpy(copy, bytes, n);
    struct reg_datagram in = {copy, n, false, t->from, t->no_route ? NULL : t->route};
    t->size = reg_handle(t->reg, &in, t->now, t->out);
    free(copy);
    assert_true(t->size <= REG_DATAGRAM_MAX);
    memcpy(t->text, t->out, t->size);
    if (t->size) {
        assert_int_equal(t->out[t->size - 1], '\n');
        t->text[t->size - 1] = '\0';
    }
    t->text[t->size] = '\0';
    return t->text;
}

/* Adds the LF. */
static UNUSED const char *rig_send(struct rig *t, const char *request)
{
    char line[REG_RECEIVE_SIZE + 1];
    int n = snprintf(line, sizeof(line), "%s\n", request);
    return rig_send_bytes(t, line, (size_t)n);
}

/* In a pattern "#" stands for a decimal number, "@" for a cookie, all else for itself. */
static UNUSED bool rig_matches(const char *text, const char *pattern)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (; *pattern; pattern++) {
        size_t n = *pattern == '#'   ? strspn(text, "0123456789")
                   : *pattern == '@' ? strspn(text, base64)
                                     : *text == *pattern;
        if (n == 0 || (*pattern == '@' && n != 22))
            return false;
        text += n;
    }
    return *text == '\0';
}

#define rig_check(t, request, pattern)                                                             \
    do {                                                                                           \
        if (!rig_matches(rig_send((t), (request)), (pattern)))                                     \
            fail_msg("\n request %s\n reply   %s\n wanted  %s", (request), (t)->text, (pattern));  \
    } while (0)

/* The value of " key=" in the last reply. */
static UNUSED const char *rig_value(struct rig *t, const char *key, char out[static 128])
{
    char name[40];
    snprintf(name, sizeof(name), " %s=", key);
    const char *at = strstr(t->text, name);
    if (!at)
        fail_msg("no %s in: %s", key, t->text);
    at += strlen(name);
    size_t n = strcspn(at, " \n");
    assert_true(n < 128);
    memcpy(out, at, n);
    out[n] = '\0';
    return out;
}

/* A cookie for the present source. */
static UNUSED const char *rig_cookie(struct rig *t, char out[static 128])
{
    rig_send(t, "disc/1 hello");
    return rig_value(t, "ck", out);
}

/* The documented MAC, by OpenSSL's one-shot function. */
static UNUSED void rig_mac(const char *secret, const char *bytes, size_t n, char out[static 33])
{
    unsigned char full[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    assert_non_null(HMAC(EVP_sha256(), secret, 32, (const unsigned char *)bytes, n, full, &size));
    for (unsigned i = 0; i < 16; i++)
        sprintf(out + 2 * i, "%02x", full[i]);
}

/* Sends a request signed with `secret` and checks that the reply is, too, and ends with
 * it; the MAC is then cut off t->text. 401 and chal come unsigned. */
static UNUSED const char *rig_send_signed(struct rig *t, const char *secret, const char *request)
{
    char line[REG_RECEIVE_SIZE + 1], mac[33];
    rig_mac(secret, request, strlen(request), mac);
    snprintf(line, sizeof(line), "%s%cmac=%s", request, strchr(request, '\n') ? '\n' : ' ', mac);
    rig_send(t, line);
    size_t n = strlen(t->text);
    if (strstr(t->text, " c=401 ") || strncmp(t->text, "disc/1 chal", 11) == 0 || n == 0) {
        assert_null(strstr(t->text, "mac="));
        return t->text;
    }
    assert_true(n > 37);
    rig_mac(secret, t->text, n - 37, mac);
    assert_memory_equal(t->text + n - 36, "mac=", 4);
    assert_string_equal(t->text + n - 32, mac);
    bool items = memchr(t->text, '\n', n - 37) != NULL;
    assert_int_equal(t->text[n - 37], items ? '\n' : ' ');
    t->text[n - 37] = '\0';
    return t->text;
}

#define rig_check_signed(t, request, pattern)                                                      \
    do {                                                                                           \
        if (!rig_matches(rig_send_signed((t), RIG_SECRET, (request)), (pattern)))                  \
            fail_msg("\n request %s\n reply   %s\n wanted  %s", (request), (t)->text, (pattern));  \
    } while (0)

static UNUSED uint64_t rig_outcome(const struct rig *t, enum reg_outcome outcome)
{
    return counter_get(&reg_counters(t->reg)->outcomes[outcome]);
}

#endif
