/* From the registry's feed to the table: names, serials, pacing, what is hidden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "base/log.h"
#include "dns/dns.h"
#include "dns/state.h"
#include "support/logged.h"
#include "unit/dns/registered.h"
#include "unit/dns/zone_text.h"

#define SOA "@ SOA ns host 100 60 10 86400 2\n@ NS ns\n"

struct fixture {
    struct registry *registry;
    struct dns *dns;
    uint64_t due;
};

/* A zone for the configuration; `records` NULL = no file. */
static void add_zone(struct dns_config *config, const char *name, const char *ns,
                     const char *records)
{
    config->zones = realloc(config->zones, (config->zone_count + 1) * sizeof(*config->zones));
    struct dns_zone_config *zone = &config->zones[config->zone_count++];
    *zone = (struct dns_zone_config){.name = strdup(name),
                                     .ttl = 5,
                                     .negative_ttl = 2,
                                     .srv_weight_scale = 1,
                                     .ns = ns ? strdup(ns) : NULL};
    zone->file = records ? zone_text(records, NULL) : NULL;
}

static struct fixture setup(struct dns_config *config)
{
    struct fixture f = {.registry = registry_empty()};
    struct dns_fault fault;
    f.dns = dns_new(config, &test_key, &fault);
    if (!f.dns)
        fail_msg("%s:%u: %s", fault.file, fault.line, fault.text);
    return f;
}

static struct fixture setup_one(const char *records)
{
    struct dns_config config = {0};
    add_zone(&config, "z", "default", records);
    return setup(&config);
}

static void teardown(struct fixture *f)
{
    dns_free(f->dns);
    registry_free(f->registry);
    rcu_drain();
}

static void publish_at(struct fixture *f, uint64_t ms)
{
    assert_int_equal(dns_publish(f->dns, f->registry, ms, &f->due), ERR_OK);
    registry_changes_trim(f->registry, dns_published_index(f->dns));
}

static const struct node *look(const struct fixture *f, const char *text)
{
    struct name n;
    assert_int_equal(name_parse(text_of(text), &n), ERR_OK);
    return table_find(f->dns->table, n.wire, n.size);
}

static const struct view *published_at(const struct fixture *f, const char *text)
{
    const struct node *n = look(f, text);
    assert_non_null(n);
    assert_non_null(n->slot);
    return RCU_READ(n->slot->view);
}

static uint32_t serial_of(const struct fixture *f, size_t zone)
{
    return atomic_load(&f->dns->zones[zone]->serial);
}

static void test_names(void **state)
{
    (void)state;
    struct fixture f = setup_one(SOA);
    reg(f.registry, "user.rpc/a", "addr=10.0.0.1 port=80", 1);
    publish_at(&f, 1);
    assert_int_equal(f.due, UINT64_MAX);
    assert_int_equal(look(&f, "user.rpc.z")->kind, NODE_SERVICE);
    assert_int_equal(look(&f, "_user.rpc._tcp.z")->kind, NODE_SERVICE_TCP);
    assert_int_equal(look(&f, "_user.rpc._udp.z")->kind, NODE_SERVICE_UDP);
    assert_int_equal(look(&f, "rpc.z")->kind, NODE_EMPTY);
    assert_int_equal(look(&f, "_tcp.z")->kind, NODE_EMPTY);
    assert_int_equal(look(&f, "rpc._udp.z")->kind, NODE_EMPTY);
    assert_ptr_equal(look(&f, "user.rpc.z")->slot, look(&f, "_user.rpc._udp.z")->slot);
    assert_null(look(&f, "a.user.rpc.z"));
    assert_int_equal(published_at(&f, "user.rpc.z")->live_count, 1);

    struct dns_totals totals = dns_totals(f.dns);
    assert_int_equal(totals.zones, 1);
    assert_int_equal(totals.views, 1);
    assert_int_equal(totals.view_bytes, published_at(&f, "user.rpc.z")->size);
    assert_int_equal(totals.publications, 1);
    /* z, 2 for S.Z, 3 for each protocol, and for DNS-SD one above its names, the services, and
     * five that name the zone. */
    assert_int_equal(totals.names, 9 + 1 + 1 + 5);
    teardown(&f);
}

static void test_serial(void **state)
{
    (void)state;
    struct dns_config config = {.serial = 50};
    add_zone(&config, "z", "default", SOA);
    add_zone(&config, "static", NULL, NULL);
    struct fixture f = setup(&config);
    assert_int_equal(dns_serial(f.dns), 100); /* the file's is higher */
    publish_at(&f, 1);
    assert_int_equal(dns_serial(f.dns), 100); /* nothing happened */
    reg(f.registry, "web/a", "addr=10.0.0.1", 1);
    reg(f.registry, "web/b", "addr=10.0.0.2", 1);
    reg(f.registry, "api/a", "addr=10.0.0.2", 1);
    publish_at(&f, 2);
    assert_int_equal(serial_of(&f, 0), 101); /* one step for all of it */
    assert_int_equal(serial_of(&f, 1), 1);   /* its own */
    publish_at(&f, 3);
    assert_int_equal(dns_serial(f.dns), 101);
    reg(f.registry, "web/a", "addr=10.0.0.1", 4); /* a renewal */
    publish_at(&f, 4);
    assert_int_equal(dns_serial(f.dns), 101);
    reg(f.registry, "web/a", "addr=10.0.0.1 m.k=v", 5); /* TXT shows it */
    publish_at(&f, 5);
    assert_int_equal(serial_of(&f, 0), 102);
    unreg(f.registry, "web/a", 6);
    publish_at(&f, 6);
    assert_int_equal(dns_serial(f.dns), 103);
    assert_int_equal(published_at(&f, "web.z")->live_count, 1);
    teardown(&f);
}

static void test_serial_wraps(void **state)
{
    (void)state;
    struct dns_config config = {.serial = UINT32_MAX};
    add_zone(&config, "z", "default", SOA);
    struct fixture f = setup(&config);
    reg(f.registry, "web/a", "addr=10.0.0.1", 1);
    publish_at(&f, 1);
    assert_int_equal(serial_of(&f, 0), 1);
    teardown(&f);
}

static void test_several_zones(void **state)
{
    (void)state;
    struct dns_config config = {0};
    add_zone(&config, "disc.local", "default", NULL);
    add_zone(&config, "inner.disc.local", "default", NULL);
    add_zone(&config, "other", "elsewhere", NULL);
    struct fixture f = setup(&config);
    assert_true(dns_serves_namespace(f.dns, TEXT("default")));
    assert_true(dns_serves_namespace(f.dns, TEXT("elsewhere")));
    assert_false(dns_serves_namespace(f.dns, TEXT("nowhere")));
    reg(f.registry, "web/a", "addr=10.0.0.1", 1);
    reg(f.registry, "x.inner/a", "addr=10.0.0.2", 1);
    publish_at(&f, 1);
    assert_int_equal(look(&f, "web.disc.local")->kind, NODE_SERVICE);
    assert_int_equal(look(&f, "web.inner.disc.local")->kind, NODE_SERVICE);
    assert_ptr_not_equal(look(&f, "web.disc.local")->slot, look(&f, "web.inner.disc.local")->slot);
    assert_null(look(&f, "web.other"));
    /* x.inner.disc.local belongs to the inner zone, which has no service `x`. */
    assert_null(look(&f, "x.inner.disc.local"));
    assert_non_null(look(&f, "x.inner.inner.disc.local"));
    assert_int_equal(dns_totals(f.dns).hidden_services, 1);
    assert_int_equal(serial_of(&f, 2), 1);
    teardown(&f);
}

static void test_hidden(void **state)
{
    (void)state;
    struct fixture f = setup_one(SOA "web A 10.9.9.9\n_api._tcp SRV 0 0 1 x\na.b A 10.9.9.8\n");
    assert_true(dns_name_taken(f.dns, TEXT("default"), TEXT("web"), TEXT("")));
    assert_true(dns_name_taken(f.dns, TEXT("default"), TEXT("b"), TEXT("a")));
    assert_false(dns_name_taken(f.dns, TEXT("default"), TEXT("b"), TEXT("")));
    assert_false(dns_name_taken(f.dns, TEXT("default"), TEXT("web"), TEXT("a")));
    assert_false(dns_name_taken(f.dns, TEXT("other"), TEXT("web"), TEXT("")));

    reg(f.registry, "web/a", "addr=10.0.0.1", 1);
    reg(f.registry, "api/a", "addr=10.0.0.1", 1);
    reg(f.registry, "b/x", "addr=10.0.0.1", 1);
    publish_at(&f, 1);
    assert_int_equal(look(&f, "web.z")->kind, NODE_STATIC);
    assert_int_equal(look(&f, "_web._tcp.z")->kind, NODE_SERVICE_TCP);
    assert_int_equal(look(&f, "api.z")->kind, NODE_SERVICE);
    assert_int_equal(look(&f, "_api._tcp.z")->kind, NODE_STATIC);
    assert_int_equal(look(&f, "_api._udp.z")->kind, NODE_SERVICE_UDP);
    assert_int_equal(look(&f, "b.z")->kind, NODE_SERVICE);
    assert_int_equal(look(&f, "a.b.z")->kind, NODE_STATIC);
    assert_int_equal(dns_totals(f.dns).hidden_services, 2);
    /* A service at a name which static data needs as empty non-terminal is published. */
    assert_false(dns_name_taken(f.dns, TEXT("default"), TEXT("b"), TEXT("")));
    teardown(&f);
}

/* What the log says while one service is published for the first time. */
static bool warns_of_hidden(struct fixture *f, uint64_t now)
{
    assert_int_equal(capture_begin(NULL), 0);
    log_set_level(LOG_LEVEL_WARN);
    publish_at(f, now);
    log_set_level(LOG_LEVEL_ERROR);
    bool warns = strstr(logged(), "is hidden at") != NULL;
    capture_end(NULL);
    return warns;
}

static void test_hidden_without_instances(void **state)
{
    (void)state;
    struct fixture f = setup_one(SOA "web A 10.9.9.9\napi A 10.9.9.8\n");
    reg(f.registry, "api/a", "addr=10.0.0.1", 1);
    unreg(f.registry, "api/a", 1);
    assert_false(warns_of_hidden(&f, 1)); /* known, but nobody misses it */
    reg(f.registry, "web/a", "addr=10.0.0.1", 2);
    assert_true(warns_of_hidden(&f, 2));
    assert_int_equal(dns_totals(f.dns).hidden_services, 2);
    teardown(&f);
}

static void test_forgotten(void **state)
{
    (void)state;
    struct fixture f = setup_one(SOA "a.b A 10.9.9.8\n");
    uint64_t names = dns_totals(f.dns).names;
    reg(f.registry, "web/a", "addr=10.0.0.1", 1);
    reg(f.registry, "b/x", "addr=10.0.0.1", 1);
    publish_at(&f, 1);
    unreg(f.registry, "web/a", 2);
    unreg(f.registry, "b/x", 2);
    publish_at(&f, 2);
    assert_int_equal(published_at(&f, "web.z")->instance_count, 0); /* known: NODATA */
    uint32_t serial = dns_serial(f.dns);

    uint64_t later = 3 + 1000 * (uint64_t)registry_config_of(f.registry)->service_retention_s;
    struct moment now = {later, later};
    while (registry_expire(f.registry, now, 100, NULL, NULL))
        ;
    assert_null(registry_service(f.registry, TEXT("default"), TEXT("web")));
    publish_at(&f, later);
    assert_null(look(&f, "web.z"));
    assert_null(look(&f, "_web._tcp.z"));
    assert_null(look(&f, "_tcp.z"));
    assert_int_equal(look(&f, "b.z")->kind, NODE_EMPTY);
    assert_int_equal(dns_totals(f.dns).names, names);
    assert_int_equal(dns_totals(f.dns).views, 0);
    assert_int_equal(dns_totals(f.dns).view_bytes, 0);
    assert_int_equal(dns_serial(f.dns), serial + 1);

    reg(f.registry, "web/a", "addr=10.0.0.1", later);
    publish_at(&f, later);
    assert_int_equal(look(&f, "web.z")->kind, NODE_SERVICE);
    teardown(&f);
}

static void reg_many(struct fixture *f, unsigned from, unsigned to, uint64_t ms)
{
    for (unsigned i = from; i < to; i++) {
        char name[32], fields[64];
        snprintf(name, sizeof(name), "big/i%u", i);
        snprintf(fields, sizeof(fields), "addr=10.0.%u.%u port=80", i / 256, i % 256);
        reg(f->registry, name, fields, ms);
    }
}

static bool has_instance(const struct view *v, const char *id)
{
    uint32_t place;
    return view_instance(v, &test_key, text_of(id), &place);
}

static void test_pacing(void **state)
{
    (void)state;
    struct fixture f = setup_one(SOA);
    reg_many(&f, 0, 2000, 1000);
    publish_at(&f, 1000); /* the first time is never put off */
    assert_int_equal(published_at(&f, "big.z")->live_count, 2000);

    reg_many(&f, 2000, 2100, 1005); /* 2000 instances: 20 ms */
    reg(f.registry, "small/a", "addr=10.0.0.1", 1005);
    uint32_t serial = dns_serial(f.dns);
    publish_at(&f, 1005);
    assert_int_equal(published_at(&f, "big.z")->live_count, 2000);
    assert_int_equal(published_at(&f, "small.z")->live_count, 1); /* others do not wait behind it */
    assert_int_equal(f.due, 1020);
    assert_int_equal(dns_serial(f.dns), serial + 1);
    publish_at(&f, 1019);
    assert_int_equal(published_at(&f, "big.z")->live_count, 2000);
    assert_int_equal(f.due, 1020);
    publish_at(&f, 1020);
    assert_int_equal(published_at(&f, "big.z")->live_count, 2100);
    assert_int_equal(f.due, UINT64_MAX);
    assert_int_equal(dns_serial(f.dns), serial + 2);

    reg_many(&f, 2100, 2101, 1022); /* most of it was compiled with those 100 */
    publish_at(&f, 1022);
    assert_int_equal(published_at(&f, "big.z")->live_count, 2100);
    unreg(f.registry, "big/i7", 1023); /* a withdrawal ends the waiting */
    publish_at(&f, 1023);
    assert_int_equal(published_at(&f, "big.z")->live_count, 2100);
    assert_false(has_instance(published_at(&f, "big.z"), "i7"));
    assert_true(has_instance(published_at(&f, "big.z"), "i2100"));
    assert_int_equal(f.due, UINT64_MAX);

    reg_many(&f, 2101, 2102, 1023);
    publish_at(&f, 1023); /* the one before was cheap */
    assert_int_equal(published_at(&f, "big.z")->live_count, 2101);
    reg_many(&f, 2102, 2402, 1024);
    publish_at(&f, 1024);
    assert_int_equal(published_at(&f, "big.z")->live_count, 2401);
    reg_many(&f, 2402, 2403, 1025);
    publish_at(&f, 1025);
    assert_int_equal(published_at(&f, "big.z")->live_count, 2401);
    assert_in_range(f.due, 1024 + 20, 1024 + 25);
    reg_many(&f, 2403, 2404, 2000);
    publish_at(&f, 2000); /* a late call does it at once */
    assert_int_equal(published_at(&f, "big.z")->live_count, 2403);
    assert_int_equal(f.due, UINT64_MAX);
    teardown(&f);
}

static void test_cheap_is_never_put_off(void **state)
{
    (void)state;
    struct fixture f = setup_one(SOA);
    for (unsigned i = 0; i < 99; i++) {
        reg_many(&f, i, i + 1, 1000);
        publish_at(&f, 1000);
        assert_int_equal(published_at(&f, "big.z")->live_count, i + 1);
    }
    reg_many(&f, 99, 4000, 2000);
    publish_at(&f, 2000);
    for (unsigned i = 4000; i < 4050; i++) {
        reg_many(&f, i, i + 1, 3000);
        publish_at(&f, 3000);
        assert_int_equal(published_at(&f, "big.z")->live_count, i + 1);
    }
    teardown(&f);
}

static void reg_with_ports(struct fixture *f, unsigned i, uint64_t ms)
{
    char name[32], fields[256];
    int n = snprintf(fields, sizeof(fields), "addr=10.0.%u.%u", i / 256, i % 256);
    for (unsigned k = 0; k < 7; k++)
        n += snprintf(fields + n, sizeof(fields) - (size_t)n, " port=p%u-%u:%u", i, k, 1000 + k);
    snprintf(name, sizeof(name), "big/i%u", i);
    reg(f->registry, name, fields, ms);
}

/* A change of one instance makes one slice anew, and the parts that have its names: not all 7 000
 * names of ports. */
static void test_pacing_of_ports(void **state)
{
    (void)state;
    struct fixture f = setup_one(SOA);
    for (unsigned i = 0; i < 1000; i++)
        reg_with_ports(&f, i, 1000);
    publish_at(&f, 1000);
    reg_with_ports(&f, 1000, 2000);
    publish_at(&f, 2000);
    assert_int_equal(published_at(&f, "big.z")->live_count, 1001);
    assert_in_range(view_compiled(published_at(&f, "big.z")), 1, 8 * SLICE_MAX);
    reg_with_ports(&f, 1001, 2001);
    publish_at(&f, 2001);
    assert_int_equal(published_at(&f, "big.z")->live_count, 1001);
    assert_in_range(f.due, 2000 + 2, 2000 + 7);
    publish_at(&f, f.due);
    assert_int_equal(published_at(&f, "big.z")->live_count, 1002);
    assert_int_equal(published_at(&f, "big.z")->shared->port_names, 7 * 1002);
    teardown(&f);
}

/* Names that all have: each change copies what all slices have of them, by priority. */
static void test_pacing_of_shared_ports(void **state)
{
    (void)state;
    enum { COUNT = 4000, NAMES = 7 };
    struct fixture f = setup_one(SOA);
    char name[32], fields[256];
    for (unsigned i = 0; i < COUNT + 2; i++) {
        uint64_t ms = i < COUNT ? 1000 : 2000 + i - COUNT;
        int n = snprintf(fields, sizeof(fields), "addr=10.0.%u.%u priority=%u", i / 256, i % 256,
                         i % 7);
        for (unsigned k = 0; k < NAMES; k++)
            n += snprintf(fields + n, sizeof(fields) - (size_t)n, " port=p%u:%u", k, 1000 + k);
        snprintf(name, sizeof(name), "big/i%u", i);
        reg(f.registry, name, fields, ms);
        if (i >= COUNT - 1)
            publish_at(&f, ms);
    }
    const struct view *v = published_at(&f, "big.z");
    assert_int_equal(v->live_count, COUNT + 1);
    uint32_t parts = v->by_default.part_count;
    assert_true(parts > 4 * v->slice_count);
    assert_in_range(view_listed(v), (NAMES + 6) * parts, 40 * parts);
    assert_in_range(f.due, 2000 + 2, 2000 + 5);
    teardown(&f);
}

/* The end comes while a service waits for its time. */
static void test_freed_while_waiting(void **state)
{
    (void)state;
    struct fixture f = setup_one(SOA);
    reg_many(&f, 0, 1000, 1000);
    publish_at(&f, 1000);
    reg_many(&f, 1000, 1010, 1001);
    publish_at(&f, 1001);
    assert_int_not_equal(f.due, UINT64_MAX);
    teardown(&f);
}

/* A new configuration starts from the whole feed, though the old one trimmed it. */
static void test_reload(void **state)
{
    (void)state;
    struct fixture f = setup_one(SOA);
    reg(f.registry, "web/a", "addr=10.0.0.1", 1);
    publish_at(&f, 1);
    uint32_t serial = dns_serial(f.dns);
    struct dns_config config = {.serial = serial};
    add_zone(&config, "new", "default", NULL);
    struct dns_fault fault;
    struct dns *old = f.dns;
    f.dns = dns_new(&config, &test_key, &fault);
    assert_non_null(f.dns);
    dns_retire(old);
    publish_at(&f, 2);
    assert_int_equal(published_at(&f, "web.new")->live_count, 1);
    assert_int_equal(dns_serial(f.dns), serial + 1);
    teardown(&f);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second, *records;
        unsigned line;
        const char *says;
    } cases[] = {
        {"z", "Z.", NULL, 0, "a zone twice: Z"},
        {"z", "a..b", NULL, 0, "expected a domain name"},
        {"z", "y", SOA "www CNAME z.\nwww A 1.2.3.4\n", 4, "CNAME"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct dns_config config = {0};
        struct dns_fault fault;
        add_zone(&config, cases[i].first, "default", NULL);
        add_zone(&config, cases[i].second, "default", cases[i].records);
        assert_null(dns_new(&config, &test_key, &fault));
        assert_non_null(strstr(fault.text, cases[i].says));
        assert_int_equal(fault.line, cases[i].line);
        assert_null(config.zones);
    }
}

/* ---- readers beside the control thread -------------------------------------------------- */

struct shared {
    const struct fixture *fixture;
    _Atomic bool stop;
    _Atomic uint64_t rounds, wrong;
};

/* Every view that a reader meets is whole: totals agree with what they stand for. */
static bool view_is_whole(const struct view *v)
{
    uint32_t live = 0, items = 0;
    uint64_t total = 0;
    for (uint32_t place = 0; view_next(v, &place); place++)
        live += view_at(v, place)->live;
    const struct srv_set *set = &v->by_default;
    for (uint32_t n = 0; set_next(set, &n); n++, items++)
        total += set_item(set, n).weight;
    for (uint32_t g = 0; g < set->group_count; g++)
        total -= set->groups[g].total;
    return live == v->live_count && items == live && set->count == live &&
           v->v4.group.count <= live && total == 0;
}

static void *reader(void *context)
{
    struct shared *s = context;
    const struct table *table = s->fixture->dns->table;
    struct name names[4];
    static const char *const texts[] = {"s0.z", "_s1._tcp.z", "s2.z", "_s3._udp.z"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (name_parse(text_of(texts[i]), &names[i]))
            return NULL;
    rcu_reader_start();
    while (!atomic_load(&s->stop)) {
        rcu_reader_online();
        for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
            const struct node *n = table_find(table, names[i].wire, names[i].size);
            if (n && n->slot && !view_is_whole(RCU_READ(n->slot->view)))
                atomic_fetch_add(&s->wrong, 1);
        }
        rcu_reader_offline();
        atomic_fetch_add(&s->rounds, 1);
    }
    rcu_reader_stop();
    return NULL;
}

/* Registers, withdraws, and lets services be forgotten, so that names come and go. */
static void test_readers(void **state)
{
    (void)state;
    struct fixture f = setup_one(SOA);
    struct shared s = {.fixture = &f};
    pthread_t threads[2];
    for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &s), 0);
    uint64_t now = 1;
    for (unsigned i = 0; i < 2000 || atomic_load(&s.rounds) < 1000; i++, now++) {
        char name[32], fields[64];
        snprintf(name, sizeof(name), "s%u/i%u", i % 5, i % 37);
        snprintf(fields, sizeof(fields), "addr=10.0.0.%u port=80", i % 200);
        reg(f.registry, name, fields, now);
        if (i % 3 == 0)
            unreg(f.registry, name, now);
        if (i % 400 == 399) {
            now += 90000000;
            while (registry_expire(f.registry, (struct moment){now, now}, 100, NULL, NULL))
                ;
        }
        publish_at(&f, now);
    }
    atomic_store(&s.stop, true);
    for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&s.wrong), 0);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_serial),
        cmocka_unit_test(test_serial_wraps),
        cmocka_unit_test(test_several_zones),
        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_hidden_without_instances),
        cmocka_unit_test(test_pacing),
        cmocka_unit_test(test_pacing_of_ports),
        cmocka_unit_test(test_pacing_of_shared_ports),
        cmocka_unit_test(test_cheap_is_never_put_off),
        cmocka_unit_test(test_freed_while_waiting),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_readers),
    };
    log_init(LOG_LEVEL_ERROR, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
