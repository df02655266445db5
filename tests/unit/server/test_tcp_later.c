/* Answers that come later, and in many messages. */
#include "unit/server/tcp_rig.h"

/* Asks what is to be answered later; returns once the server has heard it. */
static struct tcp_later *ask_for_later(struct rig *r, int fd, uint16_t number)
{
    r->later = true;
    r->asked = NULL;
    ask(r, fd, number);
    while (!r->asked)
        turn(r);
    return r->asked;
}

static void others_are_answered_meanwhile(void **state UNUSED)
{
    struct rig r;
    struct stream s = {1, 3, 100};
    rig_start(&r, &generous, 10, 10);
    int fd = client_of(&r);
    struct tcp_later *later = ask_for_later(&r, fd, 1);
    ask(&r, fd, 2);
    expect_answer(&r, fd, 2, MESSAGE);
    tcp_later_answer(later, &s);
    for (unsigned i = 0; i < 3; i++)
        expect_answer(&r, fd, 1, 100);
    assert_int_equal(r.ended, 1);
    ask(&r, fd, 3);
    expect_answer(&r, fd, 3, MESSAGE);
    close(fd);
    rig_end(&r);
}

/* What is pulled ahead of the peer is bounded, and others get their answers in between. */
static void streams_take_turns(void **state UNUSED)
{
    enum { SIZE = 30000, COUNT = 1000 };
    struct rig r;
    struct stream a = {1, COUNT, SIZE}, b = {2, COUNT, SIZE};
    unsigned got[4] = {0}, last[4] = {0}, total = 0;
    static uint8_t bytes[SIZE];
    rig_start(&r, &generous, 10, 10);
    int fd = client_of(&r);
    struct tcp_later *first = ask_for_later(&r, fd, 1), *second = ask_for_later(&r, fd, 2);
    tcp_later_answer(first, &a);
    tcp_later_answer(second, &b);
    ask(&r, fd, 3);
    while (a.left + b.left == 2 * COUNT) /* the kernel takes some, not 60 MB */
        turn(&r);
    assert_true(a.left + b.left > COUNT);
    while (total < 2 * COUNT + 1) {
        assert_true(read_all(&r, fd, bytes, 2));
        size_t size = get_u16(bytes);
        assert_true(read_all(&r, fd, bytes, size));
        unsigned who = get_u16(bytes);
        assert_in_range(who, 1, 3);
        assert_int_equal(size, who == 3 ? MESSAGE : SIZE);
        got[who]++;
        last[who] = ++total;
    }
    assert_int_equal(got[1], COUNT);
    assert_int_equal(got[2], COUNT);
    assert_in_range(last[3], 1, 2 * COUNT - 100);
    assert_in_range(last[2] - last[1], 1, 8);
    assert_int_equal(r.ended, 2);
    close(fd);
    rig_end(&r);
}

static void who_takes_no_stream_is_closed(void **state UNUSED)
{
    struct rig r;
    struct stream s = {1, 100000, 65535};
    rig_start(&r, &(struct tcp_limits){PATIENCE_MS, 50, 100, 1 << 20}, 10, 10);
    int fd = client_of(&r);
    tcp_later_answer(ask_for_later(&r, fd, 1), &s);
    while (!counter_get(&counters(&r)->timed_out))
        turn(&r);
    assert_int_equal(r.ended, 1);
    assert_true(s.left > 99000);
    close(fd);
    rig_end(&r);
}

/* Longer than the idle time: who waits for us is not idle. */
static void who_waits_is_not_idle(void **state UNUSED)
{
    struct rig r;
    struct stream s = {1, 1, 100};
    rig_start(&r, &(struct tcp_limits){20, PATIENCE_MS, 100, 1 << 20}, 10, 10);
    int fd = client_of(&r), idle = client_of(&r);
    struct tcp_later *later = ask_for_later(&r, fd, 1);
    expect_end(&r, idle);
    idle = client_of(&r);
    expect_end(&r, idle);
    tcp_later_answer(later, &s);
    expect_answer(&r, fd, 1, 100);
    expect_end(&r, fd); /* idle now */
    assert_int_equal(counter_get(&counters(&r)->timed_out), 3);
    rig_end(&r);
}

static void a_half_closed_client_gets_its_stream(void **state UNUSED)
{
    struct rig r;
    struct stream s = {1, 100, 60000};
    rig_start(&r, &generous, 10, 10);
    int fd = client_of(&r);
    struct tcp_later *later = ask_for_later(&r, fd, 1);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    turn(&r);
    tcp_later_answer(later, &s);
    for (unsigned i = 0; i < 100; i++)
        expect_answer(&r, fd, 1, 60000);
    expect_end(&r, fd);
    rig_end(&r);
}

static void whoever_is_gone_gets_nothing(void **state UNUSED)
{
    struct rig r;
    struct stream s = {1, 3, 100}, t = {2, 1000, 60000};
    rig_start(&r, &generous, 10, 10);
    int fd = client_of(&r), other = client_of(&r);
    struct tcp_later *later = ask_for_later(&r, fd, 1);
    tcp_later_answer(ask_for_later(&r, other, 2), &t);
    struct linger hard = {1, 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    assert_int_equal(setsockopt(other, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(fd);
    close(other);
    while (tcp_quota_count(r.quota))
        turn(&r);
    assert_int_equal(r.ended, 1); /* the stream under way */
    tcp_later_answer(later, &s);
    assert_int_equal(s.left, 3);
    assert_int_equal(r.ended, 2);
    rig_end(&r);
}

/* More questions than may be under way: the rest waits and is answered afterwards. */
static void later_ones_count_as_under_way(void **state UNUSED)
{
    struct rig r;
    struct stream s = {1, 1, 100};
    rig_start(&r, &(struct tcp_limits){PATIENCE_MS, PATIENCE_MS, 1, 1 << 20}, 10, 10);
    int fd = client_of(&r);
    struct tcp_later *later = ask_for_later(&r, fd, 1);
    ask_in_one_go(&r, fd, 10);
    let_it_read(&r, fd);
    assert_int_equal(r.answered, 0);
    tcp_later_answer(later, &s);
    expect_answer(&r, fd, 1, 100);
    for (uint16_t i = 0; i < 10; i++)
        expect_answer(&r, fd, i, MESSAGE);
    close(fd);
    rig_end(&r);
}

static void the_end_forgets_what_is_awaited(void **state UNUSED)
{
    struct rig r;
    struct stream s = {2, 1000, 60000};
    rig_start(&r, &generous, 10, 10);
    int fd = client_of(&r), other = client_of(&r);
    (void)ask_for_later(&r, fd, 1);
    tcp_later_answer(ask_for_later(&r, other, 2), &s);
    tcp_server_free(r.server);
    r.server = NULL;
    assert_int_equal(r.ended, 1);
    expect_end(&r, fd);
    close(other);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_are_answered_meanwhile),
        cmocka_unit_test(streams_take_turns),
        cmocka_unit_test(who_takes_no_stream_is_closed),
        cmocka_unit_test(who_waits_is_not_idle),
        cmocka_unit_test(a_half_closed_client_gets_its_stream),
        cmocka_unit_test(whoever_is_gone_gets_nothing),
        cmocka_unit_test(later_ones_count_as_under_way),
        cmocka_unit_test(the_end_forgets_what_is_awaited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
