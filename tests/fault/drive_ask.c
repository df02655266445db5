/* DNS and HTTP of drive.h. */
#include "fault/drive.h"

#include <ldns/ldns.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/question.h"

enum { TYPE_SRV = 33, MESSAGE_MAX = 65535 };

static int stream_to(uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Exactly `n` bytes, or false. */
static bool read_all(int fd, uint8_t *out, size_t n, uint64_t until)
{
    while (n) {
        uint64_t now = now_ms();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (now >= until || poll(&wait, 1, (int)(until - now)) != 1)
            return false;
        ssize_t got = recv(fd, out, n, 0);
        if (got <= 0)
            return false;
        out += got;
        n -= (size_t)got;
    }
    return true;
}

static size_t ask_tcp(const struct drive *d, const uint8_t *query, size_t size, uint8_t *out,
                      int ms)
{
    uint64_t until = now_ms() + (uint64_t)ms;
    uint8_t framed[2 + QUESTION_MAX] = {(uint8_t)(size >> 8), (uint8_t)size}, prefix[2];
    int fd = stream_to(d->dns);
    if (fd < 0)
        return 0;
    memcpy(framed + 2, query, size);
    size_t n = 0;
    if (send(fd, framed, size + 2, MSG_NOSIGNAL) == (ssize_t)size + 2 &&
        read_all(fd, prefix, 2, until)) {
        n = (size_t)prefix[0] << 8 | prefix[1];
        n = read_all(fd, out, n, until) ? n : 0;
    }
    close(fd);
    return n;
}

static size_t ask_udp(const struct drive *d, const uint8_t *query, size_t size, uint8_t *out,
                      int ms)
{
    uint64_t now = now_ms(), until = now + (uint64_t)ms;
    if (send(d->dns_fd, query, size, MSG_NOSIGNAL) < 0)
        return 0;
    for (; now < until; now = now_ms()) {
        struct pollfd wait = {.fd = d->dns_fd, .events = POLLIN};
        if (poll(&wait, 1, (int)(until - now)) != 1)
            return 0;
        ssize_t n = recv(d->dns_fd, out, MESSAGE_MAX, MSG_DONTWAIT);
        if (n > 2 && memcmp(out, query, 2) == 0)
            return (size_t)n;
    }
    return 0;
}

/* The decoded answer; NULL = none, or none that ldns can read. */
static ldns_pkt *ask(struct drive *d, const char *name, uint16_t type, bool tcp, int ms)
{
    static uint8_t bytes[MESSAGE_MAX];
    uint8_t query[QUESTION_MAX];
    struct question question = {name, type, (uint16_t)++d->last_id, 1232, tcp};
    size_t size = question_write(&question, query);
    size_t n = tcp ? ask_tcp(d, query, size, bytes, ms) : ask_udp(d, query, size, bytes, ms);
    ldns_pkt *packet = NULL;
    if (!n || ldns_wire2pkt(&packet, bytes, n) != LDNS_STATUS_OK)
        return NULL;
    return packet;
}

static void take_srv(const ldns_rr *rr, struct srv *out)
{
    const uint8_t *target = ldns_rdf_data(ldns_rr_rdf(rr, 3));
    out->weight = ldns_rdf2native_int16(ldns_rr_rdf(rr, 1));
    memcpy(out->id, target + 1, target[0]);
    out->id[target[0]] = '\0';
}

int drive_srv(struct drive *d, const char *service, bool tcp, struct srv *out, int max, int ms)
{
    char name[256];
    snprintf(name, sizeof name, "%s.disc.local", service);
    ldns_pkt *packet = ask(d, name, TYPE_SRV, tcp, ms);
    if (!packet)
        return -1;
    ldns_rr_list *all = ldns_pkt_answer(packet);
    unsigned rcode = ldns_pkt_get_rcode(packet);
    int n = rcode == LDNS_RCODE_NOERROR || rcode == LDNS_RCODE_NXDOMAIN ? 0 : -1;
    for (size_t i = 0; n >= 0 && n < max && i < ldns_rr_list_rr_count(all); i++)
        if (ldns_rr_get_type(ldns_rr_list_rr(all, i)) == LDNS_RR_TYPE_SRV)
            take_srv(ldns_rr_list_rr(all, i), &out[n++]);
    ldns_pkt_free(packet);
    return n;
}

int drive_query(struct drive *d, const char *name, uint16_t type, int ms)
{
    ldns_pkt *packet = ask(d, name, type, false, ms);
    if (!packet)
        return -1;
    int n = (int)ldns_rr_list_rr_count(ldns_pkt_answer(packet));
    ldns_pkt_free(packet);
    return n;
}

int drive_get(struct drive *d, const char *path, int ms)
{
    char text[300];
    uint8_t begin[12], rest[4096];
    uint64_t until = now_ms() + (uint64_t)ms;
    int fd = stream_to(d->http), status = 0;
    if (fd < 0)
        return 0;
    int n = snprintf(text, sizeof text,
                     "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    if (send(fd, text, (size_t)n, MSG_NOSIGNAL) == n && read_all(fd, begin, sizeof begin, until) &&
        memcmp(begin, "HTTP/1.1 ", 9) == 0) {
        status = (begin[9] - '0') * 100 + (begin[10] - '0') * 10 + (begin[11] - '0');
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        while (poll(&wait, 1, ms) == 1 && recv(fd, rest, sizeof rest, 0) > 0)
            ;
    }
    close(fd);
    return status;
}
