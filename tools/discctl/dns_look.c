#include "dns_look.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- the way there --------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool wait_for(int fd, short events, int64_t end)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = end - now_ms();
    return left > 0 && poll(&p, 1, (int)left) == 1;
}

static int connect_to(const struct dns_place *to, int64_t end)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *a = NULL;
    char port[8];
    snprintf(port, sizeof(port), "%d", to->port & 0xffff);
    if (getaddrinfo(to->address, port, &hints, &a) != 0)
        return -1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && (connect(fd, a->ai_addr, a->ai_addrlen) == 0 ||
                            (errno == EINPROGRESS && wait_for(fd, POLLOUT, end)));
    freeaddrinfo(a);
    if (good)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool read_all(int fd, unsigned char *out, size_t n, int64_t end)
{
    while (n) {
        if (!wait_for(fd, POLLIN, end))
            return false;
        ssize_t got = recv(fd, out, n, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        out += got > 0 ? got : 0;
        n -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* ---- the answer ------------------------------------------------------------------ */

static bool check(const struct dns_query *q, struct dns_answer *a)
{
    if (!dns_is_answer((struct dns_message){a->bytes, a->size}, q))
        return false;
    a->rcode = a->bytes[3] & 0x0f;
    a->count = dns_get_u16(a->bytes + 6);
    a->records = q->size;
    return true;
}

static bool exchange(int fd, const struct dns_query *q, int64_t end, struct dns_answer *out)
{
    unsigned char length[2];
    if (!wait_for(fd, POLLOUT, end) || send(fd, q->framed, 2 + q->size, MSG_NOSIGNAL) < 0 ||
        !read_all(fd, length, 2, end))
        return false;
    out->size = dns_get_u16(length);
    out->bytes = malloc(out->size + 1);
    return out->bytes && read_all(fd, out->bytes, out->size, end) && check(q, out);
}

bool dns_look(const struct dns_place *to, const char *name, uint16_t type, int timeout_ms,
              struct dns_answer *out)
{
    struct dns_query query;
    int64_t end = now_ms() + timeout_ms;
    *out = (struct dns_answer){0};
    if (!dns_query_make(&query, name, type, false))
        return false;
    int fd = connect_to(to, end);
    if (fd < 0)
        return false;
    bool good = exchange(fd, &query, end, out);
    close(fd);
    if (!good)
        dns_answer_free(out);
    return good;
}

void dns_answer_free(struct dns_answer *a)
{
    free(a->bytes);
    *a = (struct dns_answer){0};
}

bool dns_has_target(const struct dns_answer *a, const char *target)
{
    struct dns_message m = {a->bytes, a->size};
    struct dns_record record;
    size_t at = a->records;
    for (unsigned i = 0; i < a->count && dns_read_record(m, at, &record); i++) {
        char name[DNS_NAME_MAX];
        if (record.type == DNS_TYPE_SRV && record.end - record.data > 6 &&
            dns_read_name(m, record.data + 6, name) && strcasecmp(name, target) == 0)
            return true;
        at = record.end;
    }
    return false;
}
