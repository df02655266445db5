/* How long DNS is silent when discd, with many instances stored, is killed and started
 * again:
 *
 *     fault_restart --discd D --dir DIR [--instances K] [--rounds N]
 *
 * Registers them, then N times: kill -9, start on the same port, ask for the instance that
 * was registered last every millisecond until it is answered. Prints the times from exec
 * to that answer; asserts only that the answer comes, and that at the end all are there. */
#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault/load.h"

enum { PER_SERVICE = 500, WINDOW = 256, TYPE_A = 1, LIMIT_MS = 60000 };

static void connect_dns(struct drive *d)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(d->dns),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    d->dns_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (d->dns_fd < 0 || connect(d->dns_fd, (struct sockaddr *)&to, sizeof to))
        die("no socket");
}

static void one_round(struct drive *d, unsigned last, unsigned service)
{
    char name[60];
    snprintf(name, sizeof name, "i%u.s%u.disc.local", last, service);
    drive_end(d, SIGKILL);
    uint64_t begin = now_ms();
    drive_launch(d, false);
    connect_dns(d);
    unsigned asked = 0;
    while (drive_query(d, name, TYPE_A, 1) < 1) {
        asked++;
        if (now_ms() - begin > LIMIT_MS || !drive_lives(d))
            die("no right answer after the restart");
    }
    printf("first right answer %llu ms after exec (asked %u times)\n",
           (unsigned long long)(now_ms() - begin), asked + 1);
}

static void check(struct drive *d, struct model *m)
{
    struct model_verdict verdict;
    drive_end(d, SIGKILL);
    if (!drive_start(d, false))
        die("it does not start: %s", drive_status_text(d));
    model_check(m, d, &verdict);
    printf("%u of %u instances are answered\n", verdict.present, m->count);
    if (verdict.lost || verdict.resurrected || verdict.present != m->count)
        die("%s", verdict.first);
}

static _Noreturn void usage(void)
{
    fputs("usage: fault_restart --discd D --dir DIR [--instances K] [--rounds N]\n", stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"discd", 1, NULL, 'd'},
                                            {"dir", 1, NULL, 'w'},
                                            {"instances", 1, NULL, 'k'},
                                            {"rounds", 1, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};
    const char *discd = NULL, *dir = NULL;
    unsigned long instances = 100000, rounds = 3;
    static struct drive d;
    struct model m;
    static struct load l;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'd': discd = optarg; break;
        case 'w': dir = optarg; break;
        case 'k': instances = strtoul(optarg, NULL, 10); break;
        case 'n': rounds = strtoul(optarg, NULL, 10); break;
        default: usage();
        }
    }
    if (!discd || !dir || !instances)
        usage();
    drive_init(&d, discd, NULL, dir, "");
    drive_at_exit(&d);
    model_init(&m, (unsigned)instances, 1 + (unsigned)instances / PER_SERVICE);
    load_init(&l, &d, &m, 1, WINDOW);
    if (!drive_start(&d, false))
        die("it does not start: %s", drive_status_text(&d));
    uint64_t begin = now_ms();
    load_fill(&l);
    printf("%lu instances registered and on disk in %llu ms\n", l.acknowledged,
           (unsigned long long)(now_ms() - begin));
    drive_configure(&d, "data", d.dns, "");
    unsigned last = (unsigned)instances - 1;
    for (unsigned long i = 0; i < rounds; i++)
        one_round(&d, last, m.instances[last].service);
    check(&d, &m);
    drive_deinit(&d);
    load_deinit(&l);
    model_deinit(&m);
    return 0;
}
