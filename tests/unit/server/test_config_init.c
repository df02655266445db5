/* discd --init: what it writes is good, private, new each time, and overwrites nothing. */
#include "unit/server/common.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config.h"

/* What it says on stderr is for people; the tests keep it. */
static enum err init(const char *dir, char *said, size_t size)
{
    fflush(stderr);
    int kept = dup(2), to = memfd_create("said", MFD_CLOEXEC);
    assert_true(kept >= 0 && to >= 0 && dup2(to, 2) == 2);
    enum err err = config_init(dir);
    fflush(stderr);
    dup2(kept, 2);
    ssize_t n = pread(to, said, size - 1, 0);
    said[n > 0 ? n : 0] = '\0';
    close(kept);
    close(to);
    return err;
}

static void child(const char *dir, const char *name, char out[static 200])
{
    snprintf(out, 200, "%s/%s", dir, name);
}

static struct config *load(const char *dir)
{
    char path[200];
    struct config *c = NULL;
    struct config_fault fault = {0};
    child(dir, "discd.yaml", path);
    if (config_load(path, &c, &fault))
        fail_msg("%s:%u:%u: %s", fault.file, fault.line, fault.column, fault.text);
    return c;
}

static void assert_mode(const char *dir, const char *name, mode_t mode)
{
    char path[200];
    struct stat st;
    child(dir, name, path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
}

static void test_loads(void **state)
{
    char said[2048], dir[200];
    struct dns_fault fault = {0};
    struct hash_key key = {{0}};
    child(*state, "new", dir);
    umask(022);
    assert_int_equal(init(dir, said, sizeof said), ERR_OK);
    assert_non_null(strstr(said, "discd -t -c "));
    assert_mode(dir, "discd.yaml", 0644);
    assert_mode(dir, "disc.local.zone", 0644);
    assert_mode(dir, "admin.token", 0600);
    assert_mode(dir, "keys.yaml", 0600);
    assert_mode(dir, "tsig.yaml", 0600);
    struct config *c = load(dir);
    assert_int_equal(strlen(c->http.token), 43);
    assert_null(strstr(said, c->http.token));
    assert_int_equal(c->registration.key_count, 1);
    assert_string_equal(c->registration.keys[0].id, "admin");
    assert_int_equal(c->registration.keys[0].secret_size, 32);
    assert_true(c->registration.keys[0].permanent);
    assert_int_equal(c->dns.key_count, 1);
    assert_string_equal(c->dns.keys[0].name, "admin");
    assert_int_equal(c->dns.keys[0].algorithm, TSIG_SHA256);
    assert_int_equal(c->dns.keys[0].secret_size, 32);
    assert_memory_not_equal(c->dns.keys[0].secret, c->registration.keys[0].secret, 32);
    assert_non_null(strstr(said, "tsig.yaml"));
    assert_int_equal(c->registration.sources[2].auth, REG_AUTH_KEY);
    struct dns *dns = dns_new(&c->dns, &key, &fault);
    if (!dns)
        fail_msg("%s:%u:%u: %s", fault.file, fault.line, fault.column, fault.text);
    dns_free(dns);
    config_free(c);
}

static void test_new_secrets_each_time(void **state)
{
    char said[2048], one[200], two[200];
    child(*state, "one", one);
    child(*state, "two", two);
    assert_int_equal(init(one, said, sizeof said), ERR_OK);
    assert_int_equal(init(two, said, sizeof said), ERR_OK);
    struct config *a = load(one), *b = load(two);
    assert_string_not_equal(a->http.token, b->http.token);
    assert_memory_not_equal(a->registration.keys[0].secret, b->registration.keys[0].secret, 32);
    assert_memory_not_equal(a->dns.keys[0].secret, b->dns.keys[0].secret, 32);
    config_free(a);
    config_free(b);
}

/* All or nothing: what it made before it met the file goes again. */
static void test_overwrites_nothing(void **state)
{
    static const char *const names[] = {"discd.yaml", "disc.local.zone", "admin.token", "keys.yaml",
                                        "tsig.yaml"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char said[2048], path[200], other[200];
        child(*state, names[i], path);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        assert_int_equal(write(fd, "mine", 4), 4);
        close(fd);
        assert_int_equal(init(*state, said, sizeof said), ERR_EXISTS);
        assert_non_null(strstr(said, path));
        assert_non_null(strstr(said, "is there already; nothing was written"));
        for (size_t j = 0; j < ARRAY_COUNT(names); j++) {
            child(*state, names[j], other);
            assert_int_equal(access(other, F_OK) == 0, j == i);
        }
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, 4);
        unlink(path);
    }
}

static void test_no_such_place(void **state)
{
    char said[2048], dir[200];
    assert_int_equal(init(*state, said, sizeof said), ERR_OK); /* a folder that is there */
    child(*state, "discd.yaml", dir);
    assert_int_equal(init(dir, said, sizeof said), ERR_SYSTEM); /* a file */
    assert_non_null(strstr(said, "Not a directory"));
    assert_int_equal(init("/proc/nowhere/x", said, sizeof said), ERR_SYSTEM);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_loads),
        IN_FOLDER(test_new_secrets_each_time),
        IN_FOLDER(test_overwrites_nothing),
        IN_FOLDER(test_no_such_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
