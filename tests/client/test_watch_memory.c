/* Watching when memory lacks: nothing breaks, nothing is half applied, and once there is memory
 * again the list is right. */
#include "watching.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/failing.h"

#define FIRST "=a a=10.0.0.1 p=1 w=1 q=0 s=up\n"
#define SECOND "=b a=10.0.0.2 p=1 w=1 q=0 s=up m.k=v\n"
#define THIRD "=c a=10.0.0.3 p=1 w=1 q=0 s=up\n"

static char folder[64];

/* The ids of the list, or "?" for want of memory. */
static const char *ids_of(struct watching *w)
{
    static char ids[64];
    struct disc_list list;
    ids[0] = 0;
    if (disc_get(w->s.d, w->watch, w->s.now, &list) == DISC_MEMORY)
        return "?";
    for (size_t i = 0; i < list.count; i++)
        strcat(ids, list.instances[i].id);
    return ids;
}

/* A state that the server has said, whole. */
static void check_whole(struct watching *w)
{
    static const char *const right[] = {"", "?", "ab", "abc"};
    const char *ids = ids_of(w);
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        if (strcmp(ids, right[i]) == 0)
            return;
    }
    fail_msg("half a list: %s", ids);
}

static void serve(struct watching *w)
{
    say(w, 0, "disc/1 ok id=* ep=00000001 sub=31 seq=102 lease=60 ren=18000 full=1 frag=2\n");
    check_whole(w);
    say(w, 0, PUSH "seq=102 full=1 frag=1/2 n=1\n" FIRST);
    check_whole(w);
    say(w, 0, PUSH "seq=102 full=1 frag=2/2 n=1\n" SECOND);
    check_whole(w);
    say(w, 0, PUSH "seq=103 prev=102 n=1\n+c a=10.0.0.3 p=1 w=1 q=0 s=up\n");
    check_whole(w);
}

/* Answers whatever is asked from now on. */
static bool recover(struct watching *w)
{
    for (int i = 0; i < 60; i++) {
        pass(&w->s, 1000);
        struct fake *f = &w->s.servers[0];
        for (ssize_t n; (n = recv(f->fd, f->last, sizeof(f->last) - 1, 0)) > 0;) {
            f->last[n] = 0;
            if (strncmp(f->last, "disc/1 sub ", 11) != 0)
                continue;
            snprintf(f->id, sizeof(f->id), "%.16s", strstr(f->last, " id=") + 4);
            say(w, 0,
                "disc/1 ok id=* ep=00000001 sub=31 seq=103 lease=60 ren=18000 full=1 frag=1\n");
            say(w, 0, PUSH "seq=103 full=1 n=3\n" FIRST SECOND THIRD);
        }
        if (strcmp(ids_of(w), "abc") == 0)
            return true;
    }
    return false;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    SKIP_WITHOUT_FAILURES();
    snprintf(folder, sizeof(folder), "/tmp/disc-memory.XXXXXX");
    assert_non_null(mkdtemp(folder));
    bool failed = true;
    long n = 0;
    for (; failed; n++) {
        struct watching w;
        struct disc_watch_spec spec = {.cache = folder};
        watching_open(&w, 1, &spec, NULL);
        pass(&w.s, 0);
        hear(&w, 0, SUB "0");
        until_failure = n;
        serve(&w);
        failed = until_failure < 0;
        until_failure = -1;
        if (!recover(&w))
            fail_msg("allocation %ld: the list did not come", n);
        watching_close(&w);
    }
    assert_in_range(n, 10, 200);
    char path[128];
    snprintf(path, sizeof(path), "%s/web@default.disc", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0); /* no half file either */
}

static void a_watch_that_has_no_room_says_so(void **state)
{
    (void)state;
    SKIP_WITHOUT_FAILURES();
    struct disc_watch_spec spec = {.service = "web", .cache = "/tmp", .ns = "prod", .zone = "z"};
    struct stage s;
    for (long n = 0;; n++) {
        stage_open(&s, 1, NULL);
        until_failure = n;
        int handle = disc_watch(s.d, &spec);
        bool failed = until_failure < 0;
        until_failure = -1;
        assert_true(failed ? handle == -DISC_MEMORY || handle == 1 : handle == 1);
        stage_close(&s);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_watch_that_has_no_room_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
