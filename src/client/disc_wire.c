/* The text of disc/1 as libdisc writes and reads it; see disc_inside.h. */
#include "disc_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* ---- writing --------------------------------------------------------------------- */

void disc_copy_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text ? text : "");
}

void disc_put(struct writer *w, const char *text)
{
    size_t n = strlen(text);
    if (w->n + n > DISC_DATAGRAM_MAX) {
        w->full = true;
        return;
    }
    memcpy(w->s + w->n, text, n + 1);
    w->n += n;
}

static void put_byte(struct writer *w, unsigned char c)
{
    char text[4] = {(char)c, 0};
    if (c <= 0x20 || c >= 0x7f || c == '%')
        snprintf(text, sizeof(text), "%%%02X", c);
    disc_put(w, text);
}

void disc_put_param(struct writer *w, const char *key, const char *value)
{
    if (!value)
        return;
    disc_put(w, " ");
    disc_put(w, key);
    disc_put(w, "=");
    for (const char *c = value; *c; c++)
        put_byte(w, (unsigned char)*c);
}

void disc_put_number(struct writer *w, const char *key, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%" PRIu64, value);
    disc_put_param(w, key, digits);
}

/* ---- random numbers --------------------------------------------------------------- */

static uint64_t next_random(struct disc *d)
{
    uint64_t value;
    if (!d->seeded && getrandom(&value, sizeof(value), 0) == (ssize_t)sizeof(value))
        return value;
    value = d->random += 0x9e3779b97f4a7c15u; /* splitmix64 */
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

uint64_t disc_random_to(struct disc *d, uint64_t max)
{
    return max == UINT64_MAX ? next_random(d) : next_random(d) % (max + 1);
}

uint64_t disc_jittered(struct disc *d, uint64_t value, unsigned percent)
{
    uint64_t part = value * percent / 100;
    return value - part + disc_random_to(d, 2 * part);
}

void disc_random_id(struct disc *d, char out[ID_SIZE + 1])
{
    snprintf(out, ID_SIZE + 1, "%016" PRIx64, next_random(d));
}

/* ---- keyed mode ---------------------------------------------------------------------- */

#ifdef DISC_KEYED
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static bool mac_of(const struct disc *d, const char *bytes, size_t size, char out[MAC_SIZE + 1])
{
    unsigned char full[EVP_MAX_MD_SIZE];
    unsigned n = sizeof(full);
    if (!HMAC(EVP_sha256(), d->secret, (int)d->secret_size, (const unsigned char *)bytes, size,
              full, &n))
        return false;
    for (unsigned i = 0; i < MAC_SIZE / 2; i++)
        snprintf(out + 2 * i, 3, "%02x", full[i]);
    return true;
}

static bool macs_equal(const char *a, const char *b)
{
    return CRYPTO_memcmp(a, b, MAC_SIZE) == 0;
}
#else
static bool mac_of(const struct disc *d, const char *bytes, size_t size, char out[MAC_SIZE + 1])
{
    (void)d, (void)bytes, (void)size, (void)out;
    return false;
}

static bool macs_equal(const char *a, const char *b)
{
    (void)a, (void)b;
    return false;
}
#endif

void disc_sign(const struct disc *d, struct writer *w)
{
    char mac[MAC_SIZE + 1];
    if (mac_of(d, w->s, w->n, mac))
        disc_put_param(w, "mac", mac);
    else
        w->full = true;
}

bool disc_is_signed(const struct disc *d, const char *bytes, size_t size)
{
    char right[MAC_SIZE + 1];
    if (size <= MAC_PARAM || memcmp(bytes + size - MAC_PARAM + 1, "mac=", 4) != 0)
        return false;
    return mac_of(d, bytes, size - MAC_PARAM, right) && macs_equal(right, bytes + size - MAC_SIZE);
}

/* ---- reading ------------------------------------------------------------------------ */

bool disc_read_number(const char *text, uint64_t *out)
{
    char *end;
    if (!text || *text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end)
        return false;
    *out = value;
    return true;
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool disc_decode(const char *from, size_t n, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        int value = (unsigned char)from[i];
        if (value == '%') {
            if (n - i < 3 || hex_of(from[i + 1]) < 0 || hex_of(from[i + 2]) < 0)
                return false;
            value = hex_of(from[i + 1]) << 4 | hex_of(from[i + 2]);
            i += 2;
        }
        if (used + 1 >= size)
            return false;
        out[used++] = (char)value;
    }
    out[used] = 0;
    return size > 0;
}

static void read_text(struct reply *r, const char *key, const char *value)
{
    const struct {
        const char *key;
        const char **text;
    } texts[] = {{"id", &r->id},         {"ck", &r->cookie},    {"why", &r->why},
                 {"f", &r->field},       {"ep", &r->epoch},     {"tok", &r->token},
                 {"inst", &r->instance}, {"addr", &r->address}, {"frag", &r->fragment}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(key, texts[i].key) == 0)
            *texts[i].text = value;
    }
}

static void read_number(struct reply *r, const char *key, uint64_t value)
{
    const struct {
        const char *key;
        uint64_t *number;
        bool *has;
    } numbers[] = {{"n", &r->n, &r->has_n},           {"rev", &r->rev, &r->has_rev},
                   {"ren", &r->renew, &r->has_renew}, {"wait", &r->wait, &r->has_wait},
                   {"lease", &r->lease, NULL},        {"sub", &r->sub, &r->has_sub},
                   {"seq", &r->seq, &r->has_seq},     {"prev", &r->prev, &r->has_prev},
                   {"full", &r->full, NULL},          {"guard", &r->guard, NULL}};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(key, numbers[i].key) != 0)
            continue;
        *numbers[i].number = value;
        if (numbers[i].has)
            *numbers[i].has = true;
    }
    if (strcmp(key, "c") == 0 && value < 1000)
        r->code = (int)value;
}

static void read_param(struct reply *r, const char *key, const char *value)
{
    uint64_t number;
    read_text(r, key, value);
    if (disc_read_number(value, &number))
        read_number(r, key, number);
}

bool disc_read_reply(char *line, struct reply *r)
{
    char *save = NULL, *first = strtok_r(line, " ", &save);
    if (!first || strcmp(first, "disc/1") != 0)
        return false;
    r->id = r->cookie = r->why = r->field = r->instance = r->address = "";
    r->epoch = r->token = r->fragment = "";
    r->verb = strtok_r(NULL, " ", &save);
    for (char *word; (word = strtok_r(NULL, " ", &save));) {
        char *equals = strchr(word, '=');
        if (!equals)
            return false;
        *equals = 0;
        read_param(r, word[0] == '?' ? word + 1 : word, equals + 1);
    }
    return r->verb != NULL;
}

bool disc_is_answer(const struct disc *d, const struct reply *r, const char *id, uint64_t n_first,
                    uint64_t n_last)
{
    if (strcmp(id, r->id) != 0)
        return false;
    bool is_err = strcmp(r->verb, "err") == 0;
    if (!*d->key_id || strcmp(r->verb, "chal") == 0 || (is_err && r->code == 401))
        return true;
    return r->has_n && r->n >= n_first && r->n <= n_last && disc_is_signed(d, r->raw, r->size);
}

void disc_keep_cookie(struct server *server, const char *cookie)
{
    if (*cookie && strlen(cookie) <= COOKIE_MAX)
        disc_copy_text(server->cookie, sizeof(server->cookie), cookie);
}
