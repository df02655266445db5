/* Watching in keyed mode: what is signed, which replies and pushes are believed; and against
 * the protocol module that discd runs. */
#include "watching.h"

#include <stdio.h>
#include <string.h>

#include "unit/reg/rig.h"

static const struct disc_options keyed = {
    .key_id = "deploy", .secret = RIG_SECRET, .secret_size = 32};

/* The text with " mac=" or, behind items, LF "mac=", and LF. */
static void add_mac(char *text, size_t size, const char *secret)
{
    unsigned char full[32];
    size_t n = strlen(text), made = 0;
    char separator = strchr(text, '\n') ? '\n' : ' ';
    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, secret, 32,
                              (const unsigned char *)text, n, full, sizeof(full), &made));
    n += (size_t)snprintf(text + n, size - n, "%cmac=", separator);
    for (int i = 0; i < 16; i++)
        n += (size_t)snprintf(text + n, size - n, "%02x", full[i]);
    snprintf(text + n, size - n, "\n");
}

/* "*" and "$" are replaced here, since the MAC covers what they stand for. */
static void say_signed(struct watching *w, const char *text, const char *secret)
{
    char bytes[DISC_DATAGRAM_MAX + 64] = "";
    for (const char *c = text; *c; c++) {
        size_t n = strlen(bytes);
        if (*c == '*' || *c == '$')
            snprintf(bytes + n, sizeof(bytes) - n, "%s", *c == '*' ? w->s.servers[0].id : w->token);
        else
            snprintf(bytes + n, sizeof(bytes) - n, "%c", *c);
    }
    add_mac(bytes, sizeof(bytes), secret);
    say(w, 0, bytes);
}

#define OK_N "disc/1 ok id=* n=%u ep=00000001 sub=31 seq=102 lease=60 ren=18000 full=1 frag=1"
#define SIGNED_TWO PUSH "seq=102 full=1 n=2\n" ONE "\n=web-2 a=10.0.0.2 p=8080 w=100 q=0 s=up"

static void open_keyed(struct watching *w)
{
    watching_open(w, 1, NULL, &keyed);
    pass(&w->s, 0);
    const char *text = request(&w->s, 0);
    assert_non_null(strstr(text, "disc/1 sub id=* key=deploy cid="));
    char signed_text[DISC_DATAGRAM_MAX + 64];
    snprintf(signed_text, sizeof(signed_text), "%s", w->s.servers[0].last);
    char *mac = strstr(signed_text, " mac=");
    assert_non_null(mac);
    *mac = 0;
    add_mac(signed_text, sizeof(signed_text), RIG_SECRET);
    assert_string_equal(signed_text, w->s.servers[0].last);
    snprintf(w->token, sizeof(w->token), "%.16s", strstr(signed_text, " tok=") + 5);
}

static void say_ok(struct watching *w, uint64_t n, const char *secret)
{
    char text[300];
    snprintf(text, sizeof(text), OK_N, (unsigned)n);
    say_signed(w, text, secret);
}

static void only_what_is_signed_is_believed(void **state)
{
    (void)state;
    struct watching w;
    open_keyed(&w);
    uint64_t n = w.s.servers[0].n;
    say(&w, 0, SUB_OK);
    say_ok(&w, n, RIG_NEXT);
    say_ok(&w, n + 1, RIG_SECRET); /* of another request */
    assert_int_equal(disc_timeout_ms(w.s.d, w.s.now), 500);
    say_ok(&w, n, RIG_SECRET);
    assert_int_equal(disc_timeout_ms(w.s.d, w.s.now), 5000);
    say(&w, 0, TWO);
    say_signed(&w, SIGNED_TWO, RIG_NEXT);
    assert_list(&w, DISC_NONE, "");
    assert_quiet(&w.s, 0);
    say_signed(&w, SIGNED_TWO, RIG_SECRET);
    hear(&w, 0, ACK "102"); /* unsigned: number and token show who we are */
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    say(&w, 0, PUSH "seq=103 prev=102 n=1\n-web-1 why=expired\n");
    say(&w, 0,
        PUSH "seq=103 prev=102 n=1\n-web-1 why=expired\nmac=00000000000000000000000000000000\n");
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    assert_quiet(&w.s, 0);
    say_signed(&w, PUSH "seq=103 prev=102 n=1\n-web-1 why=expired", RIG_SECRET);
    hear(&w, 0, ACK "103");
    assert_list(&w, DISC_LIVE, "web-2");
    say_signed(&w, PUSH "seq=104 full=1 n=0 why=known", RIG_SECRET); /* on one line */
    hear(&w, 0, ACK "104");
    assert_list(&w, DISC_LIVE, "");
    watching_close(&w);
}

/* ---- the real module ----------------------------------------------------------------------------
 */

static void talk(struct watching *w, struct rig *rig)
{
    struct fake *f = &w->s.servers[0];
    uint8_t bytes[REG_RECEIVE_SIZE];
    const void *route;
    disc_process(w->s.d, w->s.now);
    for (;;) {
        socklen_t size = sizeof(f->peer);
        ssize_t n = recvfrom(f->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&f->peer, &size);
        if (n > 0)
            rig_send_bytes(rig, bytes, (size_t)n);
        reg_published(rig->reg, rig->now);
        if (n <= 0 || rig->size == 0)
            rig->size = reg_push(rig->reg, rig->now, rig->out, &route);
        if (n <= 0 && rig->size == 0)
            return;
        if (rig->size)
            sendto(f->fd, rig->out, rig->size, 0, (struct sockaddr *)&f->peer, sizeof(f->peer));
        rig->size = 0;
        disc_process(w->s.d, w->s.now);
    }
}

static void register_one(struct rig *rig, const char *id)
{
    char line[200];
    struct endpoint from = rig->from;
    rig_from(rig, "127.0.0.1");
    snprintf(line, sizeof(line), "disc/1 reg svc=web inst=%s addr=10.1.0.1 port=80 lease=300", id);
    rig_send(rig, line);
    assert_memory_equal(rig->text, "disc/1 ok ", 10);
    rig->from = from;
    rig->size = 0;
}

static void a_keyed_watch_is_served_by_the_module(void **state)
{
    (void)state;
    struct watching w;
    struct rig *rig = rig_new();
    rig_from(rig, "192.168.0.7");
    register_one(rig, "web-1");
    watching_open(&w, 1, NULL, &keyed);
    talk(&w, rig);
    assert_list(&w, DISC_LIVE, "web-1");
    register_one(rig, "web-2");
    talk(&w, rig);
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    for (int i = 0; i < 100; i++) { /* refreshes */
        rig_pass(rig, 1000);
        pass(&w.s, 1000);
        talk(&w, rig);
    }
    register_one(rig, "web-3");
    talk(&w, rig);
    assert_list(&w, DISC_LIVE, "web-1 web-2 web-3");
    seen(&w, DISC_WATCH_LIVE);
    for (int i = 0; i < 3; i++)
        seen(&w, DISC_WATCH_CHANGED);
    assert_nothing_seen(&w);
    assert_int_equal(reg_subscriptions(rig->reg), 1);
    assert_int_equal(disc_unwatch(w.s.d, w.watch), DISC_OK);
    talk(&w, rig);
    assert_int_equal(reg_subscriptions(rig->reg), 0);
    watching_close(&w);
    rig_free(rig);
}

static void a_wrong_secret_is_told(void **state)
{
    (void)state;
    struct watching w;
    struct rig *rig = rig_new();
    struct disc_options wrong = keyed;
    wrong.secret = "a secret that the server has not";
    rig_from(rig, "192.168.0.7");
    watching_open(&w, 1, NULL, &wrong);
    talk(&w, rig);
    assert_int_equal(seen(&w, DISC_WATCH_REFUSED)->code, 401);
    watching_close(&w);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_signed_is_believed),
        cmocka_unit_test(a_keyed_watch_is_served_by_the_module),
        cmocka_unit_test(a_wrong_secret_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
