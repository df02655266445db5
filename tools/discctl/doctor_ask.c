/* A DNS question over UDP, and the little of its answer that matters here. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dns_wire.h"
#include "doctor.h"

enum { ANSWER_MAX = 4096, RECORDS_MAX = 64 };

static unsigned count_records(struct dns_message m, size_t at, unsigned type)
{
    unsigned total = dns_get_u16(m.bytes + 6), found = 0;
    struct dns_record record;
    for (unsigned i = 0; i < total && i < RECORDS_MAX && dns_read_record(m, at, &record); i++) {
        found += record.type == type;
        at = record.end;
    }
    return found;
}

static bool read_reply(const struct dns_query *query, struct dns_message answer,
                       struct doctor_reply *out)
{
    if (!dns_is_answer(answer, query))
        return false;
    unsigned type = dns_get_u16(dns_query_message(query).bytes + query->size - 4);
    out->rcode = answer.bytes[3] & 0x0f;
    out->authoritative = answer.bytes[2] & 0x04;
    out->truncated = answer.bytes[2] & 0x02;
    out->records = count_records(answer, query->size, type);
    return true;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Sends once and waits; 0, or the errno. Strangers' datagrams are passed over. */
static int exchange(int fd, const struct dns_query *query, int timeout_ms, struct doctor_reply *out)
{
    struct dns_message question = dns_query_message(query);
    unsigned char answer[ANSWER_MAX];
    int64_t end = now_ms() + timeout_ms, left;
    if (send(fd, question.bytes, question.size, 0) < 0)
        return errno;
    while ((left = end - now_ms()) > 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, (int)left) <= 0)
            continue;
        ssize_t n = recv(fd, answer, sizeof(answer), 0);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return errno;
        if (n > 0 && read_reply(query, (struct dns_message){answer, (size_t)n}, out))
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
    struct dns_query query;
    if (!dns_query_make(&query, name, type, true))
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
