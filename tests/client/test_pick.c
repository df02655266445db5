/* Choosing among instances: who may be chosen, how often, and how far away. */
#include "watching.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MAX = 16 };

/* How often each "i0" to "i15" was chosen. */
struct tally {
    unsigned n[NAMES_MAX];
    char order[512]; /* the first ones, as digits */
};

/* A watch with these lines (without "=" and the address: "i0 p=80 w=1 q=0 s=up"). */
static void open_with(struct watching *w, const struct disc_watch_spec *spec, uint64_t seq,
                      const char *const *lines)
{
    char text[DISC_DATAGRAM_MAX], items[1000] = "";
    unsigned count = 0;
    for (; lines[count]; count++) {
        const char *space = strchr(lines[count], ' ');
        snprintf(items + strlen(items), sizeof(items) - strlen(items), "=%.*s a=10.0.0.1%s\n",
                 (int)(space - lines[count]), lines[count], space);
    }
    if (!w->s.d) {
        watching_open(w, 1, spec, NULL);
        pass(&w->s, 0);
        hear(w, 0, SUB "0");
    }
    snprintf(text, sizeof(text), PUSH "seq=%u full=1 n=%u\n%s", (unsigned)seq, count, items);
    say(w, 0, text);
    snprintf(text, sizeof(text), ACK "%u", (unsigned)seq);
    hear(w, 0, text);
}

static struct tally pick_many(struct watching *w, const struct disc_choice *choice, unsigned times)
{
    struct tally tally = {0};
    for (unsigned i = 0; i < times; i++) {
        struct disc_picked picked;
        assert_int_equal(disc_pick(w->s.d, w->watch, choice, &picked), DISC_OK);
        int number = atoi(picked.instance->id + 1);
        tally.n[number]++;
        if (i < sizeof(tally.order) - 1)
            tally.order[i] = (char)('0' + number);
    }
    return tally;
}

static struct tally pick_by(struct watching *w, enum disc_policy policy, unsigned times)
{
    struct disc_choice choice = {policy, NULL, NULL, 0};
    return pick_many(w, &choice, times);
}

static const char *const four[] = {"i0 p=80 w=1 q=0 s=up", "i1 p=80 w=2 q=0 s=up",
                                   "i2 p=80 w=3 q=0 s=up", "i3 p=80 w=4 q=0 s=up", NULL};

static void in_turn_each_comes_once_a_round(void **state)
{
    (void)state;
    struct watching w = {0};
    open_with(&w, NULL, 102, four);
    struct tally tally = pick_by(&w, DISC_ROUND_ROBIN, 40);
    for (int i = 0; i < 4; i++)
        assert_int_equal(tally.n[i], 10);
    for (int i = 4; i < 40; i++)
        assert_int_equal(tally.order[i], tally.order[i - 4]);
    /* and goes on with who is there: the one that stays does not lose its turn */
    static const char *const other[] = {"i0 p=80 w=1 q=0 s=up", "i1 p=80 w=2 q=0 s=up",
                                        "i7 p=80 w=1 q=0 s=up", NULL};
    open_with(&w, NULL, 103, other);
    tally = pick_by(&w, DISC_ROUND_ROBIN, 31);
    assert_int_equal(tally.order[0], '7'); /* it was never chosen yet */
    assert_int_equal(tally.n[0], 10);
    assert_int_equal(tally.n[1], 10);
    watching_close(&w);
}

static void a_list_said_again_does_not_disturb_the_turns(void **state)
{
    (void)state;
    struct watching w = {0};
    char order[33] = "";
    for (unsigned i = 0; i < 32; i++) {
        open_with(&w, NULL, 102 + i, four);
        order[i] = pick_by(&w, DISC_ROUND_ROBIN, 1).order[0];
    }
    for (int i = 4; i < 32; i++)
        assert_int_equal(order[i], order[i - 4]);
    for (int i = 1; i < 4; i++)
        assert_int_not_equal(order[i], order[0]);
    watching_close(&w);
}

/* How often each is the first choice of a program. */
static void count_first(enum disc_policy policy, unsigned first[4])
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct disc_options options = {.seed = seed};
        struct disc_watch_spec spec = {.service = "web"};
        struct watching w = {0};
        stage_open(&w.s, 1, NULL);
        disc_free(w.s.d);
        w.s.d = disc_new(&options);
        assert_int_equal(disc_add_server(w.s.d, w.s.servers[0].text), DISC_OK);
        w.watch = disc_watch(w.s.d, &spec);
        pass(&w.s, 0);
        hear(&w, 0, SUB "0");
        open_with(&w, NULL, 102, four);
        first[pick_by(&w, policy, 1).order[0] - '0']++;
        watching_close(&w);
    }
}

static void programs_begin_at_different_instances(void **state)
{
    (void)state;
    unsigned first[4] = {0}, weighted[4] = {0};
    count_first(DISC_ROUND_ROBIN, first);
    for (int i = 0; i < 4; i++)
        assert_in_range(first[i], 30, 70);
    count_first(DISC_WEIGHTED, weighted);
    for (int i = 0; i < 4; i++)
        assert_in_range(weighted[i], 10, 110);
    assert_true(weighted[0] < weighted[3]);
}

static void at_random_each_is_as_likely(void **state)
{
    (void)state;
    struct watching w = {0};
    open_with(&w, NULL, 102, four);
    struct tally a = pick_by(&w, DISC_RANDOM, 4000);
    for (int i = 0; i < 4; i++)
        assert_in_range(a.n[i], 900, 1100);
    watching_close(&w);
}

static void the_seed_repeats_everything(void **state)
{
    (void)state;
    struct tally tally[2];
    for (int run = 0; run < 2; run++) {
        struct watching w = {0};
        open_with(&w, NULL, 102, four);
        tally[run] = pick_by(&w, DISC_RANDOM, 100);
        struct tally weighted = pick_by(&w, DISC_WEIGHTED, 100);
        memcpy(tally[run].order + 100, weighted.order, 100);
        watching_close(&w);
    }
    assert_memory_equal(tally[0].order, tally[1].order, sizeof(tally[0].order));
}

static void weights_are_kept_exactly_and_evenly(void **state)
{
    (void)state;
    struct watching w = {0};
    open_with(&w, NULL, 102, four);
    struct tally tally = pick_by(&w, DISC_WEIGHTED, 500);
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(tally.n[i], 50 * (i + 1) - 1, 50 * (i + 1) + 1);
    for (unsigned i = 0; i + 10 <= 500; i += 10) { /* in each round already */
        unsigned n = 0;
        for (unsigned k = 0; k < 10; k++)
            n += tally.order[i + k] == '3';
        assert_in_range(n, 3, 5);
    }
    assert_null(strstr(tally.order, "333"));
    watching_close(&w);
}

static void a_change_of_the_others_starves_nobody(void **state)
{
    (void)state;
    static const char *const heavy[] = {"i0 p=80 w=1 q=0 s=up", "i1 p=80 w=1 q=0 s=up",
                                        "i2 p=80 w=65535 q=0 s=up", NULL};
    static const char *const light[] = {"i0 p=80 w=1 q=0 s=up", "i1 p=80 w=1 q=0 s=up", NULL};
    for (unsigned picks = 0; picks < 70000; picks += 9973) {
        struct watching fresh = {0};
        open_with(&fresh, NULL, 102, heavy);
        (void)pick_by(&fresh, DISC_WEIGHTED, picks);
        open_with(&fresh, NULL, 103, light);
        struct tally tally = pick_by(&fresh, DISC_WEIGHTED, 100);
        assert_in_range(tally.n[0], 47, 53);
        watching_close(&fresh);
    }
}

static void only_what_is_up_is_chosen(void **state)
{
    (void)state;
    struct watching w = {0};
    static const char *const lines[] = {"i0 p=80 w=1 q=0 s=draining", "i1 p=80 w=1 q=0 s=down",
                                        "i2 p=80 w=1 q=0 s=starting", "i3 p=80 w=1 q=0 s=up",
                                        "i4 p=80 w=1 q=0 s=frozen",   NULL};
    static const enum disc_policy policies[] = {DISC_ROUND_ROBIN, DISC_RANDOM, DISC_WEIGHTED,
                                                DISC_NEAREST};
    open_with(&w, NULL, 102, lines);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pick_by(&w, policies[i], 20).n[3], 20);
    struct disc_picked picked;
    static const char *const none[] = {"i0 p=80 w=1 q=0 s=draining", NULL};
    open_with(&w, NULL, 103, none);
    assert_int_equal(disc_pick(w.s.d, w.watch, NULL, &picked), DISC_NO_INSTANCE);
    assert_null(picked.instance);
    assert_string_equal(picked.addr, "");
    assert_int_equal(disc_pick(w.s.d, w.watch + 1, NULL, &picked), DISC_INVALID);
    watching_close(&w);
}

static void before_there_is_a_list_there_is_no_instance(void **state)
{
    (void)state;
    struct watching w = {0};
    struct disc_picked picked;
    watching_open(&w, 1, NULL, NULL);
    assert_int_equal(disc_pick(w.s.d, w.watch, NULL, &picked), DISC_NO_INSTANCE);
    watching_close(&w);
}

static void what_is_worse_comes_only_where_nothing_better_is_left(void **state)
{
    (void)state;
    static const struct {
        const char *lines[6];
        unsigned chosen; /* bits */
    } cases[] = {
        {{"i0 p=1 w=1 q=0 s=up x=1", "i1 p=1 w=1 q=0 s=up", "i2 p=1 w=1 q=5 s=up", NULL}, 2},
        {{"i0 p=1 w=1 q=0 s=up x=1", "i1 p=1 w=1 q=5 s=up", "i2 p=1 w=1 q=5 s=up", NULL}, 6},
        {{"i0 p=1 w=1 q=0 s=up x=1", "i1 p=1 w=1 q=0 s=up x=1", NULL}, 3},
        {{"i0 p=1 w=0 q=0 s=up", "i1 p=1 w=1 q=0 s=up", NULL}, 2},
        {{"i0 p=1 w=0 q=0 s=up", "i1 p=1 w=0 q=0 s=up", NULL}, 3},
        {{"i0 p=1 w=0 q=0 s=up", "i1 p=1 w=9 q=1 s=up", NULL}, 1},
        {{"i0 p=1 w=1 q=2 s=up", "i1 p=1 w=1 q=1 s=up", "i2 p=1 w=1 q=1 s=up", NULL}, 6},
    };
    static const enum disc_policy policies[] = {DISC_ROUND_ROBIN, DISC_RANDOM, DISC_WEIGHTED,
                                                DISC_NEAREST};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct watching w = {0};
        open_with(&w, NULL, 102, cases[i].lines);
        for (int k = 0; k < 4; k++) {
            unsigned chosen = 0;
            struct tally tally = pick_by(&w, policies[k], 50);
            for (unsigned n = 0; n < NAMES_MAX; n++)
                chosen |= tally.n[n] ? 1u << n : 0;
            if (chosen != cases[i].chosen)
                fail_msg("case %zu, policy %d: %x", i, k, chosen);
        }
        watching_close(&w);
    }
}

static void the_nearest_are_chosen_while_there_are_any(void **state)
{
    (void)state;
    struct watching w = {0};
    struct disc_watch_spec spec = {.zone = "z1", .region = "r1"};
    static const char *const lines[] = {
        "i0 p=1 w=1 q=0 s=up z=z1 r=r1", "i1 p=1 w=3 q=0 s=up z=z1 r=r1",
        "i2 p=1 w=9 q=0 s=up z=z2 r=r1", "i3 p=1 w=9 q=0 s=up z=z3 r=r2", NULL};
    open_with(&w, &spec, 102, lines);
    struct tally tally = pick_by(&w, DISC_NEAREST, 400);
    assert_in_range(tally.n[0], 99, 101);
    assert_in_range(tally.n[1], 299, 301);
    open_with(&w, NULL, 103, lines + 2);
    assert_int_equal(pick_by(&w, DISC_NEAREST, 50).n[2], 50);
    open_with(&w, NULL, 104, lines + 3);
    assert_int_equal(pick_by(&w, DISC_NEAREST, 50).n[3], 50);
    watching_close(&w);
}

static void without_a_place_all_are_near(void **state)
{
    (void)state;
    struct watching w = {0};
    static const char *const lines[] = {"i0 p=1 w=1 q=0 s=up z=z1 r=r1", "i1 p=1 w=1 q=0 s=up",
                                        NULL};
    open_with(&w, NULL, 102, lines);
    struct tally tally = pick_by(&w, DISC_NEAREST, 100);
    assert_in_range(tally.n[0], 49, 51);
    watching_close(&w);
}

static void a_port_can_be_named(void **state)
{
    (void)state;
    struct watching w = {0};
    static const char *const lines[] = {"i0 p=http:8080,admin:9090/udp w=1 q=0 s=up",
                                        "i1 p=http:8081 w=1 q=0 s=up", "i2 p=- w=1 q=9 s=up", NULL};
    struct disc_picked picked;
    open_with(&w, NULL, 102, lines);
    struct disc_choice choice = {DISC_ROUND_ROBIN, "admin", NULL, 0};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(disc_pick(w.s.d, w.watch, &choice, &picked), DISC_OK);
        assert_string_equal(picked.instance->id, "i0");
        assert_int_equal(picked.port, 9090);
        assert_string_equal(picked.protocol, "udp");
        assert_string_equal(picked.addr, "10.0.0.1");
    }
    choice.port = "grpc";
    assert_int_equal(disc_pick(w.s.d, w.watch, &choice, &picked), DISC_NO_INSTANCE);
    choice.port = NULL;
    assert_int_equal(disc_pick(w.s.d, w.watch, &choice, &picked), DISC_OK);
    assert_int_equal(picked.port, 8081); /* its turn: the default port */
    static const char *const portless[] = {"i2 p=- w=1 q=9 s=up", NULL};
    open_with(&w, NULL, 103, portless);
    assert_int_equal(disc_pick(w.s.d, w.watch, NULL, &picked), DISC_OK);
    assert_int_equal(picked.port, 0);
    assert_string_equal(picked.protocol, "");
    watching_close(&w);
}

static int chosen_for(struct watching *w, unsigned key)
{
    struct disc_picked picked;
    struct disc_choice choice = {DISC_ROUND_ROBIN, NULL, &key, sizeof(key)};
    assert_int_equal(disc_pick(w->s.d, w->watch, &choice, &picked), DISC_OK);
    return atoi(picked.instance->id + 1);
}

static void a_key_chooses_the_same_as_long_as_it_is_there(void **state)
{
    (void)state;
    enum { KEYS = 10000 };
    static int before[KEYS];
    struct watching w = {0};
    unsigned n[4] = {0}, moved = 0;
    open_with(&w, NULL, 102, four);
    for (unsigned key = 0; key < KEYS; key++) {
        before[key] = chosen_for(&w, key);
        n[before[key]]++;
        assert_int_equal(chosen_for(&w, key), before[key]);
    }
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(n[i], (i + 1) * 1000 - 120, (i + 1) * 1000 + 120);
    open_with(&w, NULL, 103, four + 1); /* i0 left */
    for (unsigned key = 0; key < KEYS; key++) {
        int now = chosen_for(&w, key);
        assert_int_not_equal(now, 0);
        assert_true(before[key] == 0 || now == before[key]);
        moved += now != before[key];
    }
    assert_int_equal(moved, n[0]);
    /* another program agrees */
    struct watching other = {0};
    open_with(&other, NULL, 999, four);
    for (unsigned key = 0; key < KEYS; key += 7)
        assert_int_equal(chosen_for(&other, key), before[key]);
    watching_close(&w);
    watching_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_turn_each_comes_once_a_round),
        cmocka_unit_test(a_list_said_again_does_not_disturb_the_turns),
        cmocka_unit_test(programs_begin_at_different_instances),
        cmocka_unit_test(at_random_each_is_as_likely),
        cmocka_unit_test(the_seed_repeats_everything),
        cmocka_unit_test(weights_are_kept_exactly_and_evenly),
        cmocka_unit_test(a_change_of_the_others_starves_nobody),
        cmocka_unit_test(only_what_is_up_is_chosen),
        cmocka_unit_test(before_there_is_a_list_there_is_no_instance),
        cmocka_unit_test(what_is_worse_comes_only_where_nothing_better_is_left),
        cmocka_unit_test(the_nearest_are_chosen_while_there_are_any),
        cmocka_unit_test(without_a_place_all_are_near),
        cmocka_unit_test(a_port_can_be_named),
        cmocka_unit_test(a_key_chooses_the_same_as_long_as_it_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
