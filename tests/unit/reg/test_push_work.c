/* What subscribers cost the others: time, and memory for what nobody acknowledges. */
#include "unit/reg/watch_rig.h"

#include "reg/call.h"
#include "reg/work.h"

#define SUB "svc=web cid=c tok=" TOK

static struct topics *topics_of(struct rig *t)
{
    return &t->reg->subscriptions.topics;
}

/* Lines written in this very millisecond. */
static int64_t spent(struct rig *t)
{
    return WORK_MAX - topics_of(t)->work.left;
}

static void put_some(struct rig *t, const char *service, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        watch_reg(t, service, i);
}

/* 900 that need more than 64 datagrams. */
static void put_too_many(struct rig *t)
{
    char line[256];
    rig_from(t, "127.0.0.1");
    for (unsigned i = 0; i < 900; i++) {
        snprintf(line, sizeof(line),
                 "disc/1 reg svc=web inst=i%u addr=10.1.%u.%u port=80 m.k=%064u", i, i >> 8,
                 i & 255, 0);
        rig_send(t, line);
    }
}

static void unsubscribe(struct rig *t, uint64_t sub)
{
    char line[128];
    snprintf(line, sizeof(line), "disc/1 uns sub=%llu tok=" TOK, (unsigned long long)sub);
    rig_check(t, line, "disc/1 ok " EP);
}

/* ---- what was found out ---------------------------------------------------------------- */

static void that_a_state_is_too_large_is_found_out_once(void **state)
{
    struct rig *t = *state;
    put_too_many(t);
    rig_pass(t, 100);
    watch_check_sub(t, SUB, "disc/1 err " EP " c=413 why=usetcp");
    int64_t once = spent(t);
    assert_in_range(once, 500, 900);
    for (unsigned i = 0; i < 10; i++)
        watch_check_sub(t, SUB, "disc/1 err " EP " c=413 why=usetcp");
    assert_int_equal(spent(t), once);
    assert_int_equal(reg_subscriptions(t->reg), 0);
    rig_send(t, "disc/1 upd svc=web inst=i1 w=3"); /* may be smaller now */
    watch_check_sub(t, SUB, "disc/1 err " EP " c=413 why=usetcp");
    assert_int_equal(spent(t), 2 * once);
    rig_pass(t, TOPIC_KEEP_MS);
    watch_nothing(t);
    assert_int_equal(topics_of(t)->by_name.count, 0);
}

static void a_whole_state_outlives_its_subscribers(void **state)
{
    struct rig *t = *state;
    put_some(t, "web", 300);
    rig_pass(t, 100);
    watch_sub(t, SUB);
    int64_t once = spent(t);
    assert_in_range(once, 300, 310);
    for (unsigned i = 0; i < 10; i++) {
        unsubscribe(t, watch_number(t, "sub"));
        assert_int_equal(reg_subscriptions(t->reg), 0);
        watch_sub(t, SUB " from=99999"); /* of nowhere */
        assert_non_null(strstr(t->text, " full=1 frag="));
    }
    assert_int_equal(spent(t), once);
    unsubscribe(t, watch_number(t, "sub"));
    assert_true(topics_of(t)->bytes > 0);
    rig_pass(t, TOPIC_KEEP_MS);
    watch_nothing(t);
    assert_int_equal(topics_of(t)->bytes, 0);
    assert_int_equal(topics_of(t)->by_name.count, 0);
}

/* Does the next one say what is so, not what was? */
static void what_is_kept_holds_until_something_changes(void **state)
{
    struct rig *t = *state;
    put_some(t, "web", 100);
    watch_sub(t, SUB);
    unsubscribe(t, watch_number(t, "sub"));
    watch_reg(t, "web", 500);
    watch_sub(t, SUB);
    assert_int_equal(watch_number(t, "seq"), 101);
    unsubscribe(t, watch_number(t, "sub"));
    registry_guard_mode(t->registry, GUARD_ALWAYS_ON, t->now);
    registry_expire(t->registry, t->now, 1000, NULL, NULL);
    watch_sub(t, SUB);
    watch_push(t);
    assert_non_null(strstr(t->text, " guard=1\n"));
}

static void little_is_kept(void **state)
{
    struct rig *t = *state;
    struct reg_config config = rig_config();
    config.subscriptions_max = 1000;
    reg_configure(t->reg, &config);
    char rest[128];
    for (unsigned i = 0; i < TOPIC_KEEP_MAX + 20; i++) {
        char service[16];
        snprintf(service, sizeof(service), "s%u", i);
        /* Two datagrams, of few instances. */
        for (unsigned n = 0; n < 5; n++) {
            char line[400];
            snprintf(line, sizeof(line),
                     "disc/1 reg svc=%s inst=i%u addr=10.0.0.1 port=1 m.a=%0200u m.b=%0100u",
                     service, n, 0, 0);
            rig_from(t, "127.0.0.1");
            rig_send(t, line);
        }
        snprintf(rest, sizeof(rest), "svc=%s cid=c tok=" TOK, service);
        watch_sub(t, rest);
        assert_non_null(strstr(t->text, " frag=2"));
        unsubscribe(t, watch_number(t, "sub"));
    }
    assert_int_equal(topics_of(t)->by_name.count, TOPIC_KEEP_MAX);
    assert_int_equal(topics_of(t)->bulletins.count, TOPIC_KEEP_MAX);
}

/* ---- time ------------------------------------------------------------------------------ */

static void open_for_many(struct rig *t)
{
    struct reg_config config = rig_config();
    config.subscriptions_max = 5000;
    config.source_subscriptions = 5000;
    config.rate_burst = 1000000;
    reg_configure(t->reg, &config);
}

/* From another address, all in this millisecond: each comes from another state. */
static void ask_much(struct rig *t, unsigned count)
{
    char cookie[128], line[256];
    rig_from(t, "172.16.0.1");
    rig_cookie(t, cookie);
    for (unsigned i = 0; i < count; i++) {
        snprintf(line, sizeof(line), "disc/1 sub ck=%s svc=web cid=x%u tok=" TOK " from=%u", cookie,
                 i, 201 + i);
        rig_send(t, line);
    }
}

static unsigned pushes_due(struct rig *t)
{
    unsigned n = 0;
    while (*watch_push(t))
        n++;
    return n;
}

static void who_asks_much_waits(void **state)
{
    struct rig *t = *state;
    open_for_many(t);
    put_some(t, "web", 400);
    put_some(t, "api", 3);
    rig_pass(t, 100);
    ask_much(t, 100); /* deltas of 199 to 100 lines */
    assert_in_range(spent(t), WORK_MAX, WORK_MAX + 256);
    assert_memory_equal(t->text, "disc/1 ok ", 10);
    assert_non_null(strstr(t->text, " seq=400 lease=60 ren=18000 full=0"));
    size_t waiting = t->reg->subscriptions.waiting.count;
    assert_in_range(waiting, 80, 95);
    /* Those behind them wait, too, but not long; a small thing that is there already does not. */
    rig_from(t, "10.1.2.3");
    watch_check_sub(t, "svc=api cid=c tok=" TOK,
                    "disc/1 ok " EP " sub=# seq=# lease=60 ren=18000 full=1");
    watch_check_sub(t, "svc=web cid=d tok=" TOK " from=201",
                    "disc/1 ok " EP " sub=# seq=400 lease=60 ren=18000 full=0");
    assert_int_equal(t->reg->subscriptions.waiting.count, waiting + 1);
    (void)pushes_due(t);
    assert_int_equal(t->reg->subscriptions.waiting.count, waiting + 1);
    assert_in_range(reg_next_push(t->reg), t->now.lease_ms + 1, t->now.lease_ms + 2);
    unsigned ms = 0;
    for (; t->reg->subscriptions.waiting.count; ms++) {
        rig_pass(t, 1);
        int64_t before = topics_of(t)->work.left;
        (void)pushes_due(t);
        assert_true(topics_of(t)->work.left > before - 256 - WORK_MAX);
    }
    assert_in_range(ms, 10, 40); /* a quarter of the time, not more */
}

static void a_delta_that_waited_comes(void **state)
{
    struct rig *t = *state;
    put_some(t, "web", 5);
    rig_pass(t, 100);
    reg_published(t->reg, t->now);
    topics_of(t)->work.left = 0;
    watch_check_sub(t, SUB " from=4", "disc/1 ok " EP " sub=# seq=5 lease=60 ren=18000 full=0");
    watch_check_sub(t, SUB " from=4", /* a retry */
                    "disc/1 ok " EP " sub=# seq=5 lease=60 ren=18000 full=0");
    watch_check_sub(t, SUB " from=4000", "disc/1 ok " EP " sub=# seq=5 lease=60 ren=18000 full=1");
    watch_check_sub(t, SUB " from=4", "disc/1 ok " EP " sub=# seq=5 lease=60 ren=18000 full=0");
    assert_int_equal(t->reg->subscriptions.waiting.count, 1);
    watch_nothing(t);
    assert_int_equal(reg_next_push(t->reg), t->now.lease_ms + 1);
    rig_pass(t, 1);
    watch_push(t);
    assert_non_null(strstr(t->text, " seq=5 prev=4 n=1\n"));
    watch_nothing(t);
}

static void too_large_a_crowd_is_sent_away(void **state)
{
    struct rig *t = *state;
    put_some(t, "web", 5);
    reg_published(t->reg, t->now);
    topics_of(t)->work.left = 0;
    t->reg->subscriptions.waiting.count += SUBSCRIPTION_WAITING_MAX;
    watch_check_sub(t, SUB, "disc/1 err " EP " c=503 why=busy wait=#");
    assert_int_equal(reg_subscriptions(t->reg), 0);
    t->reg->subscriptions.waiting.count -= SUBSCRIPTION_WAITING_MAX;
}

static void many_leases_end_step_by_step(void **state)
{
    struct rig *t = *state;
    open_for_many(t);
    put_some(t, "web", 400);
    ask_much(t, 200);
    while (t->reg->subscriptions.waiting.count) {
        rig_pass(t, 1);
        (void)pushes_due(t);
    }
    rig_pass(t, 61000);
    unsigned turns = 0;
    while (reg_subscriptions(t->reg)) {
        unsigned before = reg_subscriptions(t->reg);
        assert_true(reg_next_push(t->reg) <= t->now.lease_ms);
        watch_nothing(t);
        assert_true(reg_subscriptions(t->reg) + 64 >= before);
        turns++;
    }
    assert_int_equal(turns, 4);
}

/* ---- memory ------------------------------------------------------------------------------ */

/* As if others had all of it but so much. */
static size_t leave_only(struct rig *t, size_t bytes)
{
    size_t taken = TOPIC_BYTES_MAX - TOPIC_BYTES_RESERVE - topics_of(t)->bytes - bytes;
    topics_of(t)->bytes += taken;
    return taken;
}

/* The first two pages of web's state arrive at 127.0.0.1, none anywhere else. */
static void what_nobody_hears_goes_first(void **state)
{
    struct rig *t = *state;
    put_some(t, "web", 100);
    put_some(t, "api", 100);
    rig_pass(t, 100);
    watch_sub(t, SUB);
    uint64_t heard = watch_number(t, "sub");
    while (*watch_push(t))
        ;
    watch_ack(t, heard, 100, 1);
    rig_send(t, "disc/1 upd svc=web inst=i1 w=3");
    rig_from(t, "172.16.0.1");
    watch_sub(t, SUB);
    uint64_t dead = watch_number(t, "sub");
    while (*watch_push(t))
        ;
    rig_from(t, "127.0.0.1");
    rig_send(t, "disc/1 upd svc=web inst=i1 w=4");
    size_t before = topics_of(t)->bytes, taken = leave_only(t, 100);
    rig_from(t, "10.1.2.3");
    watch_check_sub(t, SUB, "disc/1 ok " EP " sub=# seq=202 lease=60 ren=18000 full=1 frag=#");
    assert_in_range(topics_of(t)->bytes - taken, before - 1000, before + 1000);
    while (*watch_push(t))
        assert_int_equal(watch_number(t, "seq"), 202);
    /* The dead one is asked again, with what is so now, and not for ever. */
    topics_of(t)->bytes -= taken;
    static const unsigned waits[] = {500, 1000, 2000, 4000};
    unsigned told = 0;
    for (unsigned i = 0; i < 4; i++) {
        rig_pass(t, waits[i]);
        while (*watch_push(t)) {
            if (watch_number(t, "sub") != dead)
                continue;
            assert_int_equal(watch_number(t, "seq"), 202);
            told++;
        }
    }
    assert_int_equal(told, 4 * 4);
    rig_pass(t, 4000);
    while (*watch_push(t))
        assert_int_not_equal(watch_number(t, "sub"), dead);
}

/* When there is nothing else, and never what is the newest. */
static void what_is_heard_goes_last(void **state)
{
    struct rig *t = *state;
    put_some(t, "web", 100);
    rig_pass(t, 100);
    watch_sub(t, SUB);
    uint64_t heard = watch_number(t, "sub");
    watch_push(t);
    watch_ack(t, heard, 100, 1);
    put_some(t, "api", 200);
    size_t taken = leave_only(t, 1000);
    rig_from(t, "10.1.2.3");
    watch_check_sub(t, "svc=api cid=c tok=" TOK, "disc/1 err " EP " c=503 why=busy wait=#");
    watch_check_sub(t, "svc=none cid=d tok=" TOK,
                    "disc/1 ok " EP " sub=# seq=# lease=60 ren=18000 "
                    "full=1 frag=1"); /* of the reserve */
    watch_reg(t, "web", 500);
    watch_sub(t, SUB);
    assert_non_null(strstr(t->text, " seq=301 lease=60 ren=18000 full=1 frag="));
    topics_of(t)->bytes -= taken;
}

/* ---- the sender's rate ------------------------------------------------------------------- */

static uint64_t subscribe(struct rig *t, const char *cookie)
{
    char line[256];
    snprintf(line, sizeof(line), "disc/1 sub ck=%s " SUB, cookie);
    rig_send(t, line);
    assert_memory_equal(t->text, "disc/1 ok ", 10);
    return watch_number(t, "sub");
}

static void goodbyes_and_idle_acks_are_charged(void **state)
{
    struct rig *t = *state;
    char line[128], cookie[128];
    put_some(t, "web", 1);
    rig_from(t, "10.1.2.3");
    rig_cookie(t, cookie);
    uint64_t sub = subscribe(t, cookie);
    for (unsigned i = 0; i < 500; i++)
        watch_ack(t, sub, 77, 1);
    snprintf(line, sizeof(line), "disc/1 uns sub=%llu tok=" TOK, (unsigned long long)sub);
    rig_check(t, line, "disc/1 err " EP " c=429 why=slow wait=#");
    rig_pass(t, 1000);
    for (unsigned i = 0; i < 50; i++) {
        unsubscribe(t, sub);
        sub = subscribe(t, cookie);
    }
    uint32_t wait_ms;
    unsigned left = 0;
    struct limiter *limiter = &t->reg->policy.sources;
    for (; limiter_has(limiter, &t->from.addr, t->now.lease_ms, &wait_ms); left++)
        (void)limiter_take(limiter, &t->from.addr, t->now.lease_ms);
    assert_in_range(left, 95, 105); /* 200 a second, less 50 and 50 */
}

/* What they are for was dropped here. */
static void acks_of_what_was_dropped_are_not(void **state)
{
    struct rig *t = *state;
    char line[128], cookie[128];
    size_t cursor = 0;
    put_some(t, "web", 1);
    rig_from(t, "10.1.2.3");
    rig_cookie(t, cookie);
    uint64_t sub = subscribe(t, cookie);
    struct subscription *s = map_next(&t->reg->subscriptions.by_name, &cursor);
    s->cut_short = true;
    for (unsigned i = 0; i < 500; i++)
        watch_ack(t, sub, 77, 1);
    snprintf(line, sizeof(line), "disc/1 uns sub=%llu tok=" TOK, (unsigned long long)sub);
    rig_send(t, line);
    assert_memory_equal(t->text, "disc/1 ok ", 10);
}

/* Whoever is sent much has to answer much: 60 times some ten datagrams. */
static void acks_that_are_asked_for_are_not(void **state)
{
    struct rig *t = *state;
    put_some(t, "web", 300);
    rig_from(t, "10.1.2.3");
    char cookie[128];
    unsigned acks = 0;
    rig_cookie(t, cookie);
    for (unsigned i = 0; i < 60; i++) {
        uint64_t sub = subscribe(t, cookie);
        for (; *watch_push(t); acks++)
            watch_ack(t, sub, 300, (unsigned)watch_number(t, "frag"));
    }
    assert_true(acks > 500); /* more than the sender may send of other things */
}

#define test(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(that_a_state_is_too_large_is_found_out_once),
        test(a_whole_state_outlives_its_subscribers),
        test(what_is_kept_holds_until_something_changes),
        test(little_is_kept),
        test(who_asks_much_waits),
        test(a_delta_that_waited_comes),
        test(too_large_a_crowd_is_sent_away),
        test(many_leases_end_step_by_step),
        test(what_nobody_hears_goes_first),
        test(what_is_heard_goes_last),
        test(goodbyes_and_idle_acks_are_charged),
        test(acks_of_what_was_dropped_are_not),
        test(acks_that_are_asked_for_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
