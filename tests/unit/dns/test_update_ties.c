/* UPDATE: records that instances show, by themselves and among those that a message brings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/update_parts.h"
#include "unit/dns/updating.h"

#define TWO                                                                                        \
    "add _svc._tcp.z. 9 SRV 0 30 80 a.svc.z.\nadd a.svc.z. 9 A 10.0.0.1\n"                         \
    "add _svc._tcp.z. 9 SRV 0 30 80 bb.svc.z.\nadd bb.svc.z. 9 A 10.0.0.2\n"

static void look_at(struct update_rig *t, const char *id, struct record *r)
{
    struct instance_key key = {TEXT("default"), TEXT("svc"), text_of(id)};
    const struct instance *i = registry_instance(t->rig->registry, key);
    assert_non_null(i);
    instance_read(i, r);
}

static void test_renewed_as_shown(void **state)
{
    struct update_rig *t = update_rig();
    struct record r;
    update(t, R_NOERROR, TWO);
    update(t, R_NOERROR, TWO);
    update(t, R_NOERROR, "add _svc._tcp.z. 9 SRV 0 30 80 a.svc.z.\n");
    update(t, R_NOERROR, "add _svc._tcp.z. 9 SRV 0 30 81 a.svc.z.\n");
    look_at(t, "a", &r);
    assert_int_equal(r.port_count, 2);
    update(t, R_NOERROR, "add _svc._tcp.z. 9 SRV 0 30 81 a.svc.z.\n");
    look_at(t, "a", &r);
    assert_int_equal(r.port_count, 2);
    assert_int_equal(dns_records_count(t->records), 0);
    assert_int_equal(registry_totals(t->rig->registry).instances, 2);
    update_rig_free(t);
    (void)state;
}

static void test_deleted_among_shown(void **state)
{
    struct update_rig *t = update_rig();
    struct record r;
    update(t, R_NOERROR, TWO "add _svc._tcp.z. 9 SRV 0 30 81 a.svc.z.\n");
    /* Renewed, the other one deleted, that again, and what is not there. */
    update(t, R_NOERROR,
           "add _svc._tcp.z. 9 SRV 0 30 80 a.svc.z.\ndel _svc._tcp.z. SRV 0 7 81 a.svc.z.\n"
           "del _svc._tcp.z. SRV 0 7 81 a.svc.z.\ndel _svc._tcp.z. SRV 0 7 80 bbb.svc.z.\n"
           "del _svc._tcp.z. TXT x\ndel _svc._tcp.z. TXT\n");
    look_at(t, "a", &r);
    assert_int_equal(r.port_count, 1);
    assert_int_equal(r.ports[0].number, 80);
    /* Renewed and deleted, by another weight. */
    update(t, R_NOERROR,
           "add _svc._tcp.z. 9 SRV 0 30 80 a.svc.z.\ndel _svc._tcp.z. SRV 0 7 80 a.svc.z.\n");
    assert_int_equal(registry_totals(t->rig->registry).instances, 1);
    update(t, R_NOERROR, "add bb.svc.z. 9 AAAA 2001:db8::1\ndel _svc._tcp.z. TXT\n");
    look_at(t, "bb", &r);
    assert_int_equal(r.address_count, 2);
    update_rig_free(t);
    (void)state;
}

/* One at the instance's own name says nothing new, but is not any SRV. */
static void test_at_the_instance(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, TWO);
    update(t, R_NOERROR, "add a.svc.z. 9 SRV 0 30 80 a.svc.z.\n");
    update(t, R_REFUSED, "add a.svc.z. 9 SRV 0 30 80 c.svc.z.\n");
    update(t, R_REFUSED, "add a.svc.z. 9 SRV 0 30 80 cc.svc.z.\n");
    update_rig_free(t);
    (void)state;
}

/* An instance without port is shown as one of TCP. */
static void test_without_port(void **state)
{
    struct update_rig *t = update_rig();
    reg(t->rig->registry, "svc/a", "addr=10.0.0.1", t->lease_ms);
    struct update_rr udp = {.type = T_SRV, .class = 255}, tcp = udp;
    assert_int_equal(name_parse(TEXT("_svc._udp.z"), &udp.owner), ERR_OK);
    assert_int_equal(name_parse(TEXT("_svc._tcp.z"), &tcp.owner), ERR_OK);
    struct update_rr *const all[] = {&udp, &tcp};
    for (size_t n = 0; n < 2; n++) {
        struct update u = {.dns = t->rig->dns,
                           .registry = t->rig->registry,
                           .zone = t->rig->dns->zones[0],
                           .changes = all[n],
                           .change_count = 1};
        assert_true(update_apply(&u));
        assert_int_equal(u.instances.count, n);
        update_deinit(&u);
    }
    update_rig_free(t);
    (void)state;
}

static void test_names_of_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        bool good;
    } all[] = {
        {"", 0, false},    {"\100", 1, false},    {"", 1, true},     {"\1a", 3, true},
        {"\1a", 2, false}, {"\1a\0\0", 4, false}, {"\5a", 3, false}, {"\100a", 3, false},
    };
    struct name name;
    uint8_t endless[300];
    for (size_t n = 0; n < ARRAY_COUNT(all); n++)
        assert_int_equal(work_wire_name((const uint8_t *)all[n].bytes, all[n].size, &name),
                         all[n].good);
    memset(endless, 1, sizeof(endless));
    endless[256] = 0;
    assert_false(work_wire_name(endless, 257, &name));
    (void)state;
}

/* What the store holds is not trusted to be SRV records. */
static void test_targets(void **state)
{
    struct update_rig *t = update_rig();
    struct update u = {.dns = t->rig->dns, .zone = t->rig->dns->zones[0]};
    static const char good[] = "\0\0\0\0\0\1\1a\1s\1z", other[] = "\0\0\0\0\0\1\1a\1s\1y",
                      bad[] = "\0\0\0\0\0\1\2a";
    struct text service, id;
    assert_true(work_target(&u, (const uint8_t *)good, sizeof(good), &service, &id));
    assert_false(work_target(&u, (const uint8_t *)good, 6, &service, &id));
    assert_false(work_target(&u, (const uint8_t *)other, sizeof(other), &service, &id));
    assert_false(work_target(&u, (const uint8_t *)bad, sizeof(bad), &service, &id));
    update_deinit(&u);
    update_rig_free(t);
    (void)state;
}

static void test_first_reason_counts(void **state)
{
    struct update u = {0};
    assert_false(update_fail(&u, R_REFUSED, 0, "first", NULL));
    assert_false(update_fail(&u, R_SERVFAIL, 0, "second", NULL));
    assert_int_equal(u.rcode, R_REFUSED);
    assert_string_equal(u.text, "first");
    (void)state;
}

/* An instance that the zone file hides since a reload is none of the hidden plain records. */
static void test_hidden_instance(void **state)
{
    struct update_rig *t = update_rig_with(UPDATE_ZONE "b.svc A 10.1.1.1\n", grant);
    struct registry_config config = *registry_config_of(t->rig->registry);
    struct dns_record old = {.zone = (const uint8_t *)"\1z",
                             .owner = (const uint8_t *)"\1b\3svc\1z",
                             .type = T_TXT,
                             .size = 2,
                             .rdata = (const uint8_t *)"\1x",
                             .key = TEXT("all")};
    config.name_taken = NULL;
    assert_int_equal(registry_configure(t->rig->registry, &config), ERR_OK);
    update(t, R_NOERROR, "add svc.z. 5 SRV 0 0 80 a.svc.z.\nadd a.svc.z. 5 A 10.0.0.1\n");
    reg(t->rig->registry, "svc/b", "addr=10.0.0.2 port=80", t->lease_ms);
    assert_int_equal(dns_records_restore(t->records, &old, update_now(t)), ERR_OK);
    update_publish(t);
    update(t, R_REFUSED, "del svc.z. SRV 0 0 80 b.svc.z.\ndel b.svc.z.\n"); /* reg's own */
    update(t, R_NOERROR, "del b.svc.z. TXT\n");
    assert_int_equal(dns_records_count(t->records), 0);
    assert_int_equal(registry_totals(t->rig->registry).instances, 2);
    update_rig_free(t);
    (void)state;
}

/* Records of browsing are taken and dropped where there are instances to browse alone. */
static void test_browsing_of_nobody(void **state)
{
    static const uint8_t no_name[] = {5, 'a'};
    struct update_rig *t = update_rig();
    struct dns_record old = {.zone = (const uint8_t *)"\1z",
                             .owner = (const uint8_t *)"\4_svc\4_tcp\1z",
                             .type = T_PTR,
                             .size = sizeof(no_name),
                             .rdata = no_name,
                             .key = TEXT("all")};
    update(t, R_REFUSED,
           "add _services._dns-sd._udp.z. 5 PTR _new._tcp.z.\n"
           "del _new._tcp.z. TXT\n");
    update(t, R_REFUSED, "add _services._dns-sd._udp.z. 5 PTR _new._tcp.z.\n");
    assert_int_equal(dns_records_restore(t->records, &old, update_now(t)), ERR_OK);
    update(t, R_REFUSED, TWO);
    assert_non_null(strstr(t->text, "a service has its names alone"));
    update_rig_free(t);
    (void)state;
}

/* Of an instance that goes nothing is in the way of a service of its name. */
static void test_service_in_place_of_instance(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, TWO);
    update(t, R_REFUSED,
           "del _svc._tcp.z. SRV 0 30 80 a.svc.z.\n"
           "add a.svc.z. 5 SRV 0 30 80 x.a.svc.z.\nadd x.a.svc.z. 5 A 10.0.0.3\n");
    assert_non_null(strstr(t->text, "the name is taken")); /* until the next message */
    update(t, R_NOERROR, "del _svc._tcp.z. SRV 0 30 80 a.svc.z.\n");
    update_rig_free(t);
    (void)state;
}

static struct update_rig *clock_of;

static void delay(bool begins)
{
    clock_of->lease_ms += begins ? 301000 : 0;
}

/* The time is looked at when it is applied. */
static void test_kept_waiting(void **state)
{
    struct update_rig *t = clock_of = update_rig();
    t->around = delay;
    update(t, R_NOTAUTH, "add a.z. 5 TXT x\n");
    assert_non_null(strstr(t->text, "300 s"));
    update_rig_free(t);
    (void)state;
}

static void test_sets_of_several_names(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, "add a.z. 5 TXT x\nadd a.z. 5 A 10.0.0.1\nadd b.z. 5 TXT x\n");
    update(t, R_NOERROR,
           "prereq yxrrset b.z. TXT x\nprereq yxrrset a.z. TXT x\n"
           "prereq yxrrset a.z. A 10.0.0.1\nprereq yxrrset ns2.z. A 10.9.9.8\n"
           "add c.z. 5 TXT x\n");
    update(t, R_NXRRSET,
           "prereq yxrrset b.z. TXT x\nprereq yxrrset a.z. TXT y\n"
           "prereq yxrrset a.z. A 10.0.0.1\nadd c.z. 5 TXT x\n");
    /* Data of no bytes, twice. */
    update_begin(t);
    update_raw(t, 2, "e.z.", 300, 1, 5, "", 0);
    update_sign(t);
    assert_int_equal(update_send_once(t), R_NOERROR);
    t->lease_ms++;
    update_begin(t);
    update_raw(t, 1, "e.z.", 300, 1, 0, "", 0);
    update_raw(t, 1, "e.z.", 300, 1, 0, "", 0);
    update_sign(t);
    assert_int_equal(update_send_once(t), R_NOERROR);
    update_rig_free(t);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renewed_as_shown),
        cmocka_unit_test(test_deleted_among_shown),
        cmocka_unit_test(test_at_the_instance),
        cmocka_unit_test(test_without_port),
        cmocka_unit_test(test_names_of_bytes),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_first_reason_counts),
        cmocka_unit_test(test_hidden_instance),
        cmocka_unit_test(test_browsing_of_nobody),
        cmocka_unit_test(test_service_in_place_of_instance),
        cmocka_unit_test(test_kept_waiting),
        cmocka_unit_test(test_sets_of_several_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
