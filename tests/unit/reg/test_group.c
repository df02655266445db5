/* Lease groups: one datagram for many, the digest, and paging. */
#include "unit/reg/rig.h"

#include <openssl/sha.h>

#define EP "ep=2b6296d4"

static void reg(struct rig *t, const char *id, unsigned rev)
{
    char line[200];
    snprintf(line, sizeof(line), "disc/1 reg svc=web inst=%s port=1 grp=node7 lease=60 rev=%u", id,
             rev);
    rig_send(t, line);
    assert_non_null(strstr(t->text, " lease=60 ren=18000 "));
}

/* The digest as a client computes it. */
static uint64_t digest_of(const char *member)
{
    unsigned char full[SHA256_DIGEST_LENGTH];
    uint64_t out = 0;
    SHA256((const unsigned char *)member, strlen(member), full);
    for (unsigned i = 0; i < 8; i++)
        out = out << 8 | full[i];
    return out;
}

static void test_renew(void **state)
{
    struct rig *t = *state;
    char line[200], reply[200];
    reg(t, "a", 1);
    reg(t, "b", 2);
    uint64_t sum = digest_of("default/web/a@1") ^ digest_of("default/web/b@2");
    rig_check(t, "disc/1 ren grp=node7", "disc/1 ok " EP " ren=18000");
    snprintf(line, sizeof(line), "disc/1 ren id=b8 grp=node7 cnt=2 sum=%016llx",
             (unsigned long long)sum);
    rig_check(t, line, "disc/1 ok id=b8 " EP " ren=18000");
    rig_pass(t, 59000);
    snprintf(line, sizeof(line), "disc/1 ren grp=node7 cnt=3 sum=%016llx", (unsigned long long)sum);
    snprintf(reply, sizeof(reply), "disc/1 err " EP " c=409 why=resync cnt=2 sum=%016llx ren=18000",
             (unsigned long long)sum);
    rig_check(t, line, reply);
    rig_check(t, "disc/1 ren grp=node7 cnt=2 sum=0000000000000000", reply);
    /* It was renewed all the same. */
    rig_pass(t, 59000);
    (void)registry_expire(t->registry, t->now, 100, NULL, NULL);
    assert_int_equal(registry_totals(t->registry).instances, 2);
    rig_pass(t, 1001);
    (void)registry_expire(t->registry, t->now, 100, NULL, NULL);
    rig_check(t, "disc/1 ren grp=node7", "disc/1 err " EP " c=404 why=gone wait=#");
}

static void test_refusals(void **state)
{
    struct rig *t = *state;
    static const struct {
        const char *request, *reply;
    } rows[] = {
        {"ren grp=none", "c=404 why=gone wait=#"},
        {"del grp=none", "c=404 why=gone wait=#"},
        {"get grp=none", "c=404 why=gone wait=#"},
        {"ren grp=", "c=422 why=value f=grp"},
        {"ren grp=g svc=web", "c=400 why=key f=svc"},
        {"ren grp=g inst=web", "c=400 why=key f=inst"},
        {"ren grp=g cnt=1", "c=422 why=value f=sum"},
        {"ren grp=g sum=0011223344556677", "c=422 why=value f=cnt"},
        {"ren grp=g cnt=x sum=0011223344556677", "c=400 why=syntax f=cnt"},
        {"ren grp=g cnt=4294967296 sum=0011223344556677", "c=422 why=value f=cnt"},
        {"ren grp=g cnt=1 sum=001122334455667", "c=400 why=syntax f=sum"},
        {"ren grp=g cnt=1 sum=00112233445566778", "c=400 why=syntax f=sum"},
        {"ren grp=g cnt=1 sum=00112233445566GG", "c=400 why=syntax f=sum"},
        {"del grp=g rev=1", "c=400 why=key f=rev"},
        {"upd grp=g", "c=400 why=key f=grp"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char request[100], reply[100];
        snprintf(request, sizeof(request), "disc/1 %s", rows[i].request);
        snprintf(reply, sizeof(reply), "disc/1 err " EP " %s", rows[i].reply);
        rig_check(t, request, reply);
    }
}

/* A group is its owner's: the same name from elsewhere is another one. */
static void test_owner(void **state)
{
    struct rig *t = *state;
    reg(t, "a", 1);
    rig_from(t, "172.16.0.1");
    rig_check(t, "disc/1 ren grp=node7", "disc/1 err " EP " c=404 why=gone wait=#");
    rig_check(t, "disc/1 del grp=node7", "disc/1 err " EP " c=404 why=gone wait=#");
    rig_from(t, "127.0.0.1");
    rig_check(t, "disc/1 del grp=node7", "disc/1 ok " EP " cnt=1 dur=disk");
    assert_int_equal(registry_totals(t->registry).instances, 0);
}

static void test_get(void **state)
{
    struct rig *t = *state;
    char reply[200];
    reg(t, "b", 12);
    reg(t, "a", 7);
    uint64_t sum = digest_of("default/web/a@7") ^ digest_of("default/web/b@12");
    snprintf(reply, sizeof(reply),
             "disc/1 ok id=x " EP " cnt=2 sum=%016llx\ndefault/web/a 7\ndefault/web/b 12",
             (unsigned long long)sum);
    rig_check(t, "disc/1 get id=x grp=node7", reply);
    snprintf(reply, sizeof(reply), "disc/1 ok " EP " cnt=2 sum=%016llx\ndefault/web/b 12",
             (unsigned long long)sum);
    rig_check(t, "disc/1 get grp=node7 after=default/web/a", reply);
    rig_check(t, "disc/1 get grp=node7 after=default/web/aa", reply);
    snprintf(reply, sizeof(reply), "disc/1 ok " EP " cnt=2 sum=%016llx", (unsigned long long)sum);
    rig_check(t, "disc/1 get grp=node7 after=default/web/b", reply);
}

/* Asks page after page as a client would, signed and with a fresh cookie due, so that all
 * that may stand in a reply does: every member once, in order, and every page fits. */
static void test_paging(void **state)
{
    struct rig *t = *state;
    char ck[128], line[600], after[300] = "", last[300] = "";
    unsigned members = 0, pages = 0, n = 0;
    struct reg_config config = rig_config();
    config.source_quota = 0;
    config.rate_per_s = 0;
    reg_configure(t->reg, &config);
    rig_from(t, "10.0.0.7");
    rig_cookie(t, ck);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(line, sizeof(line),
                 "disc/1 reg cid=c n=%u ck=%s key=deploy ns=prod svc=service-%u.with-a-long-name "
                 "inst=%0*u port=1 grp=big rev=%llu lease=300",
                 ++n, ck, i % 7, 10 + (int)i % 54, i, 18446744073709551000ull + i);
        rig_send_signed(t, RIG_SECRET, line);
        assert_non_null(strstr(t->text, "disc/1 ok "));
    }
    rig_pass(t, 299 * 1000);
    for (bool more = true; more; pages++) {
        snprintf(line, sizeof(line),
                 "disc/1 get id=1234567890123456 cid=c n=%u ck=%s key=deploy "
                 "grp=big%s%s",
                 ++n, ck, after[0] ? " after=" : "", after);
        rig_send_signed(t, RIG_SECRET, line);
        assert_non_null(strstr(t->text, " cnt=200 sum="));
        char *rest = t->text, *item = strsep(&rest, "\n");
        more = strstr(item, " more=1") != NULL;
        while ((item = strsep(&rest, "\n"))) {
            strcpy(after, strsep(&item, " "));
            assert_true(strcmp(after, last) > 0);
            strcpy(last, after);
            assert_true(strtoull(item, NULL, 10) >= 18446744073709551000ull);
            members++;
        }
        assert_true(pages < 50);
    }
    assert_int_equal(members, 200);
    assert_in_range(pages, 10, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_renew, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_refusals, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_owner, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_get, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_paging, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
