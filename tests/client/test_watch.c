/* A subscription: asked for, refreshed, lost, at another server. A scripted server, a clock
 * moved by hand. */
#include "watching.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void a_list_comes_and_changes(void **state)
{
    (void)state;
    struct watching w;
    watching_open(&w, 1, NULL, NULL);
    assert_list(&w, DISC_NONE, "");
    pass(&w.s, 0);
    hear(&w, 0, SUB "0");
    say(&w, 0, SUB_OK);
    assert_list(&w, DISC_NONE, "");
    assert_nothing_seen(&w);
    say(&w, 0, TWO);
    hear(&w, 0, ACK "102");
    assert_string_equal(seen(&w, DISC_WATCH_LIVE)->server, w.s.servers[0].text);
    seen(&w, DISC_WATCH_CHANGED);
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    assert_int_equal(list_of(&w).index, 102);
    say(&w, 0,
        PUSH "seq=104 prev=102 n=2\n+web-9 a=10.0.0.9 p=80 w=1 q=0 s=up\n"
             "-web-1 why=expired\n");
    hear(&w, 0, ACK "104");
    seen(&w, DISC_WATCH_CHANGED);
    assert_list(&w, DISC_LIVE, "web-2 web-9");
    assert_int_equal(list_of(&w).index, 104);
    assert_nothing_seen(&w);
    watching_close(&w);
}

static void a_challenge_is_answered_at_once(void **state)
{
    (void)state;
    struct watching w;
    watching_open(&w, 1, NULL, NULL);
    pass(&w.s, 0);
    hear(&w, 0, SUB "0");
    char token[17];
    memcpy(token, w.token, sizeof(token));
    say(&w, 0, "disc/1 chal id=* ck=AQAAAAAACt1xEL0LyiAETQ\n");
    hear(&w, 0, "disc/1 sub id=* ck=AQAAAAAACt1xEL0LyiAETQ cid=@ tok=$ svc=web from=0");
    assert_string_equal(w.token, token);
    say(&w, 0, SUB_OK);
    assert_quiet(&w.s, 0);
    watching_close(&w);
}

static void it_is_refreshed_when_the_server_says(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    char token[17];
    memcpy(token, w.token, sizeof(token));
    for (int i = 0; i < 10; i++) {
        int wait = disc_timeout_ms(w.s.d, w.s.now);
        assert_in_range(wait, 17100, 18900);
        pass(&w.s, (uint64_t)wait - 1);
        assert_quiet(&w.s, 0);
        pass(&w.s, 1);
        hear(&w, 0, SUB "102");
        assert_string_equal(w.token, token);
        say(&w, 0, "disc/1 ok id=* ep=00000001 sub=31 seq=102 lease=60 ren=18000 full=0\n");
    }
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    assert_nothing_seen(&w);
    watching_close(&w);
}

static void retries_are_those_of_registrations(void **state)
{
    (void)state;
    struct watching w;
    watching_open(&w, 1, NULL, NULL);
    static const uint64_t pauses[] = {0, 500, 1000, 2000};
    char id[17] = "";
    for (int i = 0; i < 4; i++) {
        if (pauses[i]) {
            pass(&w.s, pauses[i] - 1);
            assert_quiet(&w.s, 0);
        }
        pass(&w.s, pauses[i] ? 1 : 0);
        hear(&w, 0, SUB "0");
        if (i)
            assert_string_equal(w.s.servers[0].id, id);
        memcpy(id, w.s.servers[0].id, sizeof(id));
    }
    assert_nothing_seen(&w);
    pass(&w.s, 2000);
    seen(&w, DISC_WATCH_SILENT);
    assert_in_range(disc_timeout_ms(w.s.d, w.s.now), 1600, 2400);
    for (int i = 0; i < 4; i++) {
        pass(&w.s, 2400);
        hear(&w, 0, SUB "0");
    }
    pass(&w.s, 2000);
    assert_nothing_seen(&w); /* said once */
    watching_close(&w);
}

/* One round without an answer. */
static void stay_silent(struct watching *w, unsigned server, const char *request)
{
    static const uint64_t pauses[] = {500, 1000, 2000, 2000};
    for (int i = 0; i < 4; i++) {
        hear(w, server, request);
        pass(&w->s, pauses[i]);
    }
    pass(&w->s, 0); /* another server is due at once */
}

static void the_next_server_is_asked_and_the_list_kept(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 2, NULL);
    char token[17];
    memcpy(token, w.token, sizeof(token));
    pass(&w.s, 18900);
    stay_silent(&w, 0, SUB "102");
    assert_list(&w, DISC_KEPT, "web-1 web-2");
    assert_int_equal(list_of(&w).age_ms, 18900 + 5500);
    hear(&w, 1, SUB "0"); /* its indexes are others */
    assert_string_not_equal(w.token, token);
    assert_nothing_seen(&w);
    say(&w, 1, "disc/1 ok id=* ep=0000000b sub=7 seq=50 lease=60 ren=18000 full=1 frag=1\n");
    assert_list(&w, DISC_KEPT, "web-1 web-2");
    say(&w, 1, "disc/1 push sub=7 tok=$ ep=0000000b seq=50 full=1 n=1\n" ONE "\n");
    hear(&w, 1, "disc/1 ack id=$ sub=7 tok=$ seq=50");
    assert_string_equal(seen(&w, DISC_WATCH_LIVE)->server, w.s.servers[1].text);
    seen(&w, DISC_WATCH_CHANGED);
    assert_list(&w, DISC_LIVE, "web-1");
    assert_nothing_seen(&w);
    watching_close(&w);
}

static void all_silent_is_told_once_and_they_are_asked_again(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 2, NULL);
    pass(&w.s, 18900);
    stay_silent(&w, 0, SUB "102");
    stay_silent(&w, 1, SUB "0");
    assert_string_equal(seen(&w, DISC_WATCH_SILENT)->server, "");
    assert_list(&w, DISC_KEPT, "web-1 web-2");
    for (unsigned i = 0; i < 3; i++) {
        pass(&w.s, 6000);
        stay_silent(&w, 0, SUB "0");
        stay_silent(&w, 1, SUB "0");
    }
    assert_nothing_seen(&w);
    pass(&w.s, 6000);
    hear(&w, 0, SUB "0");
    say(&w, 0, SUB_OK);
    say(&w, 0, TWO);
    seen(&w, DISC_WATCH_LIVE); /* and no change: it is the same list */
    assert_nothing_seen(&w);
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    watching_close(&w);
}

static void a_single_server_that_comes_back_need_not_say_it_all_again(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    pass(&w.s, 18900);
    stay_silent(&w, 0, SUB "102");
    seen(&w, DISC_WATCH_SILENT);
    assert_list(&w, DISC_KEPT, "web-1 web-2");
    pass(&w.s, 6000);
    hear(&w, 0, SUB "102");
    say(&w, 0, "disc/1 ok id=* ep=00000001 sub=31 seq=102 lease=60 ren=18000 full=0\n");
    seen(&w, DISC_WATCH_LIVE);
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    watching_close(&w);
}

static void a_closed_port_sends_us_on_at_once(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 2, NULL);
    pass(&w.s, 17000);
    close(w.s.servers[0].fd);
    pass(&w.s, 1900);
    pass(&w.s, 0); /* sees the refusal of the first try */
    pass(&w.s, 0);
    hear(&w, 1, SUB "0");
    w.s.servers[0].fd = dup(w.s.servers[1].fd); /* for stage_close */
    watching_close(&w);
}

static void refusals_are_told_with_their_words(void **state)
{
    (void)state;
    struct watching w;
    watching_open(&w, 1, NULL, NULL);
    pass(&w.s, 0);
    for (int i = 0; i < 3; i++) {
        hear(&w, 0, SUB "0");
        say(&w, 0, "disc/1 err id=* ep=00000001 c=413 why=usetcp\n");
        if (i == 0) {
            const struct watch_seen *e = seen(&w, DISC_WATCH_REFUSED);
            assert_int_equal(e->code, 413);
            assert_string_equal(e->why, "usetcp");
            assert_non_null(strstr(e->words, "HTTP"));
            assert_string_equal(e->server, w.s.servers[0].text);
        }
        assert_nothing_seen(&w); /* said once */
        assert_in_range(disc_timeout_ms(w.s.d, w.s.now), 60000, 75000);
        pass(&w.s, 75000);
    }
    watching_close(&w);
}

static void a_refusal_sends_us_to_the_next_server(void **state)
{
    (void)state;
    struct watching w;
    watching_open(&w, 2, NULL, NULL);
    pass(&w.s, 0);
    hear(&w, 0, SUB "0");
    say(&w, 0, "disc/1 err id=* ep=00000001 c=507 why=full\n");
    seen(&w, DISC_WATCH_REFUSED);
    pass(&w.s, 0);
    hear(&w, 1, SUB "0");
    watching_close(&w);
}

static void a_busy_server_is_waited_for_while_the_lease_lasts(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 2, NULL);
    pass(&w.s, 18900);
    hear(&w, 0, SUB "102");
    say(&w, 0, "disc/1 err id=* ep=00000001 c=503 why=busy wait=2000\n");
    assert_in_range(disc_timeout_ms(w.s.d, w.s.now), 2000, 2500);
    assert_nothing_seen(&w);
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    pass(&w.s, 2500);
    hear(&w, 0, SUB "102");
    watching_close(&w);
}

static void a_restarted_server_is_asked_for_everything(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    pass(&w.s, 18900);
    hear(&w, 0, SUB "102");
    /* our index lies within its own ones by accident */
    say(&w, 0, "disc/1 ok id=* ep=00000002 sub=1 seq=110 lease=60 ren=18000 full=0\n");
    pass(&w.s, 200);
    hear(&w, 0, SUB "0");
    say(&w, 0, "disc/1 ok id=* ep=00000002 sub=1 seq=110 lease=60 ren=18000 full=1 frag=1\n");
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    say(&w, 0, "disc/1 push sub=1 tok=$ ep=00000002 seq=110 full=1 n=1\n" ONE "\n");
    hear(&w, 0, "disc/1 ack id=$ sub=1 tok=$ seq=110");
    assert_list(&w, DISC_LIVE, "web-1");
    watching_close(&w);
}

static void a_smaller_index_means_everything(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    pass(&w.s, 18900);
    hear(&w, 0, SUB "102");
    say(&w, 0, "disc/1 ok id=* ep=00000001 sub=31 seq=90 lease=60 ren=18000 full=0\n");
    pass(&w.s, 200);
    hear(&w, 0, SUB "0");
    say(&w, 0, "disc/1 ok id=* ep=00000001 sub=31 seq=90 lease=60 ren=18000 full=1 frag=1\n");
    say(&w, 0, PUSH "seq=90 full=1 n=1\n" ONE "\n");
    hear(&w, 0, ACK "90");
    assert_list(&w, DISC_LIVE, "web-1");
    watching_close(&w);
}

static void what_was_promised_and_does_not_come_is_asked_for(void **state)
{
    (void)state;
    struct watching w;
    watching_open(&w, 1, NULL, NULL);
    pass(&w.s, 0);
    hear(&w, 0, SUB "0");
    say(&w, 0, SUB_OK);
    assert_int_equal(disc_timeout_ms(w.s.d, w.s.now), 5000);
    pass(&w.s, 4999);
    assert_quiet(&w.s, 0);
    pass(&w.s, 1);
    hear(&w, 0, SUB "0");
    watching_close(&w);
}

static void a_server_that_forgot_us_is_asked_again_once(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    pass(&w.s, 1000);
    say(&w, 0, "disc/1 err id=$ ep=00000002 c=404 why=gone\n");
    hear(&w, 0, SUB "102");
    say(&w, 0, "disc/1 ok id=* ep=00000001 sub=31 seq=102 lease=60 ren=18000 full=0\n");
    pass(&w.s, 1000);
    say(&w, 0, "disc/1 err id=$ ep=00000002 c=404 why=gone\n");
    pass(&w.s, 1000);
    assert_quiet(&w.s, 0);
    say(&w, 0, PUSH "seq=103 prev=102 n=0\n");
    hear(&w, 0, ACK "103");
    say(&w, 0, "disc/1 err id=$ ep=00000002 c=404 why=gone\n");
    hear(&w, 0, SUB "103");
    watching_close(&w);
}

static void unwatching_says_goodbye(void **state)
{
    (void)state;
    struct watching w;
    struct disc_list list;
    watching_open_live(&w, 1, NULL);
    assert_int_equal(disc_unwatch(w.s.d, w.watch), DISC_OK);
    hear(&w, 0, "disc/1 uns sub=31 tok=$");
    assert_int_equal(disc_timeout_ms(w.s.d, w.s.now), 0);
    pass(&w.s, 0);
    assert_int_equal(disc_timeout_ms(w.s.d, w.s.now), -1);
    assert_int_equal(disc_unwatch(w.s.d, w.watch), DISC_INVALID);
    assert_int_equal(disc_get(w.s.d, w.watch, w.s.now, &list), DISC_INVALID);
    assert_int_equal(list.count, 0);
    say(&w, 0, TWO);
    assert_quiet(&w.s, 0);
    pass(&w.s, 100000);
    assert_quiet(&w.s, 0);
    watching_close(&w);
}

static void closing_says_goodbye(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    assert_int_equal(disc_close(w.s.d, 0), DISC_OK);
    hear(&w, 0, "disc/1 uns sub=31 tok=$");
    w.s.d = NULL;
    watching_close(&w);
}

static void unwatch_in_callback(void *context, const struct disc_watch_event *e)
{
    struct watching *w = context;
    w->seen_count++;
    assert_int_equal(disc_unwatch(w->s.d, e->watch), DISC_OK);
}

static void the_callback_may_unwatch(void **state)
{
    (void)state;
    struct watching w;
    struct disc_watch_spec spec = DISC_WATCH_SPEC_INIT;
    watching_open(&w, 1, NULL, NULL);
    assert_int_equal(disc_unwatch(w.s.d, w.watch), DISC_OK);
    spec.service = "web";
    spec.changed = unwatch_in_callback;
    spec.context = &w;
    w.watch = disc_watch(w.s.d, &spec);
    pass(&w.s, 0);
    hear(&w, 0, SUB "0");
    say(&w, 0, SUB_OK);
    say(&w, 0, TWO);
    assert_int_equal(w.seen_count, 1);
    hear(&w, 0, ACK "102");
    hear(&w, 0, "disc/1 uns sub=31 tok=$");
    watching_close(&w);
}

static void what_makes_no_sense_is_not_watched(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 1, NULL);
    char longest[200];
    memset(longest, 'a', sizeof(longest));
    longest[128] = 0;
    const struct disc_watch_spec specs[] = {
        {0},
        {.service = ""},
        {.service = longest},
        {.service = "web", .ns = ""},
        {.service = "web", .ns = longest},
        {.service = "web", .lease_s = 9},
        {.service = "web", .lease_s = 301},
        {.service = "web", .lease_s = -1},
    };
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
        assert_int_equal(disc_watch(s.d, &specs[i]), -DISC_INVALID);
    assert_int_equal(disc_watch(s.d, NULL), -DISC_INVALID);
    stage_close(&s);
}

static void namespace_and_lease_are_said(void **state)
{
    (void)state;
    struct watching w;
    struct disc_watch_spec spec = {.ns = "prod", .lease_s = 30};
    watching_open(&w, 1, &spec, NULL);
    pass(&w.s, 0);
    hear(&w, 0, "disc/1 sub id=* cid=@ tok=$ ns=prod svc=web from=0 lease=30");
    watching_close(&w);
}

static void a_watch_waits_for_a_server_to_be_added(void **state)
{
    (void)state;
    struct watching w;
    watching_open(&w, 0, NULL, NULL);
    assert_int_equal(disc_timeout_ms(w.s.d, w.s.now), -1);
    pass(&w.s, 5000);
    struct stage other;
    stage_open(&other, 1, NULL);
    assert_int_equal(disc_add_server(w.s.d, other.servers[0].text), DISC_OK);
    assert_int_equal(disc_timeout_ms(w.s.d, w.s.now), 0);
    pass(&w.s, 0);
    w.s.servers[0] = other.servers[0];
    hear(&w, 0, SUB "0");
    stage_close(&other);
    w.s.server_count = 0;
    watching_close(&w);
}

static void registrations_go_on_beside(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    stage_register(&w.s, "web", "8080");
    pass(&w.s, 0);
    assert_request(&w.s, 0, REG);
    answer(&w.s, 0, REG_OK);
    event(&w.s, DISC_EVENT_REGISTERED);
    say(&w, 0, PUSH "seq=103 prev=102 n=1\n-web-2 why=deregistered\n");
    hear(&w, 0, ACK "103");
    assert_list(&w, DISC_LIVE, "web-1");
    watching_close(&w);
}

/* Anything that says "another life" is heard, not just what belongs to the watch. */
static void a_restart_shows_in_the_answers_to_others(void **state)
{
    (void)state;
    struct watching w;
    struct disc_watch_spec spec = {.service = "api"};
    watching_open_live(&w, 1, NULL);
    stage_register(&w.s, "web", "8080");
    pass(&w.s, 1000);
    assert_request(&w.s, 0, REG);
    answer(&w.s, 0, "disc/1 ok id=* ep=00000002 lease=30 ren=9000 rev=1\n");
    event(&w.s, DISC_EVENT_REGISTERED);
    pass(&w.s, 0);
    hear(&w, 0, SUB "102");
    say(&w, 0, "disc/1 ok id=* ep=00000002 sub=31 seq=102 lease=60 ren=18000 full=1 frag=1\n");
    say(&w, 0, "disc/1 push sub=31 tok=$ ep=00000002 seq=102 full=1 n=1\n" ONE "\n");
    hear(&w, 0, "disc/1 ack id=$ sub=31 tok=$ seq=102");
    assert_true(disc_watch(w.s.d, &spec) > 0);
    pass(&w.s, 1000);
    char web[17];
    memcpy(web, w.token, sizeof(web));
    hear(&w, 0, "disc/1 sub id=* cid=@ tok=$ svc=api from=0");
    say(&w, 0, "disc/1 ok id=* ep=00000003 sub=1 seq=7 lease=60 ren=18000 full=1 frag=1\n");
    pass(&w.s, 0);
    memcpy(w.token, web, sizeof(web));
    hear(&w, 0, SUB "102");
    watching_close(&w);
}

static void two_watches_do_not_mix(void **state)
{
    (void)state;
    struct watching w;
    struct disc_watch_spec spec = {.service = "api"};
    char web[17], api[17];
    struct disc_list list;
    watching_open_live(&w, 1, NULL);
    memcpy(web, w.token, sizeof(web));
    int other = disc_watch(w.s.d, &spec);
    assert_true(other > w.watch);
    pass(&w.s, 0);
    hear(&w, 0, "disc/1 sub id=* cid=@ tok=$ svc=api from=0");
    memcpy(api, w.token, sizeof(api));
    assert_string_not_equal(web, api);
    say(&w, 0, "disc/1 ok id=* ep=00000001 sub=32 seq=7 lease=60 ren=18000 full=1 frag=1\n");
    say(&w, 0, "disc/1 push sub=32 tok=$ ep=00000001 seq=7 full=1 n=1\n" ONE "\n");
    hear(&w, 0, "disc/1 ack id=$ sub=32 tok=$ seq=7");
    memcpy(w.token, web, sizeof(web));
    say(&w, 0, PUSH "seq=103 prev=102 n=1\n-web-1 why=expired\n");
    hear(&w, 0, ACK "103");
    assert_list(&w, DISC_LIVE, "web-2");
    assert_int_equal(disc_get(w.s.d, other, w.s.now, &list), DISC_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.index, 7);
    assert_int_equal(disc_unwatch(w.s.d, other), DISC_OK);
    assert_list(&w, DISC_LIVE, "web-2");
    watching_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_comes_and_changes),
        cmocka_unit_test(a_challenge_is_answered_at_once),
        cmocka_unit_test(it_is_refreshed_when_the_server_says),
        cmocka_unit_test(retries_are_those_of_registrations),
        cmocka_unit_test(the_next_server_is_asked_and_the_list_kept),
        cmocka_unit_test(all_silent_is_told_once_and_they_are_asked_again),
        cmocka_unit_test(a_single_server_that_comes_back_need_not_say_it_all_again),
        cmocka_unit_test(a_closed_port_sends_us_on_at_once),
        cmocka_unit_test(refusals_are_told_with_their_words),
        cmocka_unit_test(a_refusal_sends_us_to_the_next_server),
        cmocka_unit_test(a_busy_server_is_waited_for_while_the_lease_lasts),
        cmocka_unit_test(a_restarted_server_is_asked_for_everything),
        cmocka_unit_test(a_smaller_index_means_everything),
        cmocka_unit_test(what_was_promised_and_does_not_come_is_asked_for),
        cmocka_unit_test(a_server_that_forgot_us_is_asked_again_once),
        cmocka_unit_test(unwatching_says_goodbye),
        cmocka_unit_test(closing_says_goodbye),
        cmocka_unit_test(the_callback_may_unwatch),
        cmocka_unit_test(what_makes_no_sense_is_not_watched),
        cmocka_unit_test(namespace_and_lease_are_said),
        cmocka_unit_test(a_watch_waits_for_a_server_to_be_added),
        cmocka_unit_test(registrations_go_on_beside),
        cmocka_unit_test(a_restart_shows_in_the_answers_to_others),
        cmocka_unit_test(two_watches_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
