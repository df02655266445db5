#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96 */
#define MAPPED_BITS 96

static bool is_mapped(const uint8_t bytes[16])
{
    return memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static struct addr addr_of_v4(const void *bytes)
{
    struct addr a = {.family = FAMILY_V4};
    memcpy(a.bytes, bytes, 4);
    return a;
}

/* As it stands: mapped addresses stay IPv6. */
static struct addr addr_of_v6(const void *bytes)
{
    struct addr a = {.family = FAMILY_V6};
    memcpy(a.bytes, bytes, 16);
    return a;
}

static struct addr unmapped(struct addr a)
{
    return a.family == FAMILY_V6 && is_mapped(a.bytes) ? addr_of_v4(a.bytes + 12) : a;
}

static enum err parse_as_written(struct text t, struct addr *out)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    bool bracketed = t.n >= 2 && t.s[0] == '[' && t.s[t.n - 1] == ']';

    if (bracketed)
        t = (struct text){t.s + 1, t.n - 2};
    if (text_copy(t, copy, sizeof(copy)) != ERR_OK || strlen(copy) != t.n)
        return ERR_SYNTAX;
    if (!bracketed && inet_pton(AF_INET, copy, bytes) == 1)
        *out = addr_of_v4(bytes);
    else if (inet_pton(AF_INET6, copy, bytes) == 1)
        *out = addr_of_v6(bytes);
    else
        return ERR_SYNTAX;
    return ERR_OK;
}

enum err addr_parse(struct text t, struct addr *out)
{
    struct addr a;
    enum err err = parse_as_written(t, &a);
    if (err)
        return err;
    *out = unmapped(a);
    return ERR_OK;
}

enum err endpoint_parse(struct text t, struct endpoint *out)
{
    const char *colon = t.n ? memrchr(t.s, ':', t.n) : NULL;
    struct endpoint e;
    uint64_t port;

    if (!colon)
        return ERR_SYNTAX;
    struct text host = {t.s, (size_t)(colon - t.s)};
    if (host.n && host.s[0] != '[' && memchr(host.s, ':', host.n))
        return ERR_SYNTAX; /* without brackets nobody can tell where the port begins */
    enum err err = addr_parse(host, &e.addr);
    if (err)
        return err;
    err = text_number((struct text){colon + 1, t.n - host.n - 1}, UINT16_MAX, &port);
    if (err)
        return err;
    e.port = (uint16_t)port;
    *out = e;
    return ERR_OK;
}

enum err network_parse(struct text t, struct network *out)
{
    struct addr a;
    enum err err = parse_as_written(text_cut(&t, '/'), &a);
    if (err)
        return err;

    uint64_t bits = addr_size(&a) * 8;
    if (t.s && (err = text_number(t, bits, &bits)) != ERR_OK)
        return err;
    struct addr inner = unmapped(a);
    if (inner.family != a.family) {
        if (bits < MAPPED_BITS)
            return ERR_VALUE;
        bits -= MAPPED_BITS;
    }
    struct addr prefix = addr_prefix(&inner, (unsigned)bits);
    if (!addr_is(&prefix, &inner))
        return ERR_VALUE;
    *out = (struct network){inner, (uint8_t)bits};
    return ERR_OK;
}

const char *addr_format(const struct addr *a, char out[static ADDR_TEXT])
{
    int family = a->family == FAMILY_V4 ? AF_INET : AF_INET6;

    if (a->family == FAMILY_NONE || !inet_ntop(family, a->bytes, out, ADDR_TEXT))
        memcpy(out, "-", sizeof("-"));
    return out;
}

const char *endpoint_format(const struct endpoint *e, char out[static ENDPOINT_TEXT])
{
    char host[ADDR_TEXT];
    bool v6 = e->addr.family == FAMILY_V6;

    addr_format(&e->addr, host);
    snprintf(out, ENDPOINT_TEXT, "%s%s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "",
             (unsigned)e->port);
    return out;
}

const char *network_format(const struct network *n, char out[static NETWORK_TEXT])
{
    char host[ADDR_TEXT];

    snprintf(out, NETWORK_TEXT, "%s/%u", addr_format(&n->addr, host), (unsigned)n->bits);
    return out;
}

bool addr_is(const struct addr *a, const struct addr *b)
{
    return addr_compare(a, b) == 0;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, addr_size(a));
}

bool network_has(const struct network *n, const struct addr *a)
{
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    if (n->addr.family != a->family || memcmp(n->addr.bytes, a->bytes, whole) != 0)
        return false;
    return !rest || ((n->addr.bytes[whole] ^ a->bytes[whole]) & 0xff00 >> rest & 0xff) == 0;
}

struct addr addr_prefix(const struct addr *a, unsigned bits)
{
    struct addr prefix = *a;
    unsigned size = addr_size(a);
    unsigned whole = bits / 8;

    if (whole >= size)
        return prefix;
    prefix.bytes[whole] &= (uint8_t)(0xff00 >> bits % 8);
    memset(prefix.bytes + whole + 1, 0, size - whole - 1);
    return prefix;
}

bool addr_is_loopback(const struct addr *a)
{
    static const uint8_t one[16] = {[15] = 1};
    return a->family == FAMILY_V4   ? a->bytes[0] == 127
           : a->family == FAMILY_V6 ? memcmp(a->bytes, one, sizeof(one)) == 0
                                    : false;
}

bool addr_is_unspecified(const struct addr *a)
{
    static const uint8_t zero[16];
    return a->family != FAMILY_NONE && memcmp(a->bytes, zero, addr_size(a)) == 0;
}

bool addr_is_multicast(const struct addr *a)
{
    static const uint8_t broadcast[4] = {255, 255, 255, 255};

    if (a->family == FAMILY_V4)
        return a->bytes[0] >> 4 == 0xe || memcmp(a->bytes, broadcast, sizeof(broadcast)) == 0;
    return a->family == FAMILY_V6 && a->bytes[0] == 0xff;
}

bool addr_is_link_local(const struct addr *a)
{
    if (a->family == FAMILY_V4)
        return a->bytes[0] == 169 && a->bytes[1] == 254;
    return a->family == FAMILY_V6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

enum err endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *out)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    switch (sa->sa_family) {
    case AF_INET: /* of every datagram: straight into its place */
        memcpy(&v4, sa, sizeof(v4));
        out->addr = (struct addr){.family = FAMILY_V4};
        memcpy(out->addr.bytes, &v4.sin_addr, 4);
        out->port = ntohs(v4.sin_port);
        return ERR_OK;
    case AF_INET6:
        memcpy(&v6, sa, sizeof(v6));
        *out = (struct endpoint){unmapped(addr_of_v6(&v6.sin6_addr)), ntohs(v6.sin6_port)};
        return ERR_OK;
    default: return ERR_VALUE;
    }
}

socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(e->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};

    memset(out, 0, sizeof(*out));
    switch (e->addr.family) {
    case FAMILY_V4:
        memcpy(&v4.sin_addr, e->addr.bytes, 4);
        memcpy(out, &v4, sizeof(v4));
        return sizeof(v4);
    case FAMILY_V6:
        memcpy(&v6.sin6_addr, e->addr.bytes, 16);
        memcpy(out, &v6, sizeof(v6));
        return sizeof(v6);
    default: return 0;
    }
}
