/* What subscribers are told, and when. */
#include "unit/reg/watch_rig.h"

#include "reg/call.h"

#define PUSH "disc/1 push sub=# tok=" TOK " " EP
#define SUB "svc=web cid=c tok=" TOK

static void del(struct rig *t, const char *service, const char *id)
{
    char line[128];
    snprintf(line, sizeof(line), "disc/1 del svc=%s inst=%s", service, id);
    rig_send(t, line);
    assert_memory_equal(t->text, "disc/1 ok ", 10);
}

/* ---- what is said -------------------------------------------------------------------- */

static void the_whole_state_comes_first(void **state)
{
    struct rig *t = *state;
    rig_send(t, "disc/1 reg svc=web inst=a addr=10.0.0.7,2001:db8::7 port=http:8080,dns:53/udp w=7 "
                "prio=3 zone=z1 region=r1 cluster=c1 ver=1.4%20x tags=x,y m.k=v%2525 m.b=1 "
                "st=starting");
    rig_send(t, "disc/1 reg svc=web inst=b addr=10.0.0.8 port=-");
    watch_check_sub(t, SUB, "disc/1 ok " EP " sub=# seq=2 lease=60 ren=18000 full=1 frag=1");
    watch_check(t, PUSH " seq=2 full=1 n=2\n"
                        "=a a=10.0.0.7,2001:db8::7 p=http:8080,dns:53/udp w=7 q=3 s=starting z=z1 "
                        "r=r1 c=c1 v=1.4%20x t=x,y m.b=1 m.k=v%2525\n"
                        "=b a=10.0.0.8 p=- w=100 q=0 s=up");
    watch_nothing(t);
}

static void an_empty_state_says_why(void **state)
{
    struct rig *t = *state;
    watch_reg(t, "web", 1);
    del(t, "web", "i1");
    watch_check_sub(t, SUB, "disc/1 ok " EP " sub=# seq=2 lease=60 ren=18000 full=1 frag=1");
    watch_check(t, PUSH " seq=2 full=1 n=0 why=known");
    rig_from(t, "172.16.0.1");
    watch_check_sub(t, "svc=other cid=c tok=" TOK,
                    "disc/1 ok " EP " sub=# seq=2 lease=60 ren=18000 full=1 frag=1");
    watch_check(t, PUSH " seq=2 full=1 n=0 why=unknown");
}

static void changes_come_as_deltas(void **state)
{
    struct rig *t = *state;
    watch_reg(t, "web", 1);
    watch_reg(t, "web", 3);
    uint64_t sub = watch_begin(t, "web");
    watch_reg(t, "web", 9);
    watch_check(t, PUSH " seq=3 prev=2 n=1\n+i9 a=10.1.0.9 p=80 w=100 q=0 s=up");
    watch_ack(t, sub, 3, 1);
    rig_pass(t, 100);
    del(t, "web", "i3");
    watch_check(t, PUSH " seq=4 prev=3 n=1\n-i3 why=deregistered");
    watch_ack(t, sub, 4, 1);
    rig_pass(t, 100);
    rig_send(t, "disc/1 upd svc=web inst=i1 st=draining");
    watch_check(t, PUSH " seq=5 prev=4 n=1\n+i1 a=10.1.0.1 p=80 w=100 q=0 s=draining");
    watch_ack(t, sub, 5, 1);
    rig_pass(t, 100);
    rig_send(t, "disc/1 ren svc=web inst=i1");
    watch_nothing(t); /* a heartbeat is no change */
    struct override o = {.drain = true, .weight_set = true, .weight = 3};
    struct instance_key key = {TEXT("default"), TEXT("web"), TEXT("i9")};
    assert_int_equal(registry_override(t->registry, key, &o, t->now), ERR_OK);
    watch_check(t, PUSH " seq=6 prev=5 n=1\n+i9 a=10.1.0.9 p=80 w=3 q=0 s=draining");
    watch_ack(t, sub, 6, 1);
    rig_pass(t, 100);
    unsigned count;
    key.id = TEXT("i1");
    assert_int_equal(registry_evict(t->registry, key, 10, t->now, NULL, NULL, &count), ERR_OK);
    watch_check(t, PUSH " seq=7 prev=6 n=1\n-i1 why=evicted");
    watch_ack(t, sub, 7, 1);
    rig_pass(t, 100);
    watch_nothing(t);
}

static void a_service_becomes_known_and_is_forgotten(void **state)
{
    struct rig *t = *state;
    watch_reg(t, "other", 1);
    uint64_t sub = watch_begin(t, "web");
    rig_pass(t, 100);
    watch_reg(t, "web", 1);
    watch_check(t, PUSH " seq=2 prev=1 n=1\n+i1 a=10.1.0.1 p=80 w=100 q=0 s=up");
    watch_ack(t, sub, 2, 1);
    rig_pass(t, 100);
    del(t, "web", "i1");
    watch_check(t, PUSH " seq=3 prev=2 n=1\n-i1 why=deregistered");
    watch_ack(t, sub, 3, 1);
    /* A day later; the subscription is kept up. */
    for (unsigned i = 0; i < 289; i++) {
        rig_pass(t, 299000);
        registry_expire(t->registry, t->now, 1000, NULL, NULL);
        watch_sub(t, SUB " from=3 lease=300");
        if (strstr(t->text, "full=1"))
            break;
    }
    watch_check(t, PUSH " seq=# full=1 n=0 why=unknown");
    assert_null(registry_service(t->registry, TEXT("default"), TEXT("web")));
    uint64_t seq = watch_number(t, "seq");
    assert_true(seq > 3);
    watch_ack(t, sub, seq, 1);
    rig_pass(t, 100);
    watch_nothing(t);
    watch_reg(t, "web", 2);
    watch_check(t, PUSH " seq=# prev=# n=1\n+i2 a=10.1.0.2 p=80 w=100 q=0 s=up");
    assert_int_equal(watch_number(t, "prev"), seq);
    assert_true(watch_number(t, "seq") > seq);
}

static void the_guard_is_said(void **state)
{
    struct rig *t = *state;
    for (unsigned i = 0; i < 3; i++)
        watch_reg(t, "web", i);
    uint64_t sub = watch_begin(t, "web");
    registry_guard_mode(t->registry, GUARD_ALWAYS_ON, t->now);
    rig_pass(t, 31000);
    registry_expire(t->registry, t->now, 1000, NULL, NULL);
    watch_push(t);
    assert_non_null(strstr(t->text, " n=3 guard=1\n+i"));
    assert_non_null(strstr(t->text, " s=up x=1"));
    watch_ack(t, sub, watch_number(t, "seq"), 1);
    rig_from(t, "172.16.0.1");
    watch_check_sub(t, "svc=none cid=c tok=" TOK,
                    "disc/1 ok " EP " sub=# seq=# lease=60 ren=18000 "
                    "full=1 frag=1");
    watch_check(t, PUSH " seq=# full=1 n=0 guard=1 why=unknown");
}

static void what_is_too_long_is_cut(void **state)
{
    struct rig *t = *state;
    char value[201], line[1400];
    memset(value, 'v', 200);
    value[200] = '\0';
    snprintf(line, sizeof(line),
             "disc/1 reg svc=web inst=a addr=10.0.0.7 port=1 tags=x m.a=%s m.b=%s m.c=%s m.d=%s",
             value, value, value, value);
    rig_send(t, line);
    assert_memory_equal(t->text, "disc/1 ok ", 10);
    watch_sub(t, SUB);
    watch_push(t);
    assert_null(strstr(t->text, "cut="));
    assert_non_null(strstr(t->text, " m.d=v"));
    snprintf(line, sizeof(line), "disc/1 upd svc=web inst=a m.e=%s", value);
    rig_send(t, line);
    rig_from(t, "172.16.0.1");
    watch_sub(t, SUB);
    watch_check(t, PUSH " seq=2 full=1 n=1\n=a a=10.0.0.7 p=1 w=100 q=0 s=up t=x cut=1");
}

/* What another protocol noted for itself is nobody's loss. */
static void hidden_metadata_is_not_cut(void **state)
{
    struct rig *t = *state;
    struct principal who = {.kind = PRINCIPAL_LOCAL};
    struct granted granted;
    struct record r = {
        .ns = TEXT("default"), .service = TEXT("web"), .id = TEXT("a"), .ttl = TTL_UNSET};
    r.addresses[r.address_count++] = rig_addr("10.0.0.7");
    r.metadata[r.metadata_count++] = (struct pair){TEXT("~00"), TEXT("Host_One")};
    r.metadata[r.metadata_count++] = (struct pair){TEXT("k"), TEXT("v")};
    assert_int_equal(registry_register(t->registry, &r, &who, t->now, &granted), ERR_OK);
    watch_sub(t, SUB);
    watch_check(t, PUSH " seq=1 full=1 n=1\n=a a=10.0.0.7 p=- w=100 q=0 s=up m.k=v");
}

/* ---- when ---------------------------------------------------------------------------- */

static void the_first_change_is_told_at_once_others_together(void **state)
{
    struct rig *t = *state;
    watch_reg(t, "web", 1);
    uint64_t sub = watch_begin(t, "web");
    watch_reg(t, "web", 2);
    watch_check(t, PUSH " seq=2 prev=1 n=1\n+i2 a=10.1.0.2 p=80 w=100 q=0 s=up");
    watch_ack(t, sub, 2, 1);
    uint64_t first = t->now.lease_ms;
    for (unsigned i = 3; i < 13; i++) {
        rig_pass(t, 9);
        watch_reg(t, "web", i);
        watch_nothing(t);
    }
    assert_int_equal(reg_next_push(t->reg), first + 100);
    rig_pass(t, 9);
    watch_nothing(t);
    rig_pass(t, 1);
    watch_push(t);
    assert_true(strstr(t->text, " seq=12 prev=2 n=10\n") != NULL);
    watch_ack(t, sub, 12, 1);
    watch_nothing(t);
    rig_pass(t, 99);
    watch_reg(t, "web", 20);
    watch_nothing(t);
    rig_pass(t, 1);
    watch_push(t);
    assert_non_null(strstr(t->text, " seq=13 prev=12 n=1\n"));
    watch_ack(t, sub, 13, 1);
    rig_pass(t, 1000);
    watch_reg(t, "web", 21);
    watch_push(t);
    assert_non_null(strstr(t->text, " seq=14 prev=13 n=1\n"));
}

/* Whoever subscribes meanwhile gets it all at once. */
static void a_newcomer_does_not_wait(void **state)
{
    struct rig *t = *state;
    watch_begin(t, "web");
    watch_reg(t, "web", 1);
    watch_push(t);
    watch_reg(t, "web", 2);
    watch_sub(t, "svc=web cid=d tok=" TOK);
    watch_push(t);
    assert_non_null(strstr(t->text, " seq=2 full=1 n=2\n"));
    watch_ack(t, watch_number(t, "sub"), 2, 1);
    watch_nothing(t);
    rig_pass(t, 100); /* and is not told twice */
    watch_nothing(t);
}

static void one_delta_is_under_way(void **state)
{
    struct rig *t = *state;
    watch_reg(t, "web", 1);
    uint64_t sub = watch_begin(t, "web");
    watch_reg(t, "web", 2);
    watch_push(t);
    for (unsigned i = 3; i < 6; i++) {
        rig_pass(t, 110);
        watch_reg(t, "web", i);
        watch_nothing(t);
    }
    watch_ack(t, sub, 2, 2); /* no such datagram */
    watch_ack(t, sub, 3, 1); /* never said */
    watch_nothing(t);
    watch_ack(t, sub, 2, 1);
    watch_push(t);
    assert_non_null(strstr(t->text, " seq=5 prev=2 n=3\n"));
    watch_ack(t, sub, 2, 1); /* late */
    watch_nothing(t);
    watch_ack(t, sub, 5, 1);
    rig_pass(t, 59000);
    watch_nothing(t);
}

static void silence_is_asked_four_times_then_left_alone(void **state)
{
    struct rig *t = *state;
    static const uint64_t after[] = {500, 1000, 2000, 4000};
    watch_reg(t, "web", 1);
    uint64_t sub = watch_begin(t, "web");
    rig_pass(t, 1);
    watch_reg(t, "web", 2);
    watch_push(t);
    for (size_t i = 0; i < ARRAY_COUNT(after); i++) {
        assert_int_equal(reg_next_push(t->reg), t->now.lease_ms + after[i]);
        rig_pass(t, after[i] - 1);
        watch_nothing(t);
        rig_pass(t, 1);
        watch_check(t, PUSH " seq=2 prev=1 n=1\n+i2 a=10.1.0.2 p=80 w=100 q=0 s=up");
        watch_nothing(t);
    }
    assert_int_equal(counter_get(&reg_counters(t->reg)->lagged), 0);
    rig_pass(t, 3999);
    watch_nothing(t);
    rig_pass(t, 1);
    watch_nothing(t);
    assert_int_equal(counter_get(&reg_counters(t->reg)->lagged), 1);
    assert_int_equal(counter_get(&reg_counters(t->reg)->push_retries), 4);
    assert_int_equal(t->reg->subscriptions.topics.bytes, 0);
    /* Nothing more is said to it, whatever happens, */
    watch_reg(t, "web", 3);
    watch_ack(t, sub, 2, 1);
    rig_pass(t, 10000);
    watch_nothing(t);
    assert_int_equal(reg_subscriptions(t->reg), 1);
    /* until it asks: then all that it missed. */
    watch_check_sub(t, SUB " from=1", "disc/1 ok " EP " sub=# seq=3 lease=60 ren=18000 full=0");
    watch_push(t);
    assert_non_null(strstr(t->text, " seq=3 prev=1 n=2\n"));
    watch_ack(t, sub, 3, 1);
    watch_nothing(t);
}

/* What is sent again is as new as can be. */
static void a_lost_delta_is_worked_out_anew(void **state)
{
    struct rig *t = *state;
    watch_reg(t, "web", 1);
    uint64_t sub = watch_begin(t, "web");
    watch_reg(t, "web", 2);
    watch_push(t);
    rig_pass(t, 400);
    watch_reg(t, "web", 3);
    watch_nothing(t);
    rig_pass(t, 100);
    watch_push(t);
    assert_non_null(strstr(t->text, " seq=3 prev=1 n=2\n"));
    watch_ack(t, sub, 2, 1); /* the first one's, late: means nothing any more */
    rig_pass(t, 1000);
    watch_push(t);
    assert_non_null(strstr(t->text, " seq=3 prev=1 n=2\n"));
    watch_ack(t, sub, 3, 1);
    rig_pass(t, 10000);
    watch_nothing(t);
}

/* One slow subscriber holds up nobody. */
static void a_slow_one_does_not_delay_others(void **state)
{
    struct rig *t = *state;
    watch_reg(t, "web", 1);
    watch_begin(t, "web");
    rig_from(t, "172.16.0.1");
    uint64_t quick = watch_begin(t, "web");
    for (unsigned i = 2; i < 30; i++) {
        rig_pass(t, 100);
        watch_reg(t, "web", i);
        bool told = false;
        while (*watch_push(t)) {
            char wanted[64];
            uint64_t seq = watch_number(t, "seq");
            snprintf(wanted, sizeof(wanted), " seq=%u prev=%u n=1\n", i, i - 1);
            if (watch_number(t, "sub") != quick)
                continue;
            assert_non_null(strstr(t->text, wanted));
            watch_ack(t, quick, seq, 1);
            told = true;
        }
        assert_true(told);
    }
}

/* ---- many datagrams ------------------------------------------------------------------ */

static void a_large_state_comes_in_pieces(void **state)
{
    struct rig *t = *state;
    for (unsigned i = 0; i < 300; i++)
        watch_reg(t, "web", i);
    watch_sub(t, SUB);
    assert_non_null(strstr(t->text, " seq=300 lease=60 ren=18000 full=1 frag="));
    uint64_t sub = watch_number(t, "sub"), pieces = watch_number(t, "frag"), lines = 0;
    assert_in_range(pieces, 8, 20);
    for (unsigned i = 1; i <= 4; i++) {
        watch_push(t);
        assert_int_equal(watch_number(t, "frag"), i); /* strtoull ends at the "/" */
        lines += watch_number(t, "n");
    }
    watch_nothing(t);
    watch_reg(t, "web", 500); /* changes nothing of what is under way */
    watch_nothing(t);
    watch_ack(t, sub, 300, 3);
    watch_push(t);
    assert_int_equal(watch_number(t, "frag"), 5);
    lines += watch_number(t, "n");
    watch_nothing(t);
    rig_pass(t, 500); /* 1, 2, 4, 5 were not heard of */
    static const unsigned again[] = {1, 2, 4, 5};
    for (unsigned i = 0; i < 4; i++) {
        watch_push(t);
        assert_int_equal(watch_number(t, "frag"), again[i]);
    }
    watch_nothing(t);
    for (unsigned i = 0; i < 4; i++)
        watch_ack(t, sub, 300, again[i]);
    for (unsigned i = 6; i <= pieces; i++) {
        watch_push(t);
        assert_int_equal(watch_number(t, "frag"), i);
        assert_int_equal(watch_number(t, "seq"), 300);
        lines += watch_number(t, "n");
        watch_ack(t, sub, 300, i);
    }
    assert_int_equal(lines, 300);
    watch_push(t); /* and now what changed meanwhile */
    assert_non_null(strstr(t->text, " seq=301 prev=300 n=1\n"));
}

/* A refresh with the same from= goes on; another one begins anew. */
static void a_refresh_goes_on_where_it_was(void **state)
{
    struct rig *t = *state;
    for (unsigned i = 0; i < 100; i++)
        watch_reg(t, "web", i);
    watch_sub(t, SUB);
    uint64_t sub = watch_number(t, "sub");
    for (unsigned i = 0; i < 4; i++)
        watch_push(t);
    watch_ack(t, sub, 100, 1);
    watch_ack(t, sub, 100, 2);
    watch_sub(t, SUB " from=0");
    assert_non_null(strstr(t->text, " seq=100 lease=60 ren=18000 full=1 frag="));
    watch_push(t);
    assert_int_equal(watch_number(t, "frag"), 3);
    watch_reg(t, "web", 200);
    watch_sub(t, SUB " from=99");
    assert_non_null(strstr(t->text, " seq=101 lease=60 ren=18000 full=0"));
    watch_push(t);
    assert_non_null(strstr(t->text, " seq=101 prev=99 n=2\n"));
    watch_ack(t, sub, 101, 1);
    watch_nothing(t);
    watch_sub(t, SUB " from=7777777"); /* of another world */
    assert_non_null(strstr(t->text, " seq=101 lease=60 ren=18000 full=1"));
}

static void a_delta_may_come_in_pieces(void **state)
{
    struct rig *t = *state;
    for (unsigned i = 0; i < 200; i++)
        watch_reg(t, "web", i);
    uint64_t pieces, sub;
    watch_sub(t, SUB);
    sub = watch_number(t, "sub");
    while (*watch_push(t))
        watch_ack(t, sub, 200, (unsigned)watch_number(t, "frag"));
    for (unsigned i = 0; i < 60; i++)
        watch_reg(t, "web", 300 + i);
    watch_push(t);
    assert_non_null(strstr(t->text, " seq=260 prev=200 frag=1/"));
    pieces = strtoull(strstr(t->text, " frag=1/") + 8, NULL, 10);
    assert_in_range(pieces, 2, 4);
    for (unsigned i = 2; i <= pieces; i++)
        watch_push(t);
    watch_nothing(t);
    for (unsigned i = 1; i <= pieces; i++)
        watch_ack(t, sub, 260, i);
    /* Too much for a delta. */
    rig_pass(t, 100);
    for (unsigned i = 0; i < DELTA_MAX + 1; i++) {
        char line[128];
        snprintf(line, sizeof(line), "disc/1 upd svc=web inst=i%u w=5", i < 200 ? i : 100 + i);
        rig_send(t, line);
    }
    watch_push(t);
    assert_non_null(strstr(t->text, " full=1 "));
}

static void what_is_too_large_is_refused(void **state)
{
    struct rig *t = *state;
    char rest[128];
    for (unsigned i = 0; i < 1; i++)
        watch_reg(t, "web", i);
    uint64_t sub = watch_begin(t, "web");
    /* 900 with a long zone fill 64 datagrams and more. */
    for (unsigned i = 0; i < 900; i++) {
        char line[256];
        snprintf(line, sizeof(line),
                 "disc/1 reg svc=web inst=i%u addr=10.1.%u.%u port=80 m.k=%064u", i + 1, i >> 8,
                 i & 255, 0);
        rig_send(t, line);
    }
    watch_nothing(t); /* it would have to be told all */
    assert_int_equal(reg_subscriptions(t->reg), 1);
    rig_pass(t, 20000);
    watch_nothing(t);
    snprintf(rest, sizeof(rest), SUB " from=1");
    watch_check_sub(t, rest, "disc/1 err " EP " c=413 why=usetcp");
    assert_int_equal(reg_subscriptions(t->reg), 0);
    char line[128];
    snprintf(line, sizeof(line), "disc/1 ack sub=%llu tok=" TOK " seq=1", (unsigned long long)sub);
    rig_check(t, line, "disc/1 err " EP " c=404 why=gone wait=#");
    watch_check_sub(t, SUB, "disc/1 err " EP " c=413 why=usetcp");
    rig_pass(t, TOPIC_KEEP_MS);
    watch_nothing(t);
    assert_int_equal(t->reg->subscriptions.topics.by_name.count, 0);
    /* What is near can be followed all the same. */
    snprintf(rest, sizeof(rest), SUB " from=%llu",
             (unsigned long long)registry_index(t->registry) - 2);
    watch_check_sub(t, rest, "disc/1 ok " EP " sub=# seq=901 lease=60 ren=18000 full=0");
}

/* ---- what it costs --------------------------------------------------------------------- */

static void one_text_serves_all(void **state)
{
    struct rig *t = *state;
    const struct topics *topics = &t->reg->subscriptions.topics;
    for (unsigned i = 0; i < 300; i++)
        watch_reg(t, "web", i);
    char rest[128];
    size_t bytes = 0;
    for (unsigned i = 0; i < 20; i++) {
        snprintf(rest, sizeof(rest), SUB "%u", i);
        watch_sub(t, rest);
        if (i == 0)
            bytes = topics->bytes;
        assert_int_equal(topics->bytes, bytes);
    }
    assert_in_range(bytes, 8000, 24000);
    assert_true(sizeof(struct subscription) <= 400);
    rig_pass(t, 60000);
    watch_nothing(t);
    assert_int_equal(topics->bytes, 0);
    assert_int_equal(topics->by_name.count, 0);
    assert_int_equal(t->reg->subscriptions.sources.count, 0);
}

/* 16 MiB of what is under way is the end of it. */
static void memory_is_bounded(void **state)
{
    struct rig *t = *state;
    struct topics *topics = &t->reg->subscriptions.topics;
    watch_reg(t, "web", 1);
    uint64_t sub = watch_begin(t, "web");
    topics->bytes += TOPIC_BYTES_MAX; /* as if others had it */
    watch_check_sub(t, "svc=web cid=d tok=" TOK, "disc/1 err " EP " c=503 why=busy wait=#");
    assert_int_equal(reg_subscriptions(t->reg), 1);
    watch_reg(t, "web", 2);
    watch_nothing(t);
    assert_int_equal(reg_next_push(t->reg), t->now.lease_ms + 500); /* tries again */
    rig_pass(t, 500);
    watch_nothing(t);
    topics->bytes -= TOPIC_BYTES_MAX;
    rig_pass(t, 500);
    watch_push(t);
    assert_non_null(strstr(t->text, " seq=2 prev=1 n=1\n"));
    watch_ack(t, sub, 2, 1);
    assert_int_equal(topics->bytes, 0);
}

/* A change costs the subscribers of its service, nobody else. */
static void others_are_not_looked_at(void **state)
{
    struct rig *t = *state;
    watch_begin(t, "web");
    rig_from(t, "172.16.0.1");
    watch_begin(t, "api");
    uint64_t pushes = counter_get(&reg_counters(t->reg)->pushes);
    watch_reg(t, "db", 1);
    watch_nothing(t);
    rig_pass(t, 200);
    watch_reg(t, "api", 1);
    watch_push(t);
    assert_non_null(strstr(t->text, "=i1 "));
    watch_nothing(t);
    assert_int_equal(counter_get(&reg_counters(t->reg)->pushes), pushes + 1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(the_whole_state_comes_first),
        test(an_empty_state_says_why),
        test(changes_come_as_deltas),
        test(a_service_becomes_known_and_is_forgotten),
        test(the_guard_is_said),
        test(what_is_too_long_is_cut),
        test(hidden_metadata_is_not_cut),
        test(the_first_change_is_told_at_once_others_together),
        test(a_newcomer_does_not_wait),
        test(one_delta_is_under_way),
        test(silence_is_asked_four_times_then_left_alone),
        test(a_lost_delta_is_worked_out_anew),
        test(a_slow_one_does_not_delay_others),
        test(a_large_state_comes_in_pieces),
        test(a_refresh_goes_on_where_it_was),
        test(a_delta_may_come_in_pieces),
        test(what_is_too_large_is_refused),
        test(one_text_serves_all),
        test(memory_is_bounded),
        test(others_are_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
