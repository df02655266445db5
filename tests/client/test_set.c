/* How libdisc's set of instances changes: updates, goodbyes, groups, servers and instances
 * that come later. */
#include "fake.h"

#include <stdio.h>
#include <string.h>

static void an_update_is_a_new_registration(void **state)
{
    (void)state;
    struct stage s;
    int handle = stage_open_registered(&s, NULL);
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
    int handle = stage_open_registered(&s, NULL);
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
    int handle = stage_open_registered(&s, &options);
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

/* A drain that could not be stored is in force all the same: the goodbye follows in time. */
static void a_drain_need_not_be_stored(void **state)
{
    (void)state;
    struct stage s;
    struct disc_options options = DISC_OPTIONS_INIT;
    options.drain_ms = 4000;
    disc_deregister(s.d, stage_open_registered(&s, &options));
    pass(&s, 0);
    assert_request(&s, 0, "disc/1 upd id=* svc=web inst=web-1 st=draining");
    answer(&s, 0, "disc/1 err id=* ep=00000001 c=503 why=busy wait=500\n");
    event(&s, DISC_EVENT_FAILED);
    pass(&s, 625);
    assert_request(&s, 0, "disc/1 upd id=* svc=web inst=web-1 st=draining");
    answer(&s, 0, "disc/1 err id=* ep=00000001 c=503 why=disk wait=500\n");
    pass(&s, 3999);
    assert_quiet(&s, 0);
    pass(&s, 1);
    assert_request(&s, 0, DEL);
    answer(&s, 0, "disc/1 ok id=* ep=00000001 dur=disk\n");
    event(&s, DISC_EVENT_LEFT);
    assert_no_event(&s);
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
    stage_open_registered(&s, NULL);
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
        cmocka_unit_test(an_update_is_a_new_registration),
        cmocka_unit_test(goodbye_is_repeated_until_it_is_answered),
        cmocka_unit_test(draining_comes_before_the_goodbye),
        cmocka_unit_test(a_drain_need_not_be_stored),
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
