#include "server/durable.h"

#include "unit/server/common.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/clock.h"

#define NOBODY_ELSE (uid_t) - 1, (gid_t)-1
#define HOUR_MS 3600000
#define DAY_US 86400000000ull

static const struct moment start = {.lease_ms = 1, .wall_ms = 1795245098534};
static const struct hash_key key = {{7}};

struct rig {
    struct durable *durable;
    struct registry *registry;
    struct event_base *base;
    unsigned news;
};

static void on_news(void *context)
{
    struct rig *r = context;
    r->news++;
}

static void rig_begin(struct rig *r, const char *dir)
{
    struct registry_config config = registry_config_default();
    *r = (struct rig){.base = event_base_new()};
    assert_int_equal(durable_open(dir, NOBODY_ELSE, &r->durable), ERR_OK);
    r->registry = registry_new(&config, &key);
    assert_non_null(r->registry);
    assert_int_equal(durable_restore(r->durable, r->registry, start), ERR_OK);
    assert_int_equal(durable_start(r->durable, r->base, on_news, r), ERR_OK);
}

static void rig_end(struct rig *r)
{
    registry_free(r->registry);
    durable_close(r->durable);
    event_base_free(r->base);
}

/* Registers, and returns the change to wait for. */
static uint64_t put(struct rig *r, const char *id)
{
    struct record record = {.ns = TEXT("default"),
                            .service = TEXT("web"),
                            .id = text_of(id),
                            .ttl = TTL_UNSET,
                            .address_count = 1};
    struct principal who = {.kind = PRINCIPAL_LOCAL, .addr = addr_of("127.0.0.1")};
    struct granted granted;
    record.addresses[0] = addr_of("10.0.0.7");
    durable_begin(r->durable);
    assert_int_equal(registry_register(r->registry, &record, &who, start, &granted), ERR_OK);
    uint64_t change = durable_wait(r->durable);
    durable_flush(r->durable);
    return change;
}

static void until_committed(struct rig *r, uint64_t change)
{
    while (durable_state(r->durable)->committed < change)
        assert_int_equal(event_base_loop(r->base, EVLOOP_ONCE), 0);
}

static bool is_stored(const struct rig *r, const char *id, bool stale)
{
    struct instance_key k = {TEXT("default"), TEXT("web"), text_of(id)};
    const struct instance *i = registry_instance(r->registry, k);
    struct instance_state state;
    if (!i)
        return false;
    instance_state(i, &state);
    return state.stale == stale;
}

static void what_is_committed_comes_back(void **state)
{
    struct rig r;
    rig_begin(&r, *state);
    assert_true(durable_on_disk(r.durable));
    uint64_t change = put(&r, "a");
    assert_true(change > 0);
    until_committed(&r, change);
    assert_true(r.news > 0);
    assert_int_equal(durable_state(r.durable)->waiting, 0);
    assert_int_equal(put(&r, "a"), 0); /* a repetition of what is on disk waits for nothing */
    put(&r, "b");                      /* and what was only queued is stored at the end */
    rig_end(&r);
    rig_begin(&r, *state);
    assert_true(is_stored(&r, "a", false));
    assert_true(is_stored(&r, "b", false));
    struct durable_report report = durable_report(r.durable);
    assert_int_equal(report.restored.instances, 2);
    assert_false(report.restored_stale);
    assert_true(report.last_error_ms == UINT64_MAX);
    assert_true(report.entries >= 3);
    assert_true(report.file_bytes > 0);
    rig_end(&r);
}

static void starts_are_counted_and_serials_go_on_above(void **state)
{
    struct durable *d;
    assert_int_equal(durable_open(*state, NOBODY_ELSE, &d), ERR_OK);
    uint32_t first = durable_first_serial(d);
    assert_in_range(first, 1500000000, UINT32_MAX); /* the time, as nothing is known */
    assert_int_equal(durable_boots(d), 1);
    durable_close(d);
    assert_int_equal(durable_open(*state, NOBODY_ELSE, &d), ERR_OK);
    assert_int_equal(durable_first_serial(d), first + SERIAL_STEP);
    assert_int_equal(durable_boots(d), 2);
    durable_close(d);
}

/* The next ceiling is stored when half of the room is used up, without being waited for. */
static void the_ceiling_rises_in_time(void **state)
{
    struct rig r;
    rig_begin(&r, *state);
    uint32_t first = durable_first_serial(r.durable);
    durable_turn(r.durable, start, first + SERIAL_STEP / 2, 1);
    durable_flush(r.durable);
    uint64_t so_far = durable_state(r.durable)->waiting + durable_state(r.durable)->committed;
    until_committed(&r, so_far);
    durable_turn(r.durable, start, first + SERIAL_STEP / 2 + 1, 1);
    durable_flush(r.durable);
    until_committed(&r, so_far + 1);
    durable_turn(r.durable, start, first + SERIAL_STEP / 2 + 2, 1); /* once is enough */
    durable_flush(r.durable);
    assert_int_equal(durable_state(r.durable)->waiting, 0);
    rig_end(&r);
    rig_begin(&r, *state);
    assert_int_equal(durable_first_serial(r.durable), first + SERIAL_STEP / 2 + 1 + SERIAL_STEP);
    rig_end(&r);
}

static void set_alive(struct store_meta *meta, uint64_t ms)
{
    meta->alive_ms = ms;
}

static void set_index_ceiling(struct store_meta *meta, uint64_t index)
{
    meta->index_ceiling = index;
}

/* Of a server that does not run. */
static void change_meta(const char *dir, void (*set)(struct store_meta *meta, uint64_t value),
                        uint64_t value)
{
    struct store_options options = {.dir = dir, .uid = (uid_t)-1, .gid = (gid_t)-1};
    char fault[STORE_FAULT_TEXT];
    struct store_meta meta;
    struct store *s;
    assert_int_equal(store_open(&options, &s, &meta, fault), ERR_OK);
    struct store_journal *j = store_journal_new();
    set(&meta, value);
    assert_int_equal(store_journal_meta(j, &meta), ERR_OK);
    struct store_batch *batch = store_journal_take(j);
    assert_int_equal(store_commit(s, &batch, 1, fault), ERR_OK);
    store_batch_free(batch);
    store_journal_free(j);
    store_close(s);
}

/* The change index goes on above all that was used, though the clock went back. */
static void indices_go_on_above_whatever_the_clock_says(void **state)
{
    struct durable *d;
    uint64_t before_us = clock_wall_ms() * 1000;
    assert_int_equal(durable_open(*state, NOBODY_ELSE, &d), ERR_OK);
    uint64_t first = durable_first_index(d);
    assert_in_range(first, before_us, clock_wall_ms() * 1000);
    durable_close(d);
    /* As if the clock had been a day ahead until now. */
    change_meta(*state, set_index_ceiling, first + DAY_US);
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(durable_open(*state, NOBODY_ELSE, &d), ERR_OK);
        assert_int_equal(durable_first_index(d), first + DAY_US + n * (uint64_t)INDEX_STEP);
        durable_close(d);
    }
}

/* Stored before half of the room is used up, and found after a crash. */
static void the_ceiling_of_indices_rises_in_time(void **state)
{
    struct rig r;
    change_meta(*state, set_index_ceiling, clock_wall_ms() * 1000 + DAY_US);
    rig_begin(&r, *state);
    uint64_t first = durable_first_index(r.durable);
    uint32_t serial = durable_first_serial(r.durable);
    durable_turn(r.durable, start, serial, first + INDEX_STEP / 2); /* the mark of life */
    durable_flush(r.durable);
    uint64_t so_far = durable_state(r.durable)->waiting + durable_state(r.durable)->committed;
    until_committed(&r, so_far);
    durable_turn(r.durable, start, serial, first + INDEX_STEP / 2 + 1);
    durable_flush(r.durable);
    until_committed(&r, so_far + 1);
    durable_turn(r.durable, start, serial, first + INDEX_STEP / 2 + 2); /* once is enough */
    durable_flush(r.durable);
    assert_int_equal(durable_state(r.durable)->waiting, 0);
    rig_end(&r);
    rig_begin(&r, *state);
    assert_int_equal(durable_first_index(r.durable),
                     first + INDEX_STEP / 2 + 1 + (uint64_t)INDEX_STEP);
    rig_end(&r);
}

/* Writes into the store that the server was last alive so long ago. */
static void be_away(const char *dir, uint64_t ms)
{
    change_meta(dir, set_alive, clock_wall_ms() - ms);
}

static void after_more_than_an_hour_it_is_the_last_choice(void **state)
{
    struct rig r;
    rig_begin(&r, *state);
    until_committed(&r, put(&r, "a"));
    rig_end(&r);
    be_away(*state, HOUR_MS - 60000);
    rig_begin(&r, *state);
    assert_true(is_stored(&r, "a", false));
    rig_end(&r);
    be_away(*state, HOUR_MS + 1000);
    rig_begin(&r, *state);
    assert_true(is_stored(&r, "a", true));
    assert_true(durable_report(r.durable).restored_stale);
    rig_end(&r);
}

static void without_a_folder_nothing_is_stored(void **state UNUSED)
{
    struct rig r;
    rig_begin(&r, "");
    assert_false(durable_on_disk(r.durable));
    assert_int_equal(put(&r, "a"), 0);
    durable_turn(r.durable, start, 5, 1);
    assert_int_equal(durable_state(r.durable)->waiting, 0);
    assert_false(durable_state(r.durable)->readonly);
    assert_null(durable_report(r.durable).counters);
    assert_true(durable_first_serial(r.durable) > 1500000000);
    assert_true(durable_first_index(r.durable) > 1500000000000000);
    durable_stop(r.durable);
    rig_end(&r);
    durable_close(NULL);
}

static void what_cannot_be_opened_is_refused(void **state)
{
    struct durable *one, *two;
    char path[128];
    assert_int_equal(durable_open(*state, NOBODY_ELSE, &one), ERR_OK);
    assert_int_equal(durable_open(*state, NOBODY_ELSE, &two), ERR_BUSY);
    durable_close(one);
    snprintf(path, sizeof path, "%s/registry.mdb", (const char *)*state);
    assert_int_equal(truncate(path, 5000), 0);
    assert_int_equal(durable_open(*state, NOBODY_ELSE, &one), ERR_SYNTAX);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_is_committed_comes_back),
        IN_FOLDER(starts_are_counted_and_serials_go_on_above),
        IN_FOLDER(the_ceiling_rises_in_time),
        IN_FOLDER(indices_go_on_above_whatever_the_clock_says),
        IN_FOLDER(the_ceiling_of_indices_rises_in_time),
        IN_FOLDER(after_more_than_an_hour_it_is_the_last_choice),
        cmocka_unit_test(without_a_folder_nothing_is_stored),
        IN_FOLDER(what_cannot_be_opened_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
