/* Binding: everything that discd listens on is opened here, before it gives up root.
 *
 * A port that another process serves is an error even where SO_REUSEPORT would let us
 * share it: two registries that answer by turns would look like a broken one. A family
 * that the kernel lacks is skipped with a warning.
 */
#ifndef DISC_SERVER_SOCKETS_H
#define DISC_SERVER_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

enum socket_kind {
    SOCKET_UDP,
    SOCKET_UDP_STAMPED, /* its datagrams tell when they arrived */
    SOCKET_TCP,
};

/* Sockets for one listen address; one per worker that shares the port. */
struct socket_set {
    struct endpoint local; /* with the port in use */
    int *fds;
    size_t count;
};

/* All addresses of one purpose. */
struct listeners {
    struct socket_set *sets;
    size_t count;
};

/* Opens `share` sockets for each address; port 0 = any free port (the same for all
 * sockets of the address, and for UDP and TCP of `listeners_open_both`). `what` names the
 * purpose in messages. ERR_SYSTEM (logged, with what to do) · ERR_MEMORY. */
MUST_CHECK enum err listeners_open(const char *what, enum socket_kind kind,
                                   const struct endpoint *where, size_t count, size_t share,
                                   struct listeners *out);
MUST_CHECK enum err listeners_open_both(const char *what, const struct endpoint *where,
                                        size_t count, size_t share, struct listeners *udp,
                                        struct listeners *tcp);
void listeners_close(struct listeners *l);

/* "127.0.0.1:5300,[::1]:5300", or "off" when there is none; returns `out`. */
const char *listeners_format(const struct listeners *l, char *out, size_t size);

/* Datagrams that the kernel dropped because nobody read in time, since the sockets were
 * opened. */
uint64_t listeners_drops(const struct listeners *l);

/* The address that the kernel would send from towards the outside, without sending
 * anything; FAMILY_NONE when there is no route. */
struct addr outward_address(enum family family);

#endif
