/* discctl and discbench as a script sees them: exit codes and words. */
#include "tool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
        "discctl list --http ftp://127.0.0.1:1",
        "discctl list --http nonsense",
        "discctl list --http https://",
        "discctl list --http https://127.0.0.1:1 --ca /nonexistent/file",
        "discctl list web",
        "discctl list --where a:b",
        "discctl show web --where a",
        "discctl show web --match a",
        "discctl watch web api",
        "discctl watch web --once=1",
        "discctl drain",
        "discctl drain web",
        "discctl undrain web one two",
        "discctl weight web one",
        "discctl weight web one 65536",
        "discctl weight web one 1 --clear",
        "discctl export a b",
        "discctl import /nonexistent/file",
        "discctl import --nonsense",
        "discctl register web --port 80 --wait=x",
        "discctl register web --port 80 --wait=0",
        "discctl renew web --instance a --wait",
        "discbench --mode nonsense",
        "discbench --instances 0",
        "discbench extra",
        "discbench ren extra",
        "discbench ren --mode churn extra",
        "discbench --duration 0",
        "discbench --rate -1",
        "discbench --window 20000",
        "discbench --batch 10",
        "discbench batch --batch 257",
        "discbench ren --group-size 10",
        "discbench group --instances 10 --group-size 11",
        "discbench churn --withdraw",
        "discbench ren --dns 127.0.0.1:5300",
        "discbench visible --ask missing",
        "discbench visible --rate 0",
        "discbench visible --type A",
        "discbench query --ask everything",
        "discbench query --type MX",
        "discbench query --edns 5000",
        "discbench query --zone a..b",
        "discbench query --dns 192.0.2.1:53",
        "discbench query --keep",
        "discbench query --server 127.0.0.1:5310",
        "discbench change --kind both",
        "discbench ren --prefix a.b",
        "discbench ren --prefix -a",
        "discbench ren --key k",
        "discbench ren --secret-file /nonexistent/file",
        "discbench ren --key k --secret-file /nonexistent/file",
        "discbench ren --server-pid 4194304",
        "discbench --server 192.0.2.1:5310",
        "discbench --server nothing",
        "discbench watch --subscribers 0",
        "discbench watch --rate x",
        "discbench watch --rate 10000 --duration 120",
        "discbench watch extra",
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
    run_line(&run, "discctl --server 127.0.0.1:1 registr web");
    assert_has(run.err_text, "there is no verb 'registr'");
    run_line(&run, "discctl --server 127.0.0.1:1");
    assert_has(run.err_text, "the verb is missing");
    run_line(&run, "discbench ren --withdraw");
    assert_has(run.err_text, "mode ren has no use for --withdraw");
    run_line(&run, "discbench query --type MX");
    assert_has(run.err_text, "--type does not take 'MX': A, AAAA, SRV or TXT");
    run_line(&run, "discbench --server 192.0.2.1:5310");
    assert_has(run.err_text, "--remote");
}

static void help_is_on_stdout(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "discctl --help",         "discctl register --help",
        "discctl renew --help",   "discctl deregister --help",
        "discctl agent --help",   "discctl list --help",
        "discctl watch --help",   "discctl drain --help",
        "discctl undrain --help", "discctl weight --help",
        "discctl export --help",  "discctl import --help",
        "discctl guard --help",   "discctl evict --help",
        "discctl records --help", "discctl doctor --help",
        "discctl show --help",    "discctl explain --help",
        "discctl status -h",      "discbench --help",
        "discbench watch --help",
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
    start_at(&run, &s,
             "discctl --server 127.0.0.1:%u register web --port http:80 --port 81/udp "
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

/* Starts the command, told to ask the API that `fd` listens for. */
static void start_asking(struct run *run, int fd, const char *command)
{
    struct sockaddr_in at;
    socklen_t size = sizeof(at);
    char line[192];
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    snprintf(line, sizeof(line), "%s --http http://127.0.0.1:%u", command, ntohs(at.sin_port));
    start(run, line);
}

static int open_api(void)
{
    int fd;
    open_socket(SOCK_STREAM, &fd);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

static void lists_are_followed_to_their_end(void **state)
{
    (void)state;
    struct run run;
    char request[2048];
    int fd = open_api();
    start_asking(&run, fd, "discctl list --ns prod");
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
    char request[2048];
    int fd = open_api();
    start_asking(&run, fd, "discctl show web");
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
    char request[2048];
    int fd = open_api();
    start_asking(&run, fd, "discctl show nothing");
    serve(fd, request, sizeof(request), "404 Not Found",
          "{\"title\":\"Not found\",\"status\":404,\"detail\":\"no such service\"}");
    assert_int_equal(finish(&run), 1);
    assert_has(run.err_text, "404 Not found: no such service");
    start_asking(&run, fd, "discctl show nothing");
    serve(fd, request, sizeof(request), "200 OK", "<html>");
    assert_int_equal(finish(&run), 1);
    assert_has(run.err_text, "not JSON");
    close(fd);
}

static void anything_can_be_shown(void **state)
{
    (void)state;
    struct run run;
    char request[2048];
    int fd = open_api();
    start_asking(&run, fd, "discctl status");
    serve(fd, request, sizeof(request), "200 OK",
          "{\"version\":\"1\",\"registry\":{\"services\":2,\"ok\":true},\"zones\":[{\"name\":"
          "\"disc.local\",\"serial\":7},{\"name\":\"b\",\"x\":null}],\"none\":[]}");
    assert_int_equal(finish(&run), 0);
    assert_has(run.out_text, "registry.services");
    assert_has(run.out_text, "zones:");
    assert_has(run.out_text, "disc.local");
    start_asking(&run, fd, "discctl explain web.disc.local SRV --client ::1 --json");
    serve(fd, request, sizeof(request), "200 OK", "{\"rule\":\"service\"}");
    assert_has(request, "GET /v1/explain?name=web.disc.local&type=SRV&client=%3A%3A1 HTTP/1.1");
    assert_int_equal(finish(&run), 0);
    assert_has(run.out_text, "\"rule\": \"service\"");
    start_asking(&run, fd, "discctl explain web.disc.local A");
    serve(fd, request, sizeof(request), "200 OK",
          "{\"rule\":\"service\",\"ede\":null,\"filters\":[],\"answer\":"
          "[\"web. 5 IN A 10.0.0.1\",\"web. 5 IN A 10.0.0.2\"]}");
    assert_int_equal(finish(&run), 0);
    assert_has(run.out_text, "answer web. 5 IN A 10.0.0.1\n");
    assert_has(run.out_text, "       web. 5 IN A 10.0.0.2\n");
    assert_null(strstr(run.out_text, "ede"));
    assert_null(strstr(run.out_text, "filters"));
    start_asking(&run, fd, "discctl records");
    serve(fd, request, sizeof(request), "200 OK",
          "{\"records\":[{\"name\":\"a.z.\",\"ttl\":60,\"type\":\"A\",\"data\":\"10.0.0.7\","
          "\"key\":\"k\",\"expires_in_ms\":1500}],\"next\":\"7\"}");
    assert_has(request, "GET /v1/records HTTP/1.1");
    serve(fd, request, sizeof(request), "200 OK", "{\"records\":[],\"next\":null}");
    assert_has(request, "GET /v1/records?after=7 HTTP/1.1");
    assert_int_equal(finish(&run), 0);
    assert_has(run.out_text, "NAME TTL TYPE DATA     KEY EXPIRES\n");
    assert_has(run.out_text, "a.z. 60  A    10.0.0.7 k   1.5s\n");
    close(fd);
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
        cmocka_unit_test(lists_are_followed_to_their_end),
        cmocka_unit_test(a_service_is_shown),
        cmocka_unit_test(http_refusals_are_1),
        cmocka_unit_test(anything_can_be_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
