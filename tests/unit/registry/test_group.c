/* Lease groups: one lease, count and digest, moving in and out, paging. */
#include "unit/registry/fixture.h"

static struct record member_of(const char *service, const char *id, const char *group)
{
    struct record record = record_of(service, id);
    record.group = text_of(group);
    return record;
}

static struct granted put_member(struct registry *r, const char *id, const char *group,
                                 uint32_t lease_s, uint64_t ms)
{
    struct record record = member_of("web", id, group);
    record.lease_s = lease_s;
    return put(r, &record, ms);
}

static struct group_state renew(struct registry *r, const char *group, uint64_t ms)
{
    struct group_state g;
    assert_int_equal(registry_group_renew(r, text_of(group), &local, false, 0, 0, at_ms(ms), &g),
                     ERR_OK);
    return g;
}

/* Computed from what the registry shows, not from what it keeps. */
static uint64_t digest_of(const struct registry *r, const char *group)
{
    uint64_t digest = 0;
    for (const struct service *s = registry_service_next(r, TEXT(""), NULL); s;
         s = registry_service_next(r, TEXT(""), s))
        for (uint32_t n = 0; n < service_count(s); n++) {
            struct record record;
            char text[400];
            instance_read(service_instance(s, n), &record);
            if (!text_is(record.group, text_of(group)))
                continue;
            int size = snprintf(text, sizeof(text), "%.*s/%.*s/%.*s@%llu", TEXT_ARG(record.ns),
                                TEXT_ARG(record.service), TEXT_ARG(record.id),
                                (unsigned long long)record.rev);
            digest ^= hash_digest(text, (size_t)size);
        }
    return digest;
}

static void test_one_renewal_for_all(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record b = member_of("db", "b", "node");
    put_member(r, "a", "node", 30, 0);
    put(r, &b, 5000); /* renews for both */
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 35000);
    struct group_state g = renew(r, "node", 20000);
    assert_int_equal(g.count, 2);
    assert_int_equal(g.lease_s, 30);
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 50000);
    assert_int_equal(state_of(r, "db", "b").renewed_ms, WALL + 20000);
    struct granted granted;
    assert_int_equal(registry_renew(r, key_of("db", "b"), &local, at_ms(30000), &granted), ERR_OK);
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 60000);
    expire_all(r, 59999);
    assert_int_equal(registry_totals(r).instances, 2);
    expire_all(r, 60000);
    assert_int_equal(registry_totals(r).instances, 0);
    assert_int_equal(registry_totals(r).groups, 0);
    registry_free(r);
}

static void test_digest(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct group_state g;
    put_member(r, "a", "node", 0, 0);
    put_member(r, "b", "node", 0, 0);
    put_member(r, "c", "other", 0, 0);
    uint64_t digest = digest_of(r, "node");
    assert_int_equal(registry_group_renew(r, TEXT("node"), &local, true, 2, digest, at_ms(0), &g),
                     ERR_OK);
    assert_int_equal(g.digest, digest);
    assert_int_equal(
        registry_group_renew(r, TEXT("node"), &local, true, 3, digest, at_ms(1000), &g),
        ERR_DIGEST);
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 31000); /* renewed all the same */
    assert_int_equal(
        registry_group_renew(r, TEXT("node"), &local, true, 2, digest ^ 1, at_ms(0), &g),
        ERR_DIGEST);
    assert_int_equal(g.digest, digest);

    struct record a = member_of("web", "a", "node");
    a.rev = WALL + 50; /* only a newer revision */
    assert_false(put(r, &a, 0).changed);
    assert_true(renew(r, "node", 0).digest != digest);
    assert_int_equal(renew(r, "node", 0).digest, digest_of(r, "node"));
    a.rev = 0;
    a.version = TEXT("2");
    put(r, &a, 100);
    assert_int_equal(renew(r, "node", 0).digest, digest_of(r, "node"));
    drop(r, "web", "b", 0);
    assert_int_equal(renew(r, "node", 0).digest, digest_of(r, "node"));
    assert_int_equal(renew(r, "node", 0).count, 1);
    registry_free(r);
}

static void test_longest_lease(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    put_member(r, "a", "node", 10, 0);
    put_member(r, "b", "node", 60, 0);
    struct granted c = put_member(r, "c", "node", 20, 0);
    assert_int_equal(c.lease_s, 20); /* granted to itself */
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 60000);
    drop(r, "web", "b", 0);
    assert_int_equal(renew(r, "node", 1000).lease_s, 20);
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 21000); /* moved up at once */
    put_member(r, "c", "node", 15, 1000);
    assert_int_equal(renew(r, "node", 1000).lease_s, 15);
    struct record forever = member_of("web", "d", "node");
    forever.permanent = true;
    put(r, &forever, 1000);
    assert_int_equal(renew(r, "node", 1000).lease_s, 0);
    assert_int_equal(state_of(r, "web", "a").deadline_ms, UINT64_MAX);
    drop(r, "web", "d", 1000);
    assert_int_equal(renew(r, "node", 1000).lease_s, 15);
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 16000);
    registry_free(r);
}

static void test_moving(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    uint64_t index;
    put_named(r, "web", "a", 0);
    put_named(r, "web", "b", 0);
    index = registry_index(r);
    put_member(r, "a", "one", 0, 1000); /* own -> group */
    put_member(r, "b", "one", 0, 2000);
    assert_int_equal(renew(r, "one", 2000).count, 2);
    put_member(r, "a", "two", 0, 3000); /* group -> group */
    assert_int_equal(renew(r, "one", 2000).digest, digest_of(r, "one"));
    assert_int_equal(renew(r, "two", 3000).digest, digest_of(r, "two"));
    put_member(r, "b", "two", 0, 3000); /* the last one leaves */
    struct group_state g;
    assert_int_equal(registry_group_renew(r, TEXT("one"), &local, false, 0, 0, at_ms(0), &g),
                     ERR_NOT_FOUND);
    put_named(r, "web", "a", 4000);             /* group -> own */
    assert_int_equal(registry_index(r), index); /* nothing of it can be seen */
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 34000);
    assert_int_equal(state_of(r, "web", "b").deadline_ms, 33000);
    struct record read;
    instance_read(registry_instance(r, key_of("web", "a")), &read);
    assert_int_equal(read.group.n, 0);
    put_named(r, "web", "a", 20000); /* or both hosts were silent, and nobody would go */
    expire_all(r, 33000);
    assert_null(registry_instance(r, key_of("web", "b")));
    assert_non_null(registry_instance(r, key_of("web", "a")));
    assert_int_equal(registry_totals(r).groups, 0);
    registry_free(r);
}

static void test_groups_belong_to_owners(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record a = member_of("web", "a", "node"), b = member_of("web", "b", "node");
    struct granted granted;
    struct group_state g;
    put(r, &a, 0);
    assert_int_equal(registry_group_renew(r, TEXT("node"), &deploy, false, 0, 0, at_ms(0), &g),
                     ERR_NOT_FOUND);
    assert_int_equal(registry_register(r, &b, &deploy, at_ms(10000), &granted), ERR_OK);
    assert_int_equal(registry_totals(r).groups, 2);
    /* Another owner takes the name over once the group's lease has run out. */
    assert_int_equal(registry_register(r, &a, &deploy, at_ms(29999), &granted), ERR_OWNER);
    assert_int_equal(registry_register(r, &a, &deploy, at_ms(30000), &granted), ERR_OK);
    assert_int_equal(registry_totals(r).groups, 1);
    assert_int_equal(registry_group_renew(r, TEXT("node"), &deploy, false, 0, 0, at_ms(0), &g),
                     ERR_OK);
    assert_int_equal(g.count, 2);
    assert_int_equal(g.digest, digest_of(r, "node"));
    registry_free(r);
}

static void test_deregister(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    uint32_t count;
    uint64_t goodbye;
    for (unsigned n = 0; n < 50; n++) {
        char id[8];
        snprintf(id, sizeof(id), "i%u", n);
        put_member(r, id, n % 2 ? "node" : "other", n + 5, 0);
    }
    assert_int_equal(
        registry_group_deregister(r, TEXT("node"), &deploy, at_ms(0), &count, &goodbye),
        ERR_NOT_FOUND);
    assert_int_equal(registry_group_deregister(r, TEXT("node"), &local, at_ms(0), &count, &goodbye),
                     ERR_OK);
    assert_int_equal(count, 25);
    assert_int_equal(registry_totals(r).instances, 25);
    assert_int_equal(registry_totals(r).tombstones, 25);
    assert_int_equal(registry_totals(r).groups, 1);
    assert_int_equal(registry_totals(r).deregistrations, 25);
    assert_int_equal(registry_group_deregister(r, TEXT("node"), &local, at_ms(0), &count, &goodbye),
                     ERR_NOT_FOUND);
    registry_free(r);
}

struct page {
    char last[256];
    unsigned seen, most;
};

static bool note(void *context, const struct instance *i)
{
    struct page *page = context;
    struct instance_key key = instance_key(i);
    char name[256];
    snprintf(name, sizeof(name), "%.*s/%.*s/%.*s", TEXT_ARG(key.ns), TEXT_ARG(key.service),
             TEXT_ARG(key.id));
    assert_true(strcmp(page->last, name) < 0);
    memcpy(page->last, name, sizeof(name));
    page->seen++;
    return page->seen % page->most != 0;
}

static void test_list_pages(void **state)
{
    (void)state;
    /* "a-b" is before "a" here, for '-' is before '/'. */
    static const char *const services[] = {"a", "a-b", "a.b", "b", "a0"};
    struct registry *r = registry_plain();
    for (unsigned n = 0; n < 100; n++) {
        char id[8];
        snprintf(id, sizeof(id), "i%u", n * 37 % 100);
        struct record record = member_of(services[n % 5], id, "node");
        put(r, &record, 0);
    }
    for (unsigned most = 1; most <= 101; most += 10) {
        struct page page = {.most = most};
        unsigned before;
        do {
            char after[256];
            memcpy(after, page.last, sizeof(after));
            before = page.seen;
            assert_int_equal(
                registry_group_list(r, TEXT("node"), &local, text_of(after), note, &page), ERR_OK);
        } while (page.seen - before == most);
        assert_int_equal(page.seen, 100);
    }
    assert_int_equal(registry_group_list(r, TEXT("x"), &local, TEXT(""), note, NULL),
                     ERR_NOT_FOUND);
    registry_free(r);
}

static void test_budget_inside_a_group(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    for (unsigned n = 0; n < 10; n++) {
        char id[8];
        snprintf(id, sizeof(id), "i%u", n);
        put_member(r, id, "node", 10, 0);
    }
    assert_true(registry_expire(r, at_ms(10000), 4, NULL, NULL));
    assert_int_equal(registry_totals(r).instances, 6);
    assert_int_equal(renew(r, "node", 10000).digest, digest_of(r, "node"));
    assert_false(registry_expire(r, at_ms(10000), 4, NULL, NULL)); /* renewed meanwhile */
    assert_int_equal(registry_totals(r).instances, 6);
    registry_free(r);
}

/* The lease of those that are left begins when the last permanent member goes. */
static void test_permanent_member_goes(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record record = record_of("web", "for-ever");
    record.group = TEXT("node");
    record.permanent = true;
    put(r, &record, 0);
    put_member(r, "a", "node", 30, 0);
    expire_all(r, 100000);
    assert_int_equal(registry_totals(r).instances, 2);
    drop(r, "web", "for-ever", 100000);
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 130000);
    expire_all(r, 130000);
    assert_int_equal(registry_totals(r).instances, 0);
    registry_free(r);
}

/* Who registers next may do so from elsewhere, and there the address may be a longer one. */
static void test_moves_with_its_sender(void **state)
{
    (void)state;
    static const char *const places[] = {"10.0.0.1", "2001:db8:ffff::7", "10.0.0.2"};
    struct registry *r = registry_plain();
    struct record a = member_of("web", "a", "node"), b = member_of("web", "b", "node");
    struct granted granted;
    for (unsigned n = 0; n < ARRAY_COUNT(places); n++) {
        struct principal who = deploy;
        who.addr = addr_of(places[n]);
        assert_int_equal(registry_register(r, n % 2 ? &b : &a, &who, at_ms(n), &granted), ERR_OK);
        struct addr owner = state_of(r, "web", "a").owner.addr;
        assert_true(addr_is(&owner, &who.addr));
    }
    assert_int_equal(registry_totals(r).groups, 1);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_renewal_for_all),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_longest_lease),
        cmocka_unit_test(test_moving),
        cmocka_unit_test(test_groups_belong_to_owners),
        cmocka_unit_test(test_deregister),
        cmocka_unit_test(test_list_pages),
        cmocka_unit_test(test_budget_inside_a_group),
        cmocka_unit_test(test_permanent_member_goes),
        cmocka_unit_test(test_moves_with_its_sender),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
