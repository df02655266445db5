/* IP addresses, endpoints (address and port) and networks, in one form for both
 * families. IPv4-mapped IPv6 addresses are unmapped on the way in. */
#ifndef DISC_BASE_ADDR_H
#define DISC_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/text.h"

enum family { FAMILY_NONE = 0, FAMILY_V4 = 4, FAMILY_V6 = 6 };

struct addr {
    uint8_t family;    /* enum family */
    uint8_t bytes[16]; /* network order; v4 in the first 4, the rest 0 */
};

struct endpoint {
    struct addr addr;
    uint16_t port; /* host order */
};

struct network {
    struct addr addr; /* bits behind the prefix are 0 */
    uint8_t bits;     /* 0-32 or 0-128 */
};

#define ADDR_TEXT 46     /* room for addr_format, NUL included */
#define ENDPOINT_TEXT 56 /* "[...]:65535" */
#define NETWORK_TEXT 50

/* "10.0.0.7", "2001:db8::7", also "[2001:db8::7]"; no zone index ("%eth0"). */
MUST_CHECK enum err addr_parse(struct text t, struct addr *out);
/* "127.0.0.1:53", "[::1]:53"; the port is 0-65535 and required. */
MUST_CHECK enum err endpoint_parse(struct text t, struct endpoint *out);
/* "10.0.0.0/8", "::1" (= /128); ERR_VALUE when bits behind the prefix are set. */
MUST_CHECK enum err network_parse(struct text t, struct network *out);

/* Canonical text (RFC 5952 for v6), "-" for FAMILY_NONE; returns `out`. */
const char *addr_format(const struct addr *a, char out[static ADDR_TEXT]);
const char *endpoint_format(const struct endpoint *e, char out[static ENDPOINT_TEXT]);
const char *network_format(const struct network *n, char out[static NETWORK_TEXT]);

/* The size in bytes: 4, 16, or 0 for FAMILY_NONE. */
static inline unsigned addr_size(const struct addr *a)
{
    return a->family == FAMILY_V4 ? 4 : a->family == FAMILY_V6 ? 16 : 0;
}

bool addr_is(const struct addr *a, const struct addr *b);
int addr_compare(const struct addr *a, const struct addr *b); /* v4 before v6, then bytes */
bool network_has(const struct network *n, const struct addr *a);
/* The address with all bits behind the first `bits` cleared. */
struct addr addr_prefix(const struct addr *a, unsigned bits);

bool addr_is_loopback(const struct addr *a);    /* 127/8, ::1 */
bool addr_is_unspecified(const struct addr *a); /* 0.0.0.0, :: */
bool addr_is_multicast(const struct addr *a);   /* and 255.255.255.255 */
bool addr_is_link_local(const struct addr *a);  /* 169.254/16, fe80::/10 */

/* sockaddr <-> endpoint. from: ERR_VALUE for other families. */
MUST_CHECK enum err endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *out);
socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out);

#endif
