/* Datagrams that are read together are handled as if each had come alone. */
#include "unit/reg/rig.h"

struct flight {
    struct reg_datagram in[REG_AHEAD];
    unsigned count;
};

static void add(struct rig *t, struct flight *f, const char *text)
{
    assert_true(f->count < REG_AHEAD);
    f->in[f->count++] =
        (struct reg_datagram){(const uint8_t *)text, strlen(text), false, t->from, t->route};
}

static void expect(struct rig *t, unsigned n, const char *beginning)
{
    char reply[REG_DATAGRAM_MAX + 1];
    size_t size = reg_handle_read(t->reg, n, t->out);
    memcpy(reply, t->out, size);
    reply[size] = '\0';
    if (strncmp(reply, beginning, strlen(beginning)) != 0)
        fail_msg("%u: %s instead of %s", n, reply, beginning);
}

/* What one of them changes, those behind it see. */
static void test_changes_between(void **state)
{
    (void)state;
    struct rig *t = rig_new();
    struct flight f = {.count = 0};
    add(t, &f, "disc/1 ren id=0 svc=web inst=a\n");
    add(t, &f, "disc/1 reg id=1 svc=web inst=a port=80 addr=10.0.0.1\n");
    add(t, &f, "disc/1 ren id=2 svc=web inst=a\n");
    add(t, &f, "disc/1 upd id=3 svc=web inst=a w=3\n");
    add(t, &f, "disc/1 del id=4 svc=web inst=a\n");
    add(t, &f, "disc/1 ren id=5 svc=web inst=a\n");
    add(t, &f, "disc/1 reg id=6 svc=web inst=a port=80 addr=10.0.0.2\n");
    add(t, &f, "disc/1 ren id=7 svc=web inst=a\n");
    reg_read(t->reg, f.in, f.count, t->now);
    expect(t, 0, "disc/1 err id=0 ep=2b6296d4 c=404 why=gone wait=");
    expect(t, 1, "disc/1 ok id=1 ");
    expect(t, 2, "disc/1 ok id=2 ep=2b6296d4 ren=9000\n");
    expect(t, 3, "disc/1 ok id=3 ");
    expect(t, 4, "disc/1 ok id=4 ");
    expect(t, 5, "disc/1 err id=5 ep=2b6296d4 c=404 why=gone wait=");
    expect(t, 6, "disc/1 ok id=6 ");
    expect(t, 7, "disc/1 ok id=7 ep=2b6296d4 ren=9000\n");
    rig_free(t);
}

/* The name that is looked for ahead is taken as it stands: other spellings are found too. */
static void test_spellings(void **state)
{
    (void)state;
    static const char *const names[] = {
        "svc=web inst=a",
        "svc=WEB inst=A",
        "svc=w%65b inst=a",
        "inst=a svc=web",
        "ns=default svc=web inst=a",
        "ns=Default svc=web inst=%61",
        "?inst=a ?svc=web",
        "svc=web port=80 addr=10.0.0.9",
    };
    struct rig *t = rig_new();
    struct flight f = {.count = 0};
    char texts[ARRAY_COUNT(names)][96];
    add(t, &f, "disc/1 reg svc=web inst=a port=80 addr=10.0.0.1\n");
    add(t, &f, "disc/1 reg svc=web port=80 addr=10.0.0.9\n");
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        snprintf(texts[i], sizeof(texts[i]), "disc/1 ren %s\n", names[i]);
        add(t, &f, texts[i]);
    }
    reg_read(t->reg, f.in, f.count, t->now);
    for (unsigned n = 0; n < f.count; n++)
        expect(t, n, "disc/1 ok ep=2b6296d4 ");
    rig_free(t);
}

/* In any order, and with senders and texts of all kinds. */
static void test_mixture(void **state)
{
    (void)state;
    struct rig *t = rig_new();
    struct flight f = {.count = 0};
    char long_id[200];
    snprintf(long_id, sizeof(long_id), "disc/1 ren id=3 svc=web inst=%0120d\n", 7);
    add(t, &f, "disc/1 ren id=0 svc=web inst=a\n");
    add(t, &f, "nonsense");
    add(t, &f, "disc/1 ren id=2 svc=web inst=a\n");
    add(t, &f, long_id);
    add(t, &f, "disc/1 ren id=4 svc=web\na\nb");
    add(t, &f, "disc/1 ren id=5 inst=a\n");
    f.in[0].from.port = 0;
    f.in[2].from.addr = rig_addr("10.9.0.1");
    reg_read(t->reg, f.in, f.count, t->now);
    expect(t, 5, "disc/1 err id=5 ep=2b6296d4 c=422 why=value f=svc\n");
    expect(t, 4, "disc/1 ok id=4 ep=2b6296d4 cnt=0 gone=0-1 wait=");
    expect(t, 3, "disc/1 err id=3 ep=2b6296d4 c=422 why=value f=inst\n");
    for (unsigned n = 0; n < 3; n++)
        assert_int_equal(reg_handle_read(t->reg, n, t->out), 0);
    const struct reg_counters *c = reg_counters(t->reg);
    assert_int_equal(counter_get(&c->outcomes[REG_OUT_DROP_SOURCE]), 2);
    assert_int_equal(counter_get(&c->outcomes[REG_OUT_DROP_FORM]), 1);
    rig_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_between),
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_mixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
