/* UPDATE: what one message, one key and all keys together can cost, and what is left over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/log.h"
#include "dns/update_parts.h"
#include "support/logged.h"
#include "unit/dns/updating.h"

/* ---- work of one message ------------------------------------------------------------------ */

static void populate(struct update_rig *t, unsigned count, bool udp)
{
    for (unsigned n = 0; n < count; n++) {
        char id[16];
        struct record r = {.ttl = TTL_UNSET, .permanent = true, .status = STATUS_UP};
        struct principal who = {.kind = PRINCIPAL_NAME, .name = "all"};
        struct granted granted;
        snprintf(id, sizeof(id), "i%u", n);
        r.ns = TEXT("default");
        r.service = TEXT("svc");
        r.id = text_of(id);
        r.addresses[r.address_count++] =
            (struct addr){.family = FAMILY_V4, .bytes = {10, 1, (uint8_t)(n >> 8), (uint8_t)n}};
        r.ports[r.port_count++] = (struct port){.number = 80, .protocol = PROTOCOL_TCP};
        if (udp)
            r.ports[r.port_count++] = (struct port){.number = 53, .protocol = PROTOCOL_UDP};
        assert_int_equal(registry_register(t->rig->registry, &r, &who, update_now(t), &granted),
                         ERR_OK);
    }
    t->lease_ms += 100000;
    update_publish(t);
}

static struct update work_of(struct update_rig *t, struct update_rr *changes, size_t count)
{
    struct update u = {.dns = t->rig->dns,
                       .registry = t->rig->registry,
                       .now = update_now(t),
                       .zone = t->rig->dns->zones[0],
                       .ede = EDE_NONE,
                       .changes = changes,
                       .change_count = count};
    u.config = &t->rig->dns->config.zones[0];
    u.who = (struct principal){.kind = PRINCIPAL_NAME, .name = "all"};
    return u;
}

static struct update_rr deletion(const char *owner, uint16_t type)
{
    struct update_rr rr = {.type = type, .class = 255};
    assert_int_equal(name_parse(text_of(owner), &rr.owner), ERR_OK);
    return rr;
}

/* Only those are loaded that the message takes something from. */
static void test_loads_what_is_touched(void **state)
{
    struct update_rig *t = update_rig();
    populate(t, 300, false);
    reg(t->rig->registry, "svc/u", "addr=10.0.0.9 port=53/udp", t->lease_ms);
    struct update_rr udp[] = {deletion("_svc._udp.z", T_SRV), deletion("_svc._udp.z", T_SRV)};
    struct update u = work_of(t, udp, 2);
    assert_true(update_apply(&u) && update_derive(&u));
    assert_int_equal(u.instances.count, 1);
    update_deinit(&u);
    struct update_rr tcp[] = {deletion("_svc._tcp.z", T_ANY)};
    u = work_of(t, tcp, 1);
    assert_true(update_apply(&u) && update_derive(&u));
    assert_int_equal(u.instances.count, 300);
    update_deinit(&u);
    struct update_rr all[] = {deletion("svc.z", T_SRV)};
    u = work_of(t, all, 1);
    assert_true(update_apply(&u) && update_derive(&u));
    assert_int_equal(u.instances.count, 301);
    update_deinit(&u);
    update_rig_free(t);
    (void)state;
}

/* Each tie is looked at for its own instance alone. */
static void test_ties_are_per_instance(void **state)
{
    struct update_rig *t = update_rig();
    populate(t, 50, true);
    struct update_rr udp[] = {deletion("_svc._udp.z", T_SRV)};
    struct update u = work_of(t, udp, 1);
    assert_true(update_apply(&u) && update_derive(&u));
    size_t cursor = 0;
    for (const struct work_instance *i; (i = map_next(&u.instances, &cursor));) {
        const struct work_record *r;
        unsigned ties = 0;
        STAILQ_FOREACH(r, &i->ties, tie)
        ties++;
        assert_int_equal(ties, 2);
    }
    update_deinit(&u);
    /* None of them was added to: they are not registered anew, but changed. */
    update(t, R_NOERROR, "del _svc._udp.z. SRV\n");
    assert_int_equal(registry_totals(t->rig->registry).instances, 50);
    shows(t, "_svc._udp.z.", T_SRV, 0, "");
    update(t, R_NOERROR,
           "del svc.z. SRV 0 0 80 i7.svc.z.\ndel _svc._tcp.z. SRV 0 0 80 i8.svc.z.\n");
    assert_int_equal(registry_totals(t->rig->registry).instances, 48);
    update_rig_free(t);
    (void)state;
}

/* A service has no room for a CNAME while it shows something. */
static void test_alias_at_a_service(void **state)
{
    struct update_rig *t = update_rig();
    populate(t, 2, false);
    update(t, R_NOERROR, "add i1.svc.z. 9 A 10.9.9.1\nadd _svc._tcp.z. 9 CNAME x.z.\n");
    assert_int_equal(dns_records_count(t->records), 0);
    assert_int_equal(registry_totals(t->rig->registry).instances, 2);
    update_rig_free(t);
    (void)state;
}

static void prerequisites(struct update_rig *t, unsigned count, const char *const *names)
{
    update_begin(t);
    for (unsigned n = 0; n < count; n++)
        update_raw(t, 1, names[n % 2], T_SRV, 255, 0, NULL, 0);
    update_lines(t, "add new.z. 5 A 10.0.0.1\n");
    update_sign(t);
    update_send_once(t);
    t->lease_ms++;
}

static void test_prerequisites_are_bounded(void **state)
{
    static const char *const same[] = {"svc.z.", "svc.z."}, *const both[] = {"svc.z.",
                                                                             "_svc._tcp.z."};
    struct update_rig *t = update_rig();
    populate(t, 1500, false);
    prerequisites(t, 1000, same); /* asked once */
    assert_int_equal(t->rcode, R_NOERROR);
    prerequisites(t, 20, both);
    assert_int_equal(t->rcode, R_NOERROR);
    prerequisites(t, 1000, both);
    assert_int_equal(t->rcode, R_REFUSED);
    assert_non_null(strstr(t->text, "too many records of services"));
    update_rig_free(t);
    (void)state;
}

static void test_marks(void **state)
{
    struct update u = {0};
    struct update_mark none = update_mark(&u);
    assert_non_null(update_memory(&u, 100));
    struct update_mark mark = update_mark(&u);
    uint8_t *first = update_memory(&u, 64);
    memset(first, 7, 64);
    assert_non_null(update_memory(&u, 5000));
    assert_non_null(update_memory(&u, 64));
    update_release(&u, mark);
    uint8_t *again = update_memory(&u, 64);
    assert_ptr_equal(again, first);
    for (unsigned n = 0; n < 64; n++)
        assert_int_equal(again[n], 0);
    update_release(&u, none);
    assert_null(u.memory);
    update_deinit(&u);
    (void)state;
}

/* ---- names of grants ------------------------------------------------------------------------ */

static void test_dots_inside_labels(void **state)
{
    struct update_rig *t = update_rig();
    t->key = "web";
    update(t, R_REFUSED, "add x\\.web.z. 60 A 10.0.0.1\n");
    update(t, R_REFUSED, "add a.x\\.web.z. 60 A 10.0.0.1\n");
    update(t, R_REFUSED, "del x\\.web.z.\n");
    update(t, R_NOERROR, "add x\\.y.web.z. 60 TXT a\nadd x\\\\.web.z. 60 TXT a\n");
    assert_int_equal(dns_records_count(t->records), 2);
    t->key = "all";
    update(t, R_NOERROR, "add x\\.web.z. 60 A 10.0.0.1\n");
    assert_int_equal(dns_records_count(t->records), 3);
    update_rig_free(t);
    (void)state;
}

/* ---- leases and owners --------------------------------------------------------------------- */

static void test_retimed_keeps_its_lease(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, "add c.z. 60 TXT a\nlease 100\n");
    for (unsigned n = 0; n < 2; n++) {
        t->lease_ms += 40000;
        t->key = "acme";
        update(t, R_NOERROR,
               n ? "add c.z. 60 TXT b\nlease 1000\n" : "add c.z. 61 TXT b\nlease 1000\n");
        assert_false(dns_records_expire(t->records, update_now(t), 10));
        assert_int_equal(dns_records_count(t->records), 2);
    }
    /* To and fro in one message: nothing is new. */
    update(t, R_NOERROR, "add c.z. 61 TXT b\nadd c.z. 60 TXT b\nlease 1000\n");
    t->lease_ms += 25000;
    assert_false(dns_records_expire(t->records, update_now(t), 10));
    update_publish(t);
    assert_int_equal(dns_records_count(t->records), 1);
    shows(t, "c.z.", T_TXT, 0, "c.z. 60 TXT \"b\"");
    update_rig_free(t);
    (void)state;
}

static const char *owner_of(struct update_rig *t, struct instance_state *state)
{
    struct instance_key key = {TEXT("default"), TEXT("svc"), TEXT("i1")};
    instance_state(registry_instance(t->rig->registry, key), state);
    return state->owner.name;
}

/* One that ran out is taken over by who registers it, not by who takes from it. */
static void test_deletion_is_no_takeover(void **state)
{
    struct update_rig *t = update_rig();
    struct record r = {.ttl = TTL_UNSET, .lease_s = 30, .status = STATUS_UP};
    struct principal who = {.kind = PRINCIPAL_NAME, .name = "x"};
    struct granted granted;
    struct instance_state s;
    r.ns = TEXT("default");
    r.service = TEXT("svc");
    r.id = TEXT("i1");
    r.address_count = 2;
    for (uint8_t n = 0; n < 2; n++)
        r.addresses[n] = (struct addr){.family = FAMILY_V4, .bytes = {10, 1, 0, n}};
    r.ports[r.port_count++] = (struct port){.number = 80, .protocol = PROTOCOL_TCP};
    assert_int_equal(registry_register(t->rig->registry, &r, &who, update_now(t), &granted),
                     ERR_OK);
    t->lease_ms += 40000;
    update(t, R_REFUSED, "del i1.svc.z. A 10.1.0.1\n");
    assert_non_null(strstr(t->text, "somebody else"));
    update(t, R_REFUSED, "add i1.svc.z. 5 A 10.1.0.7\n");
    update(t, R_REFUSED, "add svc.z. 5 SRV 0 0 81 i1.svc.z.\n");
    assert_string_equal(owner_of(t, &s), "x");
    update(t, R_NOERROR, "add svc.z. 5 SRV 0 0 81 i1.svc.z.\nadd i1.svc.z. 5 A 10.1.0.7\n");
    assert_string_equal(owner_of(t, &s), "all");
    update_rig_free(t);
    (void)state;
}

/* ---- quotas --------------------------------------------------------------------------------- */

static void with_quota(struct dns_config *config)
{
    grant(config);
    config->keys[0].quota = 2;
    free(config->keys[2].name);
    config->keys[2].name = strdup("acme.");
    config->keys[2].quota = 1;
}

static void test_quota_of_records(void **state)
{
    struct update_rig *t = update_rig_with(UPDATE_ZONE, with_quota);
    update(t, R_NOERROR, "add a.z. 5 TXT 1\nadd a.z. 5 TXT 2\n");
    update(t, R_REFUSED, "add b.z. 5 TXT 3\n");
    assert_non_null(strstr(t->text, "quota"));
    update(t, R_NOERROR, "add a.z. 6 TXT 1\n");                 /* no more than before */
    update(t, R_NOERROR, "del a.z. TXT 1\nadd b.z. 5 TXT 3\n"); /* nor here */
    t->key = "other";
    update(t, R_NOERROR, "add c.z. 5 TXT 1\nadd c.z. 5 TXT 2\nadd c.z. 5 TXT 3\n");
    t->key = "all";
    update(t, R_REFUSED, "add c.z. 5 TXT 1\n"); /* that would be its own then */
    update(t, R_NOERROR, "del b.z.\nadd c.z. 5 TXT 1\n");
    update(t, R_REFUSED, "add d.z. 5 TXT 1\n");
    t->key = "acme";
    update(t, R_REFUSED, "add d.z. 5 TXT 1\nadd d.z. 5 TXT 2\n");
    update(t, R_NOERROR, "add d.z. 5 TXT 1\n");
    update_rig_free(t);
    (void)state;
}

static void test_quota_of_instances(void **state)
{
    struct update_rig *t = update_rig_with(UPDATE_ZONE, with_quota);
    update(t, R_NOERROR,
           "add s.z. 5 SRV 0 0 80 a.s.z.\nadd a.s.z. 5 A 10.0.0.1\n"
           "add s.z. 5 SRV 0 0 80 b.s.z.\nadd b.s.z. 5 A 10.0.0.2\n");
    update(t, R_REFUSED, "add s.z. 5 SRV 0 0 80 c.s.z.\nadd c.s.z. 5 A 10.0.0.3\n");
    assert_non_null(strstr(t->text, "quota"));
    update(t, R_NOERROR, "del a.s.z.\nadd s.z. 5 SRV 0 0 80 c.s.z.\nadd c.s.z. 5 A 10.0.0.3\n");
    update_rig_free(t);
    (void)state;
}

static void test_bytes_of_records(void **state)
{
    struct update_rig *t = update_rig();
    size_t empty = t->records->bytes;
    assert_int_equal(empty, 0);
    update(t, R_NOERROR, "add a.z. 5 TXT 1\nadd b.z. 5 TXT 2\n");
    t->records->bytes_max = t->records->bytes;
    update(t, R_REFUSED, "add c.z. 5 TXT 3\n");
    assert_non_null(strstr(t->text, "memory"));
    update(t, R_NOERROR, "add a.z. 6 TXT 1\ndel b.z.\n");
    t->key = "all";
    update(t, R_NOERROR, "del a.z.\n");
    assert_int_equal(t->records->bytes, empty);
    assert_int_equal(t->records->holders.count, 0);
    update_rig_free(t);
    (void)state;
}

static void test_records_of_a_name(void **state)
{
    struct update_rig *t = update_rig();
    update_begin(t);
    for (unsigned n = 0; n < RECORDS_OF_NAME_MAX + 1; n++) {
        uint8_t rdata[4] = {10, 9, (uint8_t)(n >> 8), (uint8_t)n};
        update_raw(t, 2, "a.z.", T_A, 1, 5, rdata, 4);
    }
    update_sign(t);
    assert_int_equal(update_send_once(t), R_REFUSED);
    assert_non_null(strstr(t->text, "1000 records"));
    assert_int_equal(t->records->bytes, 0);
    update_rig_free(t);
    (void)state;
}

/* ---- other zones ------------------------------------------------------------------------------
 */

/* What the zone file has by now does not keep a record from being deleted. */
static void test_hidden_by_the_zone_file(void **state)
{
    struct update_rig *t = update_rig();
    struct dns_record old = {.zone = (const uint8_t *)"\1z",
                             .owner = (const uint8_t *)"\6static\1z",
                             .type = T_TXT,
                             .size = 2,
                             .ttl = 5,
                             .rdata = (const uint8_t *)"\1x",
                             .key = TEXT("all")};
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(dns_records_restore(t->records, &old, update_now(t)), ERR_OK);
        update_publish(t);
        shows(t, "static.z.", T_TXT, 0, "");
        assert_int_equal(dns_records_count(t->records), 1);
        update(t, R_NOERROR, "del static.z. TXT y\n");
        assert_int_equal(dns_records_count(t->records), 1);
        update(t, R_REFUSED, "del static.z. A\n");
        update(t, R_NOERROR,
               n == 0   ? "del static.z.\n"
               : n == 1 ? "del static.z. TXT\n"
                        : "del static.z. TXT x\n");
        assert_int_equal(dns_records_count(t->records), 0);
    }
    update(t, R_REFUSED, "del static.z.\n");
    update_rig_free(t);
    (void)state;
}

static bool warns_of_hidden(struct update_rig *t)
{
    assert_int_equal(capture_begin(NULL), 0);
    log_set_level(LOG_LEVEL_WARN);
    update_publish(t);
    log_set_level(LOG_LEVEL_ERROR);
    bool warns = strstr(logged(), "are hidden at static.z.") != NULL;
    capture_end(NULL);
    return warns;
}

static void test_hidden_with_a_warning(void **state)
{
    struct update_rig *t = update_rig();
    struct dns_record old = {.zone = (const uint8_t *)"\1z",
                             .owner = (const uint8_t *)"\6static\1z",
                             .type = T_TXT,
                             .size = 2,
                             .rdata = (const uint8_t *)"\1x",
                             .key = TEXT("all")};
    assert_int_equal(dns_records_restore(t->records, &old, update_now(t)), ERR_OK);
    assert_true(warns_of_hidden(t));
    assert_int_equal(update_send(t, "del static.z. TXT\nadd p.z. 5 TXT x\n"), R_NOERROR);
    assert_false(warns_of_hidden(t));
    update_rig_free(t);
    (void)state;
}

static void test_zones_that_are_gone(void **state)
{
    struct update_rig *t = update_rig();
    struct dns_record lost = {.zone = (const uint8_t *)"\5other",
                              .owner = (const uint8_t *)"\1a\5other",
                              .type = T_TXT,
                              .size = 2,
                              .rdata = (const uint8_t *)"\1x",
                              .key = TEXT("all")};
    update(t, R_NOERROR, "add p.z. 5 TXT x\n");
    assert_int_equal(dns_records_restore(t->records, &lost, update_now(t)), ERR_OK);
    lost.rdata = (const uint8_t *)"\1y";
    assert_int_equal(dns_records_restore(t->records, &lost, update_now(t)), ERR_OK);
    t->log.fail_records = ERR_READONLY;
    dns_records_drop_lost(t->rig->dns);
    assert_int_equal(dns_records_count(t->records), 3);
    t->log.fail_records = ERR_OK;
    unsigned removes = t->log.removes;
    dns_records_drop_lost(t->rig->dns);
    assert_int_equal(dns_records_count(t->records), 1);
    assert_int_equal(t->log.removes - removes, 2);
    dns_records_drop_lost(t->rig->dns);
    update_publish(t);
    assert_int_equal(t->records->names.count, 1);
    shows(t, "p.z.", T_TXT, 0, "p.z. 5 TXT \"x\"");
    update_rig_free(t);
    (void)state;
}

/* ---- words --------------------------------------------------------------------------------- */

static void test_target_without_address(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, "add s.z. 5 SRV 0 0 80 a.s.z.\nadd a.s.z. 5 A 10.0.0.1\n");
    update(t, R_REFUSED, "add s.z. 5 SRV 0 0 80 b.s.z.\n");
    assert_string_equal(t->text, "SRV target b.s.z. needs an address in the same message");
    update(t, R_REFUSED, "add s.z. 5 SRV 0 0 80 elsewhere.\n");
    assert_non_null(strstr(t->text, "the name of a service"));
    update(t, R_REFUSED, "add s.z. 5 SRV 0 0 80 b.t.z.\n");
    assert_non_null(strstr(t->text, "the name of a service"));
    update(t, R_REFUSED, "add s.z. 5 MX 1 b.s.z.\n");
    assert_non_null(strstr(t->text, "the name of a service"));
    update_rig_free(t);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loads_what_is_touched),
        cmocka_unit_test(test_ties_are_per_instance),
        cmocka_unit_test(test_alias_at_a_service),
        cmocka_unit_test(test_prerequisites_are_bounded),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_dots_inside_labels),
        cmocka_unit_test(test_retimed_keeps_its_lease),
        cmocka_unit_test(test_deletion_is_no_takeover),
        cmocka_unit_test(test_quota_of_records),
        cmocka_unit_test(test_quota_of_instances),
        cmocka_unit_test(test_bytes_of_records),
        cmocka_unit_test(test_records_of_a_name),
        cmocka_unit_test(test_hidden_by_the_zone_file),
        cmocka_unit_test(test_hidden_with_a_warning),
        cmocka_unit_test(test_zones_that_are_gone),
        cmocka_unit_test(test_target_without_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
