#include "sim/sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The names as they are: redirect.h is for libdisc. */
#include "sim/redirect.h"
#undef socket
#undef connect
#undef send
#undef recv
#undef close
#undef dup3
#undef getsockname
#undef getaddrinfo
#undef freeaddrinfo
#undef getifaddrs
#undef getrandom
#undef getenv
#undef clock_gettime
#undef poll
#undef getpid

enum { PORT_FIRST = 1024, SERVER_PORT = 5310 };

/* What a number stands for; dup3 gives one two numbers. */
struct open_socket {
    unsigned numbers;
    uint32_t owner, host;
    uint16_t port;
    struct addr own;
    struct datagram *first, **end;
};

/* A host's ports in use, from PORT_FIRST on; a free one is used again. */
struct ports {
    struct open_socket **users;
    uint32_t room;
};

struct sockets {
    struct net *net;
    struct ports *hosts;
    uint32_t host_count;
    struct open_socket **numbers; /* by file descriptor */
    int *free_numbers;
    int count, free_count;
    sockets_ready *ready;
    void *context;
    uint32_t owner, host; /* of the process that runs */
    struct addr own;
};

static _Thread_local struct sockets *current;

struct sockets *sockets_new(struct net *net, uint32_t hosts, sockets_ready *ready, void *context)
{
    struct sockets *s = sim_alloc(sizeof(*s));
    *s = (struct sockets){.net = net, .host_count = hosts, .ready = ready, .context = context};
    s->hosts = sim_alloc(hosts * sizeof(*s->hosts));
    return s;
}

void sockets_enter(struct sockets *s, uint32_t owner, uint32_t host, const struct addr *own)
{
    current = s;
    s->owner = owner;
    s->host = host;
    s->own = *own;
}

/* ---- numbers and ports --------------------------------------------------------------- */

static uint16_t take_port(struct ports *p, struct open_socket *user)
{
    for (uint32_t i = 0; i < p->room; i++) {
        if (!p->users[i]) {
            p->users[i] = user;
            return (uint16_t)(PORT_FIRST + i);
        }
    }
    uint32_t room = p->room ? 2 * p->room : 4;
    p->users = sim_grow(p->users, room * sizeof(struct open_socket *));
    memset(p->users + p->room, 0, (room - p->room) * sizeof(struct open_socket *));
    uint32_t at = p->room;
    p->room = room;
    p->users[at] = user;
    return (uint16_t)(PORT_FIRST + at);
}

static int take_number(struct sockets *s, struct open_socket *o)
{
    o->numbers++;
    if (s->free_count) {
        int fd = s->free_numbers[--s->free_count];
        s->numbers[fd] = o;
        return fd;
    }
    if ((s->count & (s->count - 1)) == 0) {
        size_t room = s->count ? 2 * (size_t)s->count : 1;
        s->numbers = sim_grow(s->numbers, room * sizeof(struct open_socket *));
        s->free_numbers = sim_grow(s->free_numbers, room * sizeof(int));
    }
    s->numbers[s->count] = o;
    return s->count++;
}

static struct open_socket *user_of(int fd)
{
    return fd >= 0 && fd < current->count ? current->numbers[fd] : NULL;
}

static void let_go(struct sockets *s, struct open_socket *o)
{
    if (--o->numbers)
        return;
    s->hosts[o->host].users[o->port - PORT_FIRST] = NULL;
    while (o->first) {
        struct datagram *d = o->first;
        o->first = d->next;
        free(d);
    }
    free(o);
}

void sockets_free(struct sockets *s)
{
    for (int fd = 0; fd < s->count; fd++)
        if (s->numbers[fd])
            let_go(s, s->numbers[fd]);
    for (uint32_t h = 0; h < s->host_count; h++)
        free(s->hosts[h].users);
    free(s->hosts);
    free(s->numbers);
    free(s->free_numbers);
    free(s);
}

void sockets_receive(void *sockets, struct datagram *d)
{
    struct sockets *s = sockets;
    struct ports *p = &s->hosts[d->host];
    uint32_t at = (uint32_t)d->port - PORT_FIRST;
    struct open_socket *o = at < p->room ? p->users[at] : NULL;
    if (!o) {
        free(d);
        return;
    }
    d->next = NULL;
    *o->end = d;
    o->end = &d->next;
    s->ready(s->context, o->owner);
}

/* ---- for simpler clients --------------------------------------------------------------- */

int sockets_open(void)
{
    return sim_socket(AF_INET, SOCK_DGRAM, 0);
}

void sockets_send(int fd, const void *bytes, size_t size)
{
    (void)sim_send(fd, bytes, size, 0);
}

size_t sockets_recv(int fd, void *out, size_t size)
{
    ssize_t n = sim_recv(fd, out, size, 0);
    return n < 0 ? 0 : (size_t)n;
}

void sockets_close(int fd)
{
    (void)sim_close(fd);
}

/* ---- the calls ----------------------------------------------------------------------- */

int sim_socket(int family, int type, int protocol)
{
    struct open_socket *o = sim_alloc(sizeof(*o));
    (void)family, (void)type, (void)protocol;
    *o = (struct open_socket){.owner = current->owner, .host = current->host, .own = current->own};
    o->end = &o->first;
    o->port = take_port(&current->hosts[o->host], o);
    return take_number(current, o);
}

int sim_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    (void)address, (void)size;
    return user_of(fd) ? 0 : -1;
}

ssize_t sim_send(int fd, const void *bytes, size_t size, int flags)
{
    struct open_socket *o = user_of(fd);
    (void)flags;
    if (!o) {
        errno = EBADF;
        return -1;
    }
    net_send(current->net, true, o->host, o->port, bytes, size);
    return (ssize_t)size;
}

ssize_t sim_recv(int fd, void *bytes, size_t size, int flags)
{
    struct open_socket *o = user_of(fd);
    struct datagram *d = o ? o->first : NULL;
    (void)flags;
    if (!d) {
        errno = o ? EAGAIN : EBADF;
        return -1;
    }
    o->first = d->next;
    if (!o->first)
        o->end = &o->first;
    size_t n = d->size < size ? d->size : size;
    memcpy(bytes, d->bytes, n);
    free(d);
    return (ssize_t)n;
}

int sim_close(int fd)
{
    struct open_socket *o = user_of(fd);
    if (!o)
        return -1;
    current->numbers[fd] = NULL;
    current->free_numbers[current->free_count++] = fd;
    let_go(current, o);
    return 0;
}

int sim_dup3(int from, int to, int flags)
{
    struct open_socket *o = user_of(from), *old = user_of(to);
    (void)flags;
    if (!o || !old)
        return -1;
    o->numbers++;
    current->numbers[to] = o;
    let_go(current, old);
    return to;
}

int sim_getsockname(int fd, struct sockaddr *address, socklen_t *size)
{
    struct open_socket *o = user_of(fd);
    struct sockaddr_storage own;
    if (!o)
        return -1;
    struct endpoint e = {o->own, o->port};
    socklen_t n = endpoint_to_sockaddr(&e, &own);
    memcpy(address, &own, n < *size ? n : *size);
    *size = n;
    return 0;
}

/* The one name that there is; where it leads nobody looks. */
int sim_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                    struct addrinfo **list)
{
    struct found {
        struct addrinfo info;
        struct sockaddr_in address;
    } *found = sim_alloc(sizeof(*found));
    (void)host, (void)port, (void)hints;
    found->address.sin_family = AF_INET;
    found->address.sin_port = htons(SERVER_PORT);
    found->info.ai_family = AF_INET;
    found->info.ai_socktype = SOCK_DGRAM;
    found->info.ai_addr = (struct sockaddr *)&found->address;
    found->info.ai_addrlen = sizeof(found->address);
    *list = &found->info;
    return 0;
}

void sim_freeaddrinfo(struct addrinfo *list)
{
    free(list);
}

int sim_getifaddrs(struct ifaddrs **list)
{
    *list = NULL;
    errno = ENOSYS;
    return -1;
}

ssize_t sim_getrandom(void *bytes, size_t size, unsigned flags)
{
    (void)bytes, (void)size, (void)flags;
    errno = ENOSYS; /* clients of a simulation are given a seed */
    return -1;
}

char *sim_getenv(const char *name)
{
    (void)name;
    return NULL;
}

int sim_clock_gettime(clockid_t clock, struct timespec *out)
{
    (void)clock;
    *out = (struct timespec){0, 0}; /* nothing is called that would ask */
    return 0;
}

int sim_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    (void)fds, (void)count, (void)timeout;
    return 0;
}

pid_t sim_getpid(void)
{
    return 1;
}
