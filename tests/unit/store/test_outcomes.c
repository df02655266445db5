/* What stands in the way: each has its error, and words that say what to do. */
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "unit/store/common.h"

enum { NOBODY = 65534, OTHER = 65533 };

enum { NO_RIGHT = 77 }; /* exit code: this cannot be tried here */

/* Runs a test's part in a process of its own, which CHECK ends. */
static void in_a_process(void (*part)(const char *dir), const char *dir)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        part(dir);
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_RIGHT)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static enum err try_open(const char *dir, struct store **s, char fault[static STORE_FAULT_TEXT])
{
    struct store_options options = options_of(dir);
    struct store_meta meta;
    *s = NULL;
    return store_open(&options, s, &meta, fault);
}

/* ---- the folder ------------------------------------------------------------------------ */

static void a_held_folder_is_busy(void **state)
{
    char fault[STORE_FAULT_TEXT];
    struct store *s = open_store(*state, NULL);
    assert_int_equal(open_fails(*state, fault), ERR_BUSY);
    assert_non_null(strstr(fault, "in use by another discd"));
    commit(s, graves(0, 1));
    store_close(s);
    s = open_store(*state, NULL);
    assert_int_equal(grave_floor(s, 0), 0);
    store_close(s);
}

static void open_is_busy(const char *dir)
{
    char fault[STORE_FAULT_TEXT];
    struct store *s;
    CHECK(try_open(dir, &s, fault) == ERR_BUSY);
}

static void by_another_process_too(void **state)
{
    struct store *s = open_store(*state, NULL);
    in_a_process(open_is_busy, *state);
    commit(s, graves(0, 1));
    store_close(s);
}

static void folders_that_cannot_be(void **state)
{
    char fault[STORE_FAULT_TEXT], path[256];
    file_write(path_in(*state, "plain"), "x", 1);
    snprintf(path, sizeof path, "%s/plain", (char *)*state);
    assert_int_equal(open_fails(path, fault), ERR_SYSTEM);
    snprintf(path, sizeof path, "%s/a/b", (char *)*state);
    assert_int_equal(open_fails(path, fault), ERR_SYSTEM);
    store_close(NULL);
}

/* ---- whose it is ----------------------------------------------------------------------- */

static void opened_by_nobody(const char *dir)
{
    char fault[STORE_FAULT_TEXT], wanted[300];
    struct store *s;
    CHECK(setegid(NOBODY) == 0 && seteuid(NOBODY) == 0);
    CHECK(try_open(dir, &s, fault) == ERR_OWNER);
    snprintf(wanted, sizeof wanted, "chown -R %u '%s'", NOBODY, dir);
    CHECK(strstr(fault, wanted));
    CHECK(!s);
}

static void anothers_folder(void **state)
{
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(*state, 0755), 0);
    in_a_process(opened_by_nobody, *state);
    assert_int_equal(chown(*state, OTHER, OTHER), 0);
    assert_int_equal(chmod(*state, 0777), 0);
    in_a_process(opened_by_nobody, *state);
    assert_int_equal(chmod(*state, 0700), 0);
    in_a_process(opened_by_nobody, *state);
    store_close(open_store(*state, NULL)); /* root may */
}

static void anothers_file(void **state)
{
    if (geteuid() != 0)
        skip();
    store_close(open_store(*state, NULL));
    assert_int_equal(chown(*state, NOBODY, NOBODY), 0);
    in_a_process(opened_by_nobody, *state); /* the lock is root's */
    assert_int_equal(chown(path_in(*state, "lock"), NOBODY, NOBODY), 0);
    in_a_process(opened_by_nobody, *state);
    assert_int_equal(chmod(path_in(*state, "registry.mdb"), 0666), 0);
    in_a_process(opened_by_nobody, *state);
}

static void opens_as_nobody(const char *dir)
{
    char fault[STORE_FAULT_TEXT];
    struct store *s;
    CHECK(setegid(NOBODY) == 0 && seteuid(NOBODY) == 0);
    CHECK(try_open(dir, &s, fault) == ERR_OK);
    struct store_batch *b = graves(0, 3);
    CHECK(store_commit(s, &b, 1, fault) == ERR_OK);
    store_batch_free(b);
    store_close(s);
}

static void root_hands_over_what_it_makes(void **state)
{
    static const char *const files[] = {".", "registry.mdb", "lock"};
    char dir[256], fault[STORE_FAULT_TEXT];
    struct store_meta meta;
    struct store *s;
    struct stat st;
    if (geteuid() != 0)
        skip();
    snprintf(dir, sizeof dir, "%s/data", (char *)*state);
    assert_int_equal(chmod(*state, 0755), 0);
    struct store_options options = {.dir = dir, .uid = NOBODY, .gid = NOBODY};
    assert_int_equal(store_open(&options, &s, &meta, fault), ERR_OK);
    for (size_t n = 0; n < ARRAY_COUNT(files); n++) {
        assert_int_equal(stat(path_in(dir, files[n]), &st), 0);
        assert_int_equal(st.st_uid, NOBODY);
        assert_int_equal(st.st_gid, NOBODY);
    }
    store_close(s);
    in_a_process(opens_as_nobody, dir);
}

/* After a failure the file is opened again: with the rights that are left then, and
 * though the way to it is barred by now. */
static void commits_go_on_without_rights(const char *dir)
{
    char fault[STORE_FAULT_TEXT], data[256];
    struct store_meta meta;
    struct store *s;
    snprintf(data, sizeof data, "%s/data", dir);
    struct store_options options = {.dir = data, .uid = NOBODY, .gid = NOBODY};
    CHECK(store_open(&options, &s, &meta, fault) == ERR_OK);
    CHECK(setegid(NOBODY) == 0 && seteuid(NOBODY) == 0);
    engine_close(&s->engine); /* as a failed commit does */
    struct store_batch *b = graves(0, 3);
    CHECK(store_commit(s, &b, 1, fault) == ERR_OK);
    store_batch_free(b);
    store_close(s);
}

static void a_dropped_privilege_is_no_hindrance(void **state)
{
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(*state, 0700), 0); /* root's */
    in_a_process(commits_go_on_without_rights, *state);
}

/* ---- a read-only file system ------------------------------------------------------------- */

static enum err commit_one(struct store *s, char fault[static STORE_FAULT_TEXT])
{
    struct store_batch *b = graves(100, 101);
    enum err err = store_commit(s, &b, 1, fault);
    store_batch_free(b);
    return err;
}

static void reads_from_a_readonly_mount(const char *dir)
{
    char fault[STORE_FAULT_TEXT];
    struct store *s;
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount(dir, dir, NULL, MS_BIND, NULL) ||
        mount(NULL, dir, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL))
        _exit(NO_RIGHT);
    CHECK(try_open(dir, &s, fault) == ERR_OK);
    if (access(path_in(dir, "registry.mdb"), F_OK) == 0)
        CHECK(grave_floor(s, 4) == 4);
    CHECK(commit_one(s, fault) == ERR_READONLY);
    CHECK(strstr(fault, "read-only"));
    struct store *second;
    CHECK(try_open(dir, &second, fault) == ERR_BUSY);
    store_close(s);
}

static void readonly_file_systems(void **state)
{
    in_a_process(reads_from_a_readonly_mount, *state); /* nothing is there yet */
    struct store *s = open_store(*state, NULL);
    commit(s, graves(0, 5));
    store_close(s);
    in_a_process(reads_from_a_readonly_mount, *state);
}

/* ---- no room ----------------------------------------------------------------------------- */

static void a_full_map(void **state)
{
    char fault[STORE_FAULT_TEXT];
    struct store_meta meta;
    struct store *s;
    struct store_options options = options_of(*state);
    options.map_size = 256 * 1024;
    assert_int_equal(store_open(&options, &s, &meta, fault), ERR_OK);
    assert_int_equal(store_size(s).map_bytes, 256 * 1024);
    commit(s, graves(0, 100));
    struct store_batch *many = graves(100, 10000);
    for (unsigned turn = 0; turn < 3; turn++) {
        assert_int_equal(store_commit(s, &many, 1, fault), ERR_FULL);
        assert_non_null(strstr(fault, "make room"));
        commit(s, graves(0, 100)); /* what fits goes on */
        assert_int_equal(grave_floor(s, 99), 99);
        assert_int_equal(grave_floor(s, 100), UINT64_MAX);
    }
    store_close(s);
    options.map_size = 0;
    assert_int_equal(store_open(&options, &s, &meta, fault), ERR_OK);
    commit(s, many);
    assert_int_equal(grave_floor(s, 9999), 9999);
    store_close(s);
}

/* The disk is full, then it is not: nothing that failed is there, all that is tried again
 * is. */
static void writes_against_a_limit(const char *dir)
{
    char fault[STORE_FAULT_TEXT];
    struct store *s;
    struct stat st;
    CHECK(try_open(dir, &s, fault) == ERR_OK);
    struct store_batch *b = graves(0, 500);
    CHECK(store_commit(s, &b, 1, fault) == ERR_OK);
    store_batch_free(b);
    CHECK(stat(path_in(dir, "registry.mdb"), &st) == 0);
    signal(SIGXFSZ, SIG_IGN);
    for (unsigned more = 0; more < 12; more++) {
        struct rlimit limit = {(rlim_t)st.st_size + more * 1000, RLIM_INFINITY};
        CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        b = graves(1000, 4000);
        CHECK(store_commit(s, &b, 1, fault) == ERR_FULL);
        CHECK(strstr(fault, "make room"));
        limit.rlim_cur = RLIM_INFINITY;
        CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        store_batch_free(b);
        b = graves(500, 501); /* opens the file again */
        CHECK(store_commit(s, &b, 1, fault) == ERR_OK);
        store_batch_free(b);
        CHECK(grave_floor(s, 499) == 499 && grave_floor(s, 1000) == UINT64_MAX);
    }
    b = graves(1000, 4000);
    CHECK(store_commit(s, &b, 1, fault) == ERR_OK);
    store_batch_free(b);
    store_close(s);
    CHECK(try_open(dir, &s, fault) == ERR_OK);
    CHECK(grave_floor(s, 3999) == 3999 && grave_floor(s, 500) == 500);
    store_close(s);
}

static void a_full_disk(void **state)
{
    in_a_process(writes_against_a_limit, *state);
}

static void makes_against_a_limit(const char *dir)
{
    char fault[STORE_FAULT_TEXT];
    struct store *s;
    struct rlimit limit = {4096, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    for (; limit.rlim_cur < 12288; limit.rlim_cur += 4096) {
        CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        enum err err = try_open(dir, &s, fault);
        CHECK(err == ERR_FULL);
        CHECK(access(path_in(dir, "registry.mdb"), F_OK) != 0);
        CHECK(access(path_in(dir, "registry.mdb.new"), F_OK) != 0);
    }
    limit.rlim_cur = RLIM_INFINITY;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHECK(try_open(dir, &s, fault) == ERR_OK);
    store_close(s);
}

static void no_room_for_a_new_file(void **state)
{
    in_a_process(makes_against_a_limit, *state);
}

static void fills_a_small_disk(const char *dir)
{
    char fault[STORE_FAULT_TEXT];
    struct store *s;
    unsigned n = 0;
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", dir, "tmpfs", 0, "size=1m,mode=700"))
        _exit(NO_RIGHT);
    CHECK(try_open(dir, &s, fault) == ERR_OK);
    for (enum err err = ERR_OK; !err; n += 100) {
        struct store_batch *b = graves(n, n + 100);
        err = store_commit(s, &b, 1, fault);
        store_batch_free(b);
        CHECK(!err || err == ERR_FULL);
        CHECK(n < 1000000);
    }
    CHECK(strstr(fault, "make room"));
    CHECK(mount(NULL, dir, NULL, MS_REMOUNT, "size=8m") == 0);
    struct store_batch *b = graves(n - 100, n);
    CHECK(store_commit(s, &b, 1, fault) == ERR_OK);
    store_batch_free(b);
    store_close(s);
    CHECK(try_open(dir, &s, fault) == ERR_OK);
    for (unsigned i = 0; i < n; i++)
        CHECK(grave_floor(s, i) == i);
    store_close(s);
}

static void a_disk_that_becomes_full(void **state)
{
    in_a_process(fills_a_small_disk, *state);
}

static void a_file_that_was_taken_away(void **state)
{
    char fault[STORE_FAULT_TEXT], path[512], aside[512];
    struct store *s = open_store(*state, NULL);
    struct store_batch *b = graves(0, 1);
    snprintf(path, sizeof path, "%s/registry.mdb", (const char *)*state);
    snprintf(aside, sizeof aside, "%s/aside", (const char *)*state);
    for (unsigned turn = 0; turn < 2; turn++) {
        assert_int_equal(rename(path, aside), 0);
        for (unsigned n = 0; n < 2; n++) { /* nor is a new one made in its place */
            assert_int_equal(store_commit(s, &b, 1, fault), ERR_SYSTEM);
            assert_non_null(strstr(fault, "taken away"));
            assert_int_equal(access(path, F_OK), -1);
        }
        assert_int_equal(rename(aside, path), 0);
        assert_int_equal(store_commit(s, &b, 1, fault), ERR_OK);
    }
    store_batch_free(b);
    store_close(s);
}

/* What is mapped beyond the end of a file is deadly to look at. */
static void a_file_that_was_cut_short(void **state)
{
    char fault[STORE_FAULT_TEXT], path[512];
    struct store *s = open_store(*state, NULL);
    struct store_batch *b = graves(0, 1000);
    assert_int_equal(store_commit(s, &b, 1, fault), ERR_OK);
    snprintf(path, sizeof path, "%s/registry.mdb", (const char *)*state);
    assert_int_equal(truncate(path, 4096), 0);
    for (unsigned n = 0; n < 2; n++) {
        assert_int_equal(store_commit(s, &b, 1, fault), ERR_SYSTEM);
        assert_non_null(strstr(fault, "cut short"));
    }
    store_batch_free(b);
    store_close(s);
}

static void links_are_not_followed(void **state)
{
    char fault[STORE_FAULT_TEXT], target[512], name[512];
    snprintf(target, sizeof target, "%s/target", (const char *)*state);
    file_write(target, "mine", 4);
    static const char *const names[] = {"lock", "registry.mdb"};
    for (unsigned n = 0; n < 2; n++) {
        snprintf(name, sizeof name, "%s/%s", (const char *)*state, names[n]);
        (void)unlink(name);
        assert_int_equal(symlink(target, name), 0);
        assert_int_not_equal(open_fails(*state, fault), ERR_OK);
        assert_int_equal(unlink(name), 0);
        assert_int_equal(link(target, name), 0);
        if (n == 1)
            assert_int_not_equal(open_fails(*state, fault), ERR_OK);
        assert_int_equal(unlink(name), 0);
    }
    struct bytes kept = file_read(target);
    assert_int_equal(kept.n, 4);
    free(kept.at);
}

#ifndef __SANITIZE_ADDRESS__
static void maps_in_a_small_space(const char *dir)
{
    char fault[STORE_FAULT_TEXT];
    struct store *s;
    struct rlimit limit = {(rlim_t)1 << 30, (rlim_t)1 << 30};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    for (unsigned turn = 0; turn < 2; turn++) { /* made, checked */
        CHECK(try_open(dir, &s, fault) == ERR_OK);
        CHECK(store_size(s).map_bytes < limit.rlim_cur);
        CHECK(store_size(s).map_bytes >= 64 << 20);
        CHECK(commit_one(s, fault) == ERR_OK);
        store_close(s);
    }
}

static void a_small_address_space(void **state)
{
    in_a_process(maps_in_a_small_space, *state);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_held_folder_is_busy),
        IN_FOLDER(by_another_process_too),
        IN_FOLDER(folders_that_cannot_be),
        IN_FOLDER(anothers_folder),
        IN_FOLDER(anothers_file),
        IN_FOLDER(root_hands_over_what_it_makes),
        IN_FOLDER(a_dropped_privilege_is_no_hindrance),
        IN_FOLDER(readonly_file_systems),
        IN_FOLDER(a_full_map),
        IN_FOLDER(a_full_disk),
        IN_FOLDER(no_room_for_a_new_file),
        IN_FOLDER(a_disk_that_becomes_full),
        IN_FOLDER(a_file_that_was_taken_away),
        IN_FOLDER(a_file_that_was_cut_short),
        IN_FOLDER(links_are_not_followed),
#ifndef __SANITIZE_ADDRESS__
        IN_FOLDER(a_small_address_space),
#endif
    };
    log_init(LOG_LEVEL_ERROR, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
