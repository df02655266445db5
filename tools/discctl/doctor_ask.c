/* A DNS question over UDP, and the little of its answer that matters here. What comes back
 * may be anything: every step is checked against the end of the message. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "doctor.h"

enum { HEADER = 12, QUERY_MAX = HEADER + 255 + 4, ANSWER_MAX = 4096, RECORDS_MAX = 64 };

struct message {
    unsigned char bytes[ANSWER_MAX];
    size_t size;
};

static unsigned get_u16(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static void put_u16(struct message *m, unsigned value)
{
    m->bytes[m->size++] = (unsigned char)(value >> 8);
    m->bytes[m->size++] = (unsigned char)value;
}

/* False: it is no name (RFC 1035 §2.3.4). */
static bool put_name(struct message *m, const char *name)
{
    size_t start = m->size;
    while (*name) {
        size_t n = strcspn(name, ".");
        if (n == 0 || n > 63 || m->size - start + n + 2 > 255)
            return false;
        m->bytes[m->size++] = (unsigned char)n;
        memcpy(m->bytes + m->size, name, n);
        m->size += n;
        name += n + (name[n] == '.');
    }
    m->bytes[m->size++] = 0;
    return true;
}

/* RD is set: a resolver is asked to find it. */
static bool make_query(struct message *m, const char *name, uint16_t type)
{
    uint16_t id = 0;
    if (getrandom(&id, sizeof(id), 0) != sizeof(id))
        return false;
    m->size = 0;
    put_u16(m, id);
    put_u16(m, 0x0100);
    put_u16(m, 1);
    for (int i = 0; i < 3; i++)
        put_u16(m, 0);
    if (!put_name(m, name))
        return false;
    put_u16(m, type);
    put_u16(m, 1);
    return true;
}

/* The place behind the name at `at`; 0 when it runs over the end. */
static size_t skip_name(const struct message *m, size_t at)
{
    while (at < m->size) {
        unsigned n = m->bytes[at];
        if (n >= 0xc0)
            return at + 2 <= m->size ? at + 2 : 0;
        if (n == 0)
            return at + 1;
        at += n + 1;
    }
    return 0;
}

static unsigned count_records(const struct message *m, size_t at, uint16_t type)
{
    unsigned total = get_u16(m->bytes + 6), found = 0;
    for (unsigned i = 0; i < total && i < RECORDS_MAX; i++) {
        at = skip_name(m, at);
        if (!at || at + 10 > m->size)
            break;
        size_t next = at + 10 + get_u16(m->bytes + at + 8);
        if (next > m->size)
            break;
        found += get_u16(m->bytes + at) == type;
        at = next;
    }
    return found;
}

/* Is it the answer to this very question? */
static bool read_reply(const struct message *query, const struct message *answer,
                       struct doctor_reply *out)
{
    const unsigned char *a = answer->bytes, *q = query->bytes;
    if (answer->size < query->size || memcmp(a, q, 2) != 0 || !(a[2] & 0x80) || get_u16(a + 4) != 1)
        return false;
    for (size_t i = HEADER; i < query->size; i++) {
        unsigned char x = a[i], y = q[i];
        if (x != y && ((x | 0x20) != (y | 0x20) || (x | 0x20) < 'a' || (x | 0x20) > 'z'))
            return false;
    }
    out->rcode = a[3] & 0x0f;
    out->authoritative = a[2] & 0x04;
    out->truncated = a[2] & 0x02;
    out->records =
        count_records(answer, query->size, (uint16_t)get_u16(query->bytes + query->size - 4));
    return true;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Sends once and waits; 0, or the errno. Strangers' datagrams are passed over. */
static int exchange(int fd, const struct message *query, int timeout_ms, struct doctor_reply *out)
{
    struct message answer;
    int64_t end = now_ms() + timeout_ms, left;
    if (send(fd, query->bytes, query->size, 0) < 0)
        return errno;
    while ((left = end - now_ms()) > 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, (int)left) <= 0)
            continue;
        ssize_t n = recv(fd, answer.bytes, sizeof(answer.bytes), 0);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return errno;
        answer.size = n > 0 ? (size_t)n : 0;
        if (read_reply(query, &answer, out))
            return 0;
    }
    return ETIMEDOUT;
}

static int open_socket(const struct doctor_endpoint *to)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_DGRAM};
    struct addrinfo *a = NULL;
    char port[8];
    snprintf(port, sizeof(port), "%d", to->port & 0xffff);
    if (getaddrinfo(to->address, port, &hints, &a) != 0) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
        int failed = errno;
        close(fd);
        errno = failed;
        fd = -1;
    }
    freeaddrinfo(a);
    return fd;
}

struct doctor_reply doctor_ask(const struct doctor_endpoint *to, const char *name, uint16_t type,
                               int timeout_ms)
{
    struct doctor_reply reply = {.error = EINVAL};
    struct message query;
    if (!make_query(&query, name, type))
        return reply;
    int fd = open_socket(to);
    if (fd < 0) {
        reply.error = errno;
        return reply;
    }
    for (int i = 0; i < 2; i++) {
        reply.error = exchange(fd, &query, timeout_ms / 2, &reply);
        if (reply.error != ETIMEDOUT)
            break;
    }
    close(fd);
    return reply;
}

const char *doctor_reply_text(const struct doctor_reply *reply)
{
    static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                         "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                         "NXRRSET", "NOTAUTH", "NOTZONE"};
    switch (reply->error) {
    case 0: break;
    case ETIMEDOUT: return "no answer";
    case ECONNREFUSED: return "nobody listens there";
    default: return strerror(reply->error);
    }
    if (reply->rcode == 0 && !reply->records)
        return reply->truncated ? "a truncated answer" : "NOERROR without such a record";
    size_t known = sizeof(rcodes) / sizeof(rcodes[0]);
    return (size_t)reply->rcode < known ? rcodes[reply->rcode] : "an unknown code";
}
