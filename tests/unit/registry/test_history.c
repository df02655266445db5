/* What the registry remembers of changes: after any calls, the delta since any index that
 * is remembered makes what was then into what is now. */
#include "registry/state.h"

#include "unit/registry/churn.h"

enum { SNAPSHOTS = 40, STEPS = 4000, SMALL = 4096 };

/* ---- the model: who was there, and in which version ---------------------------------- */

struct snapshot {
    uint64_t index;
    uint64_t versions[SERVICES][IDS]; /* an instance's own index; 0 = it was not there */
};

struct world {
    struct churn churn;
    struct snapshot snapshots[SNAPSHOTS];
    unsigned taken;
    unsigned deltas, forgotten, spaces, gone;
};

static struct snapshot snapshot_of(const struct world *w)
{
    struct snapshot s = {.index = registry_index(w->churn.r)};
    for (unsigned service = 0; service < SERVICES; service++)
        for (unsigned id = 0; id < IDS; id++) {
            const struct instance *i = find(&w->churn, service, id);
            struct instance_state state;
            if (!i)
                continue;
            instance_state(i, &state);
            s.versions[service][id] = state.index;
        }
    return s;
}

static void apply(struct world *w, unsigned service, struct snapshot *old,
                  const struct delta_item *items, size_t count)
{
    bool seen[IDS] = {false};
    for (size_t n = 0; n < count; n++) {
        unsigned id = id_of(items[n].id);
        struct instance_state state;
        assert_false(seen[id]);
        seen[id] = true;
        assert_ptr_equal(items[n].instance, find(&w->churn, service, id));
        if (!items[n].instance) {
            assert_int_equal(items[n].why, w->churn.left[service][id]);
            old->versions[service][id] = 0;
            w->gone++;
            continue;
        }
        assert_int_equal(items[n].why, DEPARTURE_NONE);
        instance_state(items[n].instance, &state);
        assert_true(state.index > old->index);
        old->versions[service][id] = state.index;
    }
}

static void check_service(struct world *w, unsigned service, struct snapshot *old,
                          const struct snapshot *now)
{
    struct delta_item items[IDS];
    size_t count;
    const struct service *s =
        registry_service(w->churn.r, TEXT("default"), text_of(service_names[service]));
    if (!s) {
        assert_int_equal(registry_delta(w->churn.r, s, old->index, items, IDS, &count), ERR_OK);
        assert_int_equal(count, 0);
        return;
    }
    enum err err = registry_delta(w->churn.r, s, old->index, items, IDS, &count);
    w->deltas++;
    if (err == ERR_NOT_FOUND) {
        assert_true(old->index < registry_changes_floor(w->churn.r) ||
                    w->churn.r->history.capacity_max);
        w->forgotten++;
        return;
    }
    if (err == ERR_SPACE) { /* it never has more than fit: only the long walk */
        assert_true(registry_index(w->churn.r) - old->index > 1000);
        w->spaces++;
        return;
    }
    assert_int_equal(err, ERR_OK);
    if (service_index(s) <= old->index)
        assert_int_equal(count, 0);
    apply(w, service, old, items, count);
    assert_memory_equal(old->versions[service], now->versions[service],
                        sizeof(now->versions[service]));
}

static void check(struct world *w)
{
    struct snapshot now = snapshot_of(w);
    unsigned kept = w->taken < SNAPSHOTS ? w->taken : SNAPSHOTS;
    if (kept) {
        struct snapshot old = w->snapshots[rand_below(&w->churn.rand, kept)];
        for (unsigned service = 0; service < SERVICES; service++)
            check_service(w, service, &old, &now);
    }
    if (w->taken < SNAPSHOTS || rand_below(&w->churn.rand, 8) == 0)
        w->snapshots[w->taken++ % SNAPSHOTS] = now;
}

static struct world *world_of(uint64_t seed, size_t capacity_max, uint64_t first_index)
{
    static struct world w;
    w = (struct world){.churn = churn_of(seed, first_index)};
    w.churn.r->history.capacity_max = capacity_max;
    return &w;
}

static void test_deltas_rebuild_the_service(void **state)
{
    (void)state;
    struct world sum = {0};
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct world *w = world_of(seed, 0, seed % 3 ? 0 : (uint64_t)1 << 50);
        churn_restore(&w->churn);
        for (unsigned n = 0; n < STEPS; n++) {
            churn_step(&w->churn);
            check(w);
        }
        sum.deltas += w->deltas;
        sum.forgotten += w->forgotten;
        sum.gone += w->gone;
        sum.churn.stale += w->churn.stale;
        registry_free(w->churn.r);
    }
    assert_true(sum.deltas > 40000 && sum.gone > 10000 && sum.churn.stale > 1000);
    assert_true(sum.forgotten && sum.forgotten < sum.deltas / 2);
}

/* With a ring of a hundred changes. */
static void test_overrun(void **state)
{
    (void)state;
    struct world sum = {0};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct world *w = world_of(seed, SMALL, 0);
        for (unsigned n = 0; n < STEPS; n++) {
            churn_step(&w->churn);
            check(w);
        }
        assert_int_equal(w->churn.r->history.capacity, SMALL);
        assert_true(w->churn.r->history.next - w->churn.r->history.begin <= SMALL);
        sum.deltas += w->deltas;
        sum.forgotten += w->forgotten;
        registry_free(w->churn.r);
    }
    assert_true(sum.forgotten > sum.deltas / 10 && sum.forgotten < sum.deltas * 9 / 10);
}

/* ---- the corners ------------------------------------------------------------------------ */

static void change(struct registry *r, const char *id, uint16_t weight)
{
    struct record record = record_of("web", id);
    record.weight_set = true;
    record.weight = weight;
    assert_true(put(r, &record, 0).changed);
}

static const struct service *web(const struct registry *r)
{
    const struct service *s = registry_service(r, TEXT("default"), TEXT("web"));
    assert_non_null(s);
    return s;
}

static void test_changed_often_appears_once(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct delta_item items[2];
    size_t count;
    put_named(r, "web", "a", 0);
    uint64_t since = registry_index(r);
    for (uint16_t n = 0; n < 100; n++)
        change(r, "b", n);
    assert_int_equal(registry_delta(r, web(r), since, items, 2, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_text(items[0].id, "b");
    for (uint16_t n = 0; n < 100; n++) {
        drop(r, "web", "b", 0);
        put_named(r, "web", "b", 1000000 * (n + 1));
    }
    drop(r, "web", "b", 0);
    assert_int_equal(registry_delta(r, web(r), since, items, 2, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_null(items[0].instance);
    assert_string_equal(departure_text(items[0].why), "deregistered");
    registry_free(r);
}

static void test_more_than_fits(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct delta_item items[3];
    size_t count;
    for (const char *id = "abc"; *id; id++) {
        char name[] = {*id, 0};
        put_named(r, "web", name, 0);
    }
    assert_int_equal(registry_delta(r, web(r), 0, items, 3, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(registry_delta(r, web(r), 0, items, 2, &count), ERR_SPACE);
    assert_int_equal(count, 0);
    assert_int_equal(registry_delta(r, web(r), 1, items, 2, &count), ERR_OK);
    assert_int_equal(registry_delta(r, web(r), 3, items, 0, &count), ERR_OK);
    assert_int_equal(registry_delta(r, web(r), 2, items, 0, &count), ERR_SPACE);
    /* one that changed without end costs no endless look back */
    for (uint16_t n = 0; n < 2000; n++)
        change(r, "a", n);
    assert_int_equal(registry_delta(r, web(r), 3, items, 3, &count), ERR_SPACE);
    assert_int_equal(registry_delta(r, web(r), 1200, items, 3, &count), ERR_OK);
    assert_int_equal(count, 1);
    registry_free(r);
}

/* An index of an earlier run, or of an earlier service of that name, is not taken for one
 * of this. */
static void test_earlier_runs_and_services(void **state)
{
    (void)state;
    struct registry_config config = registry_config_default();
    config.service_retention_s = 60;
    config.first_index = 1000;
    struct registry *r = registry_of(config);
    struct delta_item items[4];
    size_t count;
    assert_int_equal(registry_index(r), 1000);
    assert_int_equal(registry_changes_floor(r), 1000);
    put_named(r, "web", "a", 0);
    assert_int_equal(service_index(web(r)), 1001);
    assert_int_equal(registry_delta(r, web(r), 999, items, 4, &count), ERR_NOT_FOUND);
    assert_int_equal(registry_delta(r, web(r), 0, items, 4, &count), ERR_NOT_FOUND);
    assert_int_equal(registry_delta(r, web(r), 1000, items, 4, &count), ERR_OK);
    assert_int_equal(count, 1);
    drop(r, "web", "a", 0);
    expire_all(r, 100000);
    assert_null(registry_service(r, TEXT("default"), TEXT("web")));
    uint64_t forgotten = registry_index(r);
    assert_int_equal(registry_changes_floor(r), 1000);
    registry_changes_trim(r, forgotten - 1);
    assert_int_equal(registry_changes_floor(r), 1000);
    registry_changes_trim(r, forgotten);
    assert_int_equal(registry_changes_floor(r), forgotten);
    put_named(r, "web", "b", 100000);
    assert_int_equal(registry_delta(r, web(r), 1001, items, 4, &count), ERR_NOT_FOUND);
    assert_int_equal(registry_delta(r, web(r), forgotten, items, 4, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_text(items[0].id, "b");
    registry_free(r);
}

/* One that is forgotten and comes back before the feed was trimmed is the same. */
static void test_revived_in_time(void **state)
{
    (void)state;
    struct registry_config config = registry_config_default();
    config.service_retention_s = 60;
    struct registry *r = registry_of(config);
    struct delta_item items[4];
    size_t count;
    put_named(r, "web", "a", 0);
    drop(r, "web", "a", 0);
    expire_all(r, 100000);
    put_named(r, "web", "b", 100000);
    assert_int_equal(registry_delta(r, web(r), 1, items, 4, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_text(items[0].id, "b");
    assert_text(items[1].id, "a");
    assert_null(items[1].instance);
    registry_free(r);
}

/* A quiet service's last change is soon no more remembered, but it is known that there was
 * nothing since. */
static void test_quiet_beside_busy(void **state)
{
    (void)state;
    struct world *w = world_of(1, SMALL, 0);
    struct delta_item items[4];
    size_t count;
    put_named(w->churn.r, "quiet", "a", 0);
    put_named(w->churn.r, "quiet", "b", 0);
    for (uint16_t n = 0; n < 1000; n++)
        change(w->churn.r, "a", n);
    const struct service *quiet = registry_service(w->churn.r, TEXT("default"), TEXT("quiet"));
    assert_int_equal(registry_delta(w->churn.r, quiet, 1, items, 4, &count), ERR_NOT_FOUND);
    assert_int_equal(registry_delta(w->churn.r, quiet, 2, items, 4, &count), ERR_OK);
    assert_int_equal(count, 0);
    put_named(w->churn.r, "quiet", "c", 0);
    assert_int_equal(registry_delta(w->churn.r, quiet, 1, items, 4, &count), ERR_NOT_FOUND);
    assert_int_equal(registry_delta(w->churn.r, quiet, 2, items, 4, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_text(items[0].id, "c");
    registry_free(w->churn.r);
}

/* ---- the ring by itself ------------------------------------------------------------------ */

/* Chains of ids of all lengths through many turns: each is whole, as far back as it says.
 * It grows while it is small, and again in the middle of a turn, as after a lack of memory. */
static void test_ring(void **state)
{
    (void)state;
    struct history h = {.capacity_max = 2 * SMALL};
    struct history_end ends[3] = {{0}};
    uint64_t before[3][64] = {{0}}; /* the last indices of each chain, newest at [turn % 64] */
    unsigned counts[3] = {0};
    struct rand rand;
    rand_seed(&rand, 7);
    char id[64];
    memset(id, 'x', sizeof(id));
    for (uint64_t index = 1; index < 20000; index++) {
        unsigned c = rand_below(&rand, 3);
        history_note(&h, &ends[c], index, (struct text){id, 1 + index % 63},
                     (enum departure)(index % 4));
        before[c][counts[c]++ % 64] = index;
        struct history_end end = ends[c];
        struct history_entry entry;
        for (unsigned n = 1; n <= 64 && n <= counts[c] && history_read(&h, &end, &entry); n++) {
            assert_int_equal(entry.index, before[c][(counts[c] - n) % 64]);
            assert_int_equal(entry.id.n, 1 + entry.index % 63);
            assert_memory_equal(entry.id.s, id, entry.id.n);
            assert_int_equal(entry.why, entry.index % 4);
            end = entry.before;
        }
        assert_true(h.next - h.begin <= h.capacity);
        if (index == 5000) {
            assert_int_equal(h.capacity, 2 * SMALL);
            h.capacity_max = 8 * SMALL;
        }
        if (index > 10000) /* and it is full */
            assert_true(h.next - h.begin + 200 > h.capacity);
    }
    assert_int_equal(h.capacity, 8 * SMALL);
    history_deinit(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deltas_rebuild_the_service), cmocka_unit_test(test_overrun),
        cmocka_unit_test(test_changed_often_appears_once), cmocka_unit_test(test_more_than_fits),
        cmocka_unit_test(test_earlier_runs_and_services),  cmocka_unit_test(test_revived_in_time),
        cmocka_unit_test(test_quiet_beside_busy),          cmocka_unit_test(test_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
