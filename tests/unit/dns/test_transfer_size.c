/* How large a zone is, beside which differences are too many to be worth it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/leaf.h"
#include "dns/state.h"
#include "unit/dns/transferring.h"

#define RECORDS "@ SOA ns host 1 60 10 86400 2\n@ NS ns\nns A 10.9.9.9\n"

enum { JOURNAL = 1 << 20 };

static void expect_whole(struct rig *t, uint32_t serial)
{
    struct secondary s = {.serial = serial};
    secondary_ixfr(&s, t);
    assert_int_equal(s.wholes, 1);
    secondary_deinit(&s);
}

/* Some more differences than are always sent lead from `first` to here. */
static void expect_differences(struct rig *t, uint32_t first)
{
    char fields[80];
    uint32_t second;
    for (unsigned i = 0; i < 60; i++) {
        snprintf(fields, sizeof(fields), "addr=10.0.0.%u port=80", i + 1);
        reg(t->registry, "web/a", fields, i + 1);
        publish(t);
    }
    struct transfer_reply r =
        transfer(t, &(struct transfer_ask){.type = T_IXFR, .zone = "z", .serial = first});
    assert_true(r.bytes > 16384);
    assert_true(is_soa(r.lines[1], &second));
    assert_int_equal(second, first);
    transfer_reply_free(&r);
}

/* What the zone file holds makes the zone larger than many differences. */
static void test_static_records_count(void **state)
{
    struct text head = TEXT(RECORDS);
    char *records = malloc(head.n + 1000 * 64);
    size_t used = head.n;
    (void)state;
    memcpy(records, head.s, head.n);
    for (unsigned i = 0; i < 1000; i++)
        used += (size_t)sprintf(records + used, "a-name-that-is-longer-%u A 192.0.2.1\n", i);
    struct rig *t = transfer_rig(records, JOURNAL, NULL, 0);
    free(records);
    publish(t);
    expect_differences(t, dns_zone_serial(t->dns, 0));
    rig_free(t);
}

static void put_leaf(struct rig *t, unsigned n, const char *data)
{
    struct leaf_record r = {T_TXT, (uint16_t)strlen(data), 60, (const uint8_t *)data};
    struct leaf *leaf = NULL;
    struct name owner;
    char text[32];
    snprintf(text, sizeof(text), "leaf%u.z.", n);
    assert_int_equal(name_parse(text_of(text), &owner), ERR_OK);
    if (*data)
        assert_int_equal(leaf_new(&owner, &r, 1, &leaf), ERR_OK);
    assert_int_equal(leaf_publish(t->dns, t->dns->zones[0], &owner, leaf), ERR_OK);
}

/* Likewise records that UPDATE and the reverse of addresses make, for as long as they are
 * there. */
static void test_leaves_count(void **state)
{
    struct rig *t = transfer_rig(RECORDS, JOURNAL, NULL, 0);
    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        put_leaf(t, i, "\37thirty-one characters of a text");
    publish(t);
    expect_differences(t, dns_zone_serial(t->dns, 0));
    for (unsigned i = 0; i < 1000; i++)
        put_leaf(t, i, "");
    publish(t);
    uint32_t first = dns_zone_serial(t->dns, 0);
    for (unsigned i = 0; i < 200; i++) {
        put_leaf(t, 0, i % 2 ? "\37thirty-one characters of a text" : "\1x");
        publish(t);
    }
    expect_whole(t, first);
    rig_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_static_records_count),
        cmocka_unit_test(test_leaves_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
