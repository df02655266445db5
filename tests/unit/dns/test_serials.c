/* SOA serials: whose they are, and what a reload makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/rcu.h"
#include "dns/dns.h"
#include "unit/dns/registered.h"
#include "unit/dns/zone_text.h"

#define HEAD "@ SOA ns host %u 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n%s"

enum { LIVE, FIXED }; /* the zones */

struct fixture {
    struct registry *registry;
    struct dns *dns;
    uint64_t now;
};

/* A zone's file: its serial and what it has beside the usual. */
struct file {
    uint32_t serial;
    const char *more;
};

static char *file_of(struct file content)
{
    char text[512];
    snprintf(text, sizeof(text), HEAD, content.serial, content.more);
    return zone_text(text, NULL);
}

static struct dns *load(uint32_t serial, struct file live, struct file fixed, uint32_t ttl)
{
    struct dns_config config = {.serial = serial, .zone_count = 2};
    struct dns_fault fault;
    config.zones = calloc(2, sizeof(*config.zones));
    config.zones[LIVE] = (struct dns_zone_config){
        .name = strdup("live"), .ns = strdup("default"), .ttl = ttl, .negative_ttl = 2};
    config.zones[FIXED] =
        (struct dns_zone_config){.name = strdup("fixed"), .ttl = 5, .negative_ttl = 2};
    config.zones[LIVE].file = file_of(live);
    config.zones[FIXED].file = file_of(fixed);
    struct dns *dns = dns_new(&config, &test_key, &fault);
    if (!dns)
        fail_msg("%s:%u: %s", fault.file, fault.line, fault.text);
    return dns;
}

static void publish(struct fixture *f)
{
    assert_int_equal(dns_publish(f->dns, f->registry, ++f->now, NULL), ERR_OK);
    registry_changes_trim(f->registry, dns_published_index(f->dns));
}

static struct fixture setup(void)
{
    struct fixture f = {.registry = registry_empty()};
    f.dns = load(1000, (struct file){7, ""}, (struct file){20261121, ""}, 5);
    reg(f.registry, "web/a", "addr=10.0.0.1", 1);
    publish(&f);
    return f;
}

static void reload(struct fixture *f, struct file live, struct file fixed, uint32_t ttl)
{
    struct dns *old = f->dns;
    f->dns = load(dns_serial(old), live, fixed, ttl);
    dns_follow(f->dns, old, f->registry);
    publish(f);
    dns_free(old);
}

static void expect(struct fixture *f, uint32_t live, uint32_t fixed)
{
    assert_int_equal(dns_zone_serial(f->dns, LIVE), live);
    assert_int_equal(dns_zone_serial(f->dns, FIXED), fixed);
    dns_free(f->dns);
    registry_free(f->registry);
    rcu_drain();
}

static void test_fixed_zones_have_their_own(void **state)
{
    (void)state;
    struct fixture f = setup();
    assert_int_equal(dns_serial(f.dns), 1001); /* the file's date is nobody else's */
    expect(&f, 1001, 20261121);
}

static void test_nothing_changed(void **state)
{
    (void)state;
    struct fixture f = setup();
    reload(&f, (struct file){7, ""}, (struct file){20261121, ""}, 5);
    expect(&f, 1001, 20261121);
}

static void test_files_changed(void **state)
{
    (void)state;
    struct fixture f = setup();
    reload(&f, (struct file){7, "x A 10.9.9.1\n"}, (struct file){20261121, "x A 10.9.9.1\n"}, 5);
    expect(&f, 1002, 20261122);
}

static void test_file_serial_grew(void **state)
{
    (void)state;
    struct fixture f = setup();
    reload(&f, (struct file){5000, ""}, (struct file){20261201, "x A 10.9.9.1\n"}, 5);
    expect(&f, 5001, 20261201);
}

static void test_soa_changed(void **state)
{
    (void)state;
    struct fixture f = setup();
    reload(&f, (struct file){7, ""}, (struct file){20261120, "@ TXT \"lower\"\n"}, 5);
    expect(&f, 1001, 20261122);
}

static void test_configuration_changed(void **state)
{
    (void)state;
    struct fixture f = setup();
    reload(&f, (struct file){7, ""}, (struct file){20261121, ""}, 6);
    expect(&f, 1002, 20261121);
}

/* What was registered and not yet published comes with the new one. */
static void test_unpublished_change(void **state)
{
    (void)state;
    struct fixture f = setup();
    reg(f.registry, "web/b", "addr=10.0.0.2", ++f.now);
    reload(&f, (struct file){7, ""}, (struct file){20261121, ""}, 5);
    expect(&f, 1002, 20261121);
}

static void test_goes_on_after_a_reload(void **state)
{
    (void)state;
    struct fixture f = setup();
    reload(&f, (struct file){7, ""}, (struct file){20261121, ""}, 5);
    reg(f.registry, "web/b", "addr=10.0.0.2", ++f.now);
    publish(&f);
    expect(&f, 1002, 20261121);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_zones_have_their_own),
        cmocka_unit_test(test_nothing_changed),
        cmocka_unit_test(test_files_changed),
        cmocka_unit_test(test_file_serial_grew),
        cmocka_unit_test(test_soa_changed),
        cmocka_unit_test(test_configuration_changed),
        cmocka_unit_test(test_unpublished_change),
        cmocka_unit_test(test_goes_on_after_a_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
