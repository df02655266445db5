/* Urgent events go first, and ordinary ones are not starved by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/attr.h"
#include "server/loop.h"

enum { TURN_US = 100, TURNS = 1000 };

/* A socket in which something waits at every look, with a clock that each callback moves on. */
struct flood {
    struct event_base *base;
    struct loop_share *share;
    struct event *event;
    int fd;
    uint64_t now_us;
    unsigned turns, ordinary, longest, since;
};

static void on_urgent(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    struct flood *f = context;
    f->now_us += TURN_US;
    if (++f->since > f->longest)
        f->longest = f->since;
    if (++f->turns == TURNS)
        event_base_loopbreak(f->base);
    if (f->share)
        loop_share_look(f->share, f->now_us);
}

static void on_ordinary(evutil_socket_t fd UNUSED, short what UNUSED, void *context)
{
    struct flood *f = context;
    f->ordinary++;
    f->since = 0;
}

static void run(struct flood *f, bool shares, bool contended)
{
    struct event *ordinary;
    *f = (struct flood){.base = loop_new(), .fd = eventfd(1, EFD_NONBLOCK)};
    f->event = event_new(f->base, f->fd, EV_READ | EV_PERSIST, on_urgent, f);
    loop_set_urgent(f->event, true);
    if (shares) {
        f->share = loop_share_new(f->base);
        assert_true(loop_share_add(f->share, f->event));
    }
    event_add(f->event, NULL);
    ordinary = event_new(f->base, f->fd, EV_READ | EV_PERSIST, on_ordinary, f);
    if (contended)
        event_add(ordinary, NULL);
    event_base_dispatch(f->base);
    event_free(ordinary);
    loop_share_free(f->share);
    event_free(f->event);
    event_base_free(f->base);
    close(f->fd);
}

static void test_urgent_first(void **state UNUSED)
{
    struct flood f;
    run(&f, false, true);
    assert_int_equal(f.turns, TURNS);
    assert_int_equal(f.ordinary, 0);
}

static void test_nobody_starves(void **state UNUSED)
{
    struct flood f;
    run(&f, true, true);
    assert_int_equal(f.turns, TURNS);
    assert_true(f.ordinary >= TURNS / 50);
    assert_in_range(f.longest, 1, 41); /* of TURN_US: 4 ms */
}

/* With nobody waiting there is nothing to make room for. */
static void test_no_rest_alone(void **state UNUSED)
{
    struct flood f;
    run(&f, true, false);
    assert_int_equal(f.turns, TURNS);
    assert_int_equal(f.longest, TURNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urgent_first),
        cmocka_unit_test(test_nobody_starves),
        cmocka_unit_test(test_no_rest_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
