/* What libdisc makes of pushes: whole lists, changes, several datagrams, what is ignored.
 * A scripted server, a clock moved by hand. */
#include "watching.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TWICE "=web-1 a=10.0.0.1 p=8080 w=100 q=0 s=up\n=web-1 a=10.0.0.2 p=8080 w=100 q=0 s=up\n"

static void open_subscribed(struct watching *w, const struct disc_watch_spec *spec)
{
    watching_open(w, 1, spec, NULL);
    pass(&w->s, 0);
    hear(w, 0, SUB "0");
    say(w, 0, "disc/1 ok id=* ep=00000001 sub=31 seq=102 lease=60 ren=18000 full=1 frag=3\n");
}

/* ---- several datagrams ---------------------------------------------------------------------- */

static void a_whole_list_is_applied_when_all_of_it_is_there(void **state)
{
    (void)state;
    struct watching w;
    open_subscribed(&w, NULL);
    say(&w, 0, PUSH "seq=102 full=1 frag=3/3 n=1\n=c a=10.0.0.3 p=1 w=1 q=0 s=up\n");
    hear(&w, 0, ACK "102 frag=3");
    say(&w, 0, PUSH "seq=102 full=1 frag=1/3 n=1\n=a a=10.0.0.1 p=1 w=1 q=0 s=up\n");
    hear(&w, 0, ACK "102 frag=1");
    say(&w, 0, PUSH "seq=102 full=1 frag=1/3 n=1\n=a a=10.0.0.1 p=1 w=1 q=0 s=up\n");
    hear(&w, 0, ACK "102 frag=1"); /* the ack was lost */
    assert_list(&w, DISC_NONE, "");
    assert_nothing_seen(&w);
    say(&w, 0, PUSH "seq=102 full=1 frag=2/3 n=1\n=b a=10.0.0.2 p=1 w=1 q=0 s=up\n");
    hear(&w, 0, ACK "102 frag=2");
    assert_list(&w, DISC_LIVE, "a b c");
    say(&w, 0, PUSH "seq=102 full=1 frag=2/3 n=1\n=b a=10.0.0.2 p=1 w=1 q=0 s=up\n");
    hear(&w, 0, ACK "102 frag=2");
    watching_close(&w);
}

static void a_newer_list_takes_the_place_of_a_half_one(void **state)
{
    (void)state;
    struct watching w;
    open_subscribed(&w, NULL);
    say(&w, 0, PUSH "seq=102 full=1 frag=1/2 n=1\n=a a=10.0.0.1 p=1 w=1 q=0 s=up\n");
    hear(&w, 0, ACK "102 frag=1");
    say(&w, 0, PUSH "seq=105 full=1 frag=2/2 n=1\n=d a=10.0.0.4 p=1 w=1 q=0 s=up\n");
    hear(&w, 0, ACK "105 frag=2");
    say(&w, 0, PUSH "seq=102 full=1 frag=2/2 n=1\n=b a=10.0.0.2 p=1 w=1 q=0 s=up\n");
    assert_quiet(&w.s, 0);
    assert_list(&w, DISC_NONE, "");
    say(&w, 0, PUSH "seq=105 full=1 frag=1/2 n=1\n=c a=10.0.0.3 p=1 w=1 q=0 s=up\n");
    hear(&w, 0, ACK "105 frag=1");
    assert_list(&w, DISC_LIVE, "c d");
    watching_close(&w);
}

static void a_change_in_two_datagrams_is_applied_at_once(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    say(&w, 0, PUSH "seq=110 prev=102 frag=2/2 n=1\n-web-1 why=expired\n");
    hear(&w, 0, ACK "110 frag=2");
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    say(&w, 0, PUSH "seq=110 prev=102 frag=1/2 n=1\n+web-3 a=10.0.0.3 p=1 w=1 q=0 s=up\n");
    hear(&w, 0, ACK "110 frag=1");
    assert_list(&w, DISC_LIVE, "web-2 web-3");
    seen(&w, DISC_WATCH_CHANGED);
    assert_nothing_seen(&w);
    watching_close(&w);
}

static void the_most_datagrams_are_64(void **state)
{
    (void)state;
    struct watching w;
    char text[256], ids[1024] = "";
    open_subscribed(&w, NULL);
    for (int i = 1; i <= 64; i++) {
        assert_list(&w, DISC_NONE, "");
        snprintf(text, sizeof(text),
                 PUSH "seq=102 full=1 frag=%d/64 n=1\n=i%02d a=10.0.0.1 p=1 w=1 q=0 s=up\n", i, i);
        say(&w, 0, text);
        snprintf(text, sizeof(text), ACK "102 frag=%d", i);
        hear(&w, 0, text);
        snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids), "%si%02d", i > 1 ? " " : "", i);
    }
    assert_list(&w, DISC_LIVE, ids);
    watching_close(&w);
}

/* ---- what follows what ------------------------------------------------------------------------
 */

static void a_repetition_is_acknowledged_only(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    say(&w, 0, TWO);
    hear(&w, 0, ACK "102");
    say(&w, 0, PUSH "seq=101 prev=100 n=1\n-web-1 why=expired\n");
    hear(&w, 0, ACK "101");
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    assert_nothing_seen(&w);
    watching_close(&w);
}

static void a_change_from_further_back_is_as_good(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    say(&w, 0,
        PUSH "seq=104 prev=100 n=2\n+web-2 a=10.0.0.9 p=1 w=1 q=0 s=up\n-web-7 why=expired\n");
    hear(&w, 0, ACK "104");
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    assert_string_equal(list_of(&w).instances[1].addrs[0], "10.0.0.9");
    watching_close(&w);
}

static void a_gap_is_asked_for(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    pass(&w.s, 1000);
    say(&w, 0, PUSH "seq=105 prev=103 n=1\n-web-1 why=expired\n");
    hear(&w, 0, SUB "102");
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    say(&w, 0, PUSH "seq=105 prev=103 n=1\n-web-1 why=expired\n");
    assert_quiet(&w.s, 0); /* it is asked for already */
    say(&w, 0, "disc/1 ok id=* ep=00000001 sub=31 seq=105 lease=60 ren=18000 full=0\n");
    say(&w, 0, PUSH "seq=105 prev=102 n=1\n-web-1 why=expired\n");
    hear(&w, 0, ACK "105");
    assert_list(&w, DISC_LIVE, "web-2");
    watching_close(&w);
}

static void a_change_without_a_list_is_asked_for(void **state)
{
    (void)state;
    struct watching w;
    open_subscribed(&w, NULL);
    pass(&w.s, 1000);
    say(&w, 0, PUSH "seq=105 prev=103 n=1\n-web-1 why=expired\n");
    hear(&w, 0, SUB "0");
    watching_close(&w);
}

static void a_push_may_overtake_the_ok(void **state)
{
    (void)state;
    struct watching w;
    watching_open(&w, 1, NULL, NULL);
    pass(&w.s, 0);
    hear(&w, 0, SUB "0");
    say(&w, 0, TWO);
    hear(&w, 0, ACK "102");
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    say(&w, 0, SUB_OK);
    assert_in_range(disc_timeout_ms(w.s.d, w.s.now), 17100, 18900); /* nothing is missing */
    watching_close(&w);
}

static void half_a_push_may_overtake_the_ok(void **state)
{
    (void)state;
    struct watching w;
    watching_open(&w, 1, NULL, NULL);
    pass(&w.s, 0);
    hear(&w, 0, SUB "0");
    say(&w, 0, PUSH "seq=102 full=1 frag=1/2 n=1\n=a a=10.0.0.1 p=1 w=1 q=0 s=up\n");
    hear(&w, 0, ACK "102 frag=1");
    say(&w, 0, SUB_OK);
    say(&w, 0, PUSH "seq=102 full=1 frag=2/2 n=1\n=b a=10.0.0.2 p=1 w=1 q=0 s=up\n");
    hear(&w, 0, ACK "102 frag=2");
    assert_list(&w, DISC_LIVE, "a b");
    watching_close(&w);
}

static void another_life_of_the_server_is_asked_for(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    pass(&w.s, 1000);
    say(&w, 0, "disc/1 push sub=31 tok=$ ep=00000009 seq=200 full=1 n=0 why=known\n");
    hear(&w, 0, SUB "102"); /* no ack: we have not subscribed there */
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    say(&w, 0, "disc/1 push sub=2 tok=$ ep=00000009 seq=200 full=1 n=1\n" ONE "\n");
    hear(&w, 0, "disc/1 ack id=$ sub=2 tok=$ seq=200");
    say(&w, 0, "disc/1 ok id=* ep=00000009 sub=2 seq=200 lease=60 ren=18000 full=1 frag=1\n");
    assert_quiet(&w.s, 0);
    assert_list(&w, DISC_LIVE, "web-1");
    watching_close(&w);
}

/* ---- what is ignored ----------------------------------------------------------------------------
 */

static void strangers_and_nonsense_are_ignored(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "disc/1 push sub=31 tok=0123456789abcdef ep=00000001 seq=103 prev=102 n=1\n-web-1 why=x\n",
        "disc/1 push sub=31 ep=00000001 seq=103 prev=102 n=1\n-web-1 why=x\n",
        "disc/1 push sub=31 tok= ep=00000001 seq=103 prev=102 n=1\n-web-1 why=x\n",
        "disc/1 push sub=30 tok=$ ep=00000001 seq=103 prev=102 n=1\n-web-1 why=x\n",
        "disc/1 push tok=$ ep=00000001 seq=103 prev=102 n=1\n-web-1 why=x\n",
        PUSH "prev=102 n=1\n-web-1 why=x\n",
        PUSH "seq=103 n=1\n-web-1 why=x\n",
        PUSH "seq=103 prev=102 n=2\n-web-1 why=x\n", /* cut off */
        PUSH "seq=103 prev=102 n=0\n-web-1 why=x\n",
        PUSH "seq=103 prev=102\n-web-1 why=x\n",
        PUSH "seq=103 prev=102 frag=1 n=1\n-web-1 why=x\n",
        PUSH "seq=103 prev=102 frag=0/1 n=1\n-web-1 why=x\n",
        PUSH "seq=103 prev=102 frag=2/1 n=1\n-web-1 why=x\n",
        PUSH "seq=103 prev=102 frag=1/65 n=1\n-web-1 why=x\n",
        PUSH "seq=103 prev=102 frag=/1 n=1\n-web-1 why=x\n",
        PUSH "seq=103 prev=102 frag=1/ n=1\n-web-1 why=x\n",
        PUSH "seq=103 prev=102 frag=000000001/1 n=1\n-web-1 why=x\n",
        "disc/1 push sub=31 tok=$ ep= seq=103 prev=102 n=1\n-web-1 why=x\n",
        "disc/1 push sub=31 tok=$ ep=01234567890123456 seq=103 prev=102 n=1\n-web-1 why=x\n",
        "disc/1 push",
        "disc/2 push sub=31 tok=$ ep=00000001 seq=103 prev=102 n=1\n-web-1 why=x\n",
        "disc/1 ok id=$ ep=00000001 sub=31 seq=102 lease=60 ren=18000 full=0\n",
        "disc/1",
        "\n",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct watching w;
        watching_open_live(&w, 1, NULL);
        say(&w, 0, texts[i]);
        assert_list(&w, DISC_LIVE, "web-1 web-2");
        assert_quiet(&w.s, 0);
        assert_nothing_seen(&w);
        say(&w, 0, PUSH "seq=103 prev=102 n=1\n-web-1 why=expired\n");
        hear(&w, 0, ACK "103");
        assert_list(&w, DISC_LIVE, "web-2");
        watching_close(&w);
    }
}

static void another_source_is_ignored(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 2, NULL);
    w.s.servers[1].peer = w.s.servers[0].peer; /* the right token, to the right port */
    say(&w, 1, PUSH "seq=103 prev=102 n=1\n-web-1 why=expired\n");
    assert_quiet(&w.s, 0);
    assert_quiet(&w.s, 1);
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    /* nor another server of ours, where the registration goes */
    stage_register(&w.s, "web", "8080");
    pass(&w.s, 0);
    assert_request(&w.s, 0, REG);
    assert_request(&w.s, 1, REG);
    say(&w, 1, PUSH "seq=103 prev=102 n=1\n-web-1 why=expired\n");
    assert_quiet(&w.s, 0);
    assert_quiet(&w.s, 1);
    assert_list(&w, DISC_LIVE, "web-1 web-2");
    watching_close(&w);
}

static void lines_that_make_no_sense_are_left_out(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "=",
        "=x",
        "= a=10.0.0.1 p=1 w=1 q=0 s=up",
        "?x a=10.0.0.1 p=1 w=1 q=0 s=up",
        "=x p=1 w=1 q=0 s=up",
        "=x a=10.0.0.1 w=1 q=0 s=up",
        "=x a=10.0.0.1 p=1 q=0 s=up",
        "=x a=10.0.0.1 p=1 w=1 s=up",
        "=x a=10.0.0.1 p=1 w=1 q=0",
        "=x a= p=1 w=1 q=0 s=up",
        "=x a=10.0.0.1 p= w=1 q=0 s=up",
        "=x a=10.0.0.1 p=0 w=1 q=0 s=up",
        "=x a=10.0.0.1 p=65536 w=1 q=0 s=up",
        "=x a=10.0.0.1 p=1 w=65536 q=0 s=up",
        "=x a=10.0.0.1 p=1 w=-1 q=0 s=up",
        "=x a=10.0.0.1 p=1 w= q=0 s=up",
        "=x a=10.0.0.1 p=1 w=1 q=0 s=",
        "=x a=10.0.0.1 p=1 w=1 q=0 s=up word",
        "=x a=10.0.0.1 a=10.0.0.2 p=1 w=1 q=0 s=up",
        "=x a=10.0.0.1 p=1 p=2 w=1 q=0 s=up",
        "=x a=10.0.0.1 p=1 w=1 q=0 s=up v=%zz",
        "=x a=10.0.0.1 p=1 w=1 q=0 s=up v=%4",
        "=%z a=10.0.0.1 p=1 w=1 q=0 s=up",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct watching w;
        char text[DISC_DATAGRAM_MAX];
        open_subscribed(&w, NULL);
        snprintf(text, sizeof(text), PUSH "seq=102 full=1 n=2\n%s\n" ONE "\n", lines[i]);
        say(&w, 0, text);
        hear(&w, 0, ACK "102");
        assert_list(&w, DISC_LIVE, "web-1");
        watching_close(&w);
    }
}

static void of_two_lines_of_one_instance_the_last_counts(void **state)
{
    (void)state;
    struct watching w;
    open_subscribed(&w, NULL);
    say(&w, 0, PUSH "seq=102 full=1 n=2\n" TWICE);
    assert_list(&w, DISC_LIVE, "web-1");
    assert_string_equal(list_of(&w).instances[0].addrs[0], "10.0.0.2");
    watching_close(&w);
}

/* ---- what an instance says
 * ------------------------------------------------------------------------ */

static void every_field_arrives(void **state)
{
    (void)state;
    struct watching w;
    open_subscribed(&w, NULL);
    say(&w, 0,
        PUSH "seq=102 full=1 n=2 guard=1\n"
             "=web-1 a=10.0.0.7,2001:db8::7 p=http:8080,dns:53/udp,99/sctp w=7 q=3 s=draining x=1 "
             "z=rack%207 r=eu c=blue v=1.2%2B3 t=a,b%2Cc m.path=/x%20y m.empty= new=field cut=1\n"
             "=web-2 a=::1 p=- w=0 q=0 s=later\n");
    struct disc_list list = list_of(&w);
    assert_true(list.guarded);
    assert_int_equal(list.count, 2);
    const struct disc_instance *i = &list.instances[0];
    assert_string_equal(i->id, "web-1");
    assert_int_equal(i->addr_count, 2);
    assert_string_equal(i->addrs[0], "10.0.0.7");
    assert_string_equal(i->addrs[1], "2001:db8::7");
    assert_int_equal(i->port_count, 3);
    assert_string_equal(i->ports[0].name, "http");
    assert_int_equal(i->ports[0].number, 8080);
    assert_string_equal(i->ports[0].protocol, "tcp");
    assert_string_equal(i->ports[1].name, "dns");
    assert_string_equal(i->ports[1].protocol, "udp");
    assert_string_equal(i->ports[2].name, "");
    assert_int_equal(i->ports[2].number, 99);
    assert_string_equal(i->ports[2].protocol, "sctp");
    assert_int_equal(i->weight, 7);
    assert_int_equal(i->priority, 3);
    assert_int_equal(i->status, DISC_DRAINING);
    assert_true(i->stale);
    assert_string_equal(i->zone, "rack 7");
    assert_string_equal(i->region, "eu");
    assert_string_equal(i->cluster, "blue");
    assert_string_equal(i->version, "1.2+3");
    assert_int_equal(i->tag_count, 2);
    assert_string_equal(i->tags[1], "b,c");
    assert_int_equal(i->metadata_count, 2);
    assert_string_equal(i->metadata[0].key, "path");
    assert_string_equal(i->metadata[0].value, "/x y");
    assert_string_equal(i->metadata[1].value, "");
    assert_true(i->cut);
    i++;
    assert_string_equal(i->zone, "");
    assert_int_equal(i->port_count, 0);
    assert_int_equal(i->status, DISC_DOWN); /* a word of a later version */
    assert_false(i->stale);
    watching_close(&w);
}

/* Three instances; the one in the middle says `fields` beside what it must. */
static const struct disc_instance *middle_of(struct watching *w, const char *fields)
{
    char text[DISC_DATAGRAM_MAX * 2];
    snprintf(text, sizeof(text),
             PUSH "seq=102 full=1 n=3\n" ONE "\n=web-2 a=10.0.0.2 w=1 q=0 s=up%s\n"
                  "=web-3 a=10.0.0.3 p=1 w=1 q=0 s=up\n",
             fields);
    assert_true(strlen(text) < DISC_DATAGRAM_MAX);
    say(w, 0, text);
    assert_list(w, DISC_LIVE, "web-1 web-2 web-3");
    return &list_of(w).instances[1];
}

/* A server holds up to 64 pairs of an instance, and pushes those that a datagram can take. */
static void as_much_metadata_as_a_server_holds_arrives(void **state)
{
    (void)state;
    static const size_t counts[] = {16, 17, 64, 65, 90};
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        struct watching w;
        char fields[DISC_DATAGRAM_MAX] = " p=1", key[8];
        size_t kept = counts[c] < 64 ? counts[c] : 64;
        for (size_t n = 0; n < counts[c]; n++)
            snprintf(fields + strlen(fields), 16, " m.k%02zu=v", n);
        open_subscribed(&w, NULL);
        const struct disc_instance *i = middle_of(&w, fields);
        assert_int_equal(i->metadata_count, kept);
        assert_int_equal(i->cut, counts[c] > 64);
        for (size_t n = 0; n < kept; n++) {
            snprintf(key, sizeof(key), "k%02zu", n);
            assert_string_equal(i->metadata[n].key, key);
            assert_string_equal(i->metadata[n].value, "v");
        }
        watching_close(&w);
    }
}

static void what_there_is_no_room_for_is_left_out(void **state)
{
    (void)state;
    struct watching w;
    open_subscribed(&w, NULL);
    const struct disc_instance *i = middle_of(
        &w, " p=1,2,3,4,5,6,7,8,9 t=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17 m.a=%zz m.b=%20");
    assert_int_equal(i->port_count, 8);
    assert_int_equal(i->tag_count, 16);
    assert_string_equal(i->tags[15], "16");
    assert_int_equal(i->metadata_count, 1);
    assert_string_equal(i->metadata[0].key, "b");
    assert_true(i->cut);
    watching_close(&w);
}

static void addresses_beyond_the_eighth_are_left_out(void **state)
{
    (void)state;
    struct watching w;
    open_subscribed(&w, NULL);
    say(&w, 0,
        PUSH "seq=102 full=1 n=1\n"
             "=web-1 a=::1,::2,::3,::4,::5,::6,::7,::8,::9 p=1 w=1 q=0 s=up cut=0\n");
    assert_list(&w, DISC_LIVE, "web-1");
    assert_int_equal(list_of(&w).instances[0].addr_count, 8);
    assert_string_equal(list_of(&w).instances[0].addrs[7], "::8");
    assert_true(list_of(&w).instances[0].cut);
    watching_close(&w);
}

static void the_list_is_valid_until_the_next_turn(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    struct disc_list a = list_of(&w), b = list_of(&w);
    assert_ptr_equal(a.instances, b.instances);
    assert_string_equal(a.instances[1].id, "web-2");
    watching_close(&w);
}

/* ---- empty lists
 * ------------------------------------------------------------------------------------ */

#define EMPTY PUSH "seq=103 full=1 n=0 why=known\n"
#define EMPTY_GUARDED PUSH "seq=103 full=1 n=0 why=known guard=1\n"

static void an_empty_list_is_believed(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    say(&w, 0, EMPTY);
    hear(&w, 0, ACK "103");
    seen(&w, DISC_WATCH_CHANGED);
    assert_list(&w, DISC_LIVE, "");
    watching_close(&w);
}

static void an_empty_first_list_is_a_list(void **state)
{
    (void)state;
    struct watching w;
    open_subscribed(&w, NULL);
    say(&w, 0, "disc/1 push sub=31 tok=$ ep=00000001 seq=0 full=1 n=0 why=unknown\n");
    hear(&w, 0, ACK "0");
    seen(&w, DISC_WATCH_LIVE);
    seen(&w, DISC_WATCH_CHANGED);
    assert_list(&w, DISC_LIVE, "");
    say(&w, 0, PUSH "seq=5 prev=0 n=1\n+web-1 a=10.0.0.1 p=8080 w=100 q=0 s=up\n");
    assert_list(&w, DISC_LIVE, "web-1");
    watching_close(&w);
}

static void while_the_server_doubts_itself_the_list_is_held(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    pass(&w.s, 100);
    say(&w, 0, EMPTY_GUARDED);
    hear(&w, 0, ACK "103");
    assert_nothing_seen(&w);
    assert_list(&w, DISC_KEPT, "web-1 web-2");
    assert_true(list_of(&w).held);
    assert_true(list_of(&w).guarded);
    /* changes go from the empty list */
    say(&w, 0, PUSH "seq=104 prev=103 guard=1 n=1\n+web-5 a=10.0.0.5 p=1 w=1 q=0 s=up\n");
    hear(&w, 0, ACK "104");
    seen(&w, DISC_WATCH_CHANGED);
    assert_list(&w, DISC_LIVE, "web-5");
    assert_false(list_of(&w).held);
    watching_close(&w);
}

static void a_held_list_is_asked_about_and_given_up(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    say(&w, 0, PUSH "seq=103 prev=102 guard=1 n=2\n-web-1 why=evicted\n-web-2 why=evicted\n");
    hear(&w, 0, ACK "103");
    assert_list(&w, DISC_KEPT, "web-1 web-2");
    pass(&w.s, 18900);
    hear(&w, 0, SUB "0"); /* the guard's end changes no instance */
    say(&w, 0, "disc/1 ok id=* ep=00000001 sub=31 seq=103 lease=60 ren=18000 full=1 frag=1\n");
    say(&w, 0, EMPTY_GUARDED);
    hear(&w, 0, ACK "103");
    assert_list(&w, DISC_KEPT, "web-1 web-2");
    assert_nothing_seen(&w);
    pass(&w.s, 18900);
    hear(&w, 0, SUB "0");
    say(&w, 0, "disc/1 ok id=* ep=00000001 sub=31 seq=103 lease=60 ren=18000 full=1 frag=1\n");
    say(&w, 0, EMPTY);
    seen(&w, DISC_WATCH_CHANGED);
    assert_list(&w, DISC_LIVE, "");
    watching_close(&w);
}

static void a_change_that_leaves_one_is_believed_under_guard(void **state)
{
    (void)state;
    struct watching w;
    watching_open_live(&w, 1, NULL);
    say(&w, 0, PUSH "seq=103 prev=102 guard=1 n=2\n-web-1 why=evicted\n-web-9 why=evicted\n");
    assert_list(&w, DISC_LIVE, "web-2");
    watching_close(&w);
}

static void holding_can_be_configured(void **state)
{
    (void)state;
    struct watching w;
    struct disc_watch_spec spec = {.empty = DISC_EMPTY_KEPT};
    watching_open_live(&w, 1, &spec);
    say(&w, 0, EMPTY);
    assert_list(&w, DISC_KEPT, "web-1 web-2");
    watching_close(&w);
    spec.empty = DISC_EMPTY_BELIEVED;
    watching_open_live(&w, 1, &spec);
    say(&w, 0, EMPTY_GUARDED);
    assert_list(&w, DISC_LIVE, "");
    watching_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_list_is_applied_when_all_of_it_is_there),
        cmocka_unit_test(a_newer_list_takes_the_place_of_a_half_one),
        cmocka_unit_test(a_change_in_two_datagrams_is_applied_at_once),
        cmocka_unit_test(the_most_datagrams_are_64),
        cmocka_unit_test(a_repetition_is_acknowledged_only),
        cmocka_unit_test(a_change_from_further_back_is_as_good),
        cmocka_unit_test(a_gap_is_asked_for),
        cmocka_unit_test(a_change_without_a_list_is_asked_for),
        cmocka_unit_test(a_push_may_overtake_the_ok),
        cmocka_unit_test(half_a_push_may_overtake_the_ok),
        cmocka_unit_test(another_life_of_the_server_is_asked_for),
        cmocka_unit_test(strangers_and_nonsense_are_ignored),
        cmocka_unit_test(another_source_is_ignored),
        cmocka_unit_test(lines_that_make_no_sense_are_left_out),
        cmocka_unit_test(of_two_lines_of_one_instance_the_last_counts),
        cmocka_unit_test(every_field_arrives),
        cmocka_unit_test(as_much_metadata_as_a_server_holds_arrives),
        cmocka_unit_test(what_there_is_no_room_for_is_left_out),
        cmocka_unit_test(addresses_beyond_the_eighth_are_left_out),
        cmocka_unit_test(the_list_is_valid_until_the_next_turn),
        cmocka_unit_test(an_empty_list_is_believed),
        cmocka_unit_test(an_empty_first_list_is_a_list),
        cmocka_unit_test(while_the_server_doubts_itself_the_list_is_held),
        cmocka_unit_test(a_held_list_is_asked_about_and_given_up),
        cmocka_unit_test(a_change_that_leaves_one_is_believed_under_guard),
        cmocka_unit_test(holding_can_be_configured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
