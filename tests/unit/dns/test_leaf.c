/* Leaves: how one is made of records, and which of them are shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/leaf_publish.h"
#include "unit/dns/updating.h"

static struct name name_of(const char *text)
{
    struct name name;
    assert_int_equal(name_parse(text_of(text), &name), ERR_OK);
    return name;
}

static struct leaf_record record(uint16_t type, uint32_t ttl, const char *data)
{
    return (struct leaf_record){type, (uint16_t)strlen(data), ttl, (const uint8_t *)data};
}

static void test_arrangement(void **state)
{
    struct name owner = name_of("a.z.");
    struct leaf *leaf;
    char copy[] = "bb";
    struct leaf_record records[] = {
        record(T_TXT, 60, copy), record(T_A, 5, "4444"), record(T_TXT, 30, "b"),
        record(T_TXT, 90, "a"),  record(T_TXT, 20, "b"), record(T_A, 7, "4443"),
        record(300, 9, ""),      record(300, 8, ""),
    };
    assert_int_equal(leaf_new(&owner, records, ARRAY_COUNT(records), &leaf), ERR_OK);
    copy[0] = 'x'; /* it has its own */
    assert_true(name_is(&leaf->owner, &owner));
    assert_int_equal(leaf->rrset_count, 3);
    assert_int_equal(leaf->rrsets[0].type, T_A);
    assert_int_equal(leaf->rrsets[0].count, 2);
    assert_int_equal(leaf->rrsets[0].ttl, 5);
    assert_memory_equal(leaf->rrsets[0].rdata[0], "4443", 4);
    assert_int_equal(leaf->rrsets[1].type, T_TXT);
    assert_int_equal(leaf->rrsets[1].count, 3);
    assert_int_equal(leaf->rrsets[1].ttl, 20);
    assert_memory_equal(leaf->rrsets[1].rdata[0], "a", 1);
    assert_memory_equal(leaf->rrsets[1].rdata[2], "bb", 2);
    assert_int_equal(leaf->rrsets[1].sizes[2], 2);
    assert_int_equal(leaf->rrsets[2].count, 1);
    assert_int_equal(leaf->rrsets[2].ttl, 8);
    assert_ptr_equal(leaf_ref(leaf), leaf);
    leaf_unref(leaf);
    leaf_unref(leaf);
    leaf_unref(NULL);
    assert_int_equal(leaf_new(&owner, NULL, 0, &leaf), ERR_OK);
    assert_int_equal(leaf->rrset_count, 0);
    leaf_retire(leaf);
    rcu_drain();
    (void)state;
}

static void publish_leaf(struct update_rig *t, const char *owner, const char *text)
{
    struct name name = name_of(owner);
    struct zone *zone = t->rig->dns->zones[0];
    struct leaf *leaf = NULL;
    if (text) {
        struct leaf_record r = record(T_TXT, 60, text);
        assert_int_equal(leaf_new(&name, &r, 1, &leaf), ERR_OK);
    }
    assert_int_equal(leaf_publish(t->rig->dns, zone, &name, leaf), ERR_OK);
    update_publish(t);
}

static void test_shown_and_replaced(void **state)
{
    struct update_rig *t = update_rig();
    uint32_t serial = dns_zone_serial(t->rig->dns, 0);
    publish_leaf(t, "l.z.", "\1a");
    shows(t, "l.z.", T_TXT, 0, "l.z. 60 TXT \"a\"");
    assert_int_equal(dns_zone_serial(t->rig->dns, 0), serial + 1);
    publish_leaf(t, "l.z.", "\1b");
    shows(t, "l.z.", T_TXT, 0, "l.z. 60 TXT \"b\"");
    publish_leaf(t, "l.z.", NULL);
    shows(t, "l.z.", T_TXT, R_NXDOMAIN, "");
    assert_int_equal(dns_zone_serial(t->rig->dns, 0), serial + 3);
    publish_leaf(t, "l.z.", NULL);
    publish_leaf(t, "never.z.", NULL);
    assert_int_equal(dns_zone_serial(t->rig->dns, 0), serial + 3);
    publish_leaf(t, "kept.z.", "\1a"); /* freed with the rest */
    update_rig_free(t);
    (void)state;
}

/* Names of the zone file come first, for ever; those below a delegation are not ours. */
static void test_never_shown(void **state)
{
    struct update_rig *t = update_rig();
    uint32_t serial = dns_zone_serial(t->rig->dns, 0);
    publish_leaf(t, "static.z.", "\1a");
    publish_leaf(t, "static.z.", "\1b");
    publish_leaf(t, "x.sub.z.", "\1a");
    publish_leaf(t, "out.side.", "\1a");
    shows(t, "static.z.", T_TXT, 0, "");
    assert_int_equal(dns_zone_serial(t->rig->dns, 0), serial);
    publish_leaf(t, "static.z.", NULL);
    update_rig_free(t);
    (void)state;
}

/* A service's name comes first as long as it is there. */
static void test_waiting(void **state)
{
    struct update_rig *t = update_rig();
    reg(t->rig->registry, "svc/a", "addr=10.0.0.1 port=80", t->lease_ms);
    update_publish(t);
    publish_leaf(t, "svc.z.", "\1a"); /* waits from the start */
    shows(t, "svc.z.", T_A, 0, "svc.z. 5 A 10.0.0.1");
    publish_leaf(t, "svc.z.", "\1b");
    publish_leaf(t, "late.z.", "\1c");
    shows(t, "late.z.", T_TXT, 0, "late.z. 60 TXT \"c\"");
    uint32_t serial = dns_zone_serial(t->rig->dns, 0);
    reg(t->rig->registry, "late/a", "addr=10.0.0.2 port=80", t->lease_ms);
    update_publish(t); /* displaced */
    assert_int_equal(dns_zone_serial(t->rig->dns, 0), serial + 1);
    shows(t, "late.z.", T_A, 0, "late.z. 5 A 10.0.0.2");
    struct name svc = name_of("svc.z.");
    leaf_displaced(t->rig->dns, &svc); /* it is not shown anyway */
    unreg(t->rig->registry, "svc/a", t->lease_ms);
    unreg(t->rig->registry, "late/a", t->lease_ms);
    update_rig_clock(t, 86400001); /* forgotten */
    while (registry_expire(t->rig->registry, update_now(t), 100, NULL, NULL))
        ;
    update_publish(t);
    shows(t, "svc.z.", T_TXT, 0, "svc.z. 60 TXT \"b\"");
    shows(t, "late.z.", T_TXT, 0, "late.z. 60 TXT \"c\"");
    update_rig_free(t);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrangement),
        cmocka_unit_test(test_shown_and_replaced),
        cmocka_unit_test(test_never_shown),
        cmocka_unit_test(test_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
