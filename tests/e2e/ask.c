/* Asks a DNS server one question and prints the answer, sorted, for scripts to compare:
 *
 *     ask [-t] [-b SIZE] ADDRESS PORT NAME TYPE
 *
 *     rcode 0 aa
 *     answer hello-svc.disc.local. 5 IN SRV 0 30 8080 one.hello-svc.disc.local.
 *     additional one.hello-svc.disc.local. 5 IN A 10.0.0.7
 *
 * -t TCP; -b EDNS size, 0 = no EDNS [1232]. The answer is read by two decoders, one of
 * them strict. Exit status: 0 fine, 1 the answer is malformed, 2 usage, 3 no answer. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "support/answer.h"
#include "support/question.h"

enum { ANSWER_MAX = 65535, PATIENCE_MS = 20000, UDP_MAX = 8192 };

struct options {
    bool tcp;
    unsigned size;
    struct endpoint to;
    const char *name, *type;
};

static bool options_read(struct options *o, int argc, char **argv)
{
    struct addr addr;
    char *end = NULL;
    *o = (struct options){.size = 1232};
    for (int c; (c = getopt(argc, argv, "tb:")) != -1;) {
        if (c == '?')
            return false;
        o->tcp |= c == 't';
        if (c == 'b')
            o->size = (unsigned)strtoul(optarg, &end, 10);
    }
    if (argc - optind != 4 || addr_parse(text_of(argv[optind]), &addr))
        return false;
    o->to = (struct endpoint){addr, (uint16_t)atoi(argv[optind + 1])};
    o->name = argv[optind + 2];
    o->type = argv[optind + 3];
    return o->to.port && question_type(o->type);
}

static int connect_to(const struct options *o)
{
    struct sockaddr_storage sa;
    socklen_t size = endpoint_to_sockaddr(&o->to, &sa);
    int fd = socket(sa.ss_family, o->tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, size) == 0)
        return fd;
    perror("ask: connect");
    if (fd >= 0)
        close(fd);
    return -1;
}

/* What comes, as far as there is room; 0 = nothing came. */
static size_t receive(int fd, uint8_t *out, size_t room)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, PATIENCE_MS) != 1)
        return 0;
    ssize_t n = recv(fd, out, room, 0);
    return n > 0 ? (size_t)n : 0;
}

static bool receive_all(int fd, uint8_t *out, size_t n)
{
    while (n) {
        size_t done = receive(fd, out, n);
        if (!done)
            return false;
        out += done;
        n -= done;
    }
    return true;
}

static size_t exchange(const struct options *o, int fd, const uint8_t *query, size_t n,
                       uint8_t out[ANSWER_MAX])
{
    uint8_t framed[2 + QUESTION_MAX], prefix[2];
    if (!o->tcp)
        return send(fd, query, n, 0) == (ssize_t)n ? receive(fd, out, ANSWER_MAX) : 0;
    put_u16(framed, (uint16_t)n);
    memcpy(framed + 2, query, n);
    if (send(fd, framed, n + 2, MSG_NOSIGNAL) != (ssize_t)n + 2 || !receive_all(fd, prefix, 2))
        return 0;
    size_t size = get_u16(prefix);
    return receive_all(fd, out, size) ? size : 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *record_text(const ldns_rr *record)
{
    char *text = ldns_rr2str(record);
    for (char *c = text; c && *c; c++)
        *c = *c == '\t' ? ' ' : *c == '\n' ? '\0' : *c;
    return text;
}

static void print_section(const struct answer *a, enum answer_section section, const char *title)
{
    const ldns_rr_list *records = answer_records(a, section);
    size_t n = ldns_rr_list_rr_count(records);
    char **lines = calloc(n + 1, sizeof *lines);
    for (size_t i = 0; lines && i < n; i++)
        lines[i] = record_text(ldns_rr_list_rr(records, i));
    if (lines)
        qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0; lines && i < n; i++) {
        printf("%s %s\n", title, lines[i]);
        free(lines[i]);
    }
    free(lines);
}

static void print(const struct answer *a)
{
    printf("rcode %u%s%s", a->rcode, a->flags & ANSWER_AA ? " aa" : "",
           a->flags & ANSWER_TC ? " tc" : "");
    if (a->ede >= 0)
        printf(" ede %d", a->ede);
    putchar('\n');
    print_section(a, ANSWER_ANSWER, "answer");
    print_section(a, ANSWER_AUTHORITY, "authority");
    print_section(a, ANSWER_ADDITIONAL, "additional");
}

static int ask(const struct options *o, int fd)
{
    static uint8_t bytes[ANSWER_MAX];
    uint8_t query[QUESTION_MAX];
    struct question q = {o->name, question_type(o->type), (uint16_t)getpid(), (uint16_t)o->size,
                         o->tcp};
    size_t n = question_write(&q, query);
    size_t size = n ? exchange(o, fd, query, n, bytes) : 0;
    if (!size) {
        fprintf(stderr, "ask: no answer\n");
        return 3;
    }
    struct answer a;
    bool good = answer_decode(query, n, bytes, size, question_limit(&q, UDP_MAX), &a);
    if (good)
        print(&a);
    else
        fprintf(stderr, "ask: malformed answer: %s\n", a.fault);
    answer_free(&a);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct options o;
    if (!options_read(&o, argc, argv)) {
        fprintf(stderr, "usage: ask [-t] [-b SIZE] ADDRESS PORT NAME TYPE\n");
        return 2;
    }
    int fd = connect_to(&o);
    if (fd < 0)
        return 3;
    int status = ask(&o, fd);
    close(fd);
    return status;
}
