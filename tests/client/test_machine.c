/* libdisc's state machine: a scripted server, a clock moved by hand. */
#include "fake.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REG "disc/1 reg id=* svc=web port=8080"
#define REG_OK "disc/1 ok id=* ep=00000001 inst=web-1 addr=10.0.0.7 lease=30 ren=9000 rev=5 dur=mem\n"
#define REN "disc/1 ren id=* svc=web inst=web-1"
#define REN_OK "disc/1 ok id=* ep=00000001 ren=9000\n"
#define DEL "disc/1 del id=* svc=web inst=web-1"

/* Registered at server 0; the next renewal is due in `ren` ms, less or more by 5 %. */
static int open_registered(struct stage *s, const struct disc_options *options)
{
    stage_open(s, 1, options);
    int handle = stage_register(s, "web", "8080");
    pass(s, 0);
    assert_request(s, 0, REG);
    answer(s, 0, REG_OK);
    assert_string_equal(event(s, DISC_EVENT_REGISTERED)->instance, "web-1");
    return handle;
}

static void renew_comes_when_the_server_says(void **state)
{
    (void)state;
    struct stage s;
    int handle = open_registered(&s, NULL);
    assert_int_equal(disc_registered(s.d, handle), 1);
    unsigned early = 0;
    for (int i = 0; i < 50; i++) {
        int wait = disc_timeout_ms(s.d, s.now);
        assert_in_range(wait, 8550, 9450);
        early += wait < 9000;
        pass(&s, (uint64_t)wait - 1);
        assert_quiet(&s, 0);
        pass(&s, 1);
        assert_request(&s, 0, REN);
        answer(&s, 0, REN_OK);
    }
    assert_in_range(early, 10, 40); /* scattered to both sides */
    assert_no_event(&s);
    stage_close(&s);
}

static void a_changed_interval_is_followed(void **state)
{
    (void)state;
    struct stage s;
    open_registered(&s, NULL);
    pass(&s, 9450);
    assert_request(&s, 0, REN);
    answer(&s, 0, "disc/1 ok id=* ep=00000002 ren=1500\n");
    assert_in_range(disc_timeout_ms(s.d, s.now), 1425, 1575);
    stage_close(&s);
}

static void retries_after_half_one_and_two_seconds(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    stage_register(&s, "web", "8080");
    static const uint64_t pauses[] = {0, 500, 1000, 2000};
    char id[17] = "";
    for (int i = 0; i < 4; i++) {
        if (pauses[i]) {
            pass(&s, pauses[i] - 1);
            assert_quiet(&s, 0);
        }
        pass(&s, pauses[i] ? 1 : 0);
        assert_request(&s, 0, REG);
        if (i > 0)
            assert_string_equal(s.servers[0].id, id);
        memcpy(id, s.servers[0].id, sizeof(id));
    }
    assert_no_event(&s);
    in_port_t port = s.servers[0].peer.sin_port;
    pass(&s, 2000);
    assert_non_null(strstr(event(&s, DISC_EVENT_LOST)->words, "no answer"));
    /* and it goes on, with an id of its own, without telling again */
    pass(&s, 6000);
    assert_request(&s, 0, REG);
    assert_string_not_equal(s.servers[0].id, id);
    /* through a new socket: the old one may have an address that we no longer have */
    assert_int_not_equal(s.servers[0].peer.sin_port, port);
    for (int i = 0; i < 3; i++) {
        pass(&s, 2000);
        assert_request(&s, 0, REG);
    }
    pass(&s, 2000);
    assert_no_event(&s);
    stage_close(&s);
}

static void a_silent_server_comes_back(void **state)
{
    (void)state;
    struct stage s;
    int handle = open_registered(&s, NULL);
    pass(&s, 9450);
    for (int i = 0; i < 4; i++) {
        assert_request(&s, 0, REN);
        pass(&s, 2000);
    }
    event(&s, DISC_EVENT_LOST);
    assert_int_equal(disc_registered(s.d, handle), 0);
    pass(&s, 6000);
    assert_request(&s, 0, REN);
    answer(&s, 0, REN_OK);
    event(&s, DISC_EVENT_REGISTERED);
    assert_int_equal(disc_registered(s.d, handle), 1);
    stage_close(&s);
}

static void a_challenge_is_answered_at_once(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    stage_register(&s, "web", "8080");
    pass(&s, 0);
    assert_request(&s, 0, REG);
    answer(&s, 0, "disc/1 chal id=* ck=AQAAAAAACt1xEL0LyiAETQ\n");
    assert_request(&s, 0, "disc/1 reg id=* ck=AQAAAAAACt1xEL0LyiAETQ svc=web port=8080");
    answer(&s, 0, REG_OK);
    event(&s, DISC_EVENT_REGISTERED);
    pass(&s, 9450);
    assert_request(&s, 0, "disc/1 ren id=* ck=AQAAAAAACt1xEL0LyiAETQ svc=web inst=web-1");
    answer(&s, 0, "disc/1 ok id=* ep=00000001 ren=9000 ck=fresher\n");
    pass(&s, 9450);
    assert_request(&s, 0, "disc/1 ren id=* ck=fresher svc=web inst=web-1");
    stage_close(&s);
}

static void challenges_without_end_do_not_make_a_loop(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    stage_register(&s, "web", "8080");
    pass(&s, 0);
    request(&s, 0);
    for (int i = 0; i < 2; i++) {
        answer(&s, 0, "disc/1 chal id=* ck=x\n");
        request(&s, 0);
    }
    answer(&s, 0, "disc/1 chal id=* ck=x\n");
    assert_quiet(&s, 0);
    pass(&s, 500); /* the retry */
    request(&s, 0);
    stage_close(&s);
}

static void gone_is_registered_again_within_the_wait(void **state)
{
    (void)state;
    struct stage s;
    int handle = open_registered(&s, NULL);
    pass(&s, 9450);
    assert_request(&s, 0, REN);
    answer(&s, 0, "disc/1 err id=* ep=00000002 c=404 why=gone wait=1840\n");
    assert_int_equal(event(&s, DISC_EVENT_LOST)->code, 404);
    assert_int_equal(disc_registered(s.d, handle), 0);
    assert_in_range(disc_timeout_ms(s.d, s.now), 0, 1840);
    pass(&s, 1840);
    assert_request(&s, 0, "disc/1 reg id=* svc=web inst=web-1 port=8080");
    answer(&s, 0, REG_OK);
    event(&s, DISC_EVENT_REGISTERED);
    stage_close(&s);
}

static void stale_takes_the_next_revision(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = "web", spec.instance = "web-1", spec.ports = "8080", spec.rev = 3;
    assert_true(disc_register(s.d, &spec) > 0);
    pass(&s, 0);
    assert_request(&s, 0, "disc/1 reg id=* svc=web inst=web-1 port=8080 rev=3");
    answer(&s, 0, "disc/1 err id=* ep=00000001 c=409 why=stale rev=41\n");
    assert_request(&s, 0, "disc/1 reg id=* svc=web inst=web-1 port=8080 rev=42");
    /* somebody else counts up for ever: a quarrel, reported */
    for (int i = 0; i < 5; i++) {
        answer(&s, 0, "disc/1 err id=* ep=00000001 c=409 why=stale rev=100\n");
        if (i < 4)
            request(&s, 0);
    }
    assert_int_equal(event(&s, DISC_EVENT_FAILED)->code, 409);
    stage_close(&s);
}

static void a_refusal_is_told_and_tried_again_after_a_minute(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    stage_register(&s, "web", "8080");
    pass(&s, 0);
    request(&s, 0);
    answer(&s, 0, "disc/1 err id=* ep=00000001 c=403 why=owner\n");
    const struct event_seen *e = event(&s, DISC_EVENT_FAILED);
    assert_int_equal(e->code, 403);
    assert_int_equal(e->retry_ms, 60000);
    assert_memory_equal(e->words, "403 owner: ", 11);
    pass(&s, 59999);
    assert_quiet(&s, 0);
    pass(&s, 1);
    assert_request(&s, 0, REG);
    stage_close(&s);
}

static void a_malformed_request_is_not_repeated(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    int handle = stage_register(&s, "web", "8080");
    pass(&s, 0);
    request(&s, 0);
    answer(&s, 0, "disc/1 err id=* ep=00000001 c=400 why=key f=w\n");
    const struct event_seen *e = event(&s, DISC_EVENT_FAILED);
    assert_int_equal(e->retry_ms, -1);
    assert_memory_equal(e->words, "400 key (w): ", 13);
    assert_int_equal(disc_timeout_ms(s.d, s.now), -1);
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = "web", spec.ports = "8081";
    assert_int_equal(disc_update(s.d, handle, &spec), DISC_OK);
    pass(&s, 0);
    assert_request(&s, 0, "disc/1 reg id=* svc=web port=8081");
    stage_close(&s);
}

static void overload_is_waited_out(void **state)
{
    (void)state;
    struct stage s;
    open_registered(&s, NULL);
    pass(&s, 9450);
    assert_request(&s, 0, REN);
    answer(&s, 0, "disc/1 err id=* ep=00000001 c=503 why=busy wait=3000\n");
    assert_int_equal(event(&s, DISC_EVENT_FAILED)->retry_ms, 3000);
    assert_in_range(disc_timeout_ms(s.d, s.now), 3000, 3750);
    pass(&s, 3750);
    assert_request(&s, 0, REN);
    answer(&s, 0, "disc/1 err id=* ep=00000001 c=429 why=slow wait=1\n");
    assert_no_event(&s); /* once is enough */
    assert_in_range(disc_timeout_ms(s.d, s.now), 100, 125);
    stage_close(&s);
}

static void foreign_replies_are_ignored(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    stage_register(&s, "web", "8080");
    pass(&s, 0);
    request(&s, 0);
    static const char *const bad[] = {
        "disc/1 ok id=0000000000000000 ep=00000001 inst=x ren=9000\n",
        "disc/1 ok ep=00000001 inst=x ren=9000\n",
        "disc/1 err id=0000000000000000 c=404 why=gone wait=1\n",
        "disc/2 ok id=* ep=00000001 inst=x ren=9000\n",
        "disc/1 push id=* inst=x\n",
        "disc/1 ok id=* ep\n",
        "disc/1\n",
        "\n",
        "garbage",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        answer(&s, 0, bad[i]);
    assert_no_event(&s);
    assert_quiet(&s, 0);
    /* from another address: the kernel drops it, the socket being connected */
    struct fake other = s.servers[0];
    other.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    answer_raw(&other, REG_OK);
    pass(&s, 0);
    assert_no_event(&s);
    close(other.fd);
    answer(&s, 0, REG_OK);
    event(&s, DISC_EVENT_REGISTERED);
    answer(&s, 0, REG_OK); /* a second copy of it */
    assert_no_event(&s);
    stage_close(&s);
}

static void each_server_has_a_state_of_its_own(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 2, NULL);
    int handle = stage_register(&s, "web", "8080");
    pass(&s, 0);
    assert_request(&s, 0, REG);
    assert_request(&s, 1, REG);
    answer(&s, 1, REG_OK);
    assert_string_equal(event(&s, DISC_EVENT_REGISTERED)->server, s.servers[1].text);
    assert_int_equal(disc_registered(s.d, handle), 1);
    pass(&s, 500);
    assert_request(&s, 0, REG);
    assert_quiet(&s, 1);
    /* a reply at one server with the other's id is nobody's */
    char wrong[100];
    snprintf(wrong, sizeof(wrong), "disc/1 err id=%s c=400 why=syntax\n", s.servers[0].id);
    answer(&s, 1, wrong);
    assert_no_event(&s);
    answer(&s, 0, "disc/1 err id=* ep=00000009 c=403 why=acl\n");
    assert_string_equal(event(&s, DISC_EVENT_FAILED)->server, s.servers[0].text);
    assert_int_equal(disc_registered(s.d, handle), 1);
    stage_close(&s);
}

static void an_update_is_a_new_registration(void **state)
{
    (void)state;
    struct stage s;
    int handle = open_registered(&s, NULL);
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = "web", spec.ports = "8080", spec.status = "draining";
    assert_int_equal(disc_update(s.d, handle, &spec), DISC_OK);
    pass(&s, 0);
    assert_request(&s, 0, "disc/1 reg id=* svc=web inst=web-1 port=8080 st=draining");
    answer(&s, 0, REG_OK);
    assert_no_event(&s);
    spec.service = "other";
    assert_int_equal(disc_update(s.d, handle, &spec), DISC_INVALID);
    assert_int_equal(disc_update(s.d, handle + 1, &spec), DISC_INVALID);
    stage_close(&s);
}

static void goodbye_is_repeated_until_it_is_answered(void **state)
{
    (void)state;
    struct stage s;
    int handle = open_registered(&s, NULL);
    assert_int_equal(disc_deregister(s.d, handle), DISC_OK);
    assert_int_equal(disc_deregister(s.d, handle), DISC_INVALID);
    pass(&s, 0);
    assert_request(&s, 0, DEL);
    pass(&s, 500);
    assert_request(&s, 0, DEL);
    assert_int_equal(disc_count(s.d), 1);
    answer(&s, 0, "disc/1 ok id=* ep=00000001 dur=mem\n");
    assert_string_equal(event(&s, DISC_EVENT_LEFT)->words, "deregistered");
    assert_int_equal(disc_count(s.d), 0);
    assert_int_equal(disc_timeout_ms(s.d, s.now), -1);
    stage_close(&s);
}

static void draining_comes_before_the_goodbye(void **state)
{
    (void)state;
    struct stage s;
    struct disc_options options = DISC_OPTIONS_INIT;
    options.drain_ms = 4000;
    int handle = open_registered(&s, &options);
    disc_deregister(s.d, handle);
    pass(&s, 0);
    assert_request(&s, 0, "disc/1 upd id=* svc=web inst=web-1 st=draining");
    answer(&s, 0, "disc/1 ok id=* ep=00000001 rev=6 dur=mem\n");
    pass(&s, 3999);
    assert_quiet(&s, 0);
    pass(&s, 1);
    assert_request(&s, 0, DEL);
    answer(&s, 0, "disc/1 err id=* ep=00000001 c=404 why=gone wait=0\n");
    assert_string_equal(event(&s, DISC_EVENT_LEFT)->words, "it was gone already");
    stage_close(&s);
}

static void what_was_never_sent_needs_no_goodbye(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    disc_deregister(s.d, stage_register(&s, "web", "8080"));
    pass(&s, 0);
    assert_quiet(&s, 0);
    event(&s, DISC_EVENT_LEFT);
    assert_int_equal(disc_count(s.d), 0);
    stage_close(&s);
}

static void an_unanswered_registration_is_taken_back_by_address(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    int handle = stage_register(&s, "web", "8080");
    pass(&s, 0);
    assert_request(&s, 0, REG);
    disc_deregister(s.d, handle);
    pass(&s, 0);
    assert_request(&s, 0, "disc/1 del id=* svc=web port=8080");
    for (int i = 0; i < 4; i++)
        pass(&s, 2000);
    assert_non_null(strstr(event(&s, DISC_EVENT_LEFT)->words, "no answer"));
    stage_close(&s);
}

static void close_says_goodbye(void **state)
{
    (void)state;
    struct stage s;
    open_registered(&s, NULL);
    assert_int_equal(disc_close(s.d, 0), DISC_NO_ANSWER);
    s.d = NULL;
    assert_request(&s, 0, DEL);
    stage_close(&s);
}

static int register_member(struct stage *s, const char *instance)
{
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = "web", spec.instance = instance, spec.ports = "-", spec.group = "node7";
    return disc_register(s->d, &spec);
}

static void one_member_renews_its_group(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    static const char *const names[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++)
        assert_true(register_member(&s, names[i]) > 0);
    pass(&s, 0);
    for (int i = 0; i < 3; i++) {
        char expected[100];
        snprintf(expected, sizeof(expected), "disc/1 reg id=* svc=web inst=%s port=- grp=node7",
                 names[i]);
        assert_request(&s, 0, expected);
        answer(&s, 0, "disc/1 ok id=* ep=00000001 ren=9000 lease=30 dur=mem\n");
    }
    unsigned renewals = 0;
    for (uint64_t t = 0; t < 60000; t += 10) {
        pass(&s, 10);
        char bytes[DISC_DATAGRAM_MAX];
        if (recv(s.servers[0].fd, bytes, sizeof(bytes), MSG_PEEK) <= 0)
            continue;
        request(&s, 0);
        renewals++;
        answer(&s, 0, REN_OK);
    }
    assert_in_range(renewals, 6, 8); /* 18 to 21 if each were for itself */
    stage_close(&s);
}

/* Together with a lost member the others are looked after within the wait. */
static void one_gone_member_wakes_its_group(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    assert_true(register_member(&s, "a") > 0);
    assert_true(register_member(&s, "b") > 0);
    pass(&s, 0);
    for (int i = 0; i < 2; i++) {
        request(&s, 0);
        answer(&s, 0, "disc/1 ok id=* ep=00000001 ren=9000 lease=30 dur=mem\n");
    }
    pass(&s, (uint64_t)disc_timeout_ms(s.d, s.now));
    request(&s, 0);
    answer(&s, 0, REN_OK); /* the other is put off */
    pass(&s, (uint64_t)disc_timeout_ms(s.d, s.now));
    request(&s, 0);
    answer(&s, 0, "disc/1 err id=* ep=00000002 c=404 why=gone wait=100\n");
    pass(&s, 100);
    request(&s, 0); /* both speak */
    request(&s, 0);
    assert_quiet(&s, 0);
    stage_close(&s);
}

static void a_server_added_later_gets_everything(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 2, NULL);
    struct disc *d = disc_new(NULL);
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = "web", spec.ports = "8080";
    assert_int_equal(disc_add_server(d, s.servers[0].text), DISC_OK);
    assert_true(disc_register(d, &spec) > 0);
    disc_process(d, 1);
    assert_request(&s, 0, REG);
    assert_int_equal(disc_add_server(d, s.servers[1].text), DISC_OK);
    disc_process(d, 2);
    assert_request(&s, 1, REG);
    assert_quiet(&s, 0);
    struct pollfd fds[2];
    assert_int_equal(disc_pollfds(d, fds, 2), 2);
    assert_true(fds[0].fd >= 0 && fds[1].fd >= 0 && fds[0].fd != fds[1].fd);
    disc_free(d);
    stage_close(&s);
}

static struct disc *reentrant;

static void reregister(void *context, const struct disc_event *e)
{
    unsigned *left = context;
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = "web", spec.ports = "8080";
    if (e->kind != DISC_EVENT_REGISTERED || *left == 0)
        return;
    disc_deregister(reentrant, e->handle);
    for (int i = 0; i < 10; i++)
        assert_true(disc_register(reentrant, &spec) > 0);
    --*left;
}

static void callbacks_may_register_and_deregister(struct stage *s)
{
    unsigned left = 2;
    struct disc_options options = {.seed = 1, .event = reregister, .context = &left};
    reentrant = disc_new(&options);
    struct disc_spec spec = DISC_SPEC_INIT;
    spec.service = "web", spec.ports = "8080";
    disc_add_server(reentrant, s->servers[0].text);
    disc_register(reentrant, &spec);
    disc_process(reentrant, 1);
    for (int i = 0; i < 2; i++) {
        assert_request(s, 0, REG);
        answer_raw(&s->servers[0], REG_OK);
        disc_process(reentrant, 1);
        for (int k = 0; k < (i == 0 ? 0 : 9); k++)
            request(s, 0);
        if (i == 0)
            assert_request(s, 0, DEL);
    }
    assert_int_equal(disc_count(reentrant), 21);
    assert_int_equal(left, 0);
    disc_free(reentrant);
}

static void a_callback_may_change_the_set(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    callbacks_may_register_and_deregister(&s);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renew_comes_when_the_server_says),
        cmocka_unit_test(a_changed_interval_is_followed),
        cmocka_unit_test(retries_after_half_one_and_two_seconds),
        cmocka_unit_test(a_silent_server_comes_back),
        cmocka_unit_test(a_challenge_is_answered_at_once),
        cmocka_unit_test(challenges_without_end_do_not_make_a_loop),
        cmocka_unit_test(gone_is_registered_again_within_the_wait),
        cmocka_unit_test(stale_takes_the_next_revision),
        cmocka_unit_test(a_refusal_is_told_and_tried_again_after_a_minute),
        cmocka_unit_test(a_malformed_request_is_not_repeated),
        cmocka_unit_test(overload_is_waited_out),
        cmocka_unit_test(foreign_replies_are_ignored),
        cmocka_unit_test(each_server_has_a_state_of_its_own),
        cmocka_unit_test(an_update_is_a_new_registration),
        cmocka_unit_test(goodbye_is_repeated_until_it_is_answered),
        cmocka_unit_test(draining_comes_before_the_goodbye),
        cmocka_unit_test(what_was_never_sent_needs_no_goodbye),
        cmocka_unit_test(an_unanswered_registration_is_taken_back_by_address),
        cmocka_unit_test(close_says_goodbye),
        cmocka_unit_test(one_member_renews_its_group),
        cmocka_unit_test(one_gone_member_wakes_its_group),
        cmocka_unit_test(a_server_added_later_gets_everything),
        cmocka_unit_test(a_callback_may_change_the_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
