/* Named ports of a large service: names whose set is that by default, names of equal hash, and
 * more names than a part may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "dns/compile.h"
#include "dns/compile_port_part.h"
#include "dns/view_ports.h"
#include "unit/dns/registered.h"

enum { COUNT = 200 };

struct fixture {
    struct registry *registry;
    struct zone *zone;
    uint64_t now;
    struct view *view;
};

static struct compile_context context_of(const struct fixture *f)
{
    return (struct compile_context){f->registry, f->zone, NULL, &test_key};
}

static const struct service *service_of(const struct fixture *f)
{
    return registry_service(f->registry, TEXT("default"), TEXT("web"));
}

static struct view *anew(const struct fixture *f)
{
    struct compile_context c = context_of(f);
    struct view *v;
    assert_int_equal(compile_view(&c, service_of(f), &v), ERR_OK);
    return v;
}

static void follow(struct fixture *f)
{
    struct compile_context c = context_of(f);
    struct view *next;
    assert_int_equal(compile_next(&c, service_of(f), f->view, &next), ERR_OK);
    view_free(f->view);
    f->view = next;
}

static void put(struct fixture *f, unsigned i, const char *ports)
{
    char name[16], fields[400];
    snprintf(name, sizeof(name), "web/i%u", i);
    snprintf(fields, sizeof(fields), "addr=10.0.%u.%u priority=%u %s", i / 256, i % 256, i % 3,
             ports);
    reg(f->registry, name, fields, ++f->now);
}

static struct fixture setup(const char *ports)
{
    char name[] = "z";
    struct dns_zone_config config = {.name = name, .ttl = 50, .srv_weight_scale = 1};
    struct dns_fault fault;
    struct fixture f = {.registry = registry_empty(), .now = 1};
    assert_int_equal(zone_load(&config, &f.zone, &fault), ERR_OK);
    for (unsigned i = 0; i < COUNT; i++)
        put(&f, i, ports);
    f.view = anew(&f);
    return f;
}

static void teardown(struct fixture *f)
{
    view_free(f->view);
    zone_free(f->zone);
    registry_free(f->registry);
}

static const struct named_port *find(const struct view *v, const char *name)
{
    return view_port(v, &test_key, text_of(name), PROTOCOL_TCP);
}

/* ---- by default ---------------------------------------------------------------------------- */

static bool is_shared(const struct view *v, const char *name)
{
    const struct named_port *p = find(v, name);
    assert_non_null(p);
    return p->set.parts == v->by_default.parts && p->set.groups == v->by_default.groups;
}

/* The name is found where all names are walked, and its set is what one made anew says. */
static void check(const struct fixture *f, const char *name, uint32_t count)
{
    struct view *whole = anew(f);
    const struct named_port *p = find(f->view, name), *q = find(whole, name);
    unsigned seen = 0;
    assert_non_null(p);
    assert_int_equal(p->set.count, count);
    assert_int_equal(p->set.count, q->set.count);
    assert_int_equal(p->set.part_count, q->set.part_count);
    assert_int_equal(p->set.group_count, q->set.group_count);
    assert_int_equal(is_shared(f->view, name), is_shared(whole, name));
    for (uint32_t i = 0; i < p->set.part_count; i++) {
        assert_int_equal(p->set.parts[i].base, q->set.parts[i].base);
        assert_int_equal(p->set.parts[i].before, q->set.parts[i].before);
        assert_int_equal(p->set.parts[i].priority, q->set.parts[i].priority);
    }
    for (uint32_t n = 0; view_port_next(f->view, &n); n++)
        seen += view_port_at(f->view, n) == p;
    assert_int_equal(seen, 1);
    view_free(whole);
}

static void test_by_default(void **state)
{
    (void)state;
    struct fixture f = setup("port=http:80 port=other:81");
    assert_true(f.view->slice_count > 1);
    for (unsigned round = 0; round < 3; round++) {
        assert_true(is_shared(f.view, "http"));
        assert_false(is_shared(f.view, "other"));
        check(&f, "http", COUNT);
        check(&f, "other", COUNT);
        put(&f, 7, "port=http:80 port=other:81 w=3"); /* as all, still */
        follow(&f);
        assert_true(is_shared(f.view, "http"));
        check(&f, "http", COUNT);
        put(&f, 9, "port=http:81 port=80"); /* another port is first there */
        put(&f, 10 + round, "port=http:80");
        follow(&f);
        check(&f, "http", COUNT);
        put(&f, 11, "port=80 port=other:81"); /* no such name there */
        follow(&f);
        assert_false(is_shared(f.view, "http"));
        check(&f, "http", COUNT - 1);
        for (unsigned i = 9; i < 14; i++)
            put(&f, i, "port=http:80 port=other:81");
        follow(&f);
    }
    teardown(&f);
}

/* Such a name costs less than one whose set is another. */
static void test_by_default_size(void **state)
{
    (void)state;
    struct fixture one = setup("port=http:80 port=81"), two = setup("port=80 port=http:81");
    assert_true(is_shared(one.view, "http"));
    assert_false(is_shared(two.view, "http"));
    size_t parts = two.view->by_default.part_count * sizeof(struct part);
    assert_true(view_bytes(one.view) + parts / 2 < view_bytes(two.view));
    teardown(&one);
    teardown(&two);
}

/* ---- equal hashes ---------------------------------------------------------------------------- */

enum { TRIED = 300000, NAME_SIZE = 12 };

struct tried {
    uint32_t hash, number;
};

static int compare_tried(const void *left, const void *right)
{
    const struct tried *a = left, *b = right;
    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static void name_of(uint32_t number, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "p%u", number);
}

static uint32_t hash_of(uint32_t number)
{
    char name[NAME_SIZE + 1];
    name_of(number, name);
    size_t size = strlen(name);
    name[size] = PROTOCOL_TCP;
    return (uint32_t)hash_bytes(&test_key, name, size + 1);
}

static struct tried *try_names(void)
{
    struct tried *tried = malloc(TRIED * sizeof(*tried));
    assert_non_null(tried);
    for (uint32_t i = 0; i < TRIED; i++)
        tried[i] = (struct tried){hash_of(i), i};
    qsort(tried, TRIED, sizeof(*tried), compare_tried);
    return tried;
}

static void put_named(struct fixture *f, unsigned i, const struct tried *name)
{
    char text[NAME_SIZE], ports[60];
    name_of(name->number, text);
    snprintf(ports, sizeof(ports), "port=80 port=%s:%u", text, 100 + i);
    put(f, i, ports);
}

/* Two names of one hash are two, however they come and go. */
static void test_equal_hashes(void **state)
{
    (void)state;
    struct tried *tried = try_names();
    unsigned pairs = 0;
    for (unsigned i = 0; i + 1 < TRIED && pairs < 4; i++) {
        if (tried[i].hash != tried[i + 1].hash)
            continue;
        pairs++;
        char first[NAME_SIZE], second[NAME_SIZE];
        name_of(tried[i].number, first);
        name_of(tried[i + 1].number, second);
        struct fixture f = setup("port=80 port=x:81");
        put_named(&f, 1, &tried[i]);
        follow(&f);
        assert_int_equal(find(f.view, first)->hash, tried[i].hash);
        assert_null(find(f.view, second));
        put_named(&f, 2, &tried[i + 1]);
        put_named(&f, 3, &tried[i + 1]);
        follow(&f);
        check(&f, first, 1);
        check(&f, second, 2);
        assert_int_equal(set_item(&find(f.view, first)->set, 0).port, 101);
        put(&f, 1, "port=80");
        follow(&f);
        assert_null(find(f.view, first));
        check(&f, second, 2);
        teardown(&f);
    }
    assert_true(pairs > 0);
    free(tried);
}

/* ---- overfull parts ----------------------------------------------------------------------------
 */

/* More names at once than the parts there are may hold: more parts are made. */
static void test_overfull(void **state)
{
    (void)state;
    enum { NAMES = 70 };
    struct tried *tried = try_names(); /* by hash: the first ones are of one part */
    struct fixture f = setup("port=80 port=a:1 port=b:2 port=c:3");
    uint32_t parts = f.view->shared->ports->count;
    for (unsigned i = 0; i < NAMES; i++) {
        assert_int_equal(slice_of_hash(parts, tried[i].hash), 0);
        put_named(&f, i, &tried[i]);
    }
    follow(&f);
    assert_true(f.view->shared->ports->count > parts);
    assert_int_equal(f.view->shared->port_names, NAMES + 3);
    for (unsigned i = 0; i < NAMES; i++) {
        char name[NAME_SIZE];
        name_of(tried[i].number, name);
        check(&f, name, 1);
    }
    free(tried);
    teardown(&f);
}

/* Items for all ports of the first `count` slices, as if all names had one hash. */
static size_t note_all(struct port_work *w, uint32_t count, struct port_item *items)
{
    size_t n = 0;
    for (uint32_t s = 0; s < count; s++)
        for (unsigned i = 0; i < w->p->slices[s]->port_count; i++, n++) {
            items[n] = (struct port_item){5, s, 0};
            assert_int_equal(port_note(w, w->p->slices[s], i, &items[n].noted), ERR_OK);
        }
    return n;
}

/* More names of one hash than a part holds: those beyond are left out, and memory is not said to
 * lack; a part that follows says that there is no space. */
static void test_one_hash(void **state)
{
    (void)state;
    struct fixture f = setup("port=80");
    struct port_item items[8 * SLICE_MAX];
    for (unsigned i = 0; i < COUNT; i++)
        put_named(&f, i, &(struct tried){0, i});
    view_free(f.view);
    f.view = anew(&f);
    struct large_parts p = {.slices = (const struct slice **)(uintptr_t)f.view->slices,
                            .slice_count = f.view->slice_count};
    bool *changed = calloc(p.slice_count, sizeof(*changed));
    struct port_work w = {.p = &p, .changed = changed};
    assert_int_equal(port_part_next(&w, NULL, items, note_all(&w, 1, items)), ERR_OK);
    struct port_part *one = w.part;
    assert_int_equal(one->count, p.slices[0]->port_count);
    size_t count = note_all(&w, 6, items);
    assert_in_range(count, PORT_PART_MAX + 1, ARRAY_COUNT(items));
    assert_int_equal(port_part_next(&w, NULL, items, count), ERR_OK);
    assert_int_equal(w.part->count, PORT_PART_MAX);
    block_unref(&w.part->block);
    changed[0] = changed[1] = true;
    assert_int_equal(port_part_next(&w, one, items, note_all(&w, 2, items)), ERR_OK);
    assert_int_equal(w.part->count, p.slices[0]->port_count + p.slices[1]->port_count);
    block_unref(&w.part->block);
    memset(changed, true, p.slice_count);
    assert_int_equal(port_part_next(&w, one, items, note_all(&w, 6, items)), ERR_SPACE);
    block_unref(&one->block);
    port_work_deinit(&w);
    free(changed);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_default),   cmocka_unit_test(test_by_default_size),
        cmocka_unit_test(test_equal_hashes), cmocka_unit_test(test_overfull),
        cmocka_unit_test(test_one_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
