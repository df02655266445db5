/* A view that follows another one is what a view of the whole service anew is: random changes,
 * seeded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/rand.h"
#include "dns/compile.h"
#include "dns/view_ports.h"
#include "support/failing.h"
#include "unit/dns/registered.h"

enum { LEASE_MS = 30000 };

struct fixture {
    struct registry *registry;
    struct zone *zone;
    struct rand rand;
    uint64_t now;
    unsigned size;   /* ids are below */
    unsigned spread; /* of addresses, priorities and the like */
    bool own_ports;  /* port names that few others have */
};

static struct compile_context context_of(const struct fixture *f)
{
    static char shard[] = "shard";
    static char *const selectors[] = {shard, NULL};
    return (struct compile_context){f->registry, f->zone, selectors, &test_key};
}

static struct fixture setup(unsigned size, uint32_t stale, uint64_t seed)
{
    char name[] = "z", all[] = "*";
    struct dns_rule rule = {all,       DNS_UNSET, DNS_UNSET, DNS_UNSET,
                            DNS_UNSET, stale,     DNS_UNSET, DNS_UNSET};
    struct dns_zone_config config = {.name = name,
                                     .ttl = 50,
                                     .negative_ttl = 2,
                                     .srv_weight_scale = 256,
                                     .rules = &rule,
                                     .rule_count = 1};
    struct dns_fault fault;
    struct fixture f = {.registry = registry_empty(), .now = 1, .size = size};
    rand_seed(&f.rand, seed);
    assert_int_equal(zone_load(&config, &f.zone, &fault), ERR_OK);
    registry_guard_mode(f.registry, GUARD_ALWAYS_ON, (struct moment){1, 1});
    return f;
}

static void teardown(struct fixture *f)
{
    zone_free(f->zone);
    registry_free(f->registry);
}

static const struct service *service_of(const struct fixture *f)
{
    return registry_service(f->registry, TEXT("default"), TEXT("web"));
}

static unsigned below(struct fixture *f, unsigned bound)
{
    return rand_below(&f->rand, bound);
}

/* ---- changes ----------------------------------------------------------------------------- */

static void append(char *fields, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(char *fields, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(fields + strlen(fields), 900 - strlen(fields), format, args);
    va_end(args);
}

static void add_addresses(struct fixture *f, char *fields, unsigned n)
{
    append(fields, "addr=10.%u.%u.%u", n / 65536, n / 256 % 256, n % 256);
    if (below(f, 4) == 0) /* shared with others */
        append(fields, " addr=10.9.0.%u", below(f, 3));
    if (below(f, 6) == 0)
        append(fields, " addr=fd00::%x", below(f, 2) ? n + 1 : 1);
    if (below(f, 16) == 0)
        for (unsigned i = 0; i < 5; i++)
            append(fields, " addr=10.8.%u.%u", i, below(f, 200));
}

/* Names that it has alone, and one that it shares with its neighbours. */
static void add_own_ports(struct fixture *f, char *fields, unsigned n)
{
    unsigned count = below(f, 4);
    append(fields, " port=%u", 80 + below(f, 2));
    for (unsigned i = 0; i < count; i++)
        append(fields, " port=p%u-%u:%u%s", n, i, 1 + i, below(f, 8) ? "" : "/udp");
    append(fields, " port=n%u:%u port=n%u:7/sctp", n / 3, 1 + below(f, 3), n / 100);
}

static void add_rest(struct fixture *f, char *fields, unsigned n)
{
    static const char *const ports[] = {"",
                                        " port=80",
                                        " port=80",
                                        " port=http:80",
                                        " port=53/udp port=http:81",
                                        " port=https:443 port=x:9/udp",
                                        " port=9 port=http:10 port=m:7/sctp",
                                        " port=http-admin-a:1 port=http-admin:2",
                                        " port=http-admin-b:3 port=http-admin:2/udp"};
    static const unsigned weights[] = {0, 1, 100, 100, 100, 100, 255, 60000};
    if (f->own_ports)
        add_own_ports(f, fields, n);
    else
        append(fields, "%s", ports[below(f, ARRAY_COUNT(ports))]);
    append(fields, " w=%u", f->spread ? weights[below(f, ARRAY_COUNT(weights))] : 0);
    if (f->spread > 1 && below(f, 3) == 0)
        append(fields, " priority=%u", below(f, f->spread * f->spread));
    if (below(f, 8) == 0)
        append(fields, " ttl=%u", 1 + below(f, 60));
    if (below(f, 8) == 0)
        append(fields, " status=%s", status_text((enum status)below(f, STATUS_COUNT)));
    if (below(f, 2))
        append(fields, " version=1.%u", below(f, 4));
    if (below(f, 8) == 0)
        append(fields, " m.shard=%u", below(f, 1000));
    if (below(f, 20) == 0)
        append(fields, " m.alpn=h2");
}

static void change_one(struct fixture *f)
{
    char name[80], fields[900] = "";
    unsigned n = below(f, f->size), what = below(f, 10);
    snprintf(name, sizeof(name), "web/i%u", n);
    struct instance_key key = {TEXT("default"), TEXT("web"), {name + 4, strlen(name) - 4}};
    bool there = registry_instance(f->registry, key);
    if (there && what < 3) {
        unreg(f->registry, name, f->now);
    } else if (there && what == 3) {
        struct override o = {.drain = below(f, 2), .weight_set = below(f, 2), .weight = 7};
        assert_int_equal(
            registry_override(f->registry, key, &o, (struct moment){f->now, 1000000 + f->now}),
            ERR_OK);
    } else {
        add_addresses(f, fields, n);
        add_rest(f, fields, n);
        reg(f->registry, name, fields, f->now);
    }
    f->now++;
}

/* Most are heard from, the others become stale. */
static void let_expire(struct fixture *f)
{
    static const struct principal local = {.kind = PRINCIPAL_LOCAL};
    unsigned silent = below(f, 3) ? below(f, 8) : 100;
    f->now += LEASE_MS / 2;
    for (unsigned n = 0; n < f->size; n++) {
        char id[16];
        snprintf(id, sizeof(id), "i%u", n);
        struct instance_key key = {TEXT("default"), TEXT("web"), text_of(id)};
        struct granted granted;
        if (registry_instance(f->registry, key) && below(f, 100) >= silent)
            assert_int_equal(registry_renew(f->registry, key, &local,
                                            (struct moment){f->now, 1000000 + f->now}, &granted),
                             ERR_OK);
    }
    f->now += LEASE_MS / 2 + 1;
    registry_expire(f->registry, (struct moment){f->now, 1000000 + f->now}, 100000, NULL, NULL);
}

/* ---- what a view says, as sorted lines ------------------------------------------------------ */

struct lines {
    char **line;
    size_t count, capacity;
};

static void say(struct lines *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct lines *l, const char *format, ...)
{
    va_list args;
    if (l->count == l->capacity) {
        l->capacity = l->capacity ? l->capacity * 2 : 256;
        l->line = realloc(l->line, l->capacity * sizeof(*l->line));
        assert_non_null(l->line);
    }
    va_start(args, format);
    assert_true(vasprintf(&l->line[l->count++], format, args) >= 0);
    va_end(args);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void lines_free(struct lines *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->line[i]);
    free(l->line);
}

static const char *hex(const uint8_t *bytes, size_t size, char *out)
{
    out[0] = '\0';
    for (size_t i = 0; i < size && i < 400; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return out;
}

static void say_instance(struct lines *l, const struct view *v, uint32_t place)
{
    const struct view_instance *i = view_at(v, place);
    char a[801], b[801], c[801];
    uint8_t target[NAME_MAX_WIRE];
    uint32_t found;
    assert_ptr_equal(view_instance(v, &test_key, instance_label(i), &found), i);
    assert_int_equal(found, place);
    size_t size = view_target(v, i, target);
    assert_int_equal(size, view_target_size(v, i));
    say(l, "i %s %s %s", hex(target, size, a),
        hex(instance_v4(i), 4u * i->v4_count + 16u * i->v6_count, b),
        hex(instance_txt(i), instance_txt_size(i), c));
    say(l, "I %.*s %u %u %u %u %u %u %u %d%d%d%d %u", TEXT_ARG(instance_label(i)), i->port,
        i->priority, i->weight, view_wire_weight(v, i->weight), i->ports[0], i->ports[1],
        i->https_port, i->alpn, i->live, i->stale, i->browsable, i->status);
}

static void say_set(struct lines *l, const struct view *v, const char *name,
                    const struct srv_set *set)
{
    uint32_t count = 0;
    say(l, "s %s %u %u %u %d", name, set->count, set->record_bytes, set->group_count,
        set->withdrawn);
    for (uint32_t n = 0; set_next(set, &n); n++, count++) {
        struct srv_item item = set_item(set, n), found;
        assert_true(set_find(set, item.place, &found));
        assert_int_equal(found.place, item.place);
        assert_int_equal(found.priority, item.priority);
        assert_int_equal(found.weight, item.weight);
        assert_int_equal(found.port, item.port);
        assert_ptr_equal(set_instance(set, n), view_at(v, item.place));
        say(l, "S %s %.*s %u %u %u", name, TEXT_ARG(instance_label(view_at(v, item.place))),
            item.priority, item.weight, item.port);
    }
    assert_int_equal(count, set->count);
    uint32_t part = 0;
    for (uint32_t g = 0; g < set->group_count; g++) {
        const struct pick_group *group = &set->groups[g];
        uint64_t before = 0;
        assert_int_equal(group->first_part, part);
        for (uint32_t i = 0; i < group->part_count; i++, part++) {
            assert_int_equal(set->parts[part].before, before);
            assert_in_range(set->parts[part].count, 1, PART_MAX);
            before += part_total(&set->parts[part]);
        }
        say(l, "g %s %u %u %u %llu", name, set->parts[group->first_part].priority, group->count,
            group->zeros, (unsigned long long)group->total);
        assert_int_equal(group->total, before);
    }
    assert_int_equal(part, set->part_count);
}

static void say_addrs(struct lines *l, const char *name, const struct addr_set *set, unsigned size)
{
    char a[801];
    uint64_t before = 0;
    uint32_t zeros = 0, count = 0;
    say(l, "a %s %u %u %llu %u %u %d", name, set->group.count, set->group.zeros,
        (unsigned long long)set->group.total, set->priority, set->weight_max, set->stale);
    for (uint32_t n = 0; part_next(set->parts, set->group.part_count, &n); n++, count++) {
        const struct part *p = part_of(set->parts, n);
        if (n % PART_MAX == 0) {
            assert_int_equal(p->before, before);
            assert_int_equal(p->priority, set->priority);
            before += part_total(p);
            zeros += p->zeros;
        }
        say(l, "A %s %s %llu", name, hex(addr_at(set, n, size), size, a),
            (unsigned long long)part_weight(p, n % PART_MAX));
    }
    assert_int_equal(zeros, set->group.zeros);
    assert_int_equal(count, set->group.count);
    assert_int_equal(before, set->group.total);
}

static void say_selectors(struct lines *l, const struct view *v)
{
    for (uint32_t n = 0; n < v->slice_count; n++) {
        const struct slice *s = v->slices[n];
        for (unsigned i = 0; i < s->selector_count; i++) {
            const struct selector *pair = &slice_selectors(s)[i];
            struct pair asked = {pair->key, pair->value};
            struct pair_counts counts = view_pair_counts(v, &asked);
            assert_true(view_has_pair(v, &test_key, &asked));
            assert_true(view_has_selector_key(v, &test_key, pair->key));
            assert_ptr_equal(slice_selector(s, pair->key, pair->value), pair);
            assert_int_equal(pair->live & ~s->live, 0);
            assert_int_equal(pair->fresh, pair->live & ~s->stale);
            for (unsigned k = 0; k < s->count; k++)
                say(l, "x %.*s=%.*s %.*s %d %u %u %u", TEXT_ARG(pair->key), TEXT_ARG(pair->value),
                    pair->live >> k & 1 ? (int)instance_label(&s->instances[k]).n : 0,
                    instance_label(&s->instances[k]).s, (int)(pair->fresh >> k & 1),
                    counts.registered, counts.live, counts.fresh);
        }
    }
}

static void say_head(struct lines *l, const struct view *v)
{
    say(l, "h %llu %.*s %u %u %u", (unsigned long long)v->index, TEXT_ARG(view_service(v)), v->ttl,
        v->negative_ttl, v->max_answers);
    say(l, "c %u %u %u %u %u %u %u %u %u %u %u %u", v->instance_count, v->live_count,
        v->stale_count, v->https_count, v->unbrowsable_count, v->weight_scale, v->priority_max,
        v->locality, v->withdraws_stale, v->spill_over, view_status_count(v, 0),
        view_status_count(v, 1));
    say_set(l, v, "default", &v->by_default);
    say_set(l, v, "tcp", v->by_protocol[PROTOCOL_TCP]);
    say_set(l, v, "udp", v->by_protocol[PROTOCOL_UDP]);
    for (uint32_t n = 0; view_port_next(v, &n); n++) {
        char name[40];
        const struct named_port *p = view_port_at(v, n);
        snprintf(name, sizeof(name), "%.*s/%u", TEXT_ARG(p->name), p->protocol);
        assert_ptr_equal(view_port(v, &test_key, p->name, p->protocol), p);
        assert_true(view_names_protocol(v, p->protocol));
        say_set(l, v, name, &p->set);
    }
    say_addrs(l, "4", &v->v4, 4);
    say_addrs(l, "6", &v->v6, 16);
    say(l, "t %u %u", v->txt.count, v->txt.record_bytes);
    for (uint32_t n = 0; txt_next(&v->txt, &n); n++) {
        char a[801];
        say(l, "T %s", hex(txt_at(&v->txt, n)->rdata, txt_at(&v->txt, n)->size, a));
    }
}

static struct lines lines_of(const struct view *v)
{
    struct lines l = {0};
    say_head(&l, v);
    for (uint32_t place = 0; view_next(v, &place); place++)
        say_instance(&l, v, place);
    say_selectors(&l, v);
    qsort(l.line, l.count, sizeof(*l.line), compare_lines);
    size_t count = 0; /* of equal lines one: those of selectors without a live holder */
    for (size_t i = 0; i < l.count; i++) {
        if (count && strcmp(l.line[i], l.line[count - 1]) == 0)
            free(l.line[i]);
        else
            l.line[count++] = l.line[i];
    }
    l.count = count;
    return l;
}

static void assert_same(const struct view *a, const struct view *b)
{
    struct lines x = lines_of(a), y = lines_of(b);
    for (size_t i = 0; i < x.count && i < y.count; i++)
        if (strcmp(x.line[i], y.line[i]) != 0)
            fail_msg("\n%s\n%s", x.line[i], y.line[i]);
    assert_int_equal(x.count, y.count);
    lines_free(&x);
    lines_free(&y);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static struct view *anew(const struct fixture *f)
{
    struct compile_context c = context_of(f);
    struct view *v;
    assert_int_equal(compile_view(&c, service_of(f), &v), ERR_OK);
    return v;
}

static struct view *follow(const struct fixture *f, const struct view *old)
{
    struct compile_context c = context_of(f);
    struct view *v;
    assert_int_equal(compile_next(&c, service_of(f), old, &v), ERR_OK);
    return v;
}

static unsigned shared_slices(const struct view *a, const struct view *b)
{
    unsigned count = 0;
    for (uint32_t n = 0; a->slice_count == b->slice_count && n < a->slice_count; n++)
        count += a->slices[n] == b->slices[n];
    return count;
}

static void run(unsigned size, unsigned rounds, uint32_t stale, unsigned spread, uint64_t seed)
{
    struct fixture f = setup(size, stale, seed);
    f.spread = spread;
    for (unsigned i = 0; i < size + 1 || !service_of(&f); i++)
        change_one(&f);
    struct view *v = anew(&f), *kept = NULL;
    unsigned shared = 0;
    for (unsigned round = 0; round < rounds; round++) {
        unsigned changes = below(&f, 4) ? 1 + below(&f, 3) : below(&f, 40);
        if (below(&f, 20) == 0)
            let_expire(&f);
        if (below(&f, 20) == 0) /* it grows, or shrinks */
            f.size = below(&f, 2) ? size : size / 2 + 1;
        for (unsigned i = 0; i < changes; i++)
            change_one(&f);
        struct view *next = follow(&f, v), *whole = anew(&f);
        assert_same(next, whole);
        shared += shared_slices(v, next);
        view_free(whole);
        if (round % 7 == 0) { /* outlives its successors */
            view_free(kept);
            kept = view_ref(v);
        }
        view_free(v);
        v = next;
    }
    if (size >= 300)
        assert_true(shared > rounds * (size / SLICE_FILL) / 4);
    view_free(v);
    view_free(kept);
    teardown(&f);
}

static void test_sizes(void **state)
{
    static const unsigned sizes[] = {1, 2, 10, 63, 64, 65, 90, 130, 300};
    (void)state;
    for (unsigned i = 0; i < ARRAY_COUNT(sizes); i++)
        for (unsigned spread = 0; spread < 4; spread++)
            run(sizes[i], 60, spread & 1 ? DNS_STALE_WITHDRAW : DNS_STALE_DEMOTE, spread,
                100 * i + spread);
}

static void test_large(void **state)
{
    (void)state;
    run(2000, 40, DNS_STALE_DEMOTE, 2, 1);
    run(2000, 40, DNS_STALE_WITHDRAW, 1, 2);
}

static unsigned shared_port_parts(const struct view *a, const struct view *b)
{
    unsigned count = 0;
    for (uint32_t n = 0; n < view_port_numbers(a); n += PORT_PART_MAX)
        count += view_ports_shared(a, b, n) > n;
    return count;
}

/* Each has port names of its own: some change, hundreds at once, the rule for the stale too. */
static void run_own_ports(uint32_t stale, unsigned spread, uint64_t seed)
{
    enum { SIZE = 600, ROUNDS = 12 };
    struct fixture f = setup(SIZE, stale, seed);
    f.spread = spread;
    f.own_ports = true;
    unsigned shared = 0, parts = 0;
    for (unsigned i = 0; i < 2 * SIZE; i++)
        change_one(&f);
    struct view *v = anew(&f);
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool many = round % 5 == 4;
        for (unsigned i = 0; i < (many ? 200u : 1 + round % 3); i++)
            change_one(&f);
        if (round % 10 == 9)
            let_expire(&f);
        struct view *next = follow(&f, v), *whole = anew(&f);
        assert_same(next, whole);
        if (!many) {
            shared += shared_port_parts(v, next);
            parts += next->shared->ports->count;
        }
        view_free(whole);
        view_free(v);
        v = next;
    }
    assert_true(shared > parts / 4);
    f.own_ports = false; /* nearly all of the names go */
    for (unsigned i = 0; i < 3 * SIZE; i++) {
        change_one(&f);
        if (i % 300)
            continue;
        struct view *next = follow(&f, v), *whole = anew(&f);
        assert_same(next, whole);
        view_free(whole);
        view_free(v);
        v = next;
    }
    view_free(v);
    teardown(&f);
}

static void test_own_ports(void **state)
{
    (void)state;
    run_own_ports(DNS_STALE_DEMOTE, 1, 11);
    run_own_ports(DNS_STALE_WITHDRAW, 2, 12);
}

/* The only name goes, and comes back. */
static void test_one_name(void **state)
{
    (void)state;
    enum { SIZE = 200 };
    struct fixture f = setup(SIZE, DNS_STALE_DEMOTE, 13);
    char name[16];
    for (unsigned i = 0; i < SIZE; i++) {
        snprintf(name, sizeof(name), "web/i%u", i);
        reg(f.registry, name, i ? "addr=10.0.0.1 port=80" : "addr=10.0.0.1 port=x:80", ++f.now);
    }
    struct view *v = anew(&f);
    assert_int_equal(view_port(v, &test_key, TEXT("x"), PROTOCOL_TCP)->set.count, 1);
    assert_false(view_names_protocol(v, PROTOCOL_UDP));
    for (unsigned round = 0; round < 4; round++) {
        bool there = round % 2;
        reg(f.registry, "web/i0", there ? "addr=10.0.0.1 port=x:80" : "addr=10.0.0.1 port=80",
            ++f.now);
        struct view *next = follow(&f, v);
        assert_int_equal(view_port(next, &test_key, TEXT("x"), PROTOCOL_TCP) != NULL, there);
        assert_int_equal(view_names_protocol(next, PROTOCOL_TCP), there);
        assert_null(view_port(next, &test_key, TEXT("a-name-too-long-"), PROTOCOL_TCP));
        assert_null(view_port(next, &test_key, TEXT(""), PROTOCOL_TCP));
        uint32_t number = 0;
        assert_int_equal(view_port_next(next, &number), there);
        view_free(v);
        v = next;
    }
    view_free(v);
    teardown(&f);
}

/* Slices grow until there are more of them, and shrink until there are fewer. */
static void test_growth(void **state)
{
    (void)state;
    enum { MOST = 700 };
    struct fixture f = setup(MOST, DNS_STALE_DEMOTE, 9);
    char name[16];
    struct view *v = NULL;
    uint32_t counts[3] = {0};
    for (unsigned i = 0; i < 2 * MOST - 1; i++) {
        snprintf(name, sizeof(name), "web/i%u", i < MOST ? i : i - MOST);
        if (i < MOST)
            reg(f.registry, name, "addr=10.0.0.1 port=80", ++f.now);
        else
            unreg(f.registry, name, ++f.now);
        struct view *next = v ? follow(&f, v) : anew(&f);
        for (uint32_t n = 0; n < next->slice_count; n++)
            assert_true(next->slices[n]->count <= SLICE_MAX);
        assert_int_equal(next->instance_count, service_count(service_of(&f)));
        if (i == 63 || i == MOST - 1 || i == 2 * MOST - 2)
            counts[i / MOST + (i >= MOST - 1)] = next->slice_count;
        view_free(v);
        v = next;
    }
    assert_int_equal(counts[0], 1);
    assert_in_range(counts[1], MOST / SLICE_FILL, MOST / 16);
    assert_int_equal(counts[2], 1);
    view_free(v);
    teardown(&f);
}

/* Every allocation fails once: the old view is as it was, and nothing is lost. */
static void run_memory(bool own_ports)
{
    struct fixture f = setup(150, DNS_STALE_DEMOTE, 5);
    f.spread = 2;
    f.own_ports = own_ports;
    for (unsigned i = 0; i < 400; i++)
        change_one(&f);
    struct view *old = anew(&f), *like_old = anew(&f), *v = NULL;
    for (unsigned i = 0; i < 10; i++)
        change_one(&f);
    struct compile_context c = context_of(&f);
    for (int what = 0; what < 2; what++) {
        enum err err = ERR_MEMORY;
        for (long n = 0; err; n++) {
            until_failure = n;
            err = what ? compile_view(&c, service_of(&f), &v)
                       : compile_next(&c, service_of(&f), old, &v);
            until_failure = -1;
            assert_true(err == ERR_OK || err == ERR_MEMORY);
            assert_true(n < 2000);
        }
        struct view *whole = anew(&f);
        assert_same(v, whole);
        view_free(whole);
        view_free(v);
    }
    assert_same(old, like_old);
    view_free(like_old);
    view_free(old);
    teardown(&f);
}

static void test_memory(void **state)
{
    (void)state;
    SKIP_WITHOUT_FAILURES();
    run_memory(false);
    run_memory(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),     cmocka_unit_test(test_large),
        cmocka_unit_test(test_own_ports), cmocka_unit_test(test_one_name),
        cmocka_unit_test(test_growth),    cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
