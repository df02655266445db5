#include "http/access.h"

#include <event2/keyvalq_struct.h>
#include <sodium.h>

#include "http/host.h"

struct access access_of(const struct http_config *config)
{
    struct access a = {
        .token_set = config->token && *config->token,
        .writes_loopback = config->writes_loopback,
        .reads_token = config->reads_token,
    };
    if (a.token_set)
        crypto_generichash(a.token_hash, sizeof(a.token_hash), (const uint8_t *)config->token,
                           strlen(config->token), NULL, 0);
    return a;
}

/* RFC 9110 section 7.6.3 wants Via of every proxy; most add others, or only those. */
static bool is_of_proxies(struct text name)
{
    static const char *const names[] = {
        "forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"};
    static const struct text prefix = {"x-forwarded-", 12};
    struct text front = {name.s, name.n < prefix.n ? name.n : prefix.n};

    for (size_t n = 0; n < ARRAY_COUNT(names); n++)
        if (text_is_nocase(name, text_of(names[n])))
            return true;
    return text_is_nocase(front, prefix);
}

static bool was_forwarded(const struct evkeyvalq *headers)
{

    for (const struct evkeyval *h = headers->tqh_first; h; h = h->next.tqe_next)
        if (is_of_proxies(text_of(h->key)))
            return true;
    return false;
}

/* RFC 6750 section 2.1; the scheme in any case (RFC 9110 section 11.1). */
static struct text bearer(const struct evkeyvalq *headers)
{
    struct text value = text_of(evhttp_find_header(headers, "Authorization"));
    struct text scheme = text_cut(&value, ' ');

    if (!text_is_nocase(scheme, TEXT("bearer")))
        return (struct text){NULL, 0};
    while (value.n && value.s[0] == ' ')
        value = (struct text){value.s + 1, value.n - 1};
    return value;
}

/* Hashes are compared, so the time says nothing about the token, nor about its length. */
bool access_has_token(const struct access *access, const struct asker *asker)
{
    struct text given = bearer(asker->headers);
    uint8_t hash[sizeof(access->token_hash)];

    if (!access->token_set || !given.n)
        return false;
    crypto_generichash(hash, sizeof(hash), (const uint8_t *)given.s, given.n, NULL, 0);
    return sodium_memcmp(hash, access->token_hash, sizeof(hash)) == 0;
}

bool access_presents_token(const struct access *access, const struct asker *asker)
{
    return access->token_set && bearer(asker->headers).n > 0;
}

bool access_is_local(const struct asker *asker)
{
    return addr_is_loopback(&asker->from) && !was_forwarded(asker->headers);
}

/* Where a token is needed and the right one was not sent. */
static struct refusal refuse_token(const struct access *access, const struct asker *asker)
{
    bool sent = bearer(asker->headers).n > 0;

    if (access->token_set)
        return (struct refusal){401, "send the admin token: Authorization: Bearer TOKEN",
                                "no token"};
    if (sent)
        return (struct refusal){403,
                                "a token was sent, but the server has none: set http.token_file "
                                "there, or ask from the server's own machine",
                                "a token, but the server has none"};
    return (struct refusal){403,
                            "this needs the admin token and the server has none: set "
                            "http.token_file, or ask from the server's own machine",
                            "no token, and the server has none"};
}

/* Who sends one wants to be more than a guest: a wrong one is said, also where none is needed. */
static struct refusal check_token(const struct access *access, const struct asker *asker,
                                  bool is_open)
{
    if (access_has_token(access, asker))
        return (struct refusal){0};
    if (access->token_set && bearer(asker->headers).n)
        return (struct refusal){401, "the token is not the admin token (http.token_file)",
                                "wrong token"};
    return is_open ? (struct refusal){0} : refuse_token(access, asker);
}

/* Without the port that goes with the scheme: browsers leave it out. */
static struct text without_default_port(struct text authority, struct text scheme)
{
    struct text port = text_is_nocase(scheme, TEXT("https")) ? TEXT(":443") : TEXT(":80");

    if (authority.n > port.n && memcmp(authority.s + authority.n - port.n, port.s, port.n) == 0)
        authority.n -= port.n;
    return authority;
}

/* Browsers say from which site a page writes; anything but ourselves is refused: that is the
 * very host and port that is asked, or a name that the configuration lists as ours. Another
 * port of the same host is another site. */
static bool origin_is_fine(const struct http_config *config, const struct evkeyvalq *headers)
{
    struct text origin = text_of(evhttp_find_header(headers, "Origin"));

    if (!origin.s)
        return true;
    struct text rest = origin, scheme = text_cut(&rest, ':');
    if (!text_is_nocase(scheme, TEXT("http")) && !text_is_nocase(scheme, TEXT("https")))
        return false;
    if (rest.n <= 2 || memcmp(rest.s, "//", 2) != 0)
        return false;
    struct text host = text_of(evhttp_find_header(headers, "Host"));
    struct text site = without_default_port((struct text){rest.s + 2, rest.n - 2}, scheme);
    return host_is_listed(config, site) ||
           (host.n && text_is_nocase(site, without_default_port(host, scheme)));
}

static bool is_json(const struct evkeyvalq *headers)
{
    struct text value = text_of(evhttp_find_header(headers, "Content-Type"));
    struct text type = text_cut(&value, ';');

    while (type.n && (type.s[type.n - 1] == ' ' || type.s[type.n - 1] == '\t'))
        type.n--;
    return text_is_nocase(type, TEXT("application/json")) ||
           text_is_nocase(type, TEXT("application/merge-patch+json")); /* RFC 7396 */
}

/* Without the token. */
static bool is_open(const struct access *access, const struct asker *asker)
{
    switch (asker->wants) {
    case ACCESS_READS: return !access->reads_token || access_is_local(asker);
    case ACCESS_WRITES: return access->writes_loopback && access_is_local(asker);
    case ACCESS_CLIENTS: return true;
    }
    return false;
}

struct refusal access_check(const struct access *access, const struct http_config *config,
                            const struct asker *asker)
{
    struct refusal refusal = check_token(access, asker, is_open(access, asker));

    if (refusal.status || asker->wants == ACCESS_READS)
        return refusal;
    if (!origin_is_fine(config, asker->headers))
        return (struct refusal){403, "pages of other sites may not write here", "another site"};
    if (asker->wants == ACCESS_WRITES && asker->has_body && !is_json(asker->headers))
        return (struct refusal){415, "send the body as Content-Type: application/json",
                                "another type"};
    return (struct refusal){0};
}
