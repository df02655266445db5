/* discctl agent: signals, commands, checks, files. */
#include "tool.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

int main(void)
{
    unsetenv("DISC_SERVER");
    unsetenv("DISC_HTTP");
    unsetenv("POD_IP");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_agent_leaves_at_sigterm),
        cmocka_unit_test(the_agent_ends_with_its_command),
        cmocka_unit_test(a_command_that_cannot_start_is_127),
        cmocka_unit_test(the_agent_stops_at_a_mistake),
        cmocka_unit_test(the_agent_follows_its_check),
        cmocka_unit_test(the_agent_reads_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
