/* An update takes its memory in chunks. Whatever it is that needs the next one, and does not
 * get it: SERVFAIL, and all is as it was before. A record in front of the others, of which
 * there is nothing to see, moves the places where chunks end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/failing.h"
#include "unit/dns/updating.h"

enum { CHUNK_BYTES = 1024, STEP = 16, PRIVATE_TYPE = 65280, CLASS_OF_DELETIONS = 254 };

static bool failed;
static long next_failure;

static void around(bool begins)
{
    if (begins) {
        until_failure = next_failure;
        return;
    }
    failed = until_failure < 0;
    until_failure = -1;
}

struct message {
    const char *required, *changes; /* lines */
    unsigned code;
};

static unsigned send_padded(struct update_rig *t, size_t pad, const struct message *m)
{
    static const uint8_t zeros[CHUNK_BYTES];
    update_begin(t);
    update_lines(t, m->required);
    update_raw(t, 2, "nobody.z.", PRIVATE_TYPE, CLASS_OF_DELETIONS, 0, zeros, pad);
    update_lines(t, m->changes);
    update_sign(t);
    t->around = around;
    unsigned rcode = update_send_once(t);
    t->around = NULL;
    t->lease_ms++;
    return rcode;
}

/* The n-th allocation fails, for each n, until the update is done all the same. Returns how
 * often it was not. */
static unsigned fail_each(struct update_rig *t, size_t pad, const struct message *m)
{
    uint64_t was = update_fingerprint(t);
    for (next_failure = 0;; next_failure++) {
        unsigned rcode = send_padded(t, pad, m);
        bool changed = update_fingerprint(t) != was;
        if (rcode == m->code && changed == (rcode == R_NOERROR))
            return (unsigned)next_failure;
        if (!failed || rcode != R_SERVFAIL || changed)
            fail_msg("%zu bytes, allocation %ld: %u %s", pad, next_failure, rcode, t->text);
    }
}

/* An instance of the key "all" that has whatever one can have, and one that has nothing. */
static void register_old(struct update_rig *t)
{
    static const struct principal all = {.kind = PRINCIPAL_NAME, .name = "all"};
    struct granted granted;
    struct record r = record_of("old/a", "addr=10.0.0.1 addr=2001:db8::1 port=80 port=81/udp "
                                         "port=5060/sctp m.k=v m.l=w version=1 zone=z1 region=r "
                                         "cluster=c tag=x tag=y");
    assert_int_equal(registry_register(t->rig->registry, &r, &all, update_now(t), &granted),
                     ERR_OK);
    r = record_of("old/bare", "addr=10.0.0.2");
    assert_int_equal(registry_register(t->rig->registry, &r, &all, update_now(t), &granted),
                     ERR_OK);
    update_publish(t);
}

static void each_place(const char *before, struct message m)
{
    unsigned failures = 0;
    for (size_t pad = 1; pad < CHUNK_BYTES; pad += STEP) {
        struct update_rig *t = update_rig();
        register_old(t);
        update(t, R_NOERROR, before);
        failures += fail_each(t, pad, &m);
        update_publish(t);
        update_rig_free(t);
    }
    assert_true(failures > 5 * CHUNK_BYTES / STEP);
}

#define HELLO "add hello.z. 30 SRV 0 30 8080 a.hello.z.\nadd a.hello.z. 30 A 10.0.0.1\n"

static void test_prerequisites(void **state)
{
    SKIP_WITHOUT_FAILURES();
    static const struct message m = {
        "prereq yxdomain old.z.\nprereq yxdomain _old._tcp.z.\nprereq nxdomain nobody.z.\n"
        "prereq yxrrset static.z. A\nprereq nxrrset old.z. MX\nprereq yxrrset a.old.z. TXT\n"
        "prereq yxrrset static.z. A 10.8.8.8\nprereq yxrrset static.z. A 10.8.8.9\n"
        "prereq yxrrset p.z. TXT x\nprereq yxrrset bare.old.z. A 10.0.0.2\n",
        "add q.z. 5 A 10.0.0.1\n", R_NOERROR};
    each_place("add p.z. 5 TXT x\n", m);
    (void)state;
}

static void test_prerequisites_fail(void **state)
{
    SKIP_WITHOUT_FAILURES();
    static const struct message m = {"prereq yxrrset a.old.z. A\nprereq nxdomain a.old.z.\n",
                                     "add q.z. 5 A 10.0.0.1\n", R_YXDOMAIN};
    each_place("add p.z. 5 TXT x\n", m);
    (void)state;
}

/* What was not yet published when the prerequisites are asked has to be, first. */
static void test_publishing_before_prerequisites(void **state)
{
    SKIP_WITHOUT_FAILURES();
    static const struct message m = {"prereq yxdomain p.z.\nprereq yxdomain a.hello.z.\n",
                                     "add q.z. 5 TXT y\n", R_NOERROR};
    struct update_rig *t = update_rig();
    unsigned failures = 0;
    failed = true;
    for (next_failure = 0; failed; next_failure++) {
        assert_int_equal(update_send(t, "add p.z. 5 TXT x\n" HELLO), R_NOERROR);
        uint64_t was = update_fingerprint(t);
        unsigned rcode = send_padded(t, 1, &m);
        assert_true(rcode == R_NOERROR || (failed && rcode == R_SERVFAIL));
        assert_int_equal(update_fingerprint(t) == was, rcode == R_SERVFAIL);
        failures += rcode == R_SERVFAIL;
        update(t, R_NOERROR, "del p.z.\ndel q.z.\ndel a.hello.z.\n");
    }
    assert_true(failures > 20);
    update_rig_free(t);
    (void)state;
}

static void test_changes_of_instances(void **state)
{
    SKIP_WITHOUT_FAILURES();
    static const struct message m = {
        "",
        "add a.old.z. 5 A 10.0.0.3\nadd a.old.z. 5 TXT tags=z\ndel b.hello.z.\n"
        "add new.z. 5 SRV 0 0 80 c.new.z.\nadd c.new.z. 5 AAAA 2001:db8::2\n"
        "del nobody.z. SRV 0 0 80 x.nobody.z.\nadd p.z. 5 TXT x\nlease 60\n",
        R_NOERROR};
    each_place(HELLO "add b.hello.z. 5 A 10.0.0.2\nadd hello.z. 5 SRV 0 0 80 b.hello.z.\n", m);
    (void)state;
}

/* By the names of the service, and of browsing. */
static void test_changes_of_services(void **state)
{
    SKIP_WITHOUT_FAILURES();
    static const struct message m = {
        "",
        "add _services._dns-sd._udp.z. 5 PTR _new._tcp.z.\n"
        "add _new._tcp.z. 5 PTR a._new._tcp.z.\nadd a._new._tcp.z. 5 TXT x\n"
        "del hello.z.\ndel old.z. SRV\n"
        "add _new._tcp.z. 5 SRV 0 0 80 a.new.z.\nadd a.new.z. 5 A 10.0.0.3\n",
        R_NOERROR};
    each_place(HELLO, m);
    (void)state;
}

/* Each record of a new TTL is looked at once more: in so many a chunk ends somewhere. */
static void test_new_ttl(void **state)
{
    SKIP_WITHOUT_FAILURES();
    static const struct message m = {"", "add x._a._tcp.z. 9 TXT 0\n", R_NOERROR};
    char before[4000] = "";
    for (unsigned n = 0; n < 120; n++)
        snprintf(before + strlen(before), 40, "add x._a._tcp.z. 5 TXT %u\n", n);
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, before);
    assert_true(fail_each(t, 1, &m) > 5);
    update_publish(t);
    assert_int_equal(dns_records_count(t->records), 120);
    update_rig_free(t);
    (void)state;
}

/* The records that an instance shows fill chunks of their own. */
static void test_sizes_of_instances(void **state)
{
    SKIP_WITHOUT_FAILURES();
    static const struct principal all = {.kind = PRINCIPAL_NAME, .name = "all"};
    static const struct message m = {"", "del x.many.z. TXT k0=v\n", R_NOERROR};
    char keys[16][4], value[METADATA_VALUE_MAX];
    unsigned failures = 0;
    memset(value, 'v', sizeof(value));
    for (size_t size = 16; size < CHUNK_BYTES; size += STEP) {
        struct update_rig *t = update_rig();
        struct record r = record_of("many/x", "addr=10.0.0.1");
        struct granted granted;
        r.metadata[r.metadata_count++] = (struct pair){TEXT("k0"), TEXT("v")};
        for (size_t left = size; left;) {
            size_t n = left < 160 ? left : 160;
            struct text key = {keys[r.metadata_count], (size_t)snprintf(keys[r.metadata_count], 4,
                                                                        "k%u", r.metadata_count)};
            r.metadata[r.metadata_count++] = (struct pair){key, {value, n}};
            left -= n;
        }
        assert_int_equal(registry_register(t->rig->registry, &r, &all, update_now(t), &granted),
                         ERR_OK);
        update_publish(t);
        failures += fail_each(t, 1, &m);
        update_rig_free(t);
    }
    assert_true(failures > CHUNK_BYTES / STEP);
    (void)state;
}

/* What is to be refused is refused only when it could be looked at. */
static void test_refusals(void **state)
{
    SKIP_WITHOUT_FAILURES();
    static const struct message browsed = {"", "add _hello._tcp.z. 5 PTR b._hello._tcp.z.\n",
                                           R_REFUSED};
    static const struct message not_alone = {"", "add a.hello.z. 5 MX 1 x.\n", R_REFUSED};
    each_place(HELLO, browsed);
    each_place(HELLO, not_alone);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prerequisites),
        cmocka_unit_test(test_prerequisites_fail),
        cmocka_unit_test(test_publishing_before_prerequisites),
        cmocka_unit_test(test_changes_of_instances),
        cmocka_unit_test(test_changes_of_services),
        cmocka_unit_test(test_new_ttl),
        cmocka_unit_test(test_sizes_of_instances),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
