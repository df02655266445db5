/* Batches by item lines: index ranges, bad lines, and that the reply always fits. */
#include "unit/reg/rig.h"

#include "reg/batch.h"

#define EP "ep=2b6296d4"

static void reg(struct rig *t, const char *service, const char *id)
{
    char line[200];
    snprintf(line, sizeof(line), "disc/1 reg svc=%s inst=%s port=1", service, id);
    rig_send(t, line);
    assert_non_null(strstr(t->text, "disc/1 ok "));
}

static void test_ren(void **state)
{
    struct rig *t = *state;
    reg(t, "web", "a");
    reg(t, "web", "b");
    reg(t, "api", "a");
    rig_check(t, "disc/1 ren id=b9 svc=web\na\nb\napi/a\ndefault/api/a",
              "disc/1 ok id=b9 " EP " cnt=4 ren=9000");
    rig_check(t, "disc/1 ren svc=web\nx\na\ny\nz\nq\nB\nq",
              "disc/1 ok " EP " cnt=2 gone=0,2-4,6 ren=9000 wait=#");
    rig_check(t, "disc/1 ren\nweb/a\r\n\r\nweb/b", "disc/1 ok " EP " cnt=2 bad=1 ren=9000");
    rig_check(t, "disc/1 ren\nweb/a\r\nweb/b\r", "disc/1 ok " EP " cnt=2 ren=9000");
    rig_check(t, "disc/1 ren\nnone", "disc/1 ok " EP " cnt=0 bad=0");
    rig_check(t, "disc/1 ren svc=none\na", "disc/1 ok " EP " cnt=0 gone=0 wait=#");
    assert_int_equal(rig_outcome(t, REG_OUT_OK), 3 + 6);
}

/* The shortest lease says when to come again. */
static void test_shortest(void **state)
{
    struct rig *t = *state;
    rig_send(t, "disc/1 reg svc=web inst=a port=1 lease=100");
    rig_send(t, "disc/1 reg svc=web inst=b port=1 lease=20");
    rig_check(t, "disc/1 ren svc=web\na\nb", "disc/1 ok " EP " cnt=2 ren=6000");
    rig_check(t, "disc/1 ren svc=web\na", "disc/1 ok " EP " cnt=1 ren=30000");
}

static void test_bad_lines(void **state)
{
    struct rig *t = *state;
    char line[800];
    reg(t, "web", "a");
    snprintf(line, sizeof(line),
             "disc/1 ren svc=web\n%s\n a\na \n\n/a\na/\na/b/c/d\nweb/a\n_x/a\na.b\n%0223d\n%0300d\n"
             "a",
             "a b", 0, 0);
    rig_check(t, line, "disc/1 ok " EP " cnt=2 bad=0-6,8-11 ren=9000");
    /* Somebody else's, or not to be touched without a key. */
    rig_from(t, "172.16.0.1");
    rig_check(t, "disc/1 ren svc=web\na\npayments/x\nweb/none",
              "disc/1 ok " EP " cnt=0 gone=2 bad=0-1 wait=#");
}

static void test_del(void **state)
{
    struct rig *t = *state;
    reg(t, "web", "a");
    reg(t, "web", "b");
    reg(t, "web", "c");
    rig_check(t, "disc/1 del id=x svc=web\nc\na\na\n!",
              "disc/1 ok id=x " EP " cnt=2 gone=2 bad=3 dur=disk");
    assert_int_equal(registry_totals(t->registry).instances, 1);
    rig_check(t, "disc/1 ren svc=web\nb", "disc/1 ok " EP " cnt=1 ren=9000");
}

static void test_header(void **state)
{
    struct rig *t = *state;
    rig_check(t, "disc/1 ren svc=web inst=a\nb", "disc/1 err " EP " c=400 why=key f=inst");
    rig_check(t, "disc/1 ren svc=web port=1\nb", "disc/1 err " EP " c=400 why=key f=port");
    rig_check(t, "disc/1 del svc=web rev=1\nb", "disc/1 err " EP " c=400 why=key f=rev");
    rig_check(t, "disc/1 ren grp=g\nb", "disc/1 err " EP " c=400 why=syntax");
}

/* Every third line is good, so that the lists of indexes are as long as can be, with all
 * that may stand beside them: the reply must fit. */
static void test_worst(void **state)
{
    struct rig *t = *state;
    char ck[128], line[REG_DATAGRAM_MAX + 1];
    static const char *const patterns[] = {"!z", "az", "!az", "!!a", "zza", "z!", "!zz"};
    size_t longest = 0;
    rig_from(t, "192.168.1.7");
    rig_cookie(t, ck);
    rig_pass(t, 1800 * 1000);
    snprintf(line, sizeof(line), "disc/1 reg cid=c n=1 ck=%s key=deploy svc=web inst=a port=1", ck);
    rig_send_signed(t, RIG_SECRET, line);
    for (size_t i = 0; i < ARRAY_COUNT(patterns); i++) {
        int n = snprintf(line, sizeof(line),
                         "disc/1 ren id=1234567890123456 cid=c n=1844674407370955%04zu ck=%s "
                         "key=deploy svc=web",
                         i, ck);
        for (unsigned k = 0; k < BATCH_MAX; k++)
            n += sprintf(line + n, "\n%c", patterns[i][k % strlen(patterns[i])]);
        rig_send_signed(t, RIG_SECRET, line);
        assert_int_equal(strncmp(t->text, "disc/1 ok id=1234567890123456 n=1844674407370955", 48),
                         0);
        assert_non_null(strstr(t->text, " ck="));
        longest = t->size > longest ? t->size : longest;
    }
    assert_in_range(longest, 1000, REG_DATAGRAM_MAX);
}

static void test_too_many(void **state)
{
    struct rig *t = *state;
    char line[REG_DATAGRAM_MAX];
    reg(t, "web", "a");
    int n = sprintf(line, "disc/1 del svc=web");
    for (unsigned k = 0; k < BATCH_MAX; k++)
        n += sprintf(line + n, "\nx");
    rig_check(t, line, "disc/1 ok " EP " cnt=0 gone=0-255 dur=disk");
    strcpy(line + n, "\na");
    rig_check(t, line, "disc/1 err " EP " c=413 why=big f=items max=256");
    memcpy(line, "disc/1 ren", 10);
    rig_check(t, line, "disc/1 err " EP " c=413 why=big f=items max=256");
    assert_int_equal(registry_totals(t->registry).instances, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ren, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_shortest, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_bad_lines, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_del, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_header, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_worst, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_too_many, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
