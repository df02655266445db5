/* UPDATE as registration: instances out of SRV, addresses and TXT; their leases and limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/updating.h"

#define HELLO                                                                                      \
    "add hello.z. 30 SRV 0 30 8080 a.hello.z.\n"                                                   \
    "add a.hello.z. 30 A 10.0.0.1\n"

static const struct instance *instance(struct update_rig *t, const char *service, const char *id)
{
    return registry_instance(t->rig->registry,
                             (struct instance_key){TEXT("default"), text_of(service), text_of(id)});
}

static uint64_t instances(struct update_rig *t)
{
    return registry_totals(t->rig->registry).instances;
}

static void test_registers(void **state)
{
    struct update_rig *t = update_rig();
    struct record r;
    struct instance_state s;
    update(t, R_NOERROR,
           HELLO "add a.hello.z. 30 AAAA 2001:db8::1\n"
                 "add a.hello.z. 30 TXT \"version=1.2\" \"tags=x,y\" \"k=v\" \"zone=z1\"\n");
    shows(t, "a.hello.z.", T_A, 0, "a.hello.z. 5 A 10.0.0.1");
    shows(t, "_hello._tcp.z.", T_SRV, 0, "_hello._tcp.z. 5 SRV 0 30 8080 a.hello.z.");
    assert_non_null(instance(t, "hello", "a"));
    instance_read(instance(t, "hello", "a"), &r);
    instance_state(instance(t, "hello", "a"), &s);
    assert_int_equal(r.address_count, 2);
    assert_int_equal(r.port_count, 1);
    assert_int_equal(r.ports[0].protocol, PROTOCOL_TCP);
    assert_int_equal(r.weight, 30);
    assert_true(r.permanent);
    assert_int_equal(r.ttl, 30);
    assert_true(text_is(r.version, TEXT("1.2")));
    assert_true(text_is(r.zone, TEXT("z1")));
    assert_int_equal(r.tag_count, 2);
    assert_int_equal(r.metadata_count, 1);
    assert_int_equal(s.owner.kind, PRINCIPAL_NAME);
    assert_string_equal(s.owner.name, "all");
    assert_int_equal(dns_records_count(t->records), 0);
    update_rig_free(t);
    (void)state;
}

/* The same message again is a renewal: nothing to publish or to store. */
static void test_renews(void **state)
{
    struct update_rig *t = update_rig();
    struct instance_state s;
    update(t, R_NOERROR, HELLO "add a.hello.z. 30 TXT \"b=2\" \"a=1\"\nlease 60\n");
    assert_true(t->has_lease);
    assert_int_equal(t->lease_s, 60);
    uint64_t index = registry_index(t->rig->registry);
    unsigned puts = t->log.instance_puts;
    update_rig_clock(t, 40000);
    update(t, R_NOERROR, HELLO "add a.hello.z. 30 TXT \"b=2\" \"a=1\"\nlease 60\n");
    assert_int_equal(registry_index(t->rig->registry), index);
    assert_int_equal(t->log.instance_puts, puts);
    instance_state(instance(t, "hello", "a"), &s);
    assert_int_equal(s.deadline_ms, t->lease_ms - 1 + 60000);
    update_rig_clock(t, 40000); /* of one that was not renewed the lease would be over */
    registry_expire(t->rig->registry, update_now(t), 100, NULL, NULL);
    assert_non_null(instance(t, "hello", "a"));
    update_rig_free(t);
    (void)state;
}

static void test_lease_of_instances(void **state)
{
    struct update_rig *t = update_rig();
    struct record r;
    update(t, R_NOERROR, HELLO "lease 3600\n"); /* more than the registry's own 300 */
    instance_read(instance(t, "hello", "a"), &r);
    assert_int_equal(r.lease_s, 3600);
    update(t, R_NOERROR, HELLO "lease 5\n");
    assert_int_equal(t->lease_s, 30);
    instance_read(instance(t, "hello", "a"), &r);
    assert_int_equal(r.lease_s, 30);
    update(t, R_NOERROR, HELLO "leases 100000 7\n");
    assert_int_equal(t->lease_s, 86400);
    assert_int_equal(t->key_lease_s, 30);
    update(t, R_NOERROR, HELLO);
    assert_false(t->has_lease);
    instance_read(instance(t, "hello", "a"), &r);
    assert_true(r.permanent);
    update(t, R_REFUSED, "add static.z. 5 A 10.0.0.1\nlease 60\n");
    assert_false(t->has_lease); /* only on success */
    update_rig_free(t);
    (void)state;
}

static void test_lease_runs_out(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, HELLO "lease 60\n");
    update_rig_clock(t, 61000);
    for (unsigned n = 0; n < 100 && instance(t, "hello", "a"); n++) {
        registry_expire(t->rig->registry, update_now(t), 100, NULL, NULL);
        update_rig_clock(t, 60000);
    }
    assert_null(instance(t, "hello", "a"));
    update_rig_free(t);
    (void)state;
}

static void test_deregisters(void **state)
{
    static const char *const ways[] = {
        "del a.hello.z.\n",
        "del a.hello.z. A\n",
        "del a.hello.z. A 10.0.0.1\n",
        "del hello.z. SRV\n",
        "del hello.z.\n",
        "del hello.z. SRV 0 30 8080 a.hello.z.\n",
        "del hello.z. SRV 0 1 8080 a.hello.z.\n", /* weights are not compared */
        "del _hello._tcp.z. SRV\n",
        "del _hello._tcp.z.\n",
        "del _hello._tcp.z. SRV 0 30 8080 a.hello.z.\n",
    };
    for (size_t n = 0; n < ARRAY_COUNT(ways); n++) {
        struct update_rig *t = update_rig();
        update(t, R_NOERROR, HELLO "add a.hello.z. 30 TXT \"k=v\"\n");
        assert_int_equal(instances(t), 1);
        update(t, R_NOERROR, ways[n]);
        if (instances(t) != 0 || dns_records_count(t->records))
            fail_msg("%s", ways[n]);
        assert_int_equal(t->log.buries, 1);
        shows(t, "a.hello.z.", T_A, R_NXDOMAIN, "");
        shows(t, "hello.z.", T_SRV, 0, ""); /* known, nobody up */
        update_rig_free(t);
    }
    (void)state;
}

/* What is not there is deleted silently. */
static void test_deletes_nothing(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, HELLO "lease 60\n");
    unsigned puts = t->log.instance_puts;
    uint64_t index = registry_index(t->rig->registry);
    update(t, R_NOERROR,
           "del a.hello.z. A 10.0.0.2\ndel a.hello.z. AAAA\ndel hello.z. SRV 0 30 81 a.hello.z.\n"
           "del hello.z. SRV 0 30 8080 b.hello.z.\ndel a.hello.z. TXT \"k=v\"\n"
           "del nobody.z.\ndel _hello._udp.z. SRV\ndel a.hello.z. SRV\ndel nobody.z. A\n");
    assert_int_equal(instances(t), 1);
    assert_int_equal(t->log.instance_puts, puts);
    assert_int_equal(registry_index(t->rig->registry), index);
    assert_int_equal(t->log.touches, 1);
    update_rig_free(t);
    (void)state;
}

static void test_changes(void **state)
{
    struct update_rig *t = update_rig();
    struct record r;
    update(t, R_NOERROR, HELLO "add a.hello.z. 30 TXT \"k=v\" \"l=w\"\nlease 60\n");
    /* delete and add in one message is a change, not a goodbye */
    update(t, R_NOERROR,
           "del a.hello.z.\nadd a.hello.z. 30 A 10.0.0.2\n"
           "del hello.z. SRV 0 30 8080 a.hello.z.\nadd hello.z. 30 SRV 1 20 8081 a.hello.z.\n"
           "lease 60\n");
    assert_int_equal(t->log.buries, 0);
    instance_read(instance(t, "hello", "a"), &r);
    assert_int_equal(r.metadata_count, 0);
    assert_int_equal(r.ports[0].number, 8081);
    assert_int_equal(r.priority, 1);
    assert_int_equal(r.weight, 20);
    shows(t, "a.hello.z.", T_A, 0, "a.hello.z. 5 A 10.0.0.2");
    /* a second port by another SRV, a second address */
    update(t, R_NOERROR,
           "add _hello._udp.z. 30 SRV 1 20 53 a.hello.z.\nadd a.hello.z. 30 AAAA 2001:db8::2\n"
           "add a.hello.z. 9 TXT \"a=1\" novalue\nadd a.hello.z. 9 TXT \"a=2\" \"\"\n");
    instance_read(instance(t, "hello", "a"), &r);
    assert_int_equal(r.port_count, 2);
    assert_int_equal(r.ports[1].protocol, PROTOCOL_UDP);
    assert_int_equal(r.address_count, 2);
    assert_int_equal(r.metadata_count, 2);
    assert_true(text_is(r.metadata[0].value, TEXT("2")));
    assert_int_equal(r.ttl, 9);
    shows(t, "_hello._udp.z.", T_SRV, 0, "_hello._udp.z. 5 SRV 1 20 53 a.hello.z.");
    /* at S.Z the port is said again, by whatever protocol it has */
    update(t, R_NOERROR, "add hello.z. 30 SRV 1 20 53 a.hello.z.\n");
    instance_read(instance(t, "hello", "a"), &r);
    assert_int_equal(r.port_count, 2);
    /* one address and one port less, and a pair out of the two that were added together */
    update(t, R_NOERROR,
           "del a.hello.z. A 10.0.0.2\ndel _hello._tcp.z. SRV\ndel a.hello.z. TXT novalue\n"
           "del a.hello.z. TXT \"novalue=\"\n");
    instance_read(instance(t, "hello", "a"), &r);
    assert_int_equal(r.port_count, 1);
    assert_int_equal(r.ports[0].number, 53);
    assert_int_equal(r.address_count, 1);
    assert_int_equal(r.metadata_count, 1);
    update_rig_free(t);
    (void)state;
}

/* A deletion alone keeps the lease that was granted. */
static void test_deletion_keeps_terms(void **state)
{
    struct update_rig *t = update_rig();
    struct record r;
    update(t, R_NOERROR, HELLO "add a.hello.z. 30 TXT \"k=v\"\nlease 600\n");
    update(t, R_NOERROR, "del a.hello.z. TXT \"k=v\"\n");
    instance_read(instance(t, "hello", "a"), &r);
    assert_int_equal(r.lease_s, 600);
    assert_int_equal(r.metadata_count, 0);
    assert_int_equal(r.ttl, 30);
    update_rig_free(t);
    (void)state;
}

static void test_other_instances_stay(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR,
           HELLO "add hello.z. 30 SRV 0 1 80 b.hello.z.\nadd b.hello.z. 30 A 10.0.0.2\n"
                 "add hello.z. 30 SRV 0 1 80 c.hello.z.\nadd c.hello.z. 30 A 10.0.0.3\n");
    assert_int_equal(instances(t), 3);
    update(t, R_NOERROR, "del b.hello.z.\n");
    assert_int_equal(instances(t), 2);
    /* the whole RRset is replaced: whoever is not named again goes */
    update(t, R_NOERROR, "del hello.z. SRV\n" HELLO);
    assert_int_equal(instances(t), 1);
    assert_non_null(instance(t, "hello", "a"));
    update_rig_free(t);
    (void)state;
}

static void test_owners(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, HELLO);
    reg(t->rig->registry, "hello/u", "addr=10.0.0.9 port=80", t->lease_ms);
    update_publish(t);
    static const char *const refused[] = {
        "add a.hello.z. 30 A 10.0.0.2\n",
        "del a.hello.z.\n",
        "del hello.z. SRV\n",
        "del hello.z. SRV 0 30 8080 a.hello.z.\n",
        "add hello.z. 30 SRV 0 30 8080 a.hello.z.\n",
        "add b.hello.z. 5 A 10.0.0.3\nadd hello.z. 5 SRV 0 0 80 b.hello.z.\ndel u.hello.z. A\n",
    };
    t->key = "other";
    uint64_t index = registry_index(t->rig->registry);
    for (size_t n = 0; n < ARRAY_COUNT(refused); n++) {
        update(t, R_REFUSED, refused[n]);
        assert_int_equal(registry_index(t->rig->registry), index);
    }
    assert_true(strstr(t->text, "somebody else") != NULL);
    update(t, R_NOERROR, "del a.hello.z. A 10.0.0.77\n"); /* not there: no matter whose */
    update_rig_free(t);
    (void)state;
}

static void test_long_key_names(void **state)
{
    struct update_rig *t = update_rig();
    struct instance_state s;
    t->key = "a-key-with-a-name-that-is-longer-than-owners.example";
    update(t, R_NOERROR, HELLO);
    instance_state(instance(t, "hello", "a"), &s);
    assert_int_equal(strlen(s.owner.name), PRINCIPAL_NAME_MAX);
    update(t, R_NOERROR, "del a.hello.z.\n");
    assert_int_equal(instances(t), 0);
    update_rig_free(t);
    (void)state;
}

/* The HTTP token is no key, whatever the key is called. */
static void test_the_token_is_no_key(void **state)
{
    static const struct principal admin = {.kind = PRINCIPAL_NAME, .name = PRINCIPAL_TOKEN};
    struct update_rig *t = update_rig();
    struct granted granted;
    struct record r = {.ns = TEXT("default"),
                       .service = TEXT("hello"),
                       .id = TEXT("a"),
                       .ttl = TTL_UNSET,
                       .address_count = 1,
                       .port_count = 1,
                       .ports = {{.number = 80}}};
    r.addresses[0] = (struct addr){.family = FAMILY_V4, .bytes = {10, 0, 0, 1}};
    assert_int_equal(registry_register(t->rig->registry, &r, &admin, update_now(t), &granted),
                     ERR_OK);
    update_publish(t);
    t->key = "admin";
    update(t, R_REFUSED, "add a.hello.z. 30 A 10.0.0.2\n");
    assert_true(strstr(t->text, "somebody else") != NULL);
    update_rig_free(t);
    (void)state;
}

/* TXT does not show it, and an UPDATE of what it does show keeps it. */
static void test_hidden_metadata_stays(void **state)
{
    static const struct principal holder = {.kind = PRINCIPAL_NAME, .name = "all"};
    struct update_rig *t = update_rig();
    struct granted granted;
    struct record r = {.ns = TEXT("default"),
                       .service = TEXT("hello"),
                       .id = TEXT("a"),
                       .ttl = TTL_UNSET,
                       .address_count = 1,
                       .port_count = 1,
                       .ports = {{.number = 80}},
                       .metadata_count = 3,
                       .metadata = {{TEXT("k"), TEXT("v")},
                                    {TEXT("~00"), TEXT("Host_One")},
                                    {TEXT("~01"), TEXT("x")}}};
    r.addresses[0] = (struct addr){.family = FAMILY_V4, .bytes = {10, 0, 0, 1}};
    assert_int_equal(registry_register(t->rig->registry, &r, &holder, update_now(t), &granted),
                     ERR_OK);
    update_publish(t);
    update(t, R_NOERROR, "add a.hello.z. 30 A 10.0.0.2\n");
    update(t, R_NOERROR, "del a.hello.z. TXT\n");
    instance_read(instance(t, "hello", "a"), &r);
    assert_int_equal(r.address_count, 2);
    assert_int_equal(r.metadata_count, 2);
    assert_true(text_is(r.metadata[0].key, TEXT("~00")));
    assert_true(text_is(r.metadata[0].value, TEXT("Host_One")));
    assert_true(text_is(r.metadata[1].key, TEXT("~01")));
    update_rig_free(t);
    (void)state;
}

/* In two messages, in either order: plain first, an instance as soon as both are there. */
static void test_in_two_steps(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, "add a.hello.z. 30 A 10.0.0.1\nadd a.hello.z. 30 TXT \"k=v\"\n");
    assert_int_equal(dns_records_count(t->records), 2);
    shows(t, "a.hello.z.", T_A, 0, "a.hello.z. 30 A 10.0.0.1");
    update(t, R_NOERROR, "add hello.z. 30 SRV 0 1 80 a.hello.z.\n");
    assert_int_equal(dns_records_count(t->records), 0);
    assert_int_equal(instances(t), 1);
    update(t, R_NOERROR, "add bye.z. 30 SRV 0 1 80 a.bye.z.\n");
    shows(t, "bye.z.", T_SRV, 0, "bye.z. 30 SRV 0 1 80 a.bye.z.");
    assert_int_equal(dns_records_count(t->records), 1);
    update(t, R_NOERROR, "add a.bye.z. 30 A 10.0.0.1\n");
    assert_int_equal(dns_records_count(t->records), 0);
    assert_int_equal(instances(t), 2);
    shows(t, "a.bye.z.", T_A, 0, "a.bye.z. 5 A 10.0.0.1");
    update_rig_free(t);
    (void)state;
}

/* DNS-SD's records of an instance follow from it. */
static void test_browsing_records_are_derived(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR,
           HELLO "add _hello._tcp.z. 30 PTR a._hello._tcp.z.\n"
                 "add _services._dns-sd._udp.z. 30 PTR _hello._tcp.z.\n"
                 "add a._hello._tcp.z. 30 SRV 0 0 8080 a.hello.z.\n"
                 "add a._hello._tcp.z. 30 TXT \"\"\nadd a.hello.z. 30 SRV 0 0 8080 a.hello.z.\n");
    assert_int_equal(dns_records_count(t->records), 0);
    assert_int_equal(instances(t), 1);
    update(t, R_NOERROR, "add _services._dns-sd._udp.z. 30 PTR _hello._tcp.z.\n");
    update(t, R_REFUSED, "add _hello._tcp.z. 30 PTR b._hello._tcp.z.\n");
    update(t, R_REFUSED, "add _hello._tcp.z. 30 PTR elsewhere.\n");
    update(t, R_REFUSED, "add _services._dns-sd._udp.z. 30 PTR _other._tcp.z.\n");
    update(t, R_REFUSED,
           "add x._hello._tcp.z. 30 PTR a._hello._tcp.z.\n"
           "add hello.z. 30 MX 1 x.\n");
    update(t, R_NOERROR, "del _hello._tcp.z. PTR\ndel a._hello._tcp.z.\n");
    assert_int_equal(instances(t), 1);
    update_rig_free(t);
    (void)state;
}

static void many(struct update_rig *t, unsigned code, const char *format, unsigned count,
                 const char *more)
{
    char line[200];
    update_begin(t);
    update_lines(t, more);
    for (unsigned n = 0; n < count; n++) {
        snprintf(line, sizeof(line), format, n, n);
        update_lines(t, line);
    }
    update_sign(t);
    if (update_send_once(t) != code)
        fail_msg("%s: %u %s", format, t->rcode, t->text);
    t->lease_ms++;
    update_publish(t);
}

static void test_limits_of_instances(void **state)
{
    struct update_rig *t = update_rig();
    many(t, R_REFUSED, "add a.hello.z. 5 A 10.0.0.%u\n", 9,
         "add hello.z. 5 SRV 0 0 80 a.hello.z.\n");
    many(t, R_REFUSED, "add hello.z. 5 SRV 0 0 %u a.hello.z.\n", 10, HELLO);
    many(t, R_REFUSED, "add a.hello.z. 5 TXT k%u=v\n", 65, HELLO);
    many(t, R_REFUSED, "add a.hello.z. 5 TXT tags=t%u\n", 17, HELLO);
    many(t, R_REFUSED, "add a.hello.z. 5 TXT k%u=0123456789012345678901234567890123456789\n", 40,
         HELLO);
    update(t, R_REFUSED, HELLO "add hello.z. 5 SRV 40000 0 80 a.hello.z.\n");
    update(t, R_REFUSED, HELLO "add hello.z. 5 SRV 0 0 0 a.hello.z.\n");
    update(t, R_REFUSED, HELLO "add a.hello.z. 5 TXT \"zone=No Label\"\n");
    update(t, R_REFUSED, HELLO "add a.hello.z. 5 A 0.0.0.0\n");
    assert_int_equal(instances(t), 0);
    many(t, R_NOERROR, "add a.hello.z. 5 TXT tags=t%u\n", 16, HELLO);
    struct registry_config config = *registry_config_of(t->rig->registry);
    config.service_instances_max = 1;
    assert_int_equal(registry_configure(t->rig->registry, &config), ERR_OK);
    update(t, R_REFUSED, "add hello.z. 5 SRV 0 0 80 b.hello.z.\nadd b.hello.z. 5 A 10.0.0.2\n");
    assert_int_equal(instances(t), 1);
    update_rig_free(t);
    (void)state;
}

static void test_limits_of_records(void **state)
{
    struct update_rig *t = update_rig();
    uint8_t large[RECORDS_RDATA_MAX + 1] = {0};
    many(t, R_NOERROR, "add x.z. 5 TXT k%u\n", RECORDS_OF_NAME_MAX, "");
    update(t, R_REFUSED, "add x.z. 5 TXT more\n");
    update(t, R_NOERROR, "del x.z. TXT k0\nadd x.z. 5 TXT more\n");
    update_begin(t);
    update_raw(t, 2, "l.z.", 65280, 1, 5, large, sizeof(large));
    update_sign(t);
    assert_int_equal(update_send_once(t), R_REFUSED);
    assert_int_equal(dns_records_count(t->records), RECORDS_OF_NAME_MAX);
    update_rig_free(t);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_renews),
        cmocka_unit_test(test_lease_of_instances),
        cmocka_unit_test(test_lease_runs_out),
        cmocka_unit_test(test_deregisters),
        cmocka_unit_test(test_deletes_nothing),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_deletion_keeps_terms),
        cmocka_unit_test(test_other_instances_stay),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_long_key_names),
        cmocka_unit_test(test_the_token_is_no_key),
        cmocka_unit_test(test_hidden_metadata_stays),
        cmocka_unit_test(test_in_two_steps),
        cmocka_unit_test(test_browsing_records_are_derived),
        cmocka_unit_test(test_limits_of_instances),
        cmocka_unit_test(test_limits_of_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
