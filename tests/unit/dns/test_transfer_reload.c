/* A reload that lets others have a zone that nobody could have: its log begins there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/state.h"
#include "unit/dns/transferring.h"

#define RECORDS "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"

enum { JOURNAL = 1 << 20, REFUSED = 5 };

static const struct dns_access nobody = {0};

/* The zone as `next` has it takes the place of that of `t`. Frees `next`. */
static void reload(struct rig *t, struct rig *next)
{
    struct dns *old = t->dns;
    t->dns = next->dns;
    next->dns = NULL;
    rig_free(next);
    t->dns->serial = dns_serial(old); /* as the configuration of a reload says */
    dns_follow(t->dns, old, t->registry);
    publish(t);
    dns_free(old);
}

static void assert_refused(struct rig *t, struct transfer_reply r)
{
    assert_null(t->dns->zones[0]->log);
    assert_int_equal(r.rcode, REFUSED);
    assert_int_equal(r.count, 0);
    transfer_reply_free(&r);
}

static struct rig *not_for_others(void)
{
    struct rig *t = transfer_rig(RECORDS, JOURNAL, &nobody, 0);
    for (unsigned i = 0; i < 5; i++) {
        char name[] = "web/0";
        name[4] = (char)('0' + i);
        reg(t->registry, name, "addr=10.0.0.1 port=80", 1 + i);
        publish(t);
    }
    return t;
}

static void test_transfer_added(void **state)
{
    struct rig *t = not_for_others();
    struct secondary s = {0}, fresh = {0};
    uint32_t before = dns_zone_serial(t->dns, 0);
    (void)state;
    assert_refused(t, axfr(t));
    assert_refused(t, ixfr(t, before - 1));

    reload(t, transfer_rig(RECORDS, JOURNAL, NULL, 0));
    assert_int_equal(dns_zone_serial(t->dns, 0), before); /* what it holds is what it held */
    struct transfer_reply r = ixfr(t, before);
    assert_int_equal(r.count, 1); /* up to date */
    transfer_reply_free(&r);
    s.serial = before - 1; /* from before the log */
    secondary_ixfr(&s, t);
    assert_int_equal(s.wholes, 1);
    assert_int_equal(s.serial, before);

    reg(t->registry, "web/5", "addr=10.0.0.6 port=80", 9);
    publish(t);
    secondary_ixfr(&s, t);
    assert_int_equal(s.wholes, 1);
    assert_int_equal(s.steps, 1);
    secondary_axfr(&fresh, t);
    secondary_compare(&s, &fresh);
    secondary_deinit(&s);
    secondary_deinit(&fresh);
    rig_free(t);
}

/* And the other way round: what was kept goes, and nobody has it. */
static void test_transfer_taken_away(void **state)
{
    struct rig *t = not_for_others();
    (void)state;
    reload(t, transfer_rig(RECORDS, JOURNAL, NULL, 0));
    uint32_t before = dns_zone_serial(t->dns, 0);
    reg(t->registry, "web/5", "addr=10.0.0.6 port=80", 9);
    publish(t);
    reload(t, transfer_rig(RECORDS, JOURNAL, &nobody, 0));
    assert_int_equal(dns_zone_serial(t->dns, 0), before + 1);
    assert_refused(t, ixfr(t, before));

    /* The log that begins anew knows nothing of what was before. */
    struct secondary s = {.serial = before};
    reload(t, transfer_rig(RECORDS, JOURNAL, NULL, 0));
    secondary_ixfr(&s, t);
    assert_int_equal(s.wholes, 1);
    secondary_deinit(&s);
    rig_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transfer_added),
        cmocka_unit_test(test_transfer_taken_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
