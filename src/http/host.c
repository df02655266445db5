#include "http/host.h"

struct authority {
    struct text name; /* brackets included */
    bool port_given;
    uint64_t port;
};

static bool authority_parse(struct text host, struct authority *out)
{
    const char *bracket = host.n && host.s[0] == '[' ? memchr(host.s, ']', host.n) : NULL;
    size_t name_size;

    if (bracket) {
        name_size = (size_t)(bracket - host.s) + 1;
    } else {
        const char *colon = host.n ? memchr(host.s, ':', host.n) : NULL;
        name_size = colon ? (size_t)(colon - host.s) : host.n;
    }
    struct text rest = {host.s + name_size, host.n - name_size};
    *out = (struct authority){.name = {host.s, name_size}};
    if (!name_size)
        return false;
    if (rest.n <= 1) /* "name:" is "name" (RFC 3986 section 3.2.3) */
        return rest.n == 0 || rest.s[0] == ':';
    out->port_given = true;
    return rest.s[0] == ':' &&
           text_number((struct text){rest.s + 1, rest.n - 1}, UINT16_MAX, &out->port) == ERR_OK;
}

static bool is_listened_to(const struct http_config *config, const struct addr *addr,
                           const struct authority *asked)
{
    for (size_t n = 0; n < config->listen_count; n++) {
        const struct endpoint *e = &config->listen[n];
        bool here = addr_is(&e->addr, addr) || addr_is_unspecified(&e->addr);
        if (here && (!asked->port_given || e->port == 0 || e->port == asked->port))
            return true;
    }
    return false;
}

static bool is_configured(const struct http_config *config, struct text host,
                          const struct authority *asked)
{
    for (char **name = config->hosts; name && *name; name++) {
        struct text known = text_of(*name);
        if (text_is_nocase(known, host) || text_is_nocase(known, asked->name))
            return true;
    }
    return false;
}

bool host_is_listed(const struct http_config *config, struct text host)
{
    for (char **name = config->hosts; name && *name; name++)
        if (text_is_nocase(text_of(*name), host))
            return true;
    return false;
}

bool host_is_allowed(const struct http_config *config, struct text host)
{
    struct authority asked;
    struct addr addr;

    if (!authority_parse(host, &asked))
        return false;
    if (text_is_nocase(asked.name, TEXT("localhost")))
        return true;
    if (addr_parse(asked.name, &addr) == ERR_OK)
        if (addr_is_loopback(&addr) || is_listened_to(config, &addr, &asked))
            return true;
    return is_configured(config, host, &asked);
}
