/* Plain records by themselves: restoring, leases, changes as one, the feed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/dns/updating.h"

static const struct moment start = {1000, 1000000};

static struct moment at(uint64_t seconds)
{
    return (struct moment){1000 + seconds * 1000, 1000000 + seconds * 1000};
}

static struct dns_record txt(const char *owner, const char *text, uint32_t lease_s)
{
    return (struct dns_record){.zone = (const uint8_t *)"\1z",
                               .owner = (const uint8_t *)owner,
                               .type = T_TXT,
                               .size = (uint16_t)strlen(text),
                               .ttl = 60,
                               .lease_s = lease_s,
                               .rdata = (const uint8_t *)text,
                               .key = TEXT("all")};
}

static struct dns_records *some(struct journal_log *log)
{
    struct dns_records *records = dns_records_new(&test_key);
    struct dns_records_journal journal = {log, log_reserve, log_put, log_remove, log_touch};
    struct dns_record a = txt("\1a\1z", "\1x", 60), b = txt("\1a\1z", "\1y", 90),
                      c = txt("\1c\1z", "\1x", 0);
    assert_int_equal(dns_records_restore(records, &a, start), ERR_OK);
    assert_int_equal(dns_records_restore(records, &b, start), ERR_OK);
    assert_int_equal(dns_records_restore(records, &c, start), ERR_OK);
    if (log)
        dns_records_set_journal(records, &journal);
    return records;
}

static void assert_record(const json_t *page, size_t n, const char *expected)
{
    char *text = json_dumps(json_array_get(json_object_get(page, "records"), n), JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
}

/* In pages, the longest unchanged first. */
static void test_listed(void **state)
{
    struct dns_records *records = some(NULL);
    struct dns_record odd = txt("\1o\1z", "\1", 60), a4 = txt("\1o\1z", "\n\0\0\7", 60);
    json_t *page = dns_records_list(records, 0, 2, at(20));
    assert_int_equal(json_array_size(json_object_get(page, "records")), 2);
    assert_record(page, 0,
                  "{\"zone\":\"z.\",\"name\":\"a.z.\",\"ttl\":60,\"type\":\"TXT\",\"data\":"
                  "\"\\\"x\\\"\",\"key\":\"all\",\"lease_s\":60,\"expires_in_ms\":40000}");
    const char *next = json_string_value(json_object_get(page, "next"));
    assert_non_null(next);
    json_t *rest = dns_records_list(records, strtoull(next, NULL, 10), 2, at(20));
    json_decref(page);
    assert_int_equal(json_array_size(json_object_get(rest, "records")), 1);
    assert_true(json_is_null(json_object_get(rest, "next")));
    assert_record(rest, 0,
                  "{\"zone\":\"z.\",\"name\":\"c.z.\",\"ttl\":60,\"type\":\"TXT\",\"data\":"
                  "\"\\\"x\\\"\",\"key\":\"all\",\"lease_s\":0,\"expires_in_ms\":null}");
    json_decref(rest);
    a4.type = T_A;
    a4.size = 4;
    odd.type = 65280;
    assert_int_equal(dns_records_restore(records, &a4, start), ERR_OK);
    assert_int_equal(dns_records_restore(records, &odd, start), ERR_OK);
    odd.type = T_A; /* of a size that it cannot have */
    assert_int_equal(dns_records_restore(records, &odd, start), ERR_OK);
    page = dns_records_list(records, 0, 100, at(99));
    assert_record(page, 3,
                  "{\"zone\":\"z.\",\"name\":\"o.z.\",\"ttl\":60,\"type\":\"A\",\"data\":"
                  "\"10.0.0.7\",\"key\":\"all\",\"lease_s\":60,\"expires_in_ms\":0}");
    assert_record(page, 4,
                  "{\"zone\":\"z.\",\"name\":\"o.z.\",\"ttl\":60,\"type\":\"TYPE65280\",\"data\":"
                  "\"\\\\# 1 01\",\"key\":\"all\",\"lease_s\":60,\"expires_in_ms\":0}");
    assert_record(page, 5,
                  "{\"zone\":\"z.\",\"name\":\"o.z.\",\"ttl\":60,\"type\":\"A\",\"data\":"
                  "\"\\\\# 1 01\",\"key\":\"all\",\"lease_s\":60,\"expires_in_ms\":0}");
    json_decref(page);
    dns_records_free(records);
    (void)state;
}

static void test_restored(void **state)
{
    static uint8_t endless[300];
    struct dns_records *records = some(NULL);
    struct dns_record twice = txt("\1a\1z", "\1x", 60), elsewhere = txt("\1a\1b", "\1x", 60),
                      untyped = txt("\1b\1z", "\1x", 60), large = txt("\1b\1z", "\1x", 60),
                      wild = txt("\1b\1z", "\1x", 60);
    assert_int_equal(dns_records_count(records), 3);
    assert_int_equal(dns_records_restore(records, &twice, start), ERR_VALUE);
    assert_int_equal(dns_records_restore(records, &elsewhere, start), ERR_VALUE);
    untyped.type = 0;
    assert_int_equal(dns_records_restore(records, &untyped, start), ERR_VALUE);
    large.size = RECORDS_RDATA_MAX + 1;
    assert_int_equal(dns_records_restore(records, &large, start), ERR_VALUE);
    memset(endless, 1, sizeof(endless));
    wild.owner = endless;
    assert_int_equal(dns_records_restore(records, &wild, start), ERR_VALUE);
    wild.owner = (const uint8_t *)"\100";
    assert_int_equal(dns_records_restore(records, &wild, start), ERR_VALUE);
    wild.owner = (const uint8_t *)"\1b\1z";
    wild.zone = endless;
    assert_int_equal(dns_records_restore(records, &wild, start), ERR_VALUE);
    wild.zone = (const uint8_t *)"\1z";
    wild.key.n = NAME_TEXT + 1;
    assert_int_equal(dns_records_restore(records, &wild, start), ERR_VALUE);
    assert_int_equal(dns_records_count(records), 3);
    dns_records_free(records);
    dns_records_free(NULL);
    (void)state;
}

static void test_leases(void **state)
{
    struct journal_log log = {0};
    struct dns_records *records = some(&log);
    assert_int_equal(dns_records_next_deadline(records), at(60).lease_ms);
    assert_false(dns_records_expire(records, at(59), 10));
    assert_true(dns_records_expire(records, at(90), 1)); /* one more is left */
    assert_int_equal(dns_records_count(records), 2);
    log.fail_records = ERR_MEMORY;
    assert_false(dns_records_expire(records, at(90), 10)); /* later */
    assert_int_equal(dns_records_count(records), 2);
    assert_int_equal(dns_records_next_deadline(records), at(90).lease_ms + 100);
    log.fail_records = ERR_OK;
    assert_false(dns_records_expire(records, at(91), 10));
    assert_int_equal(dns_records_count(records), 1);
    assert_int_equal(dns_records_next_deadline(records), UINT64_MAX);
    assert_int_equal(log.removes, 2);
    dns_records_free(records);
    (void)state;
}

static enum err make(struct dns_records *records, const struct records_change *changes,
                     size_t count, bool commit)
{
    struct records_transaction *t;
    enum err err = records_prepare(records, changes, count, at(1), &t);
    if (err)
        return err;
    err = records_reserve(t);
    if (err || !commit)
        records_abort(t);
    else
        records_commit(t);
    return err;
}

static void test_changes_as_one(void **state)
{
    struct journal_log log = {0};
    struct dns_records *records = some(&log);
    struct name zone, a, d, c;
    assert_int_equal(name_parse(TEXT("z"), &zone), ERR_OK);
    assert_int_equal(name_parse(TEXT("a.z"), &a), ERR_OK);
    assert_int_equal(name_parse(TEXT("c.z"), &c), ERR_OK);
    assert_int_equal(name_parse(TEXT("d.z"), &d), ERR_OK);
    struct records_change changes[] = {
        {txt("\1d\1z", "\1n", 0), false},  /* new */
        {txt("\1a\1z", "\1x", 60), false}, /* as it is: renewed */
        {txt("\1a\1z", "\1y", 0), false},  /* other terms */
        {txt("\1c\1z", "\1x", 0), true},   /* gone */
    };
    uint64_t index = records_index(records);
    assert_int_equal(make(records, changes, 4, false), ERR_OK);
    assert_int_equal(records_index(records), index);
    assert_false(records_has(records, &zone, &d));
    log.fail_records = ERR_READONLY;
    assert_int_equal(make(records, changes, 4, true), ERR_READONLY);
    log.fail_records = ERR_OK;
    assert_true(records_has(records, &zone, &c));
    struct records_transaction *t;
    assert_int_equal(records_prepare(records, changes, 4, at(1), &t), ERR_OK);
    assert_false(records_has(records, &zone, &c)); /* its last record goes */
    assert_true(records_has(records, &zone, &d));
    assert_true(records_has(records, &zone, &a));
    records_commit(t);
    assert_int_equal(dns_records_count(records), 3);
    assert_int_equal(log.puts, 2);
    assert_int_equal(log.removes, 1);
    assert_int_equal(log.touches, 1);
    assert_int_equal(dns_records_next_deadline(records), at(61).lease_ms);
    struct dns_record seen;
    assert_true(records_at(records, &zone, &d, 0, &seen));
    assert_int_equal(seen.lease_s, 0);
    assert_true(text_is(seen.key, TEXT("all")));
    assert_false(records_at(records, &zone, &d, 1, &seen));
    assert_false(records_at(records, &zone, &c, 0, &seen));
    assert_int_equal(make(records, NULL, 0, true), ERR_OK);
    struct dns_records_journal none = {0};
    dns_records_set_journal(records, NULL);
    assert_int_equal(make(records, changes + 1, 1, true), ERR_OK);
    dns_records_set_journal(records, &none);
    assert_int_equal(make(records, changes, 1, true), ERR_OK);
    dns_records_free(records);
    (void)state;
}

struct walk {
    char names[64];
    enum err err;
};

static enum err note(void *context, const struct records_name *name)
{
    struct walk *walk = context;
    char text[8];
    snprintf(text, sizeof(text), "%c%zu ", name->owner->wire[1], name->count);
    strcat(walk->names, text);
    return walk->err;
}

static void test_feed(void **state)
{
    struct journal_log log = {0};
    struct dns_records *records = some(&log);
    struct walk walk = {0};
    assert_int_equal(records_changes(records, 0, note, &walk), ERR_OK);
    assert_string_equal(walk.names, "a2 c1 ");
    uint64_t since = records_index(records);
    struct records_change gone = {txt("\1c\1z", "\1x", 0), true};
    struct records_change more = {txt("\1d\1z", "\1n", 0), false};
    assert_int_equal(make(records, &gone, 1, true), ERR_OK);
    assert_int_equal(make(records, &more, 1, true), ERR_OK);
    walk = (struct walk){0};
    assert_int_equal(records_changes(records, since, note, &walk), ERR_OK);
    assert_string_equal(walk.names, "c0 d1 ");
    walk = (struct walk){.err = ERR_MEMORY};
    assert_int_equal(records_changes(records, since, note, &walk), ERR_MEMORY);
    assert_string_equal(walk.names, "c0 ");
    records_trim(records, since);
    walk = (struct walk){0};
    assert_int_equal(records_changes(records, 0, note, &walk), ERR_OK);
    assert_string_equal(walk.names, "a2 d1 ");
    dns_records_free(records);
    (void)state;
}

/* They outlive the struct dns, as at a reload, also when their zone is no more. */
static void test_outlive_reloads(void **state)
{
    struct update_rig *t = update_rig();
    update(t, R_NOERROR, "add p.z. 5 TXT x\nadd q.z. 5 TXT y\n");
    update(t, R_NOERROR, "del q.z.\n");
    struct rig *other = rig_with_config(UPDATE_ZONE, NULL, grant);
    dns_use_records(other->dns, t->records);
    assert_int_equal(dns_publish(other->dns, t->rig->registry, 5, NULL), ERR_OK);
    expect(other, "p.z.", T_TXT, 0, "p.z. 5 TXT \"x\"");
    expect(other, "q.z.", T_TXT, R_NXDOMAIN, "");
    struct dns_record lost = txt("\1a\5other", "\1x", 0);
    lost.zone = (const uint8_t *)"\5other";
    assert_int_equal(dns_records_restore(t->records, &lost, start), ERR_OK);
    assert_int_equal(dns_publish(other->dns, t->rig->registry, 6, NULL), ERR_OK);
    rig_free(other);
    update_rig_free(t);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restored), cmocka_unit_test(test_listed),
        cmocka_unit_test(test_leases),   cmocka_unit_test(test_changes_as_one),
        cmocka_unit_test(test_feed),     cmocka_unit_test(test_outlive_reloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
