/* discctl and discbench as a script sees them: exit codes and words. The test plays the
 * servers on sockets of its own; it waits for datagrams, never for time. */
#include "fake.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct run {
    pid_t pid;
    int out, err;
    char out_text[8192], err_text[8192];
};

/* Starts "discctl ..." or "discbench ..." (blanks separate words, '_' in a word that
 * begins with '\'' stands for a blank). */
static void start(struct run *run, const char *line)
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

static int finish(struct run *run)
{
    int status;
    assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
    read_text(run->out, run->out_text, sizeof(run->out_text));
    read_text(run->err, run->err_text, sizeof(run->err_text));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_line(struct run *run, const char *line)
{
    start(run, line);
    return finish(run);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in: %s", part, text);
}

/* ---- a registration server -------------------------------------------------------- */

struct server {
    int fd;
    unsigned port;
    char last[DISC_DATAGRAM_MAX + 1], id[17];
    struct sockaddr_in peer;
};

static unsigned open_socket(int type, int *fd)
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

static void server_open(struct server *s)
{
    *s = (struct server){0};
    s->port = open_socket(SOCK_DGRAM, &s->fd);
}

/* Waits for a request that begins with "disc/1 VERB ". */
static const char *expect(struct server *s, const char *verb)
{
    char start_of[32];
    socklen_t size = sizeof(s->peer);
    ssize_t n = recvfrom(s->fd, s->last, sizeof(s->last) - 1, 0, (struct sockaddr *)&s->peer, &size);
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

static void reply(struct server *s, const char *verb, const char *rest)
{
    char bytes[600];
    int n = snprintf(bytes, sizeof(bytes), "disc/1 %s id=%s %s\n", verb, s->id, rest);
    sendto(s->fd, bytes, (size_t)n, 0, (struct sockaddr *)&s->peer, sizeof(s->peer));
}

#define REG_OK "ep=00000001 inst=web-1 addr=10.0.0.7 lease=30 ren=9000 rev=5 dur=mem"

static void start_at(struct run *run, const struct server *s, const char *line)
{
    char whole[1024];
    snprintf(whole, sizeof(whole), line, s->port);
    start(run, whole);
}

/* ---- usage ----------------------------------------------------------------------- */

static void usage_errors_are_2(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "discctl",
        "discctl frobnicate",
        "discctl register",
        "discctl register web",
        "discctl register web --port 80 --weight x",
        "discctl register web --port 80 --weight 65536",
        "discctl register web --port 80 --weight 1.5",
        "discctl register web --port 80 --meta novalue",
        "discctl register web --port 80 --lease x",
        "discctl register web --port 80 --nonsense",
        "discctl register web --port 80 --weight",
        "discctl register web --port 80 --json=1",
        "discctl register web --port 80 another",
        "discctl register web --port 80 --key k",
        "discctl register web --port 80 --key k --secret-file /nonexistent/file",
        "discctl register web --port 80 --subnet 203.0.113.0/24",
        "discctl register web --port 80 --server :0",
        "discctl renew web",
        "discctl deregister",
        "discctl agent",
        "discctl agent web --port 80 --file x",
        "discctl agent --file /nonexistent/file",
        "discctl agent web --port 80 --interval 0",
        "discctl show",
        "discctl explain web.disc.local",
        "discctl list --weight 1",
        "discctl list --http https://127.0.0.1:1",
        "discctl list --http nonsense",
        "discbench --mode nonsense",
        "discbench --instances 0",
        "discbench extra",
        "discbench --server 192.0.2.1:5310",
        "discbench --server nothing",
    };
    struct run run;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        int code = run_line(&run, lines[i]);
        if (code != 2 || !*run.err_text)
            fail_msg("%s: exit %d: %s", lines[i], code, run.err_text);
    }
}

static void messages_name_what_is_wrong(void **state)
{
    (void)state;
    struct run run;
    run_line(&run, "discctl register web --port 80 --weight x");
    assert_has(run.err_text, "--weight wants a number from 0 to 65535, not 'x'");
    run_line(&run, "discctl register web");
    assert_has(run.err_text, "--port PORT");
    run_line(&run, "discbench --server 192.0.2.1:5310");
    assert_has(run.err_text, "--remote");
}

static void help_is_on_stdout(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "discctl --help",           "discctl register --help", "discctl renew --help",
        "discctl deregister --help", "discctl agent --help",    "discctl list --help",
        "discctl show --help",      "discctl explain --help",  "discctl status -h",
        "discbench --help",
    };
    struct run run;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(run_line(&run, lines[i]), 0);
        assert_has(run.out_text, "Usage: ");
        assert_string_equal(run.err_text, "");
    }
    assert_int_equal(run_line(&run, "discctl --version"), 0);
    assert_memory_equal(run.out_text, "discctl 0.", 10);
}

static void silence_is_3(void **state)
{
    (void)state;
    struct server s; /* bound, then closed: nothing listens there */
    struct run run;
    char line[128];
    server_open(&s);
    close(s.fd);
    snprintf(line, sizeof(line), "discctl register web --port 80 --server 127.0.0.1:%u", s.port);
    assert_int_equal(run_line(&run, line), 3);
    assert_has(run.err_text, "no answer");
    snprintf(line, sizeof(line), "discctl list --http http://127.0.0.1:%u", s.port);
    assert_int_equal(run_line(&run, line), 3);
    assert_has(run.err_text, "no answer");
    snprintf(line, sizeof(line), "discctl --http=http://127.0.0.1:%u status", s.port);
    assert_int_equal(run_line(&run, line), 3);
}

/* ---- writing --------------------------------------------------------------------- */

static void register_prints_what_was_granted(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    server_open(&s);
    start_at(&run, &s, "discctl --server 127.0.0.1:%u register web --port http:80 --port 81/udp "
                       "--meta a=b=c --tag x --tag y --weight=5");
    assert_has(expect(&s, "reg"), " svc=web port=http:80,81/udp w=5 tags=x,y m.a=b=c\n");
    reply(&s, "chal", "ck=AQAAAAAACt1xEL0LyiAETQ");
    assert_has(expect(&s, "reg"), " ck=AQAAAAAACt1xEL0LyiAETQ ");
    reply(&s, "ok", REG_OK);
    assert_int_equal(finish(&run), 0);
    assert_has(run.out_text, "registered web/web-1");
    assert_has(run.out_text, "address 10.0.0.7, lease 30 s, renew within 9.0 s");

    start_at(&run, &s, "discctl register web --port 80 --json --server 127.0.0.1:%u");
    expect(&s, "reg");
    reply(&s, "ok", REG_OK);
    assert_int_equal(finish(&run), 0);
    assert_has(run.out_text, "\"ok\":true,\"instance\":\"web-1\",\"address\":\"10.0.0.7\"");
    close(s.fd);
}

static void a_refusal_is_1_with_the_servers_words(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    server_open(&s);
    start_at(&run, &s, "discctl register web --port 0 --server 127.0.0.1:%u");
    expect(&s, "reg");
    reply(&s, "err", "ep=00000001 c=422 why=port0 f=port");
    assert_int_equal(finish(&run), 1);
    assert_has(run.err_text, "refused: 422 port0 (port): port 0 cannot be registered");
    start_at(&run, &s, "discctl renew web --instance web-1 --server 127.0.0.1:%u");
    assert_has(expect(&s, "ren"), " svc=web inst=web-1\n");
    reply(&s, "err", "ep=00000001 c=404 why=gone wait=0");
    assert_int_equal(finish(&run), 1);
    assert_has(run.err_text, "404 gone");
    close(s.fd);
}

static void groups_are_named_without_a_service(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    server_open(&s);
    start_at(&run, &s, "discctl deregister --group node7 --server 127.0.0.1:%u");
    assert_has(expect(&s, "del"), " grp=node7\n");
    reply(&s, "ok", "ep=00000001 cnt=3 dur=mem");
    assert_int_equal(finish(&run), 0);
    close(s.fd);
}

#ifdef DISC_KEYED
static void a_secret_must_be_private(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    char path[] = "/tmp/disc-secret-XXXXXX", line[200];
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "MDEyMzQ1Njc4OWFiY2RlZg==\n", 25), 25);
    server_open(&s);
    snprintf(line, sizeof(line),
             "discctl register web --port 80 --key k --secret-file %s --server 127.0.0.1:%u", path,
             s.port);
    fchmod(fd, 0644);
    assert_int_equal(run_line(&run, line), 2);
    assert_has(run.err_text, "chmod 600");
    fchmod(fd, 0600);
    start(&run, line);
    assert_has(expect(&s, "reg"), " key=k cid=");
    reply(&s, "err", "c=401 why=auth");
    assert_int_equal(finish(&run), 1);
    close(fd);
    unlink(path);
    close(s.fd);
}
#endif

/* ---- agent ----------------------------------------------------------------------- */

static void the_agent_leaves_at_sigterm(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    server_open(&s);
    start_at(&run, &s, "discctl agent web --port 80 --server 127.0.0.1:%u --json");
    expect(&s, "reg");
    reply(&s, "ok", "ep=00000001 inst=web-1 lease=1 ren=100");
    assert_has(expect(&s, "ren"), " svc=web inst=web-1\n");
    reply(&s, "ok", "ep=00000001 ren=60000");
    kill(run.pid, SIGTERM);
    assert_has(expect(&s, "del"), " svc=web inst=web-1\n");
    reply(&s, "ok", "ep=00000001 dur=mem");
    assert_int_equal(finish(&run), 0);
    assert_has(run.out_text, "{\"event\":\"registered\"");
    assert_has(run.out_text, "{\"event\":\"left\"");
    close(s.fd);
}

static void the_agent_ends_with_its_command(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    server_open(&s);
    /* cat ends when its input does, which is after the first answer */
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    int own_input = dup(0);
    dup2(ends[0], 0);
    start_at(&run, &s, "discctl agent web --port 80 --server 127.0.0.1:%u -- sh -c '_cat;exit_7");
    dup2(own_input, 0);
    close(own_input);
    close(ends[0]);
    expect(&s, "reg");
    reply(&s, "ok", REG_OK);
    close(ends[1]);
    expect(&s, "del");
    reply(&s, "ok", "ep=00000001 dur=mem");
    assert_int_equal(finish(&run), 7);
    close(s.fd);
}

static void a_command_that_cannot_start_is_127(void **state)
{
    (void)state;
    struct run run;
    assert_int_equal(run_line(&run, "discctl agent web --port 80 -- /nonexistent/program"), 127);
    assert_has(run.err_text, "/nonexistent/program: No such file");
}

static void the_agent_stops_at_a_mistake(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    server_open(&s);
    start_at(&run, &s, "discctl agent web --port 0 --server 127.0.0.1:%u");
    expect(&s, "reg");
    reply(&s, "err", "ep=00000001 c=422 why=port0 f=port");
    assert_int_equal(finish(&run), 1);
    assert_has(run.err_text, "422 port0");
    close(s.fd);
}

static void the_agent_follows_its_check(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    char path[] = "/tmp/disc-check-XXXXXX", line[300];
    close(mkstemp(path));
    server_open(&s);
    snprintf(line, sizeof(line),
             "discctl agent web --port 80 --server 127.0.0.1:%u --interval 0.1 --fall 1 --check "
             "'test_-e_%s",
             s.port, path);
    start(&run, line);
    /* down until the check has passed; whether the first word was sent is a race */
    while (strstr(expect(&s, "reg"), " st=down"))
        reply(&s, "ok", REG_OK);
    reply(&s, "ok", REG_OK);
    unlink(path);
    while (!strstr(expect(&s, "reg"), " st=down"))
        reply(&s, "ok", REG_OK);
    reply(&s, "ok", REG_OK);
    kill(run.pid, SIGINT);
    expect(&s, "del");
    reply(&s, "ok", "ep=00000001 dur=mem");
    assert_int_equal(finish(&run), 0);
    assert_has(run.err_text, "the check passes: up");
    assert_has(run.err_text, "the check fails: down");
    close(s.fd);
}

static void the_agent_reads_a_file(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    char path[] = "/tmp/disc-file-XXXXXX", line[200];
    static const char text[] = "# two\nweb --port 80\n\n  api --port 81 --meta 'motto=a b'\n";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    server_open(&s);
    snprintf(line, sizeof(line), "discctl agent --file %s --server 127.0.0.1:%u", path, s.port);
    start(&run, line);
    assert_has(expect(&s, "reg"), " svc=web port=80\n");
    reply(&s, "ok", "ep=00000001 inst=a ren=60000");
    assert_has(expect(&s, "reg"), " svc=api port=81 m.motto=a%20b\n");
    reply(&s, "ok", "ep=00000001 inst=b ren=60000");
    kill(run.pid, SIGTERM);
    for (int i = 0; i < 2; i++) {
        expect(&s, "del");
        reply(&s, "ok", "ep=00000001 dur=mem");
    }
    assert_int_equal(finish(&run), 0);
    assert_int_equal(pwrite(fd, "web --port 80 --server x:1\n          ", 36, 0), 36);
    assert_int_equal(run_line(&run, line), 2);
    assert_has(run.err_text, ":1: --server");
    close(fd);
    unlink(path);
    close(s.fd);
}

/* ---- reading --------------------------------------------------------------------- */

/* One connection: takes the request, sends the body with this status. */
static void serve(int listener, char *request, size_t room, const char *status, const char *body)
{
    char head[256];
    size_t n = 0;
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    request[0] = 0;
    while (!strstr(request, "\r\n\r\n")) {
        ssize_t got = read(fd, request + n, room - 1 - n);
        assert_true(got > 0);
        n += (size_t)got;
        request[n] = 0;
    }
    int size = snprintf(head, sizeof(head),
                        "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: "
                        "%zu\r\nConnection: close\r\n\r\n",
                        status, strlen(body));
    assert_int_equal(write(fd, head, (size_t)size), size);
    assert_int_equal(write(fd, body, strlen(body)), strlen(body));
    close(fd);
}

static void lists_are_followed_to_their_end(void **state)
{
    (void)state;
    struct run run;
    char line[128], request[2048];
    int fd;
    unsigned port = open_socket(SOCK_STREAM, &fd);
    assert_int_equal(listen(fd, 4), 0);
    snprintf(line, sizeof(line), "discctl list --ns prod --http http://127.0.0.1:%u", port);
    start(&run, line);
    serve(fd, request, sizeof(request), "200 OK",
          "{\"services\":[{\"namespace\":\"prod\",\"name\":\"web\",\"instances\":3,\"live\":2,"
          "\"index\":9}],\"next\":\"prod/web\"}");
    assert_has(request, "GET /v1/services?ns=prod HTTP/1.1\r\n");
    serve(fd, request, sizeof(request), "200 OK",
          "{\"services\":[{\"namespace\":\"prod\",\"name\":\"x\\u001b[2J\"}]}");
    assert_has(request, "GET /v1/services?ns=prod&after=prod%2Fweb HTTP/1.1\r\n");
    assert_int_equal(finish(&run), 0);
    assert_has(run.out_text, "NAMESPACE");
    assert_has(run.out_text, "web");
    assert_has(run.out_text, "x?[2J"); /* no control bytes to the terminal */
    close(fd);
}

static void a_service_is_shown(void **state)
{
    (void)state;
    static const char body[] =
        "{\"name\":\"web\",\"namespace\":\"default\",\"index\":4,\"instances\":[{\"id\":\"web-1\","
        "\"status\":\"up\",\"live\":true,\"weight\":30,\"addresses\":[\"10.0.0.7\",\"2001:db8::7\"]"
        ",\"ports\":[{\"name\":\"http\",\"number\":80,\"protocol\":\"tcp\"},{\"number\":53,"
        "\"protocol\":\"udp\"}],\"metadata\":{\"a\":\"b\"},\"expires_in_ms\":1500}]}";
    struct run run;
    char line[128], request[2048];
    int fd;
    unsigned port = open_socket(SOCK_STREAM, &fd);
    assert_int_equal(listen(fd, 4), 0);
    snprintf(line, sizeof(line), "discctl show web --http http://127.0.0.1:%u", port);
    start(&run, line);
    serve(fd, request, sizeof(request), "200 OK", body);
    assert_has(request, "GET /v1/services/web HTTP/1.1\r\n");
    assert_int_equal(finish(&run), 0);
    assert_has(run.out_text, "10.0.0.7,2001:db8::7");
    assert_has(run.out_text, "http:80,53/udp");
    assert_has(run.out_text, "a=b");
    assert_has(run.out_text, "1.5s");
    assert_null(strstr(run.out_text, "REGION")); /* nobody has one */
    close(fd);
}

static void http_refusals_are_1(void **state)
{
    (void)state;
    struct run run;
    char line[128], request[2048];
    int fd;
    unsigned port = open_socket(SOCK_STREAM, &fd);
    assert_int_equal(listen(fd, 4), 0);
    snprintf(line, sizeof(line), "discctl show nothing --http http://127.0.0.1:%u", port);
    start(&run, line);
    serve(fd, request, sizeof(request), "404 Not Found",
          "{\"title\":\"Not found\",\"status\":404,\"detail\":\"no such service\"}");
    assert_int_equal(finish(&run), 1);
    assert_has(run.err_text, "404 Not found: no such service");
    start(&run, line);
    serve(fd, request, sizeof(request), "200 OK", "<html>");
    assert_int_equal(finish(&run), 1);
    assert_has(run.err_text, "not JSON");
    close(fd);
}

static void anything_can_be_shown(void **state)
{
    (void)state;
    struct run run;
    char line[128], request[2048];
    int fd;
    unsigned port = open_socket(SOCK_STREAM, &fd);
    assert_int_equal(listen(fd, 4), 0);
    snprintf(line, sizeof(line), "discctl status --http http://127.0.0.1:%u", port);
    start(&run, line);
    serve(fd, request, sizeof(request), "200 OK",
          "{\"version\":\"1\",\"registry\":{\"services\":2,\"ok\":true},\"zones\":[{\"name\":"
          "\"disc.local\",\"serial\":7},{\"name\":\"b\",\"x\":null}],\"none\":[]}");
    assert_int_equal(finish(&run), 0);
    assert_has(run.out_text, "registry.services");
    assert_has(run.out_text, "zones:");
    assert_has(run.out_text, "disc.local");
    snprintf(line, sizeof(line), "discctl explain web.disc.local SRV --client ::1 --json --http "
                                 "http://127.0.0.1:%u", port);
    start(&run, line);
    serve(fd, request, sizeof(request), "200 OK", "{\"rule\":\"service\"}");
    assert_has(request, "GET /v1/explain?name=web.disc.local&type=SRV&client=%3A%3A1 HTTP/1.1");
    assert_int_equal(finish(&run), 0);
    assert_has(run.out_text, "\"rule\": \"service\"");
    close(fd);
}

/* ---- discbench ------------------------------------------------------------------- */

static void the_bench_counts_what_is_answered(void **state)
{
    (void)state;
    struct server s;
    struct run run;
    server_open(&s);
    start_at(&run, &s, "discbench --server 127.0.0.1:%u --mode reg --instances 20 --services 3 "
                       "--window 1 --json");
    for (int i = 0; i < 20; i++) {
        char name[64];
        snprintf(name, sizeof(name), " svc=bench-%d inst=i%d addr=10.0.0.%d port=8080", i % 3, i,
                 i + 1);
        assert_has(expect(&s, "reg"), name);
        reply(&s, i == 7 ? "err" : "ok", i == 7 ? "c=507 why=full" : REG_OK);
    }
    for (int i = 0; i < 19; i++) {
        expect(&s, "del");
        reply(&s, "ok", "dur=mem");
    }
    assert_int_equal(finish(&run), 1);
    assert_has(run.out_text, "\"sent\": 20");
    assert_has(run.out_text, "\"ok\": 19");
    assert_has(run.out_text, "\"507\": 1");
    close(s.fd);
}

int main(void)
{
    unsetenv("DISC_SERVER");
    unsetenv("DISC_HTTP");
    unsetenv("POD_IP");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage_errors_are_2),
        cmocka_unit_test(messages_name_what_is_wrong),
        cmocka_unit_test(help_is_on_stdout),
        cmocka_unit_test(silence_is_3),
        cmocka_unit_test(register_prints_what_was_granted),
        cmocka_unit_test(a_refusal_is_1_with_the_servers_words),
        cmocka_unit_test(groups_are_named_without_a_service),
#ifdef DISC_KEYED
        cmocka_unit_test(a_secret_must_be_private),
#endif
        cmocka_unit_test(the_agent_leaves_at_sigterm),
        cmocka_unit_test(the_agent_ends_with_its_command),
        cmocka_unit_test(a_command_that_cannot_start_is_127),
        cmocka_unit_test(the_agent_stops_at_a_mistake),
        cmocka_unit_test(the_agent_follows_its_check),
        cmocka_unit_test(the_agent_reads_a_file),
        cmocka_unit_test(lists_are_followed_to_their_end),
        cmocka_unit_test(a_service_is_shown),
        cmocka_unit_test(http_refusals_are_1),
        cmocka_unit_test(anything_can_be_shown),
        cmocka_unit_test(the_bench_counts_what_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
