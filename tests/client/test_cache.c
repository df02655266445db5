/* The cache file: written, read at the start, never believed when it is damaged. */
#include "watching.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[128];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/disc-cache.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/web@default.disc", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));) {
        char name[400];
        snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
        (void)!(e->d_name[0] != '.' && remove(name));
    }
    closedir(d);
    return rmdir(folder);
}

static size_t count_files(void)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static size_t read_file(char *out, size_t size)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    size_t n = fread(out, 1, size - 1, f);
    out[n] = 0;
    fclose(f);
    return n;
}

static void write_file(const char *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

static void open_with_cache(struct watching *w)
{
    struct disc_watch_spec spec = {.cache = folder};
    watching_open(w, 1, &spec, NULL);
}

/* As of a run that had the list of two. */
static size_t leave_a_file(char *out, size_t size)
{
    struct watching w;
    struct disc_watch_spec spec = {.cache = folder};
    watching_open_live(&w, 1, &spec);
    watching_close(&w);
    size_t n = read_file(out, size);
    assert_true(n > 0);
    return n;
}

static void a_program_begins_with_the_last_list(void **state)
{
    (void)state;
    char text[4096];
    struct watching w;
    struct stat st;
    leave_a_file(text, sizeof(text));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(count_files(), 1);
    open_with_cache(&w);
    assert_list(&w, DISC_CACHED, "web-1 web-2"); /* at once */
    assert_int_equal(list_of(&w).index, 102);
    assert_in_range(list_of(&w).age_ms, 0, 5000);
    assert_string_equal(list_of(&w).instances[1].addrs[0], "10.0.0.2");
    struct disc_picked picked;
    assert_int_equal(disc_pick(w.s.d, w.watch, NULL, &picked), DISC_OK);
    pass(&w.s, 0);
    hear(&w, 0, SUB "0"); /* its index means nothing to this server */
    for (int i = 0; i < 10; i++)
        pass(&w.s, 2000);
    assert_list(&w, DISC_CACHED, "web-1 web-2");
    seen(&w, DISC_WATCH_SILENT);
    assert_nothing_seen(&w);
    watching_close(&w);
}

static void a_server_replaces_it(void **state)
{
    (void)state;
    char text[4096];
    struct watching w;
    leave_a_file(text, sizeof(text));
    open_with_cache(&w);
    pass(&w.s, 0);
    hear(&w, 0, SUB "0");
    say(&w, 0, SUB_OK);
    assert_list(&w, DISC_CACHED, "web-1 web-2");
    say(&w, 0, PUSH "seq=102 full=1 n=1\n" ONE "\n");
    assert_list(&w, DISC_LIVE, "web-1");
    seen(&w, DISC_WATCH_LIVE);
    seen(&w, DISC_WATCH_CHANGED);
    watching_close(&w);
    open_with_cache(&w);
    assert_list(&w, DISC_CACHED, "web-1");
    watching_close(&w);
}

static void an_empty_guarded_list_does_not_replace_it(void **state)
{
    (void)state;
    char text[4096];
    struct watching w;
    size_t n = leave_a_file(text, sizeof(text));
    open_with_cache(&w);
    pass(&w.s, 0);
    hear(&w, 0, SUB "0");
    say(&w, 0, SUB_OK);
    assert_int_equal(unlink(path), 0);
    say(&w, 0, PUSH "seq=102 full=1 n=0 why=known guard=1\n");
    assert_list(&w, DISC_KEPT, "web-1 web-2");
    assert_true(list_of(&w).held);
    pass(&w.s, 5000);
    watching_close(&w);
    assert_int_equal(count_files(), 0); /* nobody has confirmed that list */
    write_file(text, n);
    open_with_cache(&w);
    assert_list(&w, DISC_CACHED, "web-1 web-2");
    watching_close(&w);
}

static void it_is_written_once_a_second_at_most(void **state)
{
    (void)state;
    struct watching w;
    struct disc_watch_spec spec = {.cache = folder};
    char text[4096];
    watching_open_live(&w, 1, &spec);
    pass(&w.s, 0);
    assert_true(read_file(text, sizeof(text)) > 0);
    assert_int_equal(unlink(path), 0);
    for (int i = 0; i < 9; i++) {
        char push[256];
        pass(&w.s, 100);
        snprintf(push, sizeof(push),
                 PUSH "seq=%d prev=%d n=1\n+web-3 a=10.0.0.3 p=80 w=%d q=0 s=up\n", 103 + i,
                 102 + i, i);
        say(&w, 0, push);
        assert_int_equal(read_file(text, sizeof(text)), 0);
    }
    assert_int_equal(disc_timeout_ms(w.s.d, w.s.now), 100);
    pass(&w.s, 100);
    assert_true(read_file(text, sizeof(text)) > 0);
    assert_non_null(strstr(text, "=web-3 a=10.0.0.3 p=80 w=8 "));
    assert_non_null(strstr(text, " index=111 n=3 "));
    assert_true(disc_timeout_ms(w.s.d, w.s.now) > 1000);
    watching_close(&w);
}

/* As long as a service's name may be, in capitals: one name with its small letters. */
static void the_longest_name_has_a_file(void **state)
{
    (void)state;
    char capitals[128] = "";
    struct disc *d = disc_new(NULL);
    struct disc_watch_spec spec = {.cache = folder, .service = capitals};
    memset(capitals, 'A', 127);
    assert_true(disc_watch(d, &spec) > 0);
    disc_free(d);
    struct watching w;
    watching_open(&w, 1, &(struct disc_watch_spec){.cache = folder, .ns = "DEFAULT"}, NULL);
    pass(&w.s, 0);
    hear(&w, 0, "disc/1 sub id=* cid=@ tok=$ ns=DEFAULT svc=web from=0");
    say(&w, 0, SUB_OK);
    say(&w, 0, TWO);
    watching_close(&w);
    open_with_cache(&w); /* of "default" */
    assert_list(&w, DISC_CACHED, "web-1 web-2");
    watching_close(&w);
}

/* No server takes it for a name either. */
static void a_name_that_no_file_can_have_makes_no_sense(void **state)
{
    (void)state;
    char slashes[101] = "";
    struct disc *d = disc_new(NULL);
    struct disc_watch_spec spec = {.cache = folder, .service = slashes};
    memset(slashes, '/', 100);
    assert_int_equal(disc_watch(d, &spec), -DISC_INVALID);
    spec.cache = NULL;
    assert_true(disc_watch(d, &spec) > 0);
    disc_free(d);
}

static void a_list_confirmed_again_is_written_again_now_and_then(void **state)
{
    (void)state;
    struct watching w;
    struct disc_watch_spec spec = {.cache = folder};
    char text[4096];
    watching_open_live(&w, 1, &spec);
    pass(&w.s, 0);
    assert_int_equal(unlink(path), 0);
    unsigned written = 0;
    for (int i = 0; i < 20; i++) {
        pass(&w.s, 18900);
        hear(&w, 0, SUB "102");
        say(&w, 0, "disc/1 ok id=* ep=00000001 sub=31 seq=102 lease=60 ren=18000 full=0\n");
        if (read_file(text, sizeof(text))) {
            written++;
            assert_int_equal(unlink(path), 0);
        }
    }
    assert_in_range(written, 4, 6);
    watching_close(&w);
}

static void a_damaged_file_is_none(void **state)
{
    (void)state;
    char good[4096], bad[4096];
    struct watching w;
    size_t n = leave_a_file(good, sizeof(good));
    for (size_t i = 0; i < n; i++) { /* each byte another one */
        memcpy(bad, good, n);
        bad[i] = (char)(bad[i] ^ 1);
        write_file(bad, n);
        open_with_cache(&w);
        if (list_of(&w).freshness != DISC_NONE)
            fail_msg("byte %zu", i);
        watching_close(&w);
    }
    for (size_t i = 0; i < n; i++) { /* cut off */
        write_file(good, i);
        open_with_cache(&w);
        assert_list(&w, DISC_NONE, "");
        watching_close(&w);
    }
    memcpy(bad, good, n);
    memcpy(bad + n, "\0\n", 2);
    write_file(bad, n + 1);
    open_with_cache(&w);
    assert_list(&w, DISC_NONE, "");
    watching_close(&w);
    write_file(good, n);
    open_with_cache(&w);
    assert_list(&w, DISC_CACHED, "web-1 web-2");
    watching_close(&w);
}

static void what_is_no_file_of_ours_is_none(void **state)
{
    (void)state;
    char good[4096], other[160];
    struct watching w;
    size_t n = leave_a_file(good, sizeof(good));
    snprintf(other, sizeof(other), "%s/elsewhere", folder);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, path), 0);
    open_with_cache(&w);
    assert_list(&w, DISC_NONE, "");
    watching_close(&w);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not be waited for */
    open_with_cache(&w);
    assert_list(&w, DISC_NONE, "");
    watching_close(&w);
    assert_int_equal(unlink(path), 0);
    if (geteuid() == 0) {
        write_file(good, n);
        assert_int_equal(chown(path, 12345, 12345), 0);
        open_with_cache(&w);
        assert_list(&w, DISC_NONE, "");
        watching_close(&w);
    }
}

static void another_services_file_is_none(void **state)
{
    (void)state;
    char good[4096], other[160];
    struct watching w;
    leave_a_file(good, sizeof(good));
    snprintf(other, sizeof(other), "%s/web@prod.disc", folder);
    assert_int_equal(rename(path, other), 0);
    struct disc_watch_spec spec = {.cache = folder, .ns = "prod"};
    watching_open(&w, 1, &spec, NULL);
    assert_list(&w, DISC_NONE, "");
    watching_close(&w);
}

static void names_cannot_leave_the_folder(void **state)
{
    (void)state;
    struct stage s;
    struct disc_watch_spec spec = {.cache = folder, .service = "../../etc/passwd", .ns = ".."};
    char text[DISC_DATAGRAM_MAX], other[160];
    struct watching w = {0};
    stage_open(&s, 1, NULL);
    w.s = s;
    w.watch = disc_watch(s.d, &spec);
    assert_true(w.watch > 0);
    pass(&w.s, 0);
    assert_non_null(strstr(request(&w.s, 0), " ns=.. svc=../../etc/passwd from=0"));
    const char *token = strstr(w.s.servers[0].last, " tok=");
    snprintf(w.token, sizeof(w.token), "%.16s", token + 5);
    snprintf(text, sizeof(text), PUSH "seq=1 full=1 n=1\n" ONE "\n");
    say(&w, 0, text);
    watching_close(&w);
    snprintf(other, sizeof(other), "%s/%%2E.%%2F..%%2Fetc%%2Fpasswd@%%2E..disc", folder);
    assert_int_equal(access(other, R_OK), 0);
    assert_int_equal(count_files(), 1);
}

static void a_folder_that_is_not_there_does_no_harm(void **state)
{
    (void)state;
    struct watching w;
    struct disc_watch_spec spec = {.cache = "/nonexistent/folder"};
    watching_open_live(&w, 1, &spec);
    pass(&w.s, 0);
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    assert_true(disc_timeout_ms(w.s.d, w.s.now) > 1000);
    watching_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CACHE_TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
        CACHE_TEST(the_longest_name_has_a_file),
        CACHE_TEST(a_name_that_no_file_can_have_makes_no_sense),
        CACHE_TEST(a_program_begins_with_the_last_list),
        CACHE_TEST(a_server_replaces_it),
        CACHE_TEST(an_empty_guarded_list_does_not_replace_it),
        CACHE_TEST(it_is_written_once_a_second_at_most),
        CACHE_TEST(a_list_confirmed_again_is_written_again_now_and_then),
        CACHE_TEST(a_damaged_file_is_none),
        CACHE_TEST(what_is_no_file_of_ours_is_none),
        CACHE_TEST(another_services_file_is_none),
        CACHE_TEST(names_cannot_leave_the_folder),
        CACHE_TEST(a_folder_that_is_not_there_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
