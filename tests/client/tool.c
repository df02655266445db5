#include "tool.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

void start(struct run *run, const char *line)
{
    char words[1024], program[512], *argv[40] = {0}, *save = NULL;
    int count = 0;
    snprintf(words, sizeof(words), "%s", line);
    for (char *w = strtok_r(words, " ", &save); w && count < 39; w = strtok_r(NULL, " ", &save)) {
        for (char *c = w; *w == '\'' && *c; c++)
            *c = *c == '_' ? ' ' : *c;
        argv[count++] = *w == '\'' ? w + 1 : w;
    }
    snprintf(program, sizeof(program), "%s/%s", TOOLS_DIR, argv[0]);
    *run = (struct run){.out = memfd_create("out", 0), .err = memfd_create("err", 0)};
    run->pid = fork();
    if (run->pid == 0) {
        dup2(run->out, 1);
        dup2(run->err, 2);
        execv(program, argv);
        _exit(99);
    }
}

static void read_text(int fd, char *out, size_t size)
{
    ssize_t n = pread(fd, out, size - 1, 0);
    out[n > 0 ? n : 0] = 0;
    close(fd);
}

int finish(struct run *run)
{
    int status;
    assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
    read_text(run->out, run->out_text, sizeof(run->out_text));
    read_text(run->err, run->err_text, sizeof(run->err_text));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_line(struct run *run, const char *line)
{
    start(run, line);
    return finish(run);
}

void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in: %s", part, text);
}

/* ---- a registration server -------------------------------------------------------- */

unsigned open_socket(int type, int *fd)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(own);
    struct timeval patience = {.tv_sec = 20};
    *fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(bind(*fd, (struct sockaddr *)&own, size), 0);
    assert_int_equal(getsockname(*fd, (struct sockaddr *)&own, &size), 0);
    return ntohs(own.sin_port);
}

void server_open(struct server *s)
{
    *s = (struct server){0};
    s->port = open_socket(SOCK_DGRAM, &s->fd);
}

const char *expect(struct server *s, const char *verb)
{
    char start_of[32];
    socklen_t size = sizeof(s->peer);
    ssize_t n =
        recvfrom(s->fd, s->last, sizeof(s->last) - 1, 0, (struct sockaddr *)&s->peer, &size);
    assert_true(n > 0);
    s->last[n] = 0;
    snprintf(start_of, sizeof(start_of), "disc/1 %s ", verb);
    if (strncmp(s->last, start_of, strlen(start_of)) != 0)
        fail_msg("wanted %s, got %s", verb, s->last);
    const char *id = strstr(s->last, " id=");
    assert_non_null(id);
    snprintf(s->id, sizeof(s->id), "%.*s", (int)strcspn(id + 4, " \n"), id + 4);
    return s->last;
}

void reply(struct server *s, const char *verb, const char *rest)
{
    char bytes[600];
    int n = snprintf(bytes, sizeof(bytes), "disc/1 %s id=%s %s\n", verb, s->id, rest);
    sendto(s->fd, bytes, (size_t)n, 0, (struct sockaddr *)&s->peer, sizeof(s->peer));
}

void start_at(struct run *run, const struct server *s, const char *line)
{
    char whole[1024];
    snprintf(whole, sizeof(whole), line, s->port);
    start(run, whole);
}
