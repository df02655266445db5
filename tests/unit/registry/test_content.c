/* Whatever is registered is read back, field by field, for random records. */

#include "base/rand.h"
#include "registry/instance.h"
#include "support/same_record.h"
#include "unit/registry/fixture.h"

/* Room for the texts of one random record. */
struct texts {
    struct rand rand;
    char bytes[16384];
    size_t used;
};

static struct text random_text(struct texts *p, const char *letters, uint32_t least, uint32_t most)
{
    struct text t = {p->bytes + p->used, least + rand_below(&p->rand, most - least + 1)};
    for (size_t n = 0; n < t.n; n++)
        p->bytes[p->used++] = letters[rand_below(&p->rand, (uint32_t)strlen(letters))];
    return t;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789"

static void random_places(struct texts *p, struct record *r)
{
    r->address_count = 1 + rand_below(&p->rand, ADDRESSES_MAX);
    for (unsigned n = 0; n < r->address_count; n++) {
        struct addr *a = &r->addresses[n];
        bool v4 = rand_below(&p->rand, 2);
        *a = (struct addr){.family = v4 ? FAMILY_V4 : FAMILY_V6};
        for (unsigned b = 0; b < addr_size(a); b++)
            a->bytes[b] = (uint8_t)rand_next(&p->rand);
        a->bytes[0] = v4 ? 10 : 0x20;
        a->bytes[1] = (uint8_t)n; /* none twice */
    }
    r->port_count = rand_below(&p->rand, PORTS_MAX + 1);
    for (unsigned n = 0; n < r->port_count; n++) {
        r->ports[n].number = (uint16_t)(1 + n * 8000 + rand_below(&p->rand, 8000));
        r->ports[n].protocol = (enum protocol)rand_below(&p->rand, PROTOCOL_COUNT);
        r->ports[n].name = random_text(p, "abcdefghijklm", n ? 10 : 0, PORT_NAME_MAX);
    }
}

static void random_pairs(struct texts *p, struct record *r)
{
    static const char printable[] = "abc ABC =;,\"\\%<>&'{}~!09";
    r->tag_count = rand_below(&p->rand, TAGS_MAX + 1);
    for (unsigned n = 0; n < r->tag_count; n++)
        r->tags[n] = random_text(p, LETTERS, 12, SHORT_LABEL_MAX);
    r->metadata_count = rand_below(&p->rand, METADATA_MAX + 1);
    uint32_t most = r->metadata_count > 16 ? 30 : METADATA_VALUE_MAX;
    for (unsigned n = 0; n < r->metadata_count; n++) {
        r->metadata[n].key = random_text(p, LETTERS "._-XYZ", 10, METADATA_KEY_MAX);
        r->metadata[n].value = random_text(p, printable, 0, most);
    }
}

static struct record random_record(struct texts *p)
{
    p->used = 0;
    struct record r = record_of("web", "x");
    r.id = random_text(p, LETTERS, 12, INSTANCE_ID_MAX); /* none twice: it would be buried */
    random_places(p, &r);
    r.weight_set = rand_below(&p->rand, 2);
    r.weight = r.weight_set ? (uint16_t)rand_next(&p->rand) : WEIGHT_DEFAULT;
    r.priority = (uint16_t)rand_below(&p->rand, PRIORITY_MAX + 1);
    r.status = (enum status)rand_below(&p->rand, STATUS_COUNT);
    r.version = random_text(p, "0123456789. -+~", 0, VERSION_MAX);
    r.zone = random_text(p, LETTERS, 0, SHORT_LABEL_MAX);
    r.region = random_text(p, LETTERS, 0, SHORT_LABEL_MAX);
    r.cluster = random_text(p, LETTERS, 0, SHORT_LABEL_MAX);
    random_pairs(p, &r);
    r.permanent = rand_below(&p->rand, 4) == 0;
    r.lease_s = r.permanent ? 0 : 5 + rand_below(&p->rand, 296);
    r.ttl = (int)rand_below(&p->rand, TTL_MAX + 2) - 1;
    r.group = random_text(p, LETTERS "./", 0, GROUP_MAX);
    r.rev = 1 + rand_below64(&p->rand, UINT64_MAX);
    return r;
}

/* Sorted by key, and each pair one of the given. */
static void assert_same_metadata(const struct record *given, const struct record *read)
{
    assert_int_equal(given->metadata_count, read->metadata_count);
    for (unsigned n = 0; n < read->metadata_count; n++) {
        if (n)
            assert_true(text_compare(read->metadata[n - 1].key, read->metadata[n].key) < 0);
        unsigned g = 0;
        while (g < given->metadata_count && !text_is(given->metadata[g].key, read->metadata[n].key))
            g++;
        assert_true(g < given->metadata_count);
        assert_same_text(given->metadata[g].value, read->metadata[n].value);
    }
}

static void assert_same(const struct record *a, const struct record *b)
{
    assert_same_text(a->ns, b->ns);
    assert_same_text(a->service, b->service);
    assert_same_text(a->id, b->id);
    assert_same_fields(a, b);
    assert_same_metadata(a, b);
}

static void test_random_round_trip(void **state)
{
    (void)state;
    static struct texts pool;
    rand_seed(&pool.rand, 7);
    struct registry *r = registry_plain();
    unsigned stored = 0;
    for (unsigned n = 0; n < 2000; n++) {
        struct record given = random_record(&pool), read;
        if (record_fault(&given)) /* too much metadata, now and then */
            continue;
        stored++;
        struct granted g = put(r, &given, n);
        assert_true(g.created && g.changed);
        memset(&read, 0xff, sizeof(read)); /* nothing of it may stay */
        instance_read(g.instance, &read);
        assert_same(&given, &read);
        assert_false(read.lease_bounded);
        read.rev = 0; /* what was read says the same when registered */
        g = put(r, &read, n);
        assert_false(g.created || g.changed);
        assert_int_equal(g.rev, given.rev);
        uint64_t rev;
        struct instance_key key = instance_key(g.instance);
        assert_int_equal(registry_deregister(r, key, 0, &local, at_ms(n), &rev), ERR_OK);
    }
    assert_true(stored > 1000);
    assert_int_equal(registry_totals(r).instances, 0);
    assert_int_equal(registry_totals(r).groups, 0);
    registry_free(r);
}

/* Every single field counts as content, and the order of metadata does not. */
static void test_each_field_is_a_change(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record record = record_of("web", "a");
    record.metadata_count = 2;
    record.metadata[0] = (struct pair){TEXT("b"), TEXT("1")};
    record.metadata[1] = (struct pair){TEXT("a"), TEXT("2")};
    put(r, &record, 0);
    struct record swapped = record;
    swapped.metadata[0] = record.metadata[1];
    swapped.metadata[1] = record.metadata[0];
    assert_false(put(r, &swapped, 0).changed);

#define CHANGES(assignment)                                                                        \
    do {                                                                                           \
        assignment;                                                                                \
        assert_true(put(r, &record, 0).changed);                                                   \
        assert_false(put(r, &record, 0).changed);                                                  \
    } while (0)
    CHANGES(record.addresses[0] = addr_of("10.0.0.8"));
    CHANGES(record.addresses[record.address_count++] = addr_of("::1"));
    CHANGES(record.ports[0].number = 8081);
    CHANGES(record.ports[0].protocol = PROTOCOL_UDP);
    CHANGES(record.ports[0].name = TEXT("http"));
    CHANGES(record.port_count = 0);
    CHANGES(record.weight_set = true; record.weight = WEIGHT_DEFAULT);
    CHANGES(record.weight = 0);
    CHANGES(record.priority = 1);
    CHANGES(record.status = STATUS_DRAINING);
    CHANGES(record.version = TEXT("1"));
    CHANGES(record.zone = TEXT("1"));
    CHANGES(record.region = TEXT("1"));
    CHANGES(record.cluster = TEXT("1"));
    CHANGES(record.tags[record.tag_count++] = TEXT("t"));
    CHANGES(record.metadata[0].value = TEXT("x"));
    CHANGES(record.metadata_count = 1);
    CHANGES(record.ttl = 0);
#undef CHANGES
    registry_free(r);
}

/* Longer and shorter by turns, so that it leaves the instance's block and comes back. */
static void test_grows_and_shrinks(void **state)
{
    (void)state;
    static const unsigned sizes[] = {0, 1, 9, 16, 17, 60, 199, 3, 200, 0, 40, 15, 150, 2};
    static const char value[METADATA_VALUE_MAX + 1] =
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
        "8901234567890123456789012345678901234567890123456789012345678901234567890123456789012345"
        "678901234567890123456789";
    struct registry *r = registry_plain();
    struct record record = record_of("web", "a");
    static struct record read;
    for (unsigned n = 0; n < ARRAY_COUNT(sizes); n++) {
        record.metadata_count = sizes[n] > 0;
        record.metadata[0] = (struct pair){TEXT("key"), {value, sizes[n]}};
        struct granted granted = put(r, &record, n);
        assert_int_equal(granted.changed, true);
        instance_read(granted.instance, &read);
        assert_same_metadata(&record, &read);
        assert_same_text(read.id, TEXT("a"));
        assert_same_places(&record, &read);
    }
    registry_free(r);
}

/* At each size around what the block has room for, upwards and back. */
static void walk_the_edge(struct registry *r, struct record *record)
{
    static const char value[] = "0123456789012345678901234567890123456789";
    enum { MOST = sizeof(value) - 1 };
    static struct record read;
    unsigned fitted = 0, full = 0, outgrew = 0;
    record->metadata_count = 1;
    for (unsigned n = 0; n < 2 * MOST; n++) {
        record->metadata[0] = (struct pair){TEXT("key"), {value, n < MOST ? n : 2 * MOST - 1 - n}};
        const struct instance *i = put(r, record, n).instance;
        size_t size = content_size(instance_content(i)->size);
        size_t room_at = ((size_t)(i->id + i->id_size - (const char *)i) + 1) / 2 * 2;
        assert_int_equal((room_at + i->room) % POOL_STEP, 0); /* as much as it takes, no more */
        assert_true(n || (size <= i->room && size + POOL_STEP > i->room));
        assert_int_equal(i->outgrown, size > i->room);
        fitted += size + 1 == i->room;
        full += size == i->room;
        outgrew += size == i->room + 1u;
        instance_read(i, &read);
        assert_same_metadata(record, &read);
        assert_same_text(read.id, record->id);
    }
    assert_true(fitted <= 2 && full == 2 && outgrew == 2);
}

static void test_edge_of_the_room(void **state)
{
    (void)state;
    static const char id[] = "abcdefghijklmnopqrstuvwxyz";
    struct registry *r = registry_plain();
    for (unsigned n = 1; n < sizeof(id); n++) { /* odd and even, and all that may be left over */
        struct record record = record_of("web", "");
        record.id = (struct text){id, n};
        walk_the_edge(r, &record);
    }
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_round_trip),
        cmocka_unit_test(test_each_field_is_a_change),
        cmocka_unit_test(test_grows_and_shrinks),
        cmocka_unit_test(test_edge_of_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
