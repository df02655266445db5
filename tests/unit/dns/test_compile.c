/* Services into views: sets, weights, TTLs, TXT, selectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "dns/compile.h"
#include "dns/compile_bag.h"
#include "dns/view_ports.h"
#include "unit/dns/registered.h"

struct fixture {
    struct registry *registry;
    struct zone *zone;
    struct view *view;
};

static struct fixture setup_with(uint32_t scale, uint32_t stale)
{
    char name[] = "z", all[] = "*";
    struct dns_rule rule = {all,       DNS_UNSET, DNS_UNSET, DNS_UNSET,
                            DNS_UNSET, stale,     DNS_UNSET, DNS_UNSET};
    struct dns_zone_config config = {.name = name,
                                     .ttl = 5,
                                     .negative_ttl = 2,
                                     .srv_weight_scale = scale,
                                     .rules = &rule,
                                     .rule_count = 1};
    struct dns_fault fault;
    struct fixture f = {.registry = registry_empty()};
    assert_int_equal(zone_load(&config, &f.zone, &fault), ERR_OK);
    return f;
}

static struct fixture setup(uint32_t scale)
{
    return setup_with(scale, DNS_UNSET);
}

static void teardown(struct fixture *f)
{
    view_free(f->view);
    zone_free(f->zone);
    registry_free(f->registry);
}

static const struct view *compiled(struct fixture *f, const char *service)
{
    static char shard[] = "shard", rack[] = "rack_no";
    char *selectors[] = {shard, rack, NULL};
    const struct service *s = registry_service(f->registry, TEXT("default"), text_of(service));
    assert_non_null(s);
    view_free(f->view);
    struct compile_context context = {f->registry, f->zone, selectors, &test_key};
    assert_int_equal(compile_view(&context, s, &f->view), ERR_OK);
    return f->view;
}

static const struct view_instance *inst(const struct view *v, const char *id)
{
    uint32_t place;
    const struct view_instance *i = view_instance(v, &test_key, text_of(id), &place);
    if (i)
        assert_ptr_equal(view_at(v, place), i);
    return i;
}

static void assert_group(const struct srv_set *set, const struct pick_group *group)
{
    uint64_t total = 0;
    uint32_t count = 0, zeros = 0;
    assert_true(group->part_count > 0);
    for (uint32_t i = group->first_part; i < group->first_part + group->part_count; i++) {
        const struct part *p = &set->parts[i];
        assert_int_equal(p->before, total);
        assert_int_equal(p->priority, set->parts[group->first_part].priority);
        assert_in_range(p->count, 1, PART_MAX);
        unsigned part_zeros = 0;
        for (unsigned n = 0; n < p->count; n++) {
            assert_int_equal(part_weight(p, n), p->instances[part_items(p)[n].instance].weight);
            part_zeros += part_weight(p, n) == 0;
        }
        assert_int_equal(p->zeros, part_zeros);
        total += part_total(p);
        count += p->count;
        zeros += part_zeros;
    }
    assert_int_equal(group->total, total);
    assert_int_equal(group->count, count);
    assert_int_equal(group->zeros, zeros);
}

/* "id:port:weight ..." in the set's order. */
static void assert_set(const struct view *v, const struct srv_set *set, const char *expected)
{
    char got[512] = "";
    uint32_t bytes = 0, count = 0;
    for (uint32_t number = 0; set_next(set, &number); number++, count++) {
        struct srv_item item = set_item(set, number), found;
        const struct view_instance *in = view_at(v, item.place);
        assert_ptr_equal(set_instance(set, number), in);
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%.*s:%u:%u", count ? " " : "",
                 TEXT_ARG(instance_label(in)), item.port, view_wire_weight(v, item.weight));
        assert_int_equal(item.priority, in->priority);
        assert_true(set_find(set, item.place, &found));
        assert_int_equal(found.place, item.place);
        assert_int_equal(found.priority, item.priority);
        assert_int_equal(found.weight, item.weight);
        assert_int_equal(found.port, item.port);
        bytes += 18u + (uint32_t)view_target_size(v, in);
    }
    assert_string_equal(got, expected);
    assert_int_equal(set->count, count);
    assert_int_equal(set->record_bytes, bytes);
    uint32_t part = 0;
    for (uint32_t g = 0; g < set->group_count; g++) {
        const struct pick_group *group = &set->groups[g];
        assert_int_equal(group->first_part, part);
        assert_group(set, group);
        if (g > 0)
            assert_true(set->parts[part - 1].priority < set->parts[part].priority);
        part += group->part_count;
    }
    assert_int_equal(part, set->part_count);
}

static void test_sets(void **state)
{
    (void)state;
    struct fixture f = setup(1);
    reg(f.registry, "web/b", "addr=10.0.0.2 port=8080 port=grpc:9090 w=30", 1);
    reg(f.registry, "web/a", "addr=10.0.0.1 port=8081 port=grpc:9091 port=5353/udp w=10", 1);
    reg(f.registry, "web/c", "addr=10.0.0.3 port=8082 w=0 priority=7", 1);
    reg(f.registry, "web/d", "addr=10.0.0.4 port=7000/udp port=log:7001/udp w=5 status=draining",
        1);
    reg(f.registry, "web/e", "addr=10.0.0.5 w=1", 1); /* address only */
    const struct view *v = compiled(&f, "web");
    assert_int_equal(v->instance_count, 5);
    assert_int_equal(v->live_count, 4);
    assert_int_equal(view_status_count(v, STATUS_UP), 4);
    assert_int_equal(view_status_count(v, STATUS_DRAINING), 1);
    assert_true(text_is(view_service(v), TEXT("web")));
    assert_int_equal(v->index, registry_index(f.registry));
    assert_set(v, &v->by_default, "a:8081:10 b:8080:30 c:8082:0");
    assert_int_equal(v->by_default.group_count, 2);
    assert_set(v, v->by_protocol[PROTOCOL_TCP], "a:8081:10 b:8080:30 c:8082:0");
    assert_set(v, v->by_protocol[PROTOCOL_UDP], "a:5353:10");

    assert_int_equal(v->port_count, 2);
    assert_set(v, &view_port(v, &test_key, TEXT("grpc"), PROTOCOL_TCP)->set, "a:9091:10 b:9090:30");
    assert_set(v, &view_port(v, &test_key, TEXT("log"), PROTOCOL_UDP)->set,
               ""); /* its one is draining */
    assert_null(view_port(v, &test_key, TEXT("grpc"), PROTOCOL_UDP));
    assert_null(view_port(v, &test_key, TEXT("other"), PROTOCOL_TCP));

    const struct view_instance *d = inst(v, "d");
    uint8_t target[NAME_MAX_WIRE];
    assert_int_equal(view_target(v, d, target), 9);
    assert_memory_equal(target, "\1d\3web\1z\0", 9);
    assert_int_equal(view_target_size(v, d), 9);
    assert_int_equal(d->port, 7000);
    assert_int_equal(d->status, STATUS_DRAINING);
    assert_false(d->live);
    assert_int_equal(inst(v, "e")->port, 0);
    assert_true(inst(v, "e")->live);
    assert_null(inst(v, "f"));
    assert_null(inst(v, ""));
    teardown(&f);
}

static void assert_addrs(const struct addr_set *set, enum family family, const char *expected)
{
    char got[512] = "";
    uint64_t total = 0;
    uint32_t count = 0, number = 0;
    unsigned size = family == FAMILY_V4 ? 4 : 16;
    for (; part_next(set->parts, set->group.part_count, &number); number++, count++) {
        struct addr a = {.family = (uint8_t)family};
        char text[ADDR_TEXT];
        uint64_t weight = part_weight(part_of(set->parts, number), number % PART_MAX);
        memcpy(a.bytes, addr_at(set, number, size), size);
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s=%llu", count ? " " : "",
                 addr_format(&a, text), (unsigned long long)weight);
        total += weight;
    }
    assert_string_equal(got, expected);
    assert_int_equal(set->group.total, total);
    assert_int_equal(set->group.count, count);
    assert_int_equal(set->group.first_part, 0);
}

static void test_addresses(void **state)
{
    (void)state;
    struct fixture f = setup(256); /* does not count for addresses */
    reg(f.registry, "web/a", "addr=10.0.0.1 addr=10.0.0.2 addr=10.0.0.3 addr=2001:db8::1 w=10", 1);
    reg(f.registry, "web/b", "addr=10.0.0.2 w=30", 1);
    reg(f.registry, "web/c", "addr=10.0.0.4 w=0", 1);
    reg(f.registry, "web/d", "addr=10.0.0.5 w=99 priority=1", 1);
    reg(f.registry, "web/e", "addr=10.0.0.6 w=99 status=starting", 1);
    const struct view *v = compiled(&f, "web");
    assert_addrs(&v->v4, FAMILY_V4, "10.0.0.1=2800 10.0.0.2=28000 10.0.0.3=2800");
    assert_int_equal(v->v4.group.zeros, 0);
    assert_addrs(&v->v6, FAMILY_V6, "2001:db8::1=8400");
    assert_int_equal(v->v6.group.zeros, 0);
    assert_int_equal(inst(v, "a")->v4_count, 3);
    assert_memory_equal(instance_v4(inst(v, "a")), "\12\0\0\1\12\0\0\2\12\0\0\3", 12);
    assert_int_equal(inst(v, "a")->v6_count, 1);
    assert_int_equal(instance_v6(inst(v, "a"))[15], 1);

    unreg(f.registry, "web/a", 2);
    unreg(f.registry, "web/b", 2);
    unreg(f.registry, "web/c", 2);
    v = compiled(&f, "web"); /* now the next priority is the best */
    assert_addrs(&v->v4, FAMILY_V4, "10.0.0.5=83160");
    assert_addrs(&v->v6, FAMILY_V6, "");
    teardown(&f);
}

/* What is left out of one set leaves the next ones in order. */
static void test_stale(void **state)
{
    (void)state;
    static const char *const expected[2][3] = {
        {"b:2:20 d:4:0 a:1:10 c:3:30", "b:2:20 d:4:0 a:1:10 c:3:30", "d:9:0 a:7:10 c:8:30"},
        {"b:2:20 d:4:0", "b:2:20 d:4:0", "d:9:0"}};
    for (uint32_t policy = DNS_STALE_DEMOTE; policy <= DNS_STALE_WITHDRAW; policy++) {
        struct fixture f = setup_with(1, policy);
        reg_stale(f.registry, "web/a", "addr=10.0.0.1 port=1 port=x:7 port=old:5 w=10", 1);
        reg(f.registry, "web/b", "addr=10.0.0.2 port=2 w=20", 1);
        reg_stale(f.registry, "web/c", "addr=fd00::3 port=3 port=x:8 w=30 priority=2", 1);
        reg(f.registry, "web/d", "addr=10.0.0.4 port=4 port=x:9 w=0 priority=3", 1);
        const struct view *v = compiled(&f, "web");
        assert_int_equal(v->live_count, 4);
        assert_int_equal(v->stale_count, 2);
        assert_int_equal(v->withdraws_stale, policy == DNS_STALE_WITHDRAW);
        assert_set(v, &v->by_default, expected[policy][0]);
        assert_set(v, v->by_protocol[PROTOCOL_TCP], expected[policy][1]);
        assert_set(v, v->by_protocol[PROTOCOL_UDP], "");
        assert_set(v, &view_port(v, &test_key, TEXT("x"), PROTOCOL_TCP)->set, expected[policy][2]);
        assert_set(v, &view_port(v, &test_key, TEXT("old"), PROTOCOL_TCP)->set, "a:5:10");
        assert_int_equal(inst(v, "c")->priority, STALE_PRIORITY + 2);
        assert_addrs(&v->v4, FAMILY_V4, "10.0.0.2=16800");
        assert_false(v->v4.stale);
        assert_addrs(&v->v6, FAMILY_V6, ""); /* of another priority than the best stale one */
        assert_false(v->v6.stale);
        unreg(f.registry, "web/a", 2);
        v = compiled(&f, "web");
        assert_addrs(&v->v6, FAMILY_V6, "fd00::3=25200");
        assert_true(v->v6.stale);
        assert_false(v->v4.stale);
        teardown(&f);
    }
}

static void test_scale(void **state)
{
    (void)state;
    struct fixture f = setup(256);
    reg(f.registry, "web/a", "addr=10.0.0.1 port=80 w=255", 1);
    reg(f.registry, "web/b", "addr=10.0.0.2 port=80 w=10", 1);
    reg(f.registry, "web/z", "addr=10.0.0.3 port=80 w=60000 status=down", 1);
    const struct view *v = compiled(&f, "web");
    assert_set(v, &v->by_default, "a:80:65280 b:80:2560");
    /* Out of the answers: only bounded. */
    assert_int_equal(view_wire_weight(v, inst(v, "z")->weight), 65535);
    reg(f.registry, "web/a", "addr=10.0.0.1 port=80 w=256", 2);
    v = compiled(&f, "web"); /* 256 x 256 does not fit: 255 for all */
    assert_set(v, &v->by_default, "a:80:65280 b:80:2550");
    reg(f.registry, "web/a", "addr=10.0.0.1 port=80 w=65535", 3);
    v = compiled(&f, "web");
    assert_set(v, &v->by_default, "a:80:65535 b:80:10");
    reg(f.registry, "web/a", "addr=10.0.0.1 port=80 w=0", 4);
    reg(f.registry, "web/b", "addr=10.0.0.2 port=80 w=0", 4);
    v = compiled(&f, "web");
    assert_set(v, &v->by_default, "a:80:0 b:80:0");
    teardown(&f);
}

static void test_ttl(void **state)
{
    (void)state;
    struct fixture f = setup(1);
    reg(f.registry, "web/a", "addr=10.0.0.1 ttl=30", 1);
    assert_int_equal(compiled(&f, "web")->ttl, 5); /* a wish lowers only */
    assert_int_equal(f.view->negative_ttl, 2);
    reg(f.registry, "web/b", "addr=10.0.0.1 ttl=3", 1);
    assert_int_equal(compiled(&f, "web")->ttl, 3);
    reg(f.registry, "web/c", "addr=10.0.0.1 ttl=0 status=down", 1);
    assert_int_equal(compiled(&f, "web")->ttl, 3); /* who is not live has no say */
    reg(f.registry, "web/c", "addr=10.0.0.1 ttl=0", 2);
    assert_int_equal(compiled(&f, "web")->ttl, 0);
    teardown(&f);
}

static void assert_txt(const struct view *v, const char *id, const char *expected, size_t size)
{
    const struct view_instance *i = inst(v, id);
    assert_int_equal(instance_txt_size(i), size);
    assert_memory_equal(instance_txt(i), expected, size);
}

static void test_txt(void **state)
{
    (void)state;
    struct fixture f = setup(1);
    reg(f.registry, "web/a",
        "addr=10.0.0.1 m.b=2 m.a=1 tag=x tag=y cluster=c region=r zone=o version=1.0", 1);
    reg(f.registry, "web/b", "addr=10.0.0.2", 1);
    reg(f.registry, "web/c", "addr=10.0.0.3", 1);
    reg(f.registry, "web/d", "addr=10.0.0.4 version=2 status=draining", 1);
    const struct view *v = compiled(&f, "web");
    static const char a[] = "\13version=1.0\6zone=o\10region=r\11cluster=c\10tags=x,y\3a=1\3b=2";
    assert_txt(v, "a", a, sizeof(a) - 1);
    assert_txt(v, "b", "\0", 1);
    assert_txt(v, "d", "\11version=2", 10);
    assert_int_equal(v->txt.count, 2); /* b's and c's are one; d is not live */
    assert_int_equal(txt_at(&v->txt, 0)->size, sizeof(a) - 1);
    assert_memory_equal(txt_at(&v->txt, 0)->rdata, a, sizeof(a) - 1);
    assert_int_equal(txt_at(&v->txt, 1)->size, 1);
    assert_int_equal(v->txt.record_bytes, 12 + sizeof(a) - 1 + 12 + 1);

    char fields[TAGS_MAX * 40 + 32] = "addr=10.0.0.1";
    for (int i = 0; i < TAGS_MAX; i++)
        snprintf(fields + strlen(fields), sizeof(fields) - strlen(fields), " tag=%032d", i);
    reg(f.registry, "big/a", fields, 1);
    v = compiled(&f, "big");
    const struct view_instance *i = inst(v, "a");
    /* "tags=" and seven tags of 32 with six commas, twice; then two */
    assert_int_equal(instance_txt_size(i), 236 + 236 + 71);
    assert_int_equal(instance_txt(i)[0], 235);
    assert_memory_equal(instance_txt(i) + 1, "tags=0000", 9);
    assert_int_equal(instance_txt(i)[236], 235);
    assert_int_equal(instance_txt(i)[472], 70);
    teardown(&f);
}

static struct pair pair_of(const char *key, const char *value)
{
    return (struct pair){text_of(key), text_of(value)};
}

static void assert_selector(const struct view *v, const char *key, const char *value,
                            unsigned registered, const char *expected)
{
    struct pair pair = pair_of(key, value);
    char got[128] = "";
    assert_true(view_has_pair(v, &test_key, &pair));
    uint64_t mask = slice_selected(v->slices[0], &pair, NULL, 1);
    for (uint32_t place = 0; view_next(v, &place); place++)
        if (mask >> place & 1)
            strncat(got, instance_label(view_at(v, place)).s, 1);
    assert_string_equal(got, expected);
    struct pair_counts counts = view_pair_counts(v, &pair);
    assert_int_equal(counts.registered, registered);
    assert_int_equal(counts.live, strlen(expected));
    assert_int_equal(counts.fresh, strlen(expected));
}

static void test_selectors(void **state)
{
    (void)state;
    struct fixture f = setup(1);
    reg(f.registry, "web/c", "addr=10.0.0.1 version=1.4.2 zone=eu tag=blue m.shard=One m.other=x",
        1);
    reg(f.registry, "web/a", "addr=10.0.0.1 version=1.4.2 tag=blue tag=red m.rack_no=7", 1);
    reg(f.registry, "web/b", "addr=10.0.0.1 version=2.0 region=r cluster=k status=starting", 1);
    const struct view *v = compiled(&f, "web");
    assert_selector(v, "version", "1-4-2", 2, "ac");
    assert_selector(v, "version", "2-0", 1, "");
    assert_selector(v, "region", "r", 1, "");
    assert_selector(v, "cluster", "k", 1, "");
    assert_selector(v, "zone", "eu", 1, "c");
    assert_selector(v, "tag", "blue", 2, "ac");
    assert_selector(v, "tag", "red", 1, "a");
    assert_selector(v, "shard", "one", 1, "c");
    assert_selector(v, "rack-no", "7", 1, "a"); /* the key is made a label too */
    struct pair absent[] = {pair_of("version", "3"), pair_of("version", "1.4.2"),
                            pair_of("other", "x")};
    for (size_t i = 0; i < ARRAY_COUNT(absent); i++) {
        assert_false(view_has_pair(v, &test_key, &absent[i]));
        assert_int_equal(slice_selected(v->slices[0], &absent[i], NULL, 1), 0);
    }
    struct pair both[] = {pair_of("version", "1-4-2"), pair_of("tag", "red")};
    assert_int_equal(slice_selected(v->slices[0], both, NULL, 2), 1); /* a */
    assert_int_equal(slice_selected(v->slices[0], both, NULL, 0), 5); /* a, c */
    assert_true(view_has_selector_key(v, &test_key, TEXT("zone")));
    assert_true(view_has_selector_key(v, &test_key, TEXT("cluster")));
    assert_false(view_has_selector_key(v, &test_key, TEXT("other")));
    assert_false(view_has_selector_key(v, &test_key, TEXT("aaa")));
    assert_false(view_has_selector_key(v, &test_key, TEXT("zzz")));
    assert_int_equal(v->slices[0]->selector_count, 9);
    teardown(&f);
}

static void test_empty(void **state)
{
    (void)state;
    struct fixture f = setup(1);
    reg(f.registry, "web/a", "addr=10.0.0.1 port=80 version=1", 1);
    unreg(f.registry, "web/a", 2);
    const struct view *v = compiled(&f, "web");
    assert_int_equal(v->instance_count, 0);
    assert_set(v, &v->by_default, "");
    assert_int_equal(v->by_default.group_count, 0);
    assert_int_equal(v->v4.group.count, 0);
    assert_int_equal(v->txt.count, 0);
    assert_null(inst(v, "a"));
    assert_false(view_has_selector_key(v, &test_key, TEXT("version")));
    assert_null(view_port(v, &test_key, TEXT("x"), PROTOCOL_TCP));
    teardown(&f);
}

static void test_large(void **state)
{
    (void)state;
    enum { LARGE = 10000 };
    struct fixture f = setup(256);
    char name[32], fields[128];
    for (unsigned i = 0; i < LARGE; i++) {
        snprintf(name, sizeof(name), "web/i%u", i * 7919 % LARGE);
        snprintf(fields, sizeof(fields),
                 "addr=10.1.%u.%u port=80 port=grpc:%u w=%u version=1.%u zone=z%u m.shard=%u",
                 i / 256, i % 256, 1000 + i, i % 100, i % 5, i % 3, i);
        reg(f.registry, name, fields, 1);
    }
    const struct view *v = compiled(&f, "web");
    assert_int_equal(v->live_count, LARGE);
    assert_int_equal(v->by_default.count, LARGE);
    assert_int_equal(v->by_default.group_count, 1);
    assert_int_equal(v->by_default.groups[0].total, (uint64_t)LARGE / 100 * 4950);
    assert_int_equal(v->by_default.groups[0].zeros, LARGE / 100);
    assert_int_equal(v->v4.group.count, LARGE - LARGE / 100); /* weight 0 only when all are */
    assert_int_equal(v->v4.group.total, (uint64_t)LARGE / 100 * 4950 * 840);
    struct pair version = pair_of("version", "1-3");
    assert_int_equal(view_pair_counts(v, &version).live, LARGE / 5);
    assert_in_range(v->slice_count, LARGE / 32, LARGE / 20);
    for (unsigned i = 0; i < LARGE; i++) {
        snprintf(name, sizeof(name), "i%u", i);
        const struct view_instance *in = inst(v, name);
        assert_true(text_is(instance_label(in), text_of(name)));
        assert_int_equal(bag_addr_weight(&test_key, v->shared->v4, BAG_V4, instance_v4(in)),
                         in->weight * ADDRESS_WEIGHT_PARTS);
    }
    assert_int_equal(bag_addr_weight(&test_key, v->shared->v4, BAG_V4, (const uint8_t *)"\1\1\1\1"),
                     0);
    uint32_t count = 0;
    for (uint32_t place = 0; view_next(v, &place); place++, count++) {
        assert_int_equal(slice_hashes(view_slice(v, place))[place % SLICE_MAX],
                         slice_id_hash(view_at(v, place)));
        if (place % SLICE_MAX)
            assert_true(text_compare(instance_label(view_at(v, place - 1)),
                                     instance_label(view_at(v, place))) < 0);
    }
    assert_int_equal(count, LARGE);
    teardown(&f);
}

/* So many at one address that their weight there exceeds 32 bits, and one elsewhere. */
static void test_shared_address(void **state)
{
    enum { MANY = 100 };
    (void)state;
    struct fixture f = setup(1);
    char name[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "web/%d", i);
        reg(f.registry, name, "addr=10.0.0.1 port=1 w=65535", 1);
    }
    reg(f.registry, "web/other", "addr=10.0.0.2 port=1 w=3", 1);
    const struct addr_set *set = &compiled(&f, "web")->v4;
    assert_int_equal(set->group.count, 2);
    assert_int_equal(set->group.total, (UINT64_C(65535) * MANY + 3) * ADDRESS_WEIGHT_PARTS);
    for (uint32_t n = 0; part_next(set->parts, set->group.part_count, &n); n++) {
        uint64_t holders = addr_at(set, n, 4)[3] == 1 ? UINT64_C(65535) * MANY : 3;
        assert_int_equal(part_weight(part_of(set->parts, n), n % PART_MAX),
                         holders * ADDRESS_WEIGHT_PARTS);
    }
    assert_true(set->parts[0].is_wide);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),      cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_scale),     cmocka_unit_test(test_ttl),
        cmocka_unit_test(test_stale),     cmocka_unit_test(test_txt),
        cmocka_unit_test(test_selectors), cmocka_unit_test(test_empty),
        cmocka_unit_test(test_large),     cmocka_unit_test(test_shared_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
