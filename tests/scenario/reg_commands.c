#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/run.h"

enum { MAC_DIGITS = 32 };

static struct endpoint parse_source(struct run *r, const char *word)
{
    struct endpoint e = {.port = 40000};
    if (endpoint_parse(text_of(word), &e) && addr_parse(text_of(word), &e.addr))
        script_fail(&r->script, "found \"%s\", expected an address", word);
    return e;
}

void run_from(struct run *r, const struct words *w)
{
    if (w->count != 2)
        script_fail(&r->script, "expected: from ADDRESS[:PORT]");
    r->from = parse_source(r, w->word[1]);
}

/* ---- sending ------------------------------------------------------------------------ */

/* "\n" is LF, "\\" a backslash, "\xNN" a byte. Returns the size. */
static size_t unescape(struct run *r, const char *text, char out[static LINE_MAX_BYTES])
{
    size_t n = 0;
    for (; *text; text++) {
        char c = *text;
        if (c == '\\') {
            unsigned byte;
            switch (*++text) {
            case 'n': c = '\n'; break;
            case '\\': break;
            case 'x':
                if (sscanf(text + 1, "%2x", &byte) != 1)
                    script_fail(&r->script, "a broken \\x");
                c = (char)byte;
                text += 2;
                break;
            default: script_fail(&r->script, "an unknown escape \\%c", *text);
            }
        }
        out[n++] = c;
    }
    return n;
}

/* Every "key=value" of the reply's first line becomes $key. */
static void learn(struct run *r)
{
    struct words w;
    char line[REG_DATAGRAM_MAX + 1];
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(r->reply, "\n"), r->reply);
    script_words(&r->script, line, &w);
    for (unsigned i = 2; i < w.count; i++) {
        char *equals = strchr(w.word[i], '=');
        if (!equals)
            script_fail(&r->script, "a reply with a word that is no parameter: %s", r->reply);
        *equals = '\0';
        if (isalpha((unsigned char)*w.word[i]) && !strchr(w.word[i], '.'))
            script_set(&r->script, w.word[i], equals + 1, strlen(equals + 1));
    }
}

static bool has_cookie(const char *request, size_t size)
{
    return memmem(request, size, " ck=", 4) != NULL;
}

static enum reg_auth auth_of(struct run *r)
{
    enum reg_auth auth = REG_AUTH_DENY;
    struct built b;
    setup_build(&r->world.setup, &b);
    for (size_t i = 0; i < b.reg.source_count; i++) {
        if (network_has(&b.reg.sources[i].from, &r->from.addr)) {
            auth = b.reg.sources[i].auth;
            break;
        }
    }
    reg_config_deinit(&b.reg);
    dns_config_deinit(&b.dns);
    free(b.permanent_service);
    return auth;
}

/* What holds for every reply, whatever the scenario expects. */
static void check_reply(struct run *r, const char *request, size_t size, size_t n)
{
    if (n > REG_DATAGRAM_MAX)
        script_fail(&r->script, "a reply of %zu bytes", n);
    if (n == 0)
        return;
    if (r->reply[n - 1] != '\n' || memchr(r->reply, '\0', n))
        script_fail(&r->script, "a reply that does not end with LF, or holds NUL");
    enum reg_auth auth = auth_of(r);
    if (auth == REG_AUTH_DENY)
        script_fail(&r->script, "a denied source was answered: %s", r->reply);
    if (auth == REG_AUTH_OPEN || has_cookie(request, size))
        return;
    if (n > 96 || n > 3 * size)
        script_fail(&r->script, "%zu bytes to an unvalidated source that sent %zu", n, size);
    if (strncmp(r->reply, "disc/1 ok", 9) == 0)
        script_fail(&r->script, "ok to an unvalidated source: %s", r->reply);
}

static void send_bytes(struct run *r, const char *bytes, size_t size)
{
    uint8_t out[REG_DATAGRAM_MAX];
    size_t n = world_send(&r->world, bytes, size, &r->from, out);
    memcpy(r->reply, out, n < REG_DATAGRAM_MAX ? n : REG_DATAGRAM_MAX);
    r->reply[n] = '\0';
    check_reply(r, bytes, size, n);
    if (n)
        r->reply[n - 1] = '\0';
    learn(r);
}

void run_send(struct run *r, const char *text)
{
    char bytes[LINE_MAX_BYTES];
    size_t n = unescape(r, text, bytes);
    bytes[n++] = '\n';
    send_bytes(r, bytes, n);
}

/* ---- keyed mode ----------------------------------------------------------------------- */

/* As documented for clients, by OpenSSL's one-shot function. */
static void make_mac(const char *secret, const char *bytes, size_t n, char out[static 33])
{
    unsigned char full[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)bytes, n, full, &size);
    for (unsigned i = 0; i < MAC_DIGITS / 2; i++)
        sprintf(out + 2 * i, "%02x", full[i]);
}

/* The reply to a keyed request is signed, but for 401 and chal; the MAC is cut off. */
static void check_signature(struct run *r, const char *secret)
{
    char mac[MAC_DIGITS + 1];
    size_t n = strlen(r->reply), tail = 5 + MAC_DIGITS;
    bool anonymous = strstr(r->reply, " c=401 ") || strncmp(r->reply, "disc/1 chal", 11) == 0;
    if (n == 0)
        return;
    if (anonymous) {
        if (strstr(r->reply, "mac="))
            script_fail(&r->script, "a signed refusal: %s", r->reply);
        return;
    }
    if (n < tail || strncmp(r->reply + n - tail + 1, "mac=", 4) != 0)
        script_fail(&r->script, "the reply is not signed: %s", r->reply);
    make_mac(secret, r->reply, n - tail, mac);
    if (strcmp(mac, r->reply + n - MAC_DIGITS) != 0)
        script_fail(&r->script, "the reply's MAC is wrong: %s", r->reply);
    r->reply[n - tail] = '\0';
}

void run_send_signed(struct run *r, const char *key, const char *text)
{
    char bytes[LINE_MAX_BYTES + 64], secret[65], mac[MAC_DIGITS + 1];
    size_t n = unescape(r, text, bytes);
    setup_secret(&r->world.setup, key, secret);
    make_mac(secret, bytes, n, mac);
    n += (size_t)sprintf(bytes + n, "%cmac=%s\n", memchr(bytes, '\n', n) ? '\n' : ' ', mac);
    send_bytes(r, bytes, n);
    check_signature(r, secret);
}

/* ---- replies ---------------------------------------------------------------------------- */

void run_push(struct run *r)
{
    uint8_t out[REG_DATAGRAM_MAX];
    struct endpoint to = r->from;
    size_t n = world_push(&r->world, out, &to);
    if (n && (to.port != r->from.port || !addr_is(&to.addr, &r->from.addr)))
        script_fail(&r->script, "a push to somebody else: %.*s", (int)n, (const char *)out);
    memcpy(r->reply, out, n);
    r->reply[n ? n - 1 : 0] = '\0';
    learn(r);
}

void run_expect_reply(struct run *r, const char *pattern)
{
    char wanted[LINE_MAX_BYTES];
    size_t n = unescape(r, pattern, wanted);
    wanted[n] = '\0';
    if (strcmp(wanted, "none") == 0) {
        if (r->reply[0])
            script_fail(&r->script, "expected no reply, got: %s", r->reply);
        return;
    }
    if (!script_matches(r->reply, wanted))
        script_fail(&r->script, "expected: %s\n    got:      %s", wanted,
                    r->reply[0] ? r->reply : "(no reply)");
}

/* keep NAME KEY: $NAME is what $KEY is now. */
void run_keep(struct run *r, const struct words *w)
{
    const char *value = w->count == 3 ? script_get(&r->script, w->word[2]) : NULL;
    if (!value)
        script_fail(&r->script, "expected: keep NAME KEY, where $KEY is set");
    char *copy = strdup(value);
    script_set(&r->script, w->word[1], copy, strlen(copy));
    free(copy);
}

/* ---- the operator ------------------------------------------------------------------------- */

void run_override(struct run *r, const struct words *w)
{
    struct override o = {0};
    if (w->count < 5)
        script_fail(&r->script, "expected: override NS SVC INST drain|weight N|status S|lift...");
    struct instance_key key = {text_of(w->word[1]), text_of(w->word[2]), text_of(w->word[3])};
    enum err wanted = ERR_OK;
    for (unsigned i = 4; i < w->count; i++) {
        const char *what = w->word[i], *value = i + 1 < w->count ? w->word[i + 1] : "";
        if (strcmp(what, "drain") == 0) {
            o.drain = true;
        } else if (strcmp(what, "weight") == 0) {
            o.weight_set = true;
            o.weight = (uint16_t)script_number(&r->script, value, UINT16_MAX);
            i++;
        } else if (strcmp(what, "status") == 0) {
            o.status_set = true;
            if (!status_parse(text_of(value), &o.status))
                script_fail(&r->script, "no status: %s", value);
            i++;
        } else if (strcmp(what, "unknown") == 0) {
            wanted = ERR_NOT_FOUND; /* it has to be refused */
        } else if (strcmp(what, "lift") != 0) {
            script_fail(&r->script, "no override: %s", what);
        }
    }
    enum err err = registry_override(r->world.registry, key, &o, world_now(&r->world));
    if (err != wanted)
        script_fail(&r->script, "the override: %s", err_text(err));
    world_publish(&r->world);
}

void run_totals(struct run *r, const struct words *w)
{
    struct registry_totals t = registry_totals(r->world.registry);
    const struct {
        const char *name;
        uint64_t value;
    } all[] = {{"services", t.services},
               {"instances", t.instances},
               {"live_up", t.live_up},
               {"groups", t.groups},
               {"tombstones", t.tombstones},
               {"overrides", t.overrides},
               {"registrations", t.registrations},
               {"renewals", t.renewals},
               {"deregistrations", t.deregistrations},
               {"evictions", t.evictions},
               {"held_back", r->world.clock.held_back_ms},
               {"views", dns_totals(r->world.dns).views}};
    for (unsigned i = 1; i + 1 < w->count; i += 2) {
        unsigned n = 0;
        while (n < ARRAY_COUNT(all) && strcmp(all[n].name, w->word[i]) != 0)
            n++;
        if (n == ARRAY_COUNT(all))
            script_fail(&r->script, "no total: %s", w->word[i]);
        uint64_t wanted = script_number(&r->script, w->word[i + 1], UINT64_MAX);
        if (all[n].value != wanted)
            script_fail(&r->script, "%s: expected %llu, got %llu", w->word[i],
                        (unsigned long long)wanted, (unsigned long long)all[n].value);
    }
}

void run_outcome(struct run *r, const struct words *w)
{
    if (w->count != 3)
        script_fail(&r->script, "expected: outcome NAME N");
    for (unsigned i = 0; i < REG_OUT_COUNT; i++) {
        if (strcmp(reg_outcome_text((enum reg_outcome)i), w->word[1]) != 0)
            continue;
        uint64_t n = counter_get(&reg_counters(r->world.reg)->outcomes[i]);
        if (n != script_number(&r->script, w->word[2], UINT64_MAX))
            script_fail(&r->script, "expected %s, got %llu", w->word[2], (unsigned long long)n);
        return;
    }
    script_fail(&r->script, "no outcome: %s", w->word[1]);
}
