#include "fault/drive.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct drive *watched;

uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void drive_at_exit(struct drive *d)
{
    watched = d;
}

void die(const char *format, ...)
{
    va_list more;
    fputs("FAILED: ", stderr);
    va_start(more, format);
    vfprintf(stderr, format, more);
    va_end(more);
    fputc('\n', stderr);
    if (watched) {
        if (watched->page && watched->page->where[0])
            fprintf(stderr, "the call that failed: %s\n", watched->page->where);
        fprintf(stderr, "the log of discd in %s:\n%s\n", watched->dir, drive_log(watched));
        drive_deinit(watched);
    }
    exit(1);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[DRIVE_PATH + 20];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f))
        die("%s: %s", path, strerror(errno));
}

void drive_configure(const struct drive *d, const char *data_dir, uint16_t dns_port,
                     const char *more)
{
    char text[2000];
    snprintf(text, sizeof text,
             "data_dir: \"%s\"\n"
             "zones:\n  - {name: disc.local, namespace: default, file: disc.local.zone}\n"
             "lease: {default: 300, min: 1, max: 300}\n"
             "dns: {listen: [\"127.0.0.1:%u\"], workers: 2}\n"
             "registration: {listen: [\"127.0.0.1:0\"]}\n"
             "http: {listen: [\"127.0.0.1:0\"]}\n"
             "%s",
             data_dir, dns_port, more);
    write_file(d->dir, "discd.yaml", text);
}

void drive_init(struct drive *d, const char *discd, const char *shim, const char *dir,
                const char *more)
{
    char path[DRIVE_PATH + 20];
    memset(d, 0, sizeof *d);
    d->discd = discd;
    d->shim = shim;
    d->out = d->reg_fd = d->dns_fd = -1;
    snprintf(d->dir, sizeof d->dir, "%s", dir);
    write_file(dir, "disc.local.zone",
               "@ IN SOA ns.disc.local. admin.disc.local. 1 60 10 86400 2\n"
               "@ IN NS ns.disc.local.\nns IN A 127.0.0.1\n");
    drive_configure(d, "data", 0, more);
    snprintf(path, sizeof path, "%s/page", dir);
    if (shim && !(d->page = fault_page_new(path)))
        die("no page");
}

static void close_sockets(struct drive *d)
{
    int *all[] = {&d->out, &d->reg_fd, &d->dns_fd};
    for (size_t i = 0; i < 3; i++) {
        if (*all[i] >= 0)
            close(*all[i]);
        *all[i] = -1;
    }
}

void drive_deinit(struct drive *d)
{
    if (d->pid)
        drive_end(d, SIGKILL);
    close_sockets(d);
    fault_page_close(d->page);
    d->page = NULL;
    if (watched == d)
        watched = NULL;
}

/* ---- life -------------------------------------------------------------------------- */

/* In the child: never returns. */
static void become(const struct drive *d, bool with_shim, int out)
{
    char path[DRIVE_PATH + 20];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(path, sizeof path, "%s/log", d->dir);
    int log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
    if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
        _exit(126);
    close(log);
    close(out);
    if (with_shim) {
        snprintf(path, sizeof path, "%s/page", d->dir);
        setenv(FAULT_ENVIRONMENT, path, 1);
        setenv(FAULT_SPARE_ENVIRONMENT, "libldns:liburcu:libcrypto", 1);
        setenv("LD_PRELOAD", d->shim, 1);
    }
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0:exitcode=99:allocator_may_return_null=1", 1);
    snprintf(path, sizeof path, "%s/discd.yaml", d->dir);
    execl(d->discd, d->discd, "-c", path, (char *)NULL);
    _exit(127);
}

void drive_launch(struct drive *d, bool with_shim)
{
    int ends[2];
    close_sockets(d);
    d->ready[0] = '\0';
    if (pipe2(ends, O_CLOEXEC))
        die("pipe: %s", strerror(errno));
    d->pid = fork();
    if (d->pid == 0)
        become(d, with_shim, ends[1]);
    close(ends[1]);
    d->out = ends[0];
}

static uint16_t port_of(const char *line, const char *purpose)
{
    const char *at = strstr(line, purpose);
    at = at ? strchr(at, ':') : NULL;
    return at ? (uint16_t)atoi(at + 1) : 0;
}

static int connected(uint16_t port, int type)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* False: the pipe was closed before a line came, so it is ending. */
static bool read_ready_line(struct drive *d)
{
    uint64_t until = now_ms() + DRIVE_PATIENCE_MS;
    size_t n = 0;
    while (!memchr(d->ready, '\n', n)) {
        struct pollfd wait = {.fd = d->out, .events = POLLIN};
        if (now_ms() > until || poll(&wait, 1, DRIVE_PATIENCE_MS) != 1)
            die("discd is neither ready nor does it end");
        ssize_t got = read(d->out, d->ready + n, sizeof d->ready - 1 - n);
        if (got <= 0)
            return false;
        n += (size_t)got;
        d->ready[n] = '\0';
    }
    return true;
}

bool drive_start(struct drive *d, bool with_shim)
{
    drive_launch(d, with_shim);
    if (!read_ready_line(d)) {
        drive_wait(d);
        return false;
    }
    d->dns = port_of(d->ready, "dns=");
    d->registration = port_of(d->ready, "registration=");
    d->http = port_of(d->ready, "http=");
    d->reg_fd = connected(d->registration, SOCK_DGRAM);
    d->dns_fd = connected(d->dns, SOCK_DGRAM);
    int room = 4 << 20;
    setsockopt(d->reg_fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    if (d->reg_fd < 0 || d->dns_fd < 0)
        die("cannot connect to what the ready line says: %s", d->ready);
    return true;
}

void drive_wait(struct drive *d)
{
    uint64_t until = now_ms() + 2 * DRIVE_PATIENCE_MS;
    while (waitpid(d->pid, &d->status, WNOHANG) == 0) {
        if (now_ms() > until) {
            kill(d->pid, SIGABRT);
            waitpid(d->pid, &d->status, 0);
            d->pid = 0;
            die("discd did not end");
        }
        poll(NULL, 0, 1);
    }
    d->pid = 0;
}

void drive_end(struct drive *d, int signal)
{
    if (!d->pid)
        return;
    kill(d->pid, signal);
    drive_wait(d);
}

bool drive_lives(struct drive *d)
{
    if (d->pid && waitpid(d->pid, &d->status, WNOHANG) == d->pid)
        d->pid = 0;
    return d->pid != 0;
}

bool drive_ended_well(const struct drive *d)
{
    return WIFEXITED(d->status) && WEXITSTATUS(d->status) == 0;
}

const char *drive_status_text(const struct drive *d)
{
    static char text[40];
    if (WIFSIGNALED(d->status))
        snprintf(text, sizeof text, "signal %d", WTERMSIG(d->status));
    else
        snprintf(text, sizeof text, "exit status %d", WEXITSTATUS(d->status));
    return text;
}

const char *drive_log(const struct drive *d)
{
    static char text[20000];
    char path[DRIVE_PATH + 20];
    snprintf(path, sizeof path, "%s/log", d->dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

/* ---- disc/1 -------------------------------------------------------------------------- */

static uint32_t send_as(struct drive *d, uint32_t id, const char *verb, const char *rest)
{
    char text[DRIVE_TEXT];
    int n =
        snprintf(text, sizeof text, "disc/1 %s id=%u%s%s\n", verb, id, rest[0] ? " " : "", rest);
    if (send(d->reg_fd, text, (size_t)n, MSG_NOSIGNAL) < 0 && errno != ECONNREFUSED)
        die("send: %s", strerror(errno));
    return id;
}

uint32_t drive_send(struct drive *d, const char *verb, const char *rest)
{
    return send_as(d, ++d->last_id, verb, rest);
}

uint32_t drive_receive(struct drive *d, char out[static DRIVE_TEXT], int ms)
{
    struct pollfd wait = {.fd = d->reg_fd, .events = POLLIN};
    if (poll(&wait, 1, ms) != 1)
        return 0;
    ssize_t n = recv(d->reg_fd, out, DRIVE_TEXT - 1, MSG_DONTWAIT);
    out[n > 0 ? n : 0] = '\0';
    const char *id = strstr(out, " id=");
    return id ? (uint32_t)strtoul(id + 4, NULL, 10) : 0;
}

bool drive_ask(struct drive *d, const char *verb, const char *rest, char out[static DRIVE_TEXT],
               int tries, int ms)
{
    uint32_t id = ++d->last_id;
    for (int i = 0; i < tries; i++) {
        uint64_t now = now_ms(), until = now + (uint64_t)ms;
        send_as(d, id, verb, rest);
        for (; now < until; now = now_ms())
            if (drive_receive(d, out, (int)(until - now)) == id)
                return true;
    }
    out[0] = '\0';
    return false;
}

bool reply_is_ok(const char *reply)
{
    return strncmp(reply, "disc/1 ok ", 10) == 0;
}

bool reply_is_disk(const char *reply)
{
    return reply_is_ok(reply) && strstr(reply, " dur=disk") != NULL;
}
