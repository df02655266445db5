#include "place.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *v6 = (const void *)address;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* "HOST:PORT" or "[V6]:PORT" */
static struct addrinfo *resolve(const char *server)
{
    char host[256];
    const char *colon = strrchr(server, ':');
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list;
    if (!colon || (size_t)(colon - server) >= sizeof(host))
        return NULL;
    size_t bracket = *server == '[';
    if (bracket && (colon < server + 2 || colon[-1] != ']'))
        return NULL;
    snprintf(host, sizeof(host), "%.*s", (int)((size_t)(colon - server) - 2 * bracket),
             server + bracket);
    return getaddrinfo(host, colon + 1, &hints, &list) == 0 ? list : NULL;
}

int place_open(const char *name, const char *server, bool remote)
{
    struct addrinfo *list = resolve(server);
    int fd = -1, size = 4 << 20;
    if (!list) {
        fprintf(stderr, "discbench: --%s wants HOST:PORT, and '%s' is none\n", name, server);
        return -1;
    }
    if (!remote && !is_loopback(list->ai_addr)) {
        fprintf(stderr, "discbench: %s is not on loopback; --remote, if you mean it\n", server);
    } else {
        fd = socket(list->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, list->ai_addr, list->ai_addrlen) != 0) {
            fprintf(stderr, "discbench: %s: %s\n", server, strerror(errno));
            if (fd >= 0)
                close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    return fd;
}
