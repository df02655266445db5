/* libdisc's state machine: a scripted server, a clock moved by hand. */
#include "fake.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void renew_comes_when_the_server_says(void **state)
{
    (void)state;
    struct stage s;
    int handle = stage_open_registered(&s, NULL);
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
    stage_open_registered(&s, NULL);
    pass(&s, 9450);
    assert_request(&s, 0, REN);
    answer(&s, 0, "disc/1 ok id=* ep=00000002 ren=1500\n");
    assert_in_range(disc_timeout_ms(s.d, s.now), 1425, 1575);
    stage_close(&s);
}

static void retries_of_a_short_interval_are_shorter(void **state)
{
    (void)state;
    struct stage s;
    stage_open_registered(&s, NULL);
    pass(&s, 9450);
    assert_request(&s, 0, REN);
    answer(&s, 0, "disc/1 ok id=* ep=00000002 ren=1500\n");
    pass(&s, 1575);
    assert_request(&s, 0, REN);
    static const uint64_t pauses[] = {250, 500, 1000};
    for (int i = 0; i < 3; i++) {
        pass(&s, pauses[i] - 1);
        assert_quiet(&s, 0);
        pass(&s, 1);
        assert_request(&s, 0, REN);
    }
    pass(&s, 1000);
    event(&s, DISC_EVENT_LOST);
    pass(&s, 600); /* the next round begins before a lease of 5 s is over */
    assert_request(&s, 0, REN);
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
    int handle = stage_open_registered(&s, NULL);
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
    int handle = stage_open_registered(&s, NULL);
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
    stage_open_registered(&s, NULL);
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

/* What the server has not stored is asked again until it has. */
static void what_is_not_stored_is_asked_again(void **state)
{
    (void)state;
    static const char unstored[] = "disc/1 err id=* ep=00000001 c=503 why=disk wait=1000\n";
    struct stage s;
    stage_open(&s, 1, NULL);
    int handle = stage_register(&s, "web", "8080");
    pass(&s, 0);
    for (int i = 0; i < 3; i++) {
        assert_request(&s, 0, REG);
        answer(&s, 0, i < 2 ? unstored : "disc/1 err id=* c=503 why=readonly wait=1000\n");
        assert_int_equal(disc_registered(s.d, handle), 0);
        assert_in_range(disc_timeout_ms(s.d, s.now), 1000, 1250);
        pass(&s, 1250);
    }
    assert_int_equal(event(&s, DISC_EVENT_FAILED)->code, 503);
    assert_request(&s, 0, REG);
    answer(&s, 0, REG_OK);
    event(&s, DISC_EVENT_REGISTERED);
    assert_int_equal(disc_registered(s.d, handle), 1);
    stage_close(&s);
}

/* A goodbye that was in force but not stored is said again; 404 then means done. */
static void a_goodbye_is_said_until_it_is_stored(void **state)
{
    (void)state;
    struct stage s;
    int handle = stage_open_registered(&s, NULL);
    disc_deregister(s.d, handle);
    pass(&s, 0);
    for (int i = 0; i < 2; i++) {
        assert_request(&s, 0, DEL);
        answer(&s, 0, "disc/1 err id=* ep=00000001 c=503 why=disk wait=1000\n");
        pass(&s, 1250);
    }
    event(&s, DISC_EVENT_FAILED);
    assert_request(&s, 0, DEL);
    answer(&s, 0, "disc/1 err id=* ep=00000001 c=404 why=gone wait=1000\n");
    assert_int_equal(event(&s, DISC_EVENT_LEFT)->code, 0);
    assert_no_event(&s);
    assert_int_equal(disc_timeout_ms(s.d, s.now), -1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renew_comes_when_the_server_says),
        cmocka_unit_test(a_changed_interval_is_followed),
        cmocka_unit_test(retries_after_half_one_and_two_seconds),
        cmocka_unit_test(retries_of_a_short_interval_are_shorter),
        cmocka_unit_test(a_silent_server_comes_back),
        cmocka_unit_test(a_challenge_is_answered_at_once),
        cmocka_unit_test(challenges_without_end_do_not_make_a_loop),
        cmocka_unit_test(gone_is_registered_again_within_the_wait),
        cmocka_unit_test(stale_takes_the_next_revision),
        cmocka_unit_test(a_refusal_is_told_and_tried_again_after_a_minute),
        cmocka_unit_test(a_malformed_request_is_not_repeated),
        cmocka_unit_test(overload_is_waited_out),
        cmocka_unit_test(what_is_not_stored_is_asked_again),
        cmocka_unit_test(a_goodbye_is_said_until_it_is_stored),
        cmocka_unit_test(foreign_replies_are_ignored),
        cmocka_unit_test(each_server_has_a_state_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
