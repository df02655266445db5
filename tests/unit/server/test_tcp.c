#include "server/tcp.h"

#include "unit/server/tcp_rig.h"

static void questions_in_one_write(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, &generous, 10, 10);
    int fd = client_of(&r);
    ask_in_one_go(&r, fd, 50);
    for (uint16_t i = 0; i < 50; i++)
        expect_answer(&r, fd, i, MESSAGE);
    ask(&r, fd, 99);
    expect_answer(&r, fd, 99, MESSAGE);
    assert_int_equal(counter_get(&counters(&r)->accepted), 1);
    close(fd);
    rig_end(&r);
}

static void a_byte_at_a_time(void **state UNUSED)
{
    struct rig r;
    uint8_t bytes[2 * (2 + MESSAGE)];
    rig_start(&r, &generous, 10, 10);
    int fd = client_of(&r);
    size_t n = question(bytes, 1);
    n += question(bytes + n, 2);
    for (size_t i = 0; i < n; i++) {
        send_all(&r, fd, bytes + i, 1);
        let_it_read(&r, fd);
    }
    expect_answer(&r, fd, 1, MESSAGE);
    expect_answer(&r, fd, 2, MESSAGE);
    close(fd);
    rig_end(&r);
}

static void a_half_closed_client_gets_its_answers(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, &generous, 10, 10);
    int fd = client_of(&r);
    ask_in_one_go(&r, fd, 20);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    for (uint16_t i = 0; i < 20; i++)
        expect_answer(&r, fd, i, MESSAGE);
    expect_end(&r, fd);
    assert_int_equal(counter_get(&counters(&r)->timed_out), 0);
    rig_end(&r);
}

static void half_a_question_and_gone(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, &generous, 10, 10);
    int fd = client_of(&r);
    send_all(&r, fd, (const uint8_t *)"\0\24hal", 5);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    expect_end(&r, fd);
    assert_int_equal(r.answered, 0);
    assert_int_equal(counter_get(&counters(&r)->timed_out), 0);
    rig_end(&r);
}

static void no_message_is_shorter_than_its_header(void **state UNUSED)
{
    static const char *const lengths[] = {"\0\0", "\0\1", "\0\13"};
    struct rig r;
    rig_start(&r, &generous, 10, 10);
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        int fd = settled_client(&r);
        send_all(&r, fd, (const uint8_t *)lengths[i], 2);
        expect_end(&r, fd);
    }
    int fd = client_of(&r);
    send_all(&r, fd, (const uint8_t *)"\0\14\1\2          ", 14); /* the header alone is heard */
    expect_answer(&r, fd, 0x102, 12);
    close(fd);
    rig_end(&r);
}

static void no_answer_is_the_end(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, &generous, 10, 10);
    int fd = client_of(&r);
    r.give_up = true;
    ask(&r, fd, 1);
    expect_end(&r, fd);
    rig_end(&r);
}

static void the_idle_are_closed(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, &(struct tcp_limits){20, PATIENCE_MS, 100, 1 << 20}, 10, 10);
    int mute = client_of(&r);
    expect_end(&r, mute);
    int fd = settled_client(&r);
    expect_end(&r, fd);
    assert_int_equal(counter_get(&counters(&r)->timed_out), 2);
    rig_end(&r);
}

static void a_started_message_is_finished_soon_or_never(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, &(struct tcp_limits){PATIENCE_MS, 200, 100, 1 << 20}, 10, 10);
    int fd = client_of(&r);
    send_all(&r, fd, (const uint8_t *)"\0", 1);
    expect_end(&r, fd);
    fd = settled_client(&r);
    send_all(&r, fd, (const uint8_t *)"\0\100abc", 5);
    expect_end(&r, fd);
    fd = client_of(&r); /* the second message of a connection like the first */
    uint8_t bytes[2 + MESSAGE];
    question(bytes, 3);
    send_all(&r, fd, bytes, 4);
    let_it_read(&r, fd);
    send_all(&r, fd, bytes + 4, sizeof bytes - 4);
    expect_answer(&r, fd, 3, MESSAGE);
    send_all(&r, fd, bytes, 4);
    expect_end(&r, fd);
    assert_int_equal(counter_get(&counters(&r)->timed_out), 3);
    rig_end(&r);
}

static void slow_readers_get_everything(void **state UNUSED)
{
    enum { SIZE = 60000 };
    struct rig r;
    rig_start(&r, &(struct tcp_limits){PATIENCE_MS, PATIENCE_MS, 100, 3 * SIZE}, 10, 10);
    r.answer_size = SIZE;
    int fd = client_of(&r);
    ask_in_one_go(&r, fd, 200);
    for (uint16_t i = 0; i < 200; i++)
        expect_answer(&r, fd, i, SIZE);
    close(fd);
    rig_end(&r);
}

static void who_takes_no_answers_is_closed(void **state UNUSED)
{
    enum { SIZE = 65535, LIMIT = 10 * SIZE };
    struct rig r;
    rig_start(&r, &(struct tcp_limits){PATIENCE_MS, 50, 100, LIMIT}, 10, 10);
    r.answer_size = SIZE;
    int greedy = client_of(&r), other;
    int small = 4096;
    (void)setsockopt(greedy, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    ask_in_one_go(&r, greedy, 200);
    while (r.answered < LIMIT / SIZE)
        turn(&r);
    while (!counter_get(&counters(&r)->timed_out)) { /* others are served meanwhile */
        size_t size = r.answer_size;
        r.answer_size = 0;
        other = settled_client(&r);
        close(other);
        r.answer_size = size;
    }
    close(greedy);
    rig_end(&r);
}

static void few_answers_wait_at_a_time(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, &(struct tcp_limits){PATIENCE_MS, PATIENCE_MS, 3, 1 << 20}, 10, 10);
    int fd = client_of(&r);
    ask_in_one_go(&r, fd, 100);
    while (!r.answered) /* a single look at what is ready */
        assert_int_not_equal(event_base_loop(r.base, EVLOOP_ONCE | EVLOOP_NONBLOCK), -1);
    assert_in_range(r.answered, 1, 3);
    for (uint16_t i = 0; i < 100; i++)
        expect_answer(&r, fd, i, MESSAGE);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    expect_end(&r, fd);
    rig_end(&r);
}

/* Half closed with more questions waiting than may be under way at a time. */
static void half_closed_and_throttled(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, &(struct tcp_limits){PATIENCE_MS, PATIENCE_MS, 3, 1 << 20}, 10, 10);
    int fd = client_of(&r);
    ask_in_one_go(&r, fd, 100);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    for (uint16_t i = 0; i < 100; i++)
        expect_answer(&r, fd, i, MESSAGE);
    expect_end(&r, fd);
    rig_end(&r);
}

static void the_longest_idle_makes_room(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, &generous, 2, 10);
    int first = settled_client(&r), second = settled_client(&r);
    ask(&r, first, 8); /* now the second is the longest idle */
    expect_answer(&r, first, 8, MESSAGE);
    int third = settled_client(&r);
    expect_end(&r, second);
    ask(&r, first, 9);
    expect_answer(&r, first, 9, MESSAGE);
    assert_int_equal(counter_get(&counters(&r)->closed_for_others), 1);
    assert_int_equal(counter_get(&counters(&r)->accepted), 3);
    assert_int_equal(tcp_quota_count(r.quota), 2);
    close(first);
    close(third);
    rig_end(&r);
}

static void the_busy_are_not_closed_for_others(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, &generous, 1, 10);
    int busy = settled_client(&r);
    send_all(&r, busy, (const uint8_t *)"\0", 1);
    let_it_read(&r, busy);
    int late = client_of(&r);
    expect_end(&r, late);
    assert_int_equal(counter_get(&counters(&r)->refused), 1);
    uint8_t bytes[2 + MESSAGE];
    question(bytes, 5);
    send_all(&r, busy, bytes + 1, sizeof bytes - 1);
    expect_answer(&r, busy, 5, MESSAGE);
    close(busy);
    rig_end(&r);
}

static void loopback_has_no_share_of_its_own(void **state UNUSED)
{
    int fds[5];
    struct rig r;
    rig_start(&r, &generous, 10, 1);
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
        fds[i] = settled_client(&r);
    assert_int_equal(tcp_quota_count(r.quota), ARRAY_COUNT(fds));
    assert_int_equal(counter_get(&counters(&r)->refused), 0);
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
        close(fds[i]);
    rig_end(&r);
}

static void the_end_of_the_server_ends_connections(void **state UNUSED)
{
    struct rig r;
    rig_start(&r, &generous, 10, 10);
    int fd = settled_client(&r);
    tcp_server_free(r.server);
    r.server = NULL;
    expect_end(&r, fd);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_in_one_write),
        cmocka_unit_test(a_byte_at_a_time),
        cmocka_unit_test(a_half_closed_client_gets_its_answers),
        cmocka_unit_test(half_a_question_and_gone),
        cmocka_unit_test(no_message_is_shorter_than_its_header),
        cmocka_unit_test(no_answer_is_the_end),
        cmocka_unit_test(the_idle_are_closed),
        cmocka_unit_test(a_started_message_is_finished_soon_or_never),
        cmocka_unit_test(slow_readers_get_everything),
        cmocka_unit_test(who_takes_no_answers_is_closed),
        cmocka_unit_test(few_answers_wait_at_a_time),
        cmocka_unit_test(half_closed_and_throttled),
        cmocka_unit_test(the_longest_idle_makes_room),
        cmocka_unit_test(the_busy_are_not_closed_for_others),
        cmocka_unit_test(loopback_has_no_share_of_its_own),
        cmocka_unit_test(the_end_of_the_server_ends_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
