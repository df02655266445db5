/* Several changes as one: all or none, by the same rules as each alone. */
#include "unit/registry/fixture.h"

#include "registry/state.h"

enum { MANY = 6 };

struct changes {
    struct record records[MANY];
    struct registry_change list[MANY];
    size_t count;
};

static struct record *add(struct changes *c, const char *service, const char *id)
{
    struct record *r = &c->records[c->count];
    *r = record_of(service, id);
    c->list[c->count++] = (struct registry_change){.record = r};
    return r;
}

static void take(struct changes *c, const char *service, const char *id)
{
    c->list[c->count++] = (struct registry_change){.key = key_of(service, id)};
}

static enum err try_as(struct registry *r, const struct changes *c, const struct principal *who,
                       uint64_t ms, bool commit, size_t *failed)
{
    struct registry_transaction *t;
    enum err err = registry_prepare(r, c->list, c->count, who, at_ms(ms), &t, failed);
    assert_int_equal(err == ERR_OK, t != NULL);
    if (commit && t)
        registry_commit(t);
    else
        registry_abort(t);
    assert_int_equal(r->instances.reserved, 0);
    return err;
}

static enum err try_at(struct registry *r, const struct changes *c, uint64_t ms)
{
    size_t failed;
    return try_as(r, c, &local, ms, true, &failed);
}

/* Nothing is to be seen of one that failed, or was given up. */
static void assert_refused(struct registry *r, const struct changes *c, enum err expected,
                           size_t where)
{
    struct registry_totals before = registry_totals(r);
    uint64_t index = registry_index(r);
    size_t failed;
    assert_int_equal(try_as(r, c, &local, 5000, true, &failed), expected);
    assert_int_equal(failed, where);
    struct registry_totals after = registry_totals(r);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(registry_index(r), index);
}

static void all_kinds_at_once(void **state UNUSED)
{
    struct registry *r = registry_plain();
    struct changes c = {0};
    size_t failed;
    put_named(r, "a", "stays", 0);
    put_named(r, "a", "goes", 0);
    put_named(r, "a", "changes", 0);
    add(&c, "a", "comes");
    add(&c, "new", "one");
    add(&c, "new", "two");
    add(&c, "a", "changes")->priority = 7;
    take(&c, "a", "goes");
    add(&c, "a", "stays");
    struct registry_totals before = registry_totals(r);
    assert_int_equal(try_as(r, &c, &local, 10000, false, &failed), ERR_OK);
    struct registry_totals after = registry_totals(r);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_null(registry_service(r, TEXT("default"), TEXT("new")));
    assert_int_equal(try_at(r, &c, 10000), ERR_OK);
    struct registry_totals totals = registry_totals(r);
    assert_int_equal(totals.instances, 5);
    assert_int_equal(totals.services, 2);
    assert_int_equal(totals.registrations, 3 + 3 + 1);
    assert_int_equal(totals.renewals, 1);
    assert_int_equal(totals.deregistrations, 1);
    assert_int_equal(totals.tombstones, 1);
    assert_null(registry_instance(r, key_of("a", "goes")));
    assert_int_equal(state_of(r, "a", "stays").deadline_ms, 40000);
    assert_int_equal(state_of(r, "a", "changes").deadline_ms, 40000);
    assert_int_equal(state_of(r, "a", "changes").latest_ms, WALL + 10000);
    registry_free(r);
}

static void nothing_is_fine(void **state UNUSED)
{
    struct registry *r = registry_plain();
    struct changes c = {0};
    assert_int_equal(try_at(r, &c, 1), ERR_OK);
    assert_int_equal(registry_index(r), 0);
    registry_free(r);
}

static bool static_name(void *context UNUSED, struct text ns UNUSED, struct text service,
                        struct text id)
{
    return text_is(service, TEXT("static")) && !id.n;
}

static bool known_namespace(void *context UNUSED, struct text ns)
{
    return text_is(ns, TEXT("default"));
}

static void each_rule_holds(void **state UNUSED)
{
    struct registry_config config = registry_config_default();
    config.name_taken = static_name;
    config.namespace_known = known_namespace;
    struct registry *r = registry_of(config);
    struct granted granted;
    struct record other = record_of("a", "other");
    assert_int_equal(registry_register(r, &other, &deploy, at_ms(0), &granted), ERR_OK);
    put_named(r, "b.c", "mine", 0);
    for (unsigned n = 0; n < 9; n++) {
        struct changes c = {0};
        enum err err = ERR_VALUE;
        add(&c, "a", "fine");
        add(&c, "brandnew", "fine");
        switch (n) {
        case 0: add(&c, "a", "bad")->address_count = 0; break;
        case 1: add(&c, "a", "grouped")->group = TEXT("g"); break;
        case 2: add(&c, "a", "x")->ns = TEXT("nowhere"); break;
        case 3: err = ERR_OWNER, add(&c, "a", "other"); break;
        case 4: err = ERR_OWNER, take(&c, "a", "other"); break;
        case 5: err = ERR_NOT_FOUND, take(&c, "a", "nobody"); break;
        case 6: err = ERR_EXISTS, add(&c, "static", "x"); break;
        case 7: err = ERR_EXISTS, add(&c, "c", "b"); break;
        default: err = ERR_STALE, add(&c, "b.c", "mine")->rev = 1;
        }
        assert_refused(r, &c, err, 2);
    }
    struct changes c = {0};
    char longest[200];
    memset(longest, 'x', sizeof(longest));
    c.list[0].key = (struct instance_key){TEXT("default"), TEXT("a"), {longest, sizeof(longest)}};
    c.count = 1;
    assert_refused(r, &c, ERR_VALUE, 0);
    registry_free(r);
}

static void new_names_do_not_collide(void **state UNUSED)
{
    struct registry *r = registry_plain();
    struct changes c = {0};
    add(&c, "b.c", "a");
    add(&c, "a.b.c", "x");
    assert_refused(r, &c, ERR_EXISTS, 2);
    registry_free(r);
}

static void quotas_count_all_of_it(void **state UNUSED)
{
    struct registry_config config = registry_config_default();
    config.service_instances_max = 2;
    config.services_max = 3;
    config.instances_max = 4;
    struct registry *r = registry_of(config);
    struct principal two = local;
    struct changes c = {0};
    size_t failed;
    put_named(r, "a", "one", 0);
    add(&c, "a", "two");
    add(&c, "a", "three");
    assert_refused(r, &c, ERR_FULL, 2); /* of the service */
    c.count = 0;
    add(&c, "b", "x");
    add(&c, "c", "x");
    add(&c, "d", "x");
    assert_refused(r, &c, ERR_FULL, 3); /* services */
    c.count = 0;
    add(&c, "a", "two");
    add(&c, "b", "x");
    add(&c, "b", "y");
    add(&c, "c", "z");
    assert_refused(r, &c, ERR_FULL, 4); /* instances */
    take(&c, "a", "one");               /* what goes makes room */
    two.quota = 3;
    assert_int_equal(try_as(r, &c, &two, 1, false, &failed), ERR_FULL);
    two.quota = 4;
    assert_int_equal(try_as(r, &c, &two, 1, true, &failed), ERR_OK);
    assert_int_equal(registry_totals(r).instances, 4);
    registry_free(r);
}

static void an_expired_one_of_somebody_else_is_displaced(void **state UNUSED)
{
    struct registry *r = registry_plain();
    struct granted granted;
    struct record other = record_of("a", "i");
    struct changes c = {0};
    size_t failed;
    assert_int_equal(registry_register(r, &other, &deploy, at_ms(0), &granted), ERR_OK);
    add(&c, "a", "i");
    add(&c, "a", "j");
    assert_int_equal(try_at(r, &c, 29000), ERR_OWNER);
    assert_int_equal(try_as(r, &c, &local, 31000, false, &failed), ERR_OK);
    assert_int_equal(state_of(r, "a", "i").owner.kind, PRINCIPAL_KEY);
    assert_int_equal(try_at(r, &c, 31000), ERR_OK);
    assert_int_equal(state_of(r, "a", "i").owner.kind, PRINCIPAL_LOCAL);
    assert_int_equal(registry_totals(r).instances, 2);
    assert_int_equal(registry_totals(r).evictions, 1);
    registry_free(r);
}

/* Each to the other's zone: neither host may go before the other came. */
static void zones_change_places(void **state UNUSED)
{
    struct registry *r = registry_plain();
    struct changes c = {0};
    struct record one = record_of("a", "one"), two = record_of("a", "two");
    one.zone = TEXT("z1");
    two.zone = TEXT("z2");
    put(r, &one, 0);
    put(r, &two, 0);
    add(&c, "a", "one")->zone = TEXT("z2");
    add(&c, "a", "two")->zone = TEXT("z1");
    assert_int_equal(try_at(r, &c, 1000), ERR_OK);
    c.count = 0;
    add(&c, "a", "one")->zone = TEXT("z3");
    add(&c, "a", "two")->zone = TEXT("z3");
    size_t failed;
    assert_int_equal(try_as(r, &c, &local, 2000, false, &failed), ERR_OK);
    assert_int_equal(try_at(r, &c, 2000), ERR_OK);
    registry_free(r);
}

static void it_leaves_its_group(void **state UNUSED)
{
    struct registry *r = registry_plain();
    struct record grouped = record_of("a", "i");
    struct changes c = {0};
    grouped.group = TEXT("g");
    put(r, &grouped, 0);
    assert_int_equal(registry_totals(r).groups, 1);
    add(&c, "a", "i");
    assert_int_equal(try_at(r, &c, 1000), ERR_OK);
    assert_int_equal(registry_totals(r).groups, 0);
    registry_free(r);
}

static void leases_may_be_bounded_elsewhere(void **state UNUSED)
{
    struct registry *r = registry_plain();
    struct changes c = {0};
    struct record *day = add(&c, "a", "day"), *usual = add(&c, "a", "usual"),
                  *default_ = add(&c, "a", "default");
    day->lease_s = usual->lease_s = 86400;
    day->lease_bounded = default_->lease_bounded = true;
    assert_int_equal(try_at(r, &c, 0), ERR_OK);
    assert_int_equal(state_of(r, "a", "day").deadline_ms, 86400000);
    assert_int_equal(state_of(r, "a", "usual").deadline_ms, 300000);
    assert_int_equal(state_of(r, "a", "default").deadline_ms, 30000);
    expire_all(r, 300001);
    assert_non_null(registry_instance(r, key_of("a", "day")));
    registry_free(r);
}

/* ---- the journal ----------------------------------------------------------------------- */

struct told {
    enum err err;
    enum journal_need need;
    size_t reserves, changes, puts, buries, touches;
};

static enum err reserve(void *context, enum journal_need need, size_t changes)
{
    struct told *told = context;
    told->reserves++;
    told->need = need;
    told->changes += changes;
    return told->err;
}

static void put_told(void *context, const struct instance *i UNUSED)
{
    ((struct told *)context)->puts++;
}

static void bury_told(void *context, struct instance_key key UNUSED, uint64_t floor UNUSED,
                      uint64_t until_ms UNUSED)
{
    ((struct told *)context)->buries++;
}

static void touch_told(void *context, struct instance_key key UNUSED)
{
    ((struct told *)context)->touches++;
}

static void the_journal_is_asked_once(void **state UNUSED)
{
    struct told told = {0};
    struct registry_journal journal = {.context = &told,
                                       .reserve = reserve,
                                       .put = put_told,
                                       .bury = bury_told,
                                       .touch = touch_told};
    struct registry *r = registry_plain();
    struct changes c = {0};
    put_named(r, "a", "same", 0);
    put_named(r, "a", "goes", 0);
    registry_set_journal(r, &journal);
    add(&c, "a", "same");
    assert_int_equal(try_at(r, &c, 1), ERR_OK);
    assert_int_equal(told.reserves, 0); /* a renewal alone */
    assert_int_equal(told.touches, 1);
    take(&c, "a", "goes");
    told.err = ERR_READONLY;
    assert_refused(r, &c, ERR_READONLY, 2);
    assert_int_equal(told.need, JOURNAL_WITHDRAW);
    add(&c, "b", "new");
    assert_refused(r, &c, ERR_READONLY, 3);
    assert_int_equal(told.need, JOURNAL_PUT);
    told = (struct told){0};
    assert_int_equal(try_at(r, &c, 2), ERR_OK);
    assert_int_equal(told.reserves, 1);
    assert_int_equal(told.puts, 1);
    assert_int_equal(told.buries, 1);
    assert_true(told.changes >= 3);
    told = (struct told){.err = ERR_MEMORY};
    c.count = 0;
    add(&c, "a", "same")->priority = 3;
    assert_refused(r, &c, ERR_MEMORY, 1);
    told.err = ERR_OK;
    add(&c, "b", "new")->status = STATUS_DRAINING;
    assert_int_equal(try_at(r, &c, 3), ERR_OK);
    assert_int_equal(told.puts, 2);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_at_once),
        cmocka_unit_test(nothing_is_fine),
        cmocka_unit_test(each_rule_holds),
        cmocka_unit_test(new_names_do_not_collide),
        cmocka_unit_test(quotas_count_all_of_it),
        cmocka_unit_test(an_expired_one_of_somebody_else_is_displaced),
        cmocka_unit_test(zones_change_places),
        cmocka_unit_test(it_leaves_its_group),
        cmocka_unit_test(leases_may_be_bounded_elsewhere),
        cmocka_unit_test(the_journal_is_asked_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
