/* A large group says goodbye: its members leave a part at a time. */
#include <stdio.h>

#include "registry/changes.h"
#include "unit/registry/fixture.h"

enum { MEMBERS = 10, STEP = 3 };

static struct record member_of(unsigned n, const char *group, char id[static 8])
{
    snprintf(id, 8, "i%u", n);
    struct record record = record_of(n % 2 ? "web" : "db", id);
    record.group = text_of(group);
    record.lease_s = 5 + n;
    return record;
}

static void put_member(struct registry *r, unsigned n, const char *group)
{
    char id[8];
    struct record record = member_of(n, group, id);
    put(r, &record, 0);
}

/* With a group `node` of ten. */
static struct registry *furnished(void)
{
    struct registry_config config = registry_config_default();
    config.leave_max = STEP;
    struct registry *r = registry_of(config);
    for (unsigned n = 0; n < MEMBERS; n++)
        put_member(r, n, "node");
    return r;
}

static uint32_t left(const struct registry *r)
{
    return (uint32_t)registry_totals(r).instances;
}

static enum err leave(struct registry *r, const char *group, uint64_t ms, uint32_t *count,
                      uint64_t *goodbye)
{
    return registry_group_deregister(r, text_of(group), &local, at_ms(ms), count, goodbye);
}

static enum err renewed(struct registry *r, unsigned n)
{
    char id[8];
    struct granted granted;
    struct record record = member_of(n, "node", id);
    return registry_renew(r, key_of(n % 2 ? "web" : "db", record.id.s), &local, at_ms(0), &granted);
}

static enum err group_renewed(struct registry *r, struct group_state *state)
{
    return registry_group_renew(r, TEXT("node"), &local, false, 0, 0, at_ms(0), state);
}

static void test_a_part_at_a_time(void **state)
{
    (void)state;
    struct registry *r = furnished();
    uint32_t count;
    uint64_t goodbye, again;
    assert_int_equal(leave(r, "node", 0, &count, &goodbye), ERR_OK);
    assert_int_equal(count, MEMBERS);
    assert_int_equal(goodbye, 1);
    for (uint64_t ms = 0; ms < 3; ms++) {
        assert_int_equal(left(r), MEMBERS - STEP * (ms + 1));
        assert_int_equal(registry_goodbyes_over(r), 0);
        assert_int_equal(leave(r, "node", ms, &count, &again), ERR_NOT_FOUND);
        assert_int_equal(again, goodbye);
        assert_int_equal(registry_next_deadline(r), ms + 1);
        assert_false(registry_expire(r, at_ms(ms), 100, NULL, NULL)); /* not in the same one */
        assert_int_equal(left(r), MEMBERS - STEP * (ms + 1));
        (void)registry_expire(r, at_ms(ms + 1), 100, NULL, NULL);
    }
    assert_int_equal(left(r), 0);
    assert_int_equal(registry_goodbyes_over(r), 1);
    assert_int_equal(registry_totals(r).tombstones, MEMBERS);
    assert_int_equal(registry_totals(r).deregistrations, MEMBERS);
    assert_int_equal(registry_totals(r).evictions, 0);
    assert_true(registry_next_deadline(r) > 1000);
    assert_int_equal(leave(r, "node", 9, &count, &again), ERR_NOT_FOUND);
    assert_int_equal(again, 0);
    registry_free(r);
}

/* As after the whole. */
static void test_meanwhile_it_is_unknown(void **state)
{
    (void)state;
    struct registry *r = furnished();
    char id[8];
    uint32_t count;
    uint64_t goodbye;
    struct group_state group;
    struct granted granted;
    struct record last = member_of(9, "node", id);
    last.version = TEXT("2");
    assert_int_equal(leave(r, "node", 0, &count, &goodbye), ERR_OK);
    assert_non_null(registry_instance(r, key_of("web", "i9"))); /* but not renewed or changed */
    for (unsigned n = 0; n < MEMBERS; n++)
        assert_int_equal(renewed(r, n), ERR_NOT_FOUND);
    assert_int_equal(group_renewed(r, &group), ERR_NOT_FOUND);
    assert_int_equal(registry_update(r, &last, &local, at_ms(0), &granted), ERR_NOT_FOUND);
    assert_int_equal(registry_totals(r).groups, 0);
    drop(r, "web", "i9", 0); /* who also says goodbye for itself goes at once */
    assert_int_equal(left(r), MEMBERS - STEP - 1);
    registry_free(r); /* with what still leaves */
}

static void test_registered_anew(void **state)
{
    (void)state;
    struct registry *r = furnished();
    char id[8], other[8];
    uint32_t count;
    uint64_t goodbye, second, rev;
    struct group_state group;
    struct granted granted;
    struct record mine = member_of(9, "node", id), read;
    instance_read(registry_instance(r, key_of("web", "i9")), &read);
    rev = read.rev;
    assert_int_equal(leave(r, "node", 0, &count, &goodbye), ERR_OK);
    mine.rev = rev; /* the same registration, come late */
    assert_int_equal(registry_register(r, &mine, &local, at_ms(0), &granted), ERR_STALE);
    assert_null(registry_instance(r, key_of("web", "i9")));
    mine.rev = rev + 1;
    put(r, &mine, 0); /* into a new group of the same name */
    assert_int_equal(registry_totals(r).groups, 1);
    struct record others = member_of(8, "", other);
    assert_int_equal(registry_register(r, &others, &deploy, at_ms(0), &granted), ERR_OK);
    assert_int_equal(left(r), MEMBERS - STEP);
    assert_int_equal(leave(r, "node", 0, &count, &second), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(second, 2); /* behind the first */
    assert_int_equal(leave(r, "node", 0, &count, &goodbye), ERR_NOT_FOUND);
    assert_int_equal(goodbye, 2); /* nothing of either may be left */
    mine.rev = rev + 2;
    put(r, &mine, 1); /* again: its goodbye goes first */
    assert_int_equal(registry_goodbyes_over(r), 0);
    (void)registry_expire(r, at_ms(1), 100, NULL, NULL);
    (void)registry_expire(r, at_ms(2), 100, NULL, NULL);
    assert_int_equal(registry_goodbyes_over(r), 2);
    assert_int_equal(left(r), 2);
    assert_int_equal(group_renewed(r, &group), ERR_OK);
    assert_int_equal(group.count, 1);
    assert_int_equal(renewed(r, 9), ERR_OK);
    registry_free(r);
}

static void test_registered_anew_together(void **state)
{
    (void)state;
    struct registry *r = furnished();
    uint32_t count;
    uint64_t goodbye;
    size_t failed;
    struct registry_transaction *t;
    struct record comes = record_of("web", "i9");
    struct registry_change changes[] = {{.record = &comes}, {.key = key_of("db", "i8")}};
    assert_int_equal(leave(r, "node", 0, &count, &goodbye), ERR_OK);
    assert_int_equal(registry_prepare(r, changes, 2, &local, at_ms(0), &t, &failed), ERR_OK);
    registry_commit(t);
    expire_all(r, 1);
    expire_all(r, 2);
    assert_int_equal(registry_goodbyes_over(r), goodbye);
    assert_int_equal(left(r), 1);
    assert_int_equal(renewed(r, 9), ERR_OK);
    registry_free(r);
}

static void test_in_their_order(void **state)
{
    (void)state;
    struct registry *r = furnished();
    uint32_t count;
    uint64_t first, second;
    for (unsigned n = 0; n < 4; n++)
        put_member(r, MEMBERS + n, "other");
    assert_int_equal(leave(r, "node", 0, &count, &first), ERR_OK);
    assert_int_equal(leave(r, "other", 1, &count, &second), ERR_OK);
    assert_int_equal(count, 4);
    assert_int_equal(left(r), MEMBERS + 4 - STEP); /* though it is another millisecond */
    for (uint64_t ms = 1; ms < 4; ms++)
        expire_all(r, ms);
    assert_int_equal(left(r), 2); /* the last turn was of both */
    assert_int_equal(registry_goodbyes_over(r), first);
    expire_all(r, 4);
    assert_int_equal(registry_goodbyes_over(r), second);
    assert_int_equal(left(r), 0);
    registry_free(r);
}

/* It waited so long that its lease ran out: it still has said goodbye. */
static void test_evicted_meanwhile(void **state)
{
    (void)state;
    struct registry *r = furnished();
    char id[8];
    uint32_t count;
    unsigned gone;
    uint64_t goodbye;
    struct granted granted;
    struct record read, last = member_of(9, "node", id);
    instance_read(registry_instance(r, key_of("web", "i9")), &read);
    last.rev = read.rev;
    assert_int_equal(leave(r, "node", 0, &count, &goodbye), ERR_OK);
    assert_int_equal(registry_evict(r, key_of("web", "i9"), 1, at_ms(0), NULL, NULL, &gone),
                     ERR_OK);
    assert_int_equal(gone, 1);
    assert_int_equal(registry_register(r, &last, &local, at_ms(0), &granted), ERR_STALE);
    expire_all(r, 60000);
    expire_all(r, 60001);
    assert_int_equal(left(r), 0);
    assert_int_equal(registry_goodbyes_over(r), goodbye);
    registry_free(r);
}

static enum err reserve_nothing(void *context, enum journal_need need, size_t changes)
{
    (void)need;
    (void)changes;
    return *(enum err *)context;
}

static void test_no_room_in_the_journal(void **state)
{
    (void)state;
    struct registry *r = furnished();
    uint32_t count;
    uint64_t goodbye;
    enum err says = ERR_MEMORY;
    struct group_state group;
    struct registry_journal journal = {.context = &says, .reserve = reserve_nothing};
    registry_set_journal(r, &journal);
    assert_int_equal(leave(r, "node", 0, &count, &goodbye), ERR_MEMORY);
    assert_int_equal(count, 0);
    assert_int_equal(group_renewed(r, &group), ERR_OK); /* nothing happened */
    assert_int_equal(group.count, MEMBERS);
    says = ERR_OK;
    assert_int_equal(leave(r, "node", 0, &count, &goodbye), ERR_OK);
    says = ERR_MEMORY;
    expire_all(r, 1);
    assert_int_equal(left(r), MEMBERS - STEP);
    assert_int_equal(registry_next_deadline(r), 1001);
    char id[8];
    struct granted granted;
    struct record last = member_of(9, "node", id);
    assert_int_equal(registry_register(r, &last, &local, at_ms(1), &granted), ERR_MEMORY);
    says = ERR_OK;
    expire_all(r, 1000);
    assert_int_equal(left(r), MEMBERS - STEP);
    for (uint64_t ms = 1001; ms < 1004; ms++)
        expire_all(r, ms);
    assert_int_equal(left(r), 0);
    assert_int_equal(registry_goodbyes_over(r), goodbye);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_part_at_a_time),
        cmocka_unit_test(test_meanwhile_it_is_unknown),
        cmocka_unit_test(test_registered_anew),
        cmocka_unit_test(test_registered_anew_together),
        cmocka_unit_test(test_in_their_order),
        cmocka_unit_test(test_evicted_meanwhile),
        cmocka_unit_test(test_no_room_in_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
