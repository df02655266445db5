#include "host.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

void host_of(const char *text, char *out, size_t size)
{
    const char *host = strstr(text, "//");
    host = host ? host + 2 : text;
    bool bracket = *host == '[';
    size_t n = strcspn(host + bracket, bracket ? "]" : ":/");
    snprintf(out, size, "%.*s", (int)n, host + bracket);
}

bool host_is_loopback(const char *host)
{
    struct in6_addr v6;
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcasecmp(host, "localhost") == 0;
}

bool host_is_link_local(const char *host)
{
    struct in6_addr v6;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LINKLOCAL(&v6);
}

bool host_address(const char *host, int family, char *out, size_t size)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *found = NULL;
    bool good = getaddrinfo(host, NULL, &hints, &found) == 0 &&
                getnameinfo(found->ai_addr, found->ai_addrlen, out, (socklen_t)size, NULL, 0,
                            NI_NUMERICHOST) == 0;
    if (found)
        freeaddrinfo(found);
    return good;
}

bool host_is_routed(const char *address)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM}, *to = NULL;
    if (getaddrinfo(address, "53", &hints, &to) != 0)
        return false;
    int fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && connect(fd, to->ai_addr, to->ai_addrlen) == 0;
    if (fd >= 0)
        close(fd);
    freeaddrinfo(to);
    return good;
}
