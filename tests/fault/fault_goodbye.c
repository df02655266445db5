/* No answer to a question asked after the reply to a goodbye holds the instance:
 *
 *     fault_goodbye --discd D --dir DIR [--times N] [--wrong]
 *
 * N times in a small service, asked over UDP from ever new ports (so that every DNS worker
 * has its turn), N/5 times in one with hundreds of instances, asked over TCP. --wrong says no
 * goodbye at all, to show that it would be noticed. */
#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault/load.h"

enum { SMALL = 5, LARGE = 600, ANSWER_MS = 30000, TYPE_A = 1 };

struct run {
    struct drive drive;
    bool wrong;
    unsigned long goodbyes, seen; /* still in an answer */
};

static void another_port(struct drive *d)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(d->dns),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    close(d->dns_fd);
    d->dns_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (d->dns_fd < 0 || connect(d->dns_fd, (struct sockaddr *)&to, sizeof to))
        die("no socket");
}

static bool holds(struct run *r, const char *service, const char *id, bool tcp)
{
    static struct srv all[2 * LARGE];
    int n = drive_srv(&r->drive, service, tcp, all, 2 * LARGE, ANSWER_MS);
    if (n < 0)
        die("no answer for %s", service);
    for (int i = 0; i < n; i++)
        if (strcmp(all[i].id, id) == 0)
            return true;
    return false;
}

static void must_be_ok(struct run *r, const char *verb, const char *rest)
{
    char reply[DRIVE_TEXT];
    if (!drive_ask(&r->drive, verb, rest, reply, 1, ANSWER_MS) || !reply_is_ok(reply))
        die("%s %s: %s", verb, rest, reply[0] ? reply : "no reply");
}

static void one(struct run *r, const char *service, bool tcp, unsigned long n)
{
    char rest[120], name[60];
    snprintf(rest, sizeof rest, "svc=%s inst=x port=%lu addr=10.9.9.9", service, 1 + n % 9999);
    snprintf(name, sizeof name, "x.%s.disc.local", service);
    must_be_ok(r, "reg", rest);
    if (!holds(r, service, "x", tcp))
        die("not in DNS after the reply to its registration");
    snprintf(rest, sizeof rest, "svc=%s inst=x", service);
    another_port(&r->drive);
    must_be_ok(r, r->wrong ? "ren" : "del", rest);
    bool still = holds(r, service, "x", tcp);
    still |= drive_query(&r->drive, name, TYPE_A, ANSWER_MS) != 0;
    r->goodbyes++;
    r->seen += still;
}

static void fill(struct run *r, const char *service, unsigned count)
{
    char rest[120];
    for (unsigned i = 0; i < count; i++) {
        snprintf(rest, sizeof rest, "svc=%s inst=f%u port=1 addr=10.1.%u.%u", service, i, i >> 8,
                 i & 255);
        must_be_ok(r, "reg", rest);
    }
}

static _Noreturn void usage(void)
{
    fputs("usage: fault_goodbye --discd D --dir DIR [--times N] [--wrong]\n", stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"discd", 1, NULL, 'd'},
                                            {"dir", 1, NULL, 'w'},
                                            {"times", 1, NULL, 'n'},
                                            {"wrong", 0, NULL, 'x'},
                                            {NULL, 0, NULL, 0}};
    const char *discd = NULL, *dir = NULL;
    unsigned long times = 1000;
    static struct run r;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'd': discd = optarg; break;
        case 'w': dir = optarg; break;
        case 'n': times = strtoul(optarg, NULL, 10); break;
        case 'x': r.wrong = true; break;
        default: usage();
        }
    }
    if (!discd || !dir || !times)
        usage();
    drive_init(&r.drive, discd, NULL, dir, "");
    drive_at_exit(&r.drive);
    if (!drive_start(&r.drive, false))
        die("it does not start: %s", drive_status_text(&r.drive));
    fill(&r, "small", SMALL);
    fill(&r, "large", LARGE);
    for (unsigned long n = 0; n < times; n++)
        one(&r, "small", false, n);
    for (unsigned long n = 0; n < times / 5; n++)
        one(&r, "large", true, n);
    printf("%lu goodbyes, %lu times still in an answer afterwards\n", r.goodbyes, r.seen);
    drive_deinit(&r.drive);
    return r.seen ? 1 : 0;
}
