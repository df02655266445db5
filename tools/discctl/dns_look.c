#include "dns_look.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 12, QUERY_MAX = 2 + HEADER + 255 + 4, POINTERS_MAX = 64 };

struct query {
    unsigned char bytes[QUERY_MAX]; /* its length in front */
    size_t size;
};

static unsigned get_u16(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static void put_u16(struct query *q, unsigned value)
{
    q->bytes[q->size++] = (unsigned char)(value >> 8);
    q->bytes[q->size++] = (unsigned char)value;
}

/* ---- the question ---------------------------------------------------------------- */

/* False: it is no name (RFC 1035 section 2.3.4). */
static bool put_name(struct query *q, const char *name)
{
    size_t start = q->size;
    while (*name) {
        size_t n = strcspn(name, ".");
        if (n == 0 || n > 63 || q->size - start + n + 2 > 255)
            return false;
        q->bytes[q->size++] = (unsigned char)n;
        memcpy(q->bytes + q->size, name, n);
        q->size += n;
        name += n + (name[n] == '.');
    }
    q->bytes[q->size++] = 0;
    return true;
}

static bool make_query(struct query *q, const char *name, uint16_t type)
{
    uint16_t id = 0;
    if (getrandom(&id, sizeof(id), 0) != sizeof(id))
        return false;
    q->size = 2;
    put_u16(q, id);
    put_u16(q, 0);
    put_u16(q, 1);
    for (int i = 0; i < 3; i++)
        put_u16(q, 0);
    if (!put_name(q, name))
        return false;
    put_u16(q, type);
    put_u16(q, 1);
    q->bytes[0] = (unsigned char)((q->size - 2) >> 8);
    q->bytes[1] = (unsigned char)(q->size - 2);
    return true;
}

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

/* The place behind the name at `at`; 0 when it runs over the end. */
static size_t skip_name(const struct dns_answer *a, size_t at)
{
    while (at < a->size) {
        unsigned n = a->bytes[at];
        if (n >= 0xc0)
            return at + 2 <= a->size ? at + 2 : 0;
        if (n == 0)
            return at + 1;
        at += n + 1;
    }
    return 0;
}

/* The name at `at` with dots; compressed names too. False: it is none. */
static bool read_name(const struct dns_answer *a, size_t at, char out[static DNS_NAME_MAX])
{
    size_t used = 0;
    for (unsigned jumps = 0; at < a->size && jumps < POINTERS_MAX;) {
        unsigned n = a->bytes[at];
        if (n >= 0xc0 && at + 2 <= a->size) {
            at = get_u16(a->bytes + at) & 0x3fff;
            jumps++;
            continue;
        }
        if (n == 0) {
            out[used ? used - 1 : 0] = 0;
            return true;
        }
        if (n > 63 || at + 1 + n > a->size || used + n + 2 > DNS_NAME_MAX)
            return false;
        memcpy(out + used, a->bytes + at + 1, n);
        out[used + n] = '.';
        used += n + 1;
        at += n + 1;
    }
    return false;
}

/* Is it the answer to this very question? */
static bool check(const struct query *q, struct dns_answer *a)
{
    size_t n = q->size - 2;
    const unsigned char *asked = q->bytes + 2;
    if (a->size < n || memcmp(a->bytes, asked, 2) != 0 || !(a->bytes[2] & 0x80) ||
        get_u16(a->bytes + 4) != 1)
        return false;
    for (size_t i = HEADER; i < n; i++) {
        if ((a->bytes[i] | 0x20) != (asked[i] | 0x20))
            return false;
    }
    a->rcode = a->bytes[3] & 0x0f;
    a->count = get_u16(a->bytes + 6);
    a->records = n;
    return true;
}

static bool exchange(int fd, const struct query *q, int64_t end, struct dns_answer *out)
{
    unsigned char length[2];
    if (!wait_for(fd, POLLOUT, end) || send(fd, q->bytes, q->size, MSG_NOSIGNAL) < 0 ||
        !read_all(fd, length, 2, end))
        return false;
    out->size = get_u16(length);
    out->bytes = malloc(out->size + 1);
    return out->bytes && read_all(fd, out->bytes, out->size, end) && check(q, out);
}

bool dns_look(const struct dns_place *to, const char *name, uint16_t type, int timeout_ms,
              struct dns_answer *out)
{
    struct query query;
    int64_t end = now_ms() + timeout_ms;
    *out = (struct dns_answer){0};
    if (!make_query(&query, name, type))
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
    size_t at = a->records;
    for (unsigned i = 0; i < a->count; i++) {
        char name[DNS_NAME_MAX];
        at = skip_name(a, at);
        if (!at || at + 10 > a->size)
            return false;
        size_t data = at + 10, next = data + get_u16(a->bytes + at + 8);
        if (next > a->size)
            return false;
        if (get_u16(a->bytes + at) == DNS_TYPE_SRV && next - data > 6 &&
            read_name(a, data + 6, name) && strcasecmp(name, target) == 0)
            return true;
        at = next;
    }
    return false;
}
