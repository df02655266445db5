/* Behaves in all the ways in which a DNS client over TCP may behave, and says what the
 * server did:
 *
 *     tcp_probe ADDRESS PORT NAME HOW
 *
 *     pipeline     50 questions in one write      answers N in order
 *     bytes        one byte at a time             answers 1 in order
 *     half         5 questions, then half-closed  answers 5 in order, then the end
 *     short        a length of 11                 closed
 *     garbage      no sense, then a question     rcode 1, answers 1 in order
 *     idle         one question, then silence     answers 1 in order, then the end
 *     many         100 connections at once        answers 100
 *
 * Exit status 0 when it says so, 1 when the server did something else. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "support/answer.h"
#include "support/question.h"

enum { PIPELINE = 50, CONNECTIONS = 100, PATIENCE_MS = 30000, MESSAGE_MAX = 65535 };

struct probe {
    struct endpoint to;
    const char *name;
    int fd;
};

static int connect_to(const struct probe *p)
{
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&p->to, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&sa, size)) {
        perror("tcp_probe: connect");
        exit(3);
    }
    return fd;
}

/* One framed question with this id. */
static size_t question(const struct probe *p, uint16_t id, uint8_t *out)
{
    struct question q = {p->name, question_type("SRV"), id, 1232, true};
    size_t n = question_write(&q, out + 2);
    put_u16(out, (uint16_t)n);
    return n + 2;
}

static bool send_bytes(int fd, const uint8_t *bytes, size_t n)
{
    return send(fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

enum got { GOT_ALL, GOT_END, GOT_NOTHING };

static enum got receive(int fd, uint8_t *out, size_t n)
{
    while (n) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, PATIENCE_MS) != 1)
            return GOT_NOTHING;
        ssize_t done = recv(fd, out, n, 0);
        if (done <= 0)
            return GOT_END;
        out += done;
        n -= (size_t)done;
    }
    return GOT_ALL;
}

static bool ended(int fd)
{
    uint8_t byte;
    return receive(fd, &byte, 1) == GOT_END;
}

/* A well-formed answer to the question with this id, which holds a record. */
static bool answered(const struct probe *p, int fd, uint16_t id)
{
    static uint8_t bytes[MESSAGE_MAX];
    uint8_t prefix[2], query[2 + QUESTION_MAX];
    struct answer a;
    if (receive(fd, prefix, 2) != GOT_ALL || receive(fd, bytes, get_u16(prefix)) != GOT_ALL)
        return false;
    size_t n = question(p, id, query);
    bool good = answer_decode(query + 2, n - 2, bytes, get_u16(prefix), MESSAGE_MAX, &a);
    if (!good)
        fprintf(stderr, "tcp_probe: malformed answer: %s\n", a.fault);
    good = good && get_u16(bytes) == id && a.rcode == 0 && a.counts[ANSWER_ANSWER] > 0;
    answer_free(&a);
    return good;
}

static bool answers(const struct probe *p, int fd, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!answered(p, fd, (uint16_t)i))
            return false;
    printf("answers %u in order\n", count);
    return true;
}

static bool ask_at_once(const struct probe *p, unsigned count)
{
    static uint8_t bytes[PIPELINE * (2 + QUESTION_MAX)];
    size_t n = 0;
    for (unsigned i = 0; i < count; i++)
        n += question(p, (uint16_t)i, bytes + n);
    return send_bytes(p->fd, bytes, n);
}

static bool the_end(const struct probe *p)
{
    if (!ended(p->fd))
        return false;
    puts("closed");
    return true;
}

static bool probe_pipeline(const struct probe *p)
{
    return ask_at_once(p, PIPELINE) && answers(p, p->fd, PIPELINE);
}

static bool probe_bytes(const struct probe *p)
{
    uint8_t bytes[2 + QUESTION_MAX];
    size_t n = question(p, 0, bytes);
    for (size_t i = 0; i < n; i++)
        if (!send_bytes(p->fd, bytes + i, 1))
            return false;
    return answers(p, p->fd, 1);
}

static bool probe_half(const struct probe *p)
{
    return ask_at_once(p, 5) && shutdown(p->fd, SHUT_WR) == 0 && answers(p, p->fd, 5) && the_end(p);
}

static bool probe_short(const struct probe *p)
{
    return send_bytes(p->fd, (const uint8_t *)"\0\13", 2) && the_end(p);
}

/* A message that makes no sense is answered with FORMERR; the connection goes on. */
static bool probe_garbage(const struct probe *p)
{
    static const uint8_t garbage[] = {0, 14, 1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 0xff};
    uint8_t prefix[2], bytes[512];
    if (!send_bytes(p->fd, garbage, sizeof garbage) || receive(p->fd, prefix, 2) != GOT_ALL ||
        get_u16(prefix) > sizeof bytes || receive(p->fd, bytes, get_u16(prefix)) != GOT_ALL)
        return false;
    printf("rcode %u\n", bytes[3] & 15);
    return ask_at_once(p, 1) && answers(p, p->fd, 1);
}

static bool probe_idle(const struct probe *p)
{
    return ask_at_once(p, 1) && answers(p, p->fd, 1) && the_end(p);
}

static bool probe_many(const struct probe *p)
{
    int fds[CONNECTIONS];
    unsigned good = 0;
    uint8_t bytes[2 + QUESTION_MAX];
    for (unsigned i = 0; i < CONNECTIONS; i++)
        fds[i] = connect_to(p);
    for (unsigned i = 0; i < CONNECTIONS; i++)
        if (send_bytes(fds[i], bytes, question(p, (uint16_t)i, bytes)))
            good += answered(p, fds[i], (uint16_t)i);
    for (unsigned i = 0; i < CONNECTIONS; i++)
        close(fds[i]);
    printf("answers %u\n", good);
    return good == CONNECTIONS;
}

static const struct {
    const char *name;
    bool (*run)(const struct probe *p);
} ways[] = {
    {"pipeline", probe_pipeline}, {"bytes", probe_bytes},     {"half", probe_half},
    {"short", probe_short},       {"garbage", probe_garbage}, {"idle", probe_idle},
    {"many", probe_many},
};

int main(int argc, char **argv)
{
    struct probe p;
    if (argc != 5 || addr_parse(text_of(argv[1]), &p.to.addr)) {
        fprintf(stderr, "usage: tcp_probe ADDRESS PORT NAME HOW\n");
        return 2;
    }
    p.to.port = (uint16_t)atoi(argv[2]);
    p.name = argv[3];
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        if (strcmp(ways[i].name, argv[4]) != 0)
            continue;
        p.fd = connect_to(&p);
        bool good = ways[i].run(&p);
        close(p.fd);
        return good ? 0 : 1;
    }
    fprintf(stderr, "tcp_probe: no way '%s'\n", argv[4]);
    return 2;
}
