#include "server/sockets.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define TCP_BACKLOG 511
#define UDP_BUFFER (4 << 20) /* a burst of 100 000 heartbeats waits here; the kernel may cap it */
#define PORT_TRIES 16        /* for a port that is free for UDP and for TCP */
#define FIRST_USERS 1024     /* ports below are privileged */

static int on(int fd, int level, int option)
{
    int one = 1;
    return setsockopt(fd, level, option, &one, sizeof one);
}

static void tune_udp(int fd, enum socket_kind kind, const struct endpoint *where)
{
    int size = UDP_BUFFER;
    int pmtu = IP_PMTUDISC_OMIT; /* no fragments of ours wanted, forged ICMP ignored */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (kind == SOCKET_UDP_STAMPED)
        (void)on(fd, SOL_SOCKET, SO_TIMESTAMPNS);
    if (where->addr.family == FAMILY_V4) {
        (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &pmtu, sizeof pmtu);
        if (addr_is_unspecified(&where->addr))
            (void)on(fd, IPPROTO_IP, IP_PKTINFO);
    } else {
        pmtu = IPV6_PMTUDISC_OMIT;
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &pmtu, sizeof pmtu);
        if (addr_is_unspecified(&where->addr))
            (void)on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
    }
}

/* One bound socket, or -1 with errno. */
static int open_one(enum socket_kind kind, const struct endpoint *where, bool shared)
{
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(where, &sa);
    int type = kind == SOCKET_TCP ? SOCK_STREAM : SOCK_DGRAM;
    int fd = socket(sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    bool bad = (where->addr.family == FAMILY_V6 && on(fd, IPPROTO_IPV6, IPV6_V6ONLY)) ||
               (kind == SOCKET_TCP && on(fd, SOL_SOCKET, SO_REUSEADDR)) ||
               (shared && on(fd, SOL_SOCKET, SO_REUSEPORT)) ||
               bind(fd, (struct sockaddr *)&sa, size) ||
               (kind == SOCKET_TCP && listen(fd, TCP_BACKLOG));
    if (bad) {
        int problem = errno;
        close(fd);
        errno = problem;
        return -1;
    }
    if (kind != SOCKET_TCP)
        tune_udp(fd, kind, where);
    return fd;
}

static enum err local_of(int fd, struct endpoint *out)
{
    struct sockaddr_storage sa;
    socklen_t size = sizeof sa;
    if (getsockname(fd, (struct sockaddr *)&sa, &size))
        return ERR_SYSTEM;
    return endpoint_from_sockaddr((struct sockaddr *)&sa, out);
}

static void set_close(struct socket_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->fds[i] >= 0)
            close(set->fds[i]);
    free(set->fds);
    set->fds = NULL;
    set->count = 0;
}

/* "Any port": one that the kernel gives to no client by itself (ip_local_port_range begins at
 * 32768 nearly everywhere, so half of one that it gave is below). A client of the same user that
 * asks for SO_REUSEPORT, as BIND's do, could otherwise draw the port that workers share, and
 * would then talk to itself; and after a restart the port is still there to be taken. Where
 * half of it would be privileged, the kernel's own choice stays. */
static int open_any(enum socket_kind kind, const struct endpoint *where, struct endpoint *local)
{
    for (unsigned tries = where->port ? 1 : PORT_TRIES;; tries--) {
        int fd = open_one(kind, where, false);
        if (fd < 0 || local_of(fd, local) || tries == 1 || local->port / 2 < FIRST_USERS)
            return fd;
        struct endpoint half = *local;
        half.port /= 2;
        int other = open_one(kind, &half, false);
        close(fd);
        if (other >= 0) {
            *local = half;
            return other;
        }
    }
}

/* Only without SO_REUSEPORT does the kernel tell that somebody is there already. One socket
 * alone stays without: nobody can then bind the port beside it. */
static enum err set_open(enum socket_kind kind, const struct endpoint *where, size_t share,
                         struct socket_set *out)
{
    *out = (struct socket_set){.fds = calloc(share, sizeof *out->fds)};
    if (!out->fds)
        return ERR_MEMORY;
    int first = open_any(kind, where, &out->local);
    enum err err = first < 0 || !out->local.port ? ERR_SYSTEM : ERR_OK;
    if (!err && share == 1)
        out->fds[out->count++] = first;
    else if (first >= 0)
        close(first);
    while (!err && out->count < share) {
        int fd = open_one(kind, &out->local, true);
        if (fd < 0)
            err = ERR_SYSTEM;
        else
            out->fds[out->count++] = fd;
    }
    if (err) {
        int problem = errno;
        set_close(out);
        errno = problem;
    }
    return err;
}

static bool family_lacks(const struct endpoint *where)
{
    return errno == EAFNOSUPPORT || (errno == EADDRNOTAVAIL && where->addr.family == FAMILY_V6 &&
                                     addr_is_loopback(&where->addr));
}

static void complain(const char *what, const struct endpoint *where)
{
    char text[ENDPOINT_TEXT];
    int problem = errno;
    const char *advice = problem == EADDRINUSE ? "; another process serves this port: stop it, or "
                                                 "configure another one"
                         : problem == EACCES   ? "; ports below 1024 need root or "
                                                 "CAP_NET_BIND_SERVICE"
                         : problem == EADDRNOTAVAIL ? "; no interface has this address"
                                                    : "";
    log_error("%s: cannot listen on %s: %s%s", what, endpoint_format(where, text),
              strerror(problem), advice);
}

/* ERR_OK with nothing added when the family is not there. */
static enum err add(const char *what, enum socket_kind kind, const struct endpoint *where,
                    size_t share, struct listeners *out)
{
    enum err err = set_open(kind, where, share, &out->sets[out->count]);
    if (!err) {
        out->count++;
        return ERR_OK;
    }
    if (err == ERR_SYSTEM && family_lacks(where)) {
        char text[ENDPOINT_TEXT];
        log_warn("%s: %s left out: this machine has no IPv%u there", what,
                 endpoint_format(where, text), where->addr.family);
        return ERR_OK;
    }
    return err;
}

enum err listeners_open(const char *what, enum socket_kind kind, const struct endpoint *where,
                        size_t count, size_t share, struct listeners *out)
{
    *out = (struct listeners){.sets = calloc(count + 1, sizeof *out->sets)};
    enum err err = out->sets ? ERR_OK : ERR_MEMORY;
    for (size_t i = 0; i < count && !err; i++) {
        err = add(what, kind, &where[i], share, out);
        if (err == ERR_SYSTEM)
            complain(what, &where[i]);
    }
    if (!err && count && !out->count) {
        log_error("%s: none of the listen addresses can be had", what);
        err = ERR_SYSTEM;
    }
    if (err)
        listeners_close(out);
    return err;
}

/* UDP first; TCP must get the same port, so a free choice may have to be repeated. */
static enum err add_both(const char *what, const struct endpoint *where, size_t share,
                         struct listeners *udp, struct listeners *tcp)
{
    for (unsigned tries = where->port ? 1 : PORT_TRIES; tries; tries--) {
        size_t before = udp->count;
        enum err err = add(what, SOCKET_UDP, where, share, udp);
        if (err || udp->count == before)
            return err;
        err = add(what, SOCKET_TCP, &udp->sets[before].local, share, tcp);
        if (!err || err != ERR_SYSTEM || errno != EADDRINUSE || tries == 1)
            return err;
        set_close(&udp->sets[--udp->count]);
    }
    return ERR_SYSTEM;
}

enum err listeners_open_both(const char *what, const struct endpoint *where, size_t count,
                             size_t share, struct listeners *udp, struct listeners *tcp)
{
    *udp = (struct listeners){.sets = calloc(count + 1, sizeof *udp->sets)};
    *tcp = (struct listeners){.sets = calloc(count + 1, sizeof *tcp->sets)};
    enum err err = udp->sets && tcp->sets ? ERR_OK : ERR_MEMORY;
    for (size_t i = 0; i < count && !err; i++) {
        err = add_both(what, &where[i], share, udp, tcp);
        if (err == ERR_SYSTEM)
            complain(what, &where[i]);
    }
    if (!err && count && !udp->count) {
        log_error("%s: none of the listen addresses can be had", what);
        err = ERR_SYSTEM;
    }
    if (err) {
        listeners_close(udp);
        listeners_close(tcp);
    }
    return err;
}

void listeners_close(struct listeners *l)
{
    for (size_t i = 0; i < l->count; i++)
        set_close(&l->sets[i]);
    free(l->sets);
    *l = (struct listeners){0};
}

const char *listeners_format(const struct listeners *l, char *out, size_t size)
{
    size_t used = 0;
    snprintf(out, size, "off");
    for (size_t i = 0; i < l->count && used < size; i++) {
        char text[ENDPOINT_TEXT];
        int n = snprintf(out + used, size - used, "%s%s", i ? "," : "",
                         endpoint_format(&l->sets[i].local, text));
        used += n > 0 ? (size_t)n : 0;
    }
    return out;
}

static uint64_t drops_of(int fd)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t size = sizeof info;
    return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size) ? 0 : info[SK_MEMINFO_DROPS];
}

uint64_t listeners_drops(const struct listeners *l)
{
    uint64_t drops = 0;
    for (size_t i = 0; i < l->count; i++)
        for (size_t j = 0; j < l->sets[i].count; j++)
            drops += drops_of(l->sets[i].fds[j]);
    return drops;
}

struct addr outward_address(enum family family)
{
    /* Documentation addresses (RFC 5737, RFC 3849): connecting a UDP socket only asks
     * the routing table. */
    struct endpoint there = {.port = 9};
    struct endpoint here = {0};
    if (addr_parse(family == FAMILY_V4 ? TEXT("192.0.2.1") : TEXT("2001:db8::1"), &there.addr))
        return here.addr;
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&there, &sa);
    int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return here.addr;
    if (connect(fd, (struct sockaddr *)&sa, size) || local_of(fd, &here))
        here = (struct endpoint){0};
    close(fd);
    return here.addr;
}
