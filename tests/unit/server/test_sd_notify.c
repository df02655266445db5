#include "server/sd_notify.h"

#include "unit/server/common.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A service manager: a datagram socket at `name` ('@' first: abstract). */
static int manager_at(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && n < sizeof at.sun_path);
    memcpy(at.sun_path, name, n);
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    assert_int_equal(
        bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
        0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

/* What came (local sockets deliver before sendto returns), or "nothing". */
static const char *heard(int fd)
{
    static char text[256];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    if (n < 0)
        return "nothing";
    text[n] = '\0';
    return text;
}

static void speaks_to_a_socket_in_a_folder(void **state)
{
    char path[128];
    snprintf(path, sizeof path, "%s/notify", (char *)*state);
    int fd = manager_at(path);
    sd_notify("READY=1");
    assert_string_equal(heard(fd), "READY=1");
    assert_string_equal(heard(fd), "nothing");
    close(fd);
    sd_notify("READY=1"); /* nobody there: no harm */
}

static void speaks_to_an_abstract_socket(void **state UNUSED)
{
    char name[64];
    snprintf(name, sizeof name, "@disc-unit-notify-%d", (int)getpid());
    int fd = manager_at(name);
    sd_notify("STOPPING=1");
    assert_string_equal(heard(fd), "STOPPING=1");
    sd_notify_reloading(UINT64_MAX);
    assert_string_equal(heard(fd), "RELOADING=1\nMONOTONIC_USEC=18446744073709551615");
    close(fd);
}

static void is_silent_where_nobody_asked(void **state UNUSED)
{
    char name[64], long_path[300] = "/";
    snprintf(name, sizeof name, "@disc-unit-silent-%d", (int)getpid());
    int fd = manager_at(name);
    unsetenv("NOTIFY_SOCKET");
    sd_notify("READY=1");
    setenv("NOTIFY_SOCKET", "relative", 1);
    sd_notify("READY=1");
    memset(long_path + 1, 'x', sizeof long_path - 2);
    setenv("NOTIFY_SOCKET", long_path, 1);
    sd_notify("READY=1");
    assert_string_equal(heard(fd), "nothing");
    close(fd);
}

static uint64_t watchdog(const char *us, const char *pid)
{
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    if (us)
        setenv("WATCHDOG_USEC", us, 1);
    if (pid)
        setenv("WATCHDOG_PID", pid, 1);
    return sd_notify_watchdog_ms();
}

static void the_watchdog_is_fed_twice_in_its_time(void **state UNUSED)
{
    char own[16];
    snprintf(own, sizeof own, "%d", (int)getpid());
    assert_int_equal(watchdog("30000000", NULL), 15000);
    assert_int_equal(watchdog("30000000", own), 15000);
    assert_int_equal(watchdog("30000000", "1"), 0); /* meant for another process */
    assert_int_equal(watchdog("30000000", "x"), 0);
    assert_int_equal(watchdog("many", own), 0);
    assert_int_equal(watchdog(NULL, own), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(speaks_to_a_socket_in_a_folder, folder_make, folder_remove),
        cmocka_unit_test(speaks_to_an_abstract_socket),
        cmocka_unit_test(is_silent_where_nobody_asked),
        cmocka_unit_test(the_watchdog_is_fed_twice_in_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
