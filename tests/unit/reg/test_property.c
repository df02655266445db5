/* What must hold for every datagram: 200 000 mutated ones from senders of all kinds. */
#include "unit/reg/rig.h"

#include "base/rand.h"
#include "fuzz/disc_oracle.h"

enum { ROUNDS = 200000, SIZE = 1500 };

static const char *const seeds[] = {
    "disc/1 hello\n",
    "disc/7 hello\n",
    "disc/1 hello id=a1 ck=@ cid=c n=# key=deploy\n",
    "disc/1 reg svc=web port=8080 ck=@\n",
    "disc/1 reg svc=web port=8080\n",
    "disc/1 reg id=a1 cid=9f n=# ck=@ key=deploy svc=web inst=web-1 addr=10.0.0.7,[2001:db8::7] "
    "port=http:8080,dns:53/udp w=100 zone=eu1-a ver=1.4.2 lease=30 rev=7 m.proto=h2 tags=a,b\n",
    "disc/1 ren id=b7 cid=c n=# ck=@ key=deploy svc=web inst=web-1\n",
    "disc/1 ren id=b8 cid=c n=# ck=@ key=deploy grp=g cnt=3 sum=5fd1c02b9e7a4410\n",
    "disc/1 ren id=b9 cid=c n=# ck=@ key=deploy svc=web\nweb-1\nweb/web-2\ndefault/web/x\n",
    "disc/1 upd id=c1 cid=c n=# ck=@ key=deploy svc=web inst=web-1 st=draining m.a=%C3%BC m.b=\n",
    "disc/1 del cid=c n=# ck=@ key=deploy svc=web\nweb-1\nweb-2\n",
    "disc/1 del cid=c n=# ck=@ key=deploy svc=web inst=web-1 rev=9\n",
    "disc/1 get cid=c n=# ck=@ key=deploy svc=web inst=web-1\n",
    "disc/1 get cid=c n=# ck=@ key=deploy grp=g after=default/web/a\n",
    "disc/1 reg cid=c n=# ck=@ key=deploy svc=web inst=web-2 port=1 grp=g lease=static\n",
    "disc/1 reg ck=@ svc=web inst=web-3 port=http:80 rev=5 m.a=1 grp=h\n",
    "disc/1 upd ck=@ svc=web inst=web-3 w=7 tags=a,b\n",
    "disc/1 ren ck=@ svc=web port=8080\n",
    "disc/1 ren ck=@ grp=h cnt=1 sum=5fd1c02b9e7a4410\n",
    "disc/1 get ck=@ svc=web inst=web-3\n",
    "disc/1 del ck=@\nweb/web-3\nweb/10-0-0-7-8080\n",
    "disc/1 sub id=s1 cid=c n=# ck=@ key=deploy tok=7d1f0c9be3a45526 svc=web from=1\n",
    "disc/1 sub cid=c tok=7d1f0c9be3a45526 svc=web ck=@\n",
    "disc/1 sub cid=d tok=7d1f0c9be3a45526 svc=web from=seq=# ck=@ lease=300\n",
    "disc/1 ack sub=# tok=7d1f0c9be3a45526 seq=#\n",
    "disc/1 ack id=k sub=# tok=7d1f0c9be3a45526 seq=# frag=1\n",
    "disc/1 uns id=u sub=# tok=7d1f0c9be3a45526\n",
    "disc/1 ok ep=2b6296d4 ren=9000\n",
    "disc/1 reg ck=AQAAAAAACt1xEL0LyiAETQ svc=web port=1\n",
};

/* Words that mutations put in: most bytes alone lead nowhere. */
static const char *const words[] = {" ",
                                    "\n",
                                    "\r\n",
                                    "=",
                                    "%",
                                    "%00",
                                    "%C3",
                                    "ck=@",
                                    " ck=@",
                                    "?",
                                    " n=1",
                                    " n=#",
                                    " svc=a.b",
                                    " m.x=y",
                                    ",",
                                    "/",
                                    ":0",
                                    "[::]",
                                    " grp=g",
                                    " key=deploy",
                                    " lease=static",
                                    "reg",
                                    "ren",
                                    "del",
                                    "sub",
                                    "ack",
                                    " tok=7d1f0c9be3a45526",
                                    " sub=#",
                                    " mac=00112233445566778899aabbccddeeff",
                                    "\xff",
                                    "-",
                                    "_x"};

static size_t mutate(struct rand *rand, uint8_t *bytes, size_t n)
{
    size_t at = rand_below(rand, (uint32_t)n + 1), count = 1 + rand_below(rand, 8);
    const char *word = words[rand_below(rand, ARRAY_COUNT(words))];
    size_t size = strlen(word);
    switch (rand_below(rand, 6)) {
    case 0: /* one bit */
        if (at < n)
            bytes[at] ^= (uint8_t)(1u << rand_below(rand, 8));
        return n;
    case 1: /* take out */
        count = count < n - at ? count : n - at;
        memmove(bytes + at, bytes + at + count, n - at - count);
        return n - count;
    case 2: /* cut off */ return rand_below(rand, 4) ? n : at;
    case 3: /* repeat a part, many times now and then */
        for (unsigned k = rand_below(rand, 20) ? 1 : 40; k; k--) {
            if (n + count > SIZE || at + count > n)
                break;
            memmove(bytes + at + count, bytes + at, n - at);
            n += count;
        }
        return n;
    default: /* put in a word */
        if (n + size > SIZE)
            return n;
        memmove(bytes + at + size, bytes + at, n - at);
        memcpy(bytes + at, word, size);
        return n + size;
    }
}

static const struct {
    const char *addr;
    enum reg_auth auth;
} senders[] = {{"127.0.0.1", REG_AUTH_OPEN},  {"172.16.0.9", REG_AUTH_OPEN},
               {"10.0.0.7", REG_AUTH_COOKIE}, {"2001:db8::7", REG_AUTH_COOKIE},
               {"192.168.1.7", REG_AUTH_KEY}, {"10.9.0.1", REG_AUTH_DENY}};

/* What was done but not stored is always refused in due form. */
static void refuse(struct rig *t, const uint8_t *bytes, size_t n)
{
    struct reg_datagram in = {bytes, n, false, t->from, NULL};
    size_t size = reg_refuse_unstored(t->reg, &in, 1000, t->now, t->out);
    assert_in_range(size, 11, REG_DATAGRAM_MAX);
    assert_memory_equal(t->out, "disc/1 err ", 11);
    assert_non_null(memmem(t->out, size, " c=503 why=disk wait=", 21));
    assert_int_equal(t->out[size - 1], '\n');
}

static void one(struct rig *t, struct rand *rand, struct disc_oracle *o, uint64_t sent[2])
{
    uint8_t bytes[SIZE], wire[SIZE + 700];
    const char *seed = seeds[rand_below(rand, ARRAY_COUNT(seeds))];
    size_t n = strlen(seed);
    memcpy(bytes, seed, n);
    for (uint32_t k = rand_below(rand, 4); k; k--)
        n = mutate(rand, bytes, n);
    bool sign = memmem(bytes, n, "key=", 4) ? rand_below(rand, 4) > 0 : rand_below(rand, 50) == 0;
    n = oracle_prepare(o, bytes, n, sign, wire, sizeof(wire));
    /* An exact copy, so that the address sanitizer sees a read past the end. */
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, wire, n);
    size_t size = oracle_handle(o, copy, n, t->now, t->out);
    bool ok = size > 10 && memcmp(t->out, "disc/1 ok ", 10) == 0;
    if (ok && rand_below(rand, 8) == 0)
        refuse(t, copy, n);
    free(copy);
    sent[ok]++;
    rig_pass(t, rand_below(rand, 200));
}

/* The next sender finds no subscriptions of others. */
static void end_subscriptions(struct rig *t)
{
    struct reg_config none = {0}, config = rig_config();
    config.replay_entries_max = 1000000;
    reg_configure(t->reg, &none);
    assert_int_equal(reg_subscriptions(t->reg), 0);
    reg_configure(t->reg, &config);
}

static void test_properties(void **state)
{
    struct rig *t = *state;
    struct rand rand;
    uint64_t sent[2] = {0};
    rand_seed(&rand, 20261121);
    for (unsigned i = 0; i < ROUNDS; i++) {
        static struct disc_oracle o;
        if (i % 50 == 0) {
            size_t who = rand_below(&rand, ARRAY_COUNT(senders));
            end_subscriptions(t);
            rig_from(t, senders[who].addr);
            rig_pass(t, 2000);
            (void)registry_expire(t->registry, t->now, 100, NULL, NULL);
            o = (struct disc_oracle){.reg = t->reg,
                                     .registry = t->registry,
                                     .from = t->from,
                                     .auth = senders[who].auth,
                                     .n = i * 1000ull,
                                     .route = {who + 1}};
            oracle_learn_cookie(&o, t->now);
        }
        one(t, &rand, &o, sent);
    }
    assert_true(counter_get(&reg_counters(t->reg)->pushes) > ROUNDS / 100);
    /* It must have got everywhere: a fair part was done, and every way out was taken. */
    assert_true(sent[1] > ROUNDS / 20);
    for (unsigned i = 0; i < REG_OUT_COUNT; i++) {
        if (i != REG_OUT_BUSY && i != REG_OUT_READONLY && i != REG_OUT_FULL && i != REG_OUT_NAME &&
            i != REG_OUT_SLOW && rig_outcome(t, (enum reg_outcome)i) == 0)
            fail_msg("never reached: %s", reg_outcome_text((enum reg_outcome)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_properties, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
