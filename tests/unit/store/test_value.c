#include "store/value.h"

#include "support/same_record.h"
#include "unit/store/entries.h"
#include "unit/store/values_v1.h"

static struct text text_at(const void *bytes, size_t n)
{
    return (struct text){bytes, n};
}

#define VALUE_OF(bytes) text_at(bytes, sizeof(bytes))

static size_t encode(enum store_table table, struct text key, const struct entry *entry,
                     uint8_t out[static VALUE_MAX])
{
    struct writer w = writer_of(out, VALUE_MAX);
    value_encode(&w, table, key, entry);
    assert_false(w.full);
    return writer_used(&w);
}

/* ---- what is equal -------------------------------------------------------------------- */

static void assert_same_instance(const struct stored_instance *a, const struct stored_instance *b)
{
    assert_same_record(&a->record, &b->record);
    assert_int_equal(a->owner.kind, b->owner.kind);
    assert_true(addr_is(&a->owner.addr, &b->owner.addr));
    assert_string_equal(a->owner.name, b->owner.name);
    assert_int_equal(a->registered_ms, b->registered_ms);
    assert_int_equal(a->up_ms, b->up_ms);
    assert_int_equal(a->latest_ms, b->latest_ms);
}

static void assert_same(const struct entry *a, const struct entry *b)
{
    assert_int_equal(a->kind, b->kind);
    switch (a->kind) {
    case ENTRY_INSTANCE: assert_same_instance(&a->instance, &b->instance); break;
    case ENTRY_GRAVE:
        assert_int_equal(a->grave.floor, b->grave.floor);
        assert_int_equal(a->grave.until_ms, b->grave.until_ms);
        break;
    case ENTRY_OVERRIDE:
        assert_int_equal(a->override.drain, b->override.drain);
        assert_int_equal(a->override.weight_set, b->override.weight_set);
        assert_int_equal(a->override.status_set, b->override.status_set);
        assert_int_equal(a->override.weight, b->override.weight);
        assert_int_equal(a->override.status, b->override.status);
        break;
    case ENTRY_SERVICE: assert_int_equal(a->until_ms, b->until_ms); break;
    case ENTRY_RECORD: break; /* test_records.c */
    case ENTRY_META:
    case ENTRY_FORMAT:
        assert_int_equal(a->meta.boots, b->meta.boots);
        assert_int_equal(a->meta.serial_ceiling, b->meta.serial_ceiling);
        assert_int_equal(a->meta.alive_ms, b->meta.alive_ms);
        assert_int_equal(a->meta.index_ceiling, b->meta.index_ceiling);
        break;
    }
}

/* ---- tests ------------------------------------------------------------------------------ */

static void what_is_written_is_read(void **state UNUSED)
{
    struct rand r;
    struct pool pool;
    static struct entry made, back;
    uint8_t bytes[VALUE_MAX], again[VALUE_MAX];
    unsigned kinds[ENTRY_FORMAT] = {0};
    rand_seed(&r, 2);
    for (unsigned n = 0; n < 5000; n++) {
        enum store_table table;
        pool.used = 0;
        struct text key = any_entry(&r, &pool, &made, &table);
        size_t size = encode(table, key, &made, bytes);
        assert_int_equal(value_decode(table, key, text_at(bytes, size), &back), VALUE_FINE);
        assert_same(&made, &back);
        assert_int_equal(encode(table, key, &back, again), size);
        assert_memory_equal(bytes, again, size);
        kinds[made.kind]++;
    }
    for (unsigned n = 0; n < ENTRY_FORMAT; n++)
        assert_true(kinds[n] > 100);
}

static void each_flipped_bit_is_noticed(void **state UNUSED)
{
    struct rand r;
    struct pool pool;
    static struct entry made, back;
    uint8_t bytes[VALUE_MAX];
    rand_seed(&r, 3);
    for (unsigned n = 0; n < 40; n++) {
        enum store_table table;
        pool.used = 0;
        struct text key = any_entry(&r, &pool, &made, &table);
        size_t size = encode(table, key, &made, bytes);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(value_decode(table, key, text_at(bytes, size), &back), VALUE_DAMAGED);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t cut = 0; cut < size; cut++)
            assert_int_equal(value_decode(table, key, text_at(bytes, cut), &back), VALUE_DAMAGED);
        assert_int_equal(value_decode(table, key, text_at(bytes, size), &back), VALUE_FINE);
    }
}

/* With a right CRC, too, only a whole body passes. */
static void a_body_that_is_cut_or_longer_is_refused(void **state UNUSED)
{
    struct rand r;
    struct pool pool;
    static struct entry made, back;
    uint8_t bytes[VALUE_MAX + 1];
    rand_seed(&r, 4);
    for (unsigned n = 0; n < 200; n++) {
        enum store_table table;
        pool.used = 0;
        (void)any_entry(&r, &pool, &made, &table);
        struct writer w = writer_of(bytes, sizeof bytes);
        write_u8(&w, VALUE_VERSION);
        body_write_v1(&w, &made);
        size_t whole = writer_used(&w) - 1;
        bool has_index = made.kind == ENTRY_META && made.meta.index_ceiling;
        for (size_t size = 0; size < whole; size++) {
            if (has_index && size == whole - 8) /* is what earlier servers wrote */
                continue;
            struct reader cut = reader_of(bytes + 1, size);
            back.key = made.key;
            assert_false(body_read_v1(&cut, table, &back) && !reader_left(&cut));
        }
        struct reader more = reader_of(bytes + 1, whole + 1);
        bytes[whole + 1] = 0;
        assert_false(body_read_v1(&more, table, &back) && !reader_left(&more));
    }
}

static void a_value_belongs_to_its_key_and_table(void **state UNUSED)
{
    struct entry back;
    assert_int_equal(
        value_decode(STORE_INSTANCES, TEXT("default/web/b"), VALUE_OF(v1_grave), &back),
        VALUE_FINE);
    assert_int_equal(
        value_decode(STORE_INSTANCES, TEXT("default/web/c"), VALUE_OF(v1_grave), &back),
        VALUE_DAMAGED);
    assert_int_equal(
        value_decode(STORE_OVERRIDES, TEXT("default/web/b"), VALUE_OF(v1_grave), &back),
        VALUE_DAMAGED);
}

/* Right CRC, wrong names. */
static void a_key_must_be_one(void **state UNUSED)
{
    struct entry entry = {.kind = ENTRY_GRAVE}, back;
    uint8_t bytes[VALUE_MAX];
    static const char *const keys[] = {"default/web", "x", "default/web/a/b", "default//a"};
    for (size_t n = 0; n < ARRAY_COUNT(keys); n++) {
        struct text key = text_of(keys[n]);
        size_t size = encode(STORE_INSTANCES, key, &entry, bytes);
        assert_int_equal(value_decode(STORE_INSTANCES, key, text_at(bytes, size), &back),
                         VALUE_DAMAGED);
    }
    entry.kind = ENTRY_META;
    size_t size = encode(STORE_META, TEXT("other"), &entry, bytes);
    assert_int_equal(value_decode(STORE_META, TEXT("other"), text_at(bytes, size), &back),
                     VALUE_DAMAGED);
}

static void newer_values_are_known_as_such(void **state UNUSED)
{
    struct entry back;
    assert_int_equal(value_decode(STORE_META, META_FORMAT, VALUE_OF(v1_format), &back), VALUE_FINE);
    assert_int_equal(back.kind, ENTRY_FORMAT);
    assert_int_equal(back.format, 1);
    assert_int_equal(value_decode(STORE_META, META_FORMAT, VALUE_OF(v1_newer_format), &back),
                     VALUE_NEWER);
    assert_int_equal(
        value_decode(STORE_INSTANCES, TEXT("default/web/b"), VALUE_OF(v1_newer), &back),
        VALUE_NEWER);
}

static void the_largest_instance_fits(void **state UNUSED)
{
    static char letters[METADATA_VALUE_MAX];
    static struct entry full, back;
    struct record *r = &full.instance.record;
    uint8_t bytes[VALUE_MAX];
    char key_bytes[KEY_MAX];
    memset(letters, 'a', sizeof letters);
    memset(full.instance.owner.name, 'a', PRINCIPAL_NAME_MAX);
    full.instance.owner.addr.family = FAMILY_V6;
    r->address_count = ADDRESSES_MAX;
    r->port_count = PORTS_MAX;
    r->tag_count = TAGS_MAX;
    r->metadata_count = METADATA_MAX;
    for (unsigned n = 0; n < ADDRESSES_MAX; n++)
        r->addresses[n].family = FAMILY_V6;
    for (unsigned n = 0; n < PORTS_MAX; n++)
        r->ports[n].name = text_at(letters, PORT_NAME_MAX);
    for (unsigned n = 0; n < TAGS_MAX; n++)
        r->tags[n] = text_at(letters, SHORT_LABEL_MAX);
    for (unsigned n = 0; n < METADATA_MAX; n++)
        r->metadata[n] =
            (struct pair){text_at(letters, METADATA_KEY_MAX),
                          text_at(letters, METADATA_BYTES_MAX / METADATA_MAX - METADATA_KEY_MAX)};
    r->group = text_at(letters, GROUP_MAX);
    r->version = text_at(letters, VERSION_MAX);
    r->zone = r->region = r->cluster = text_at(letters, SHORT_LABEL_MAX);
    full.kind = ENTRY_INSTANCE;
    full.key = (struct instance_key){text_at(letters, NAMESPACE_MAX), text_at(letters, 63),
                                     text_at(letters, INSTANCE_ID_MAX)};
    struct text key = key_join(full.key, key_bytes);
    size_t size = encode(STORE_INSTANCES, key, &full, bytes);
    assert_int_equal(value_decode(STORE_INSTANCES, key, text_at(bytes, size), &back), VALUE_FINE);
    assert_same(&full, &back);
}

static void random_bytes_do_no_harm(void **state UNUSED)
{
    struct rand r;
    static struct entry back;
    rand_seed(&r, 5);
    for (unsigned n = 0; n < 200000; n++) {
        size_t size = rand_below(&r, 200);
        uint8_t *bytes = malloc(size + 1); /* its end is the allocation's end */
        assert_non_null(bytes);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)rand_below(&r, n % 2 ? 256 : 4);
        if (size)
            bytes[0] = 1;
        struct reader reader = reader_of(bytes, size);
        back.key = (struct instance_key){TEXT("a"), TEXT("b"), TEXT("c")};
        (void)body_read_v1(&reader, (enum store_table)(n % STORE_TABLES), &back);
        free(bytes);
    }
}

/* ---- version 1 for ever ------------------------------------------------------------------ */

static void instances_of_version_1(void **state UNUSED)
{
    static struct entry e;
    const struct record *r = &e.instance.record;
    assert_int_equal(
        value_decode(STORE_INSTANCES, TEXT("default/user.rpc/a1"), VALUE_OF(v1_instance), &e),
        VALUE_FINE);
    assert_int_equal(e.kind, ENTRY_INSTANCE);
    assert_same_text(r->ns, TEXT("default"));
    assert_same_text(r->service, TEXT("user.rpc"));
    assert_same_text(r->id, TEXT("a1"));
    assert_true(r->weight_set && !r->permanent);
    assert_int_equal(r->weight, 30);
    assert_int_equal(r->priority, 7);
    assert_int_equal(r->ttl, 60);
    assert_int_equal(r->status, STATUS_DRAINING);
    assert_int_equal(r->lease_s, 30);
    assert_int_equal(r->rev, 1795245098534);
    assert_int_equal(e.instance.registered_ms, 1795245000000);
    assert_int_equal(e.instance.up_ms, 1795245000001);
    assert_int_equal(e.instance.latest_ms, 1795245000002);
    assert_int_equal(e.instance.owner.kind, PRINCIPAL_KEY);
    assert_string_equal(e.instance.owner.name, "deploy");
    assert_int_equal(e.instance.owner.addr.family, FAMILY_V4);
    assert_memory_equal(e.instance.owner.addr.bytes, "\12\0\0\7", 4);
    assert_same_text(r->group, TEXT("pod-1"));
    assert_same_text(r->version, TEXT("1.4.2"));
    assert_same_text(r->zone, TEXT("rack-a"));
    assert_same_text(r->region, TEXT("eu"));
    assert_same_text(r->cluster, TEXT("blue"));
}

static void lists_of_version_1(void **state UNUSED)
{
    static struct entry e;
    const struct record *r = &e.instance.record;
    char text[ADDR_TEXT];
    assert_int_equal(
        value_decode(STORE_INSTANCES, TEXT("default/user.rpc/a1"), VALUE_OF(v1_instance), &e),
        VALUE_FINE);
    assert_int_equal(r->address_count, 2);
    assert_string_equal(addr_format(&r->addresses[0], text), "10.0.0.7");
    assert_string_equal(addr_format(&r->addresses[1], text), "2001:db8::7");
    assert_int_equal(r->port_count, 2);
    assert_int_equal(r->ports[0].number, 8080);
    assert_int_equal(r->ports[0].protocol, PROTOCOL_TCP);
    assert_int_equal(r->ports[0].name.n, 0);
    assert_int_equal(r->ports[1].number, 9090);
    assert_int_equal(r->ports[1].protocol, PROTOCOL_UDP);
    assert_same_text(r->ports[1].name, TEXT("metrics"));
    assert_int_equal(r->tag_count, 2);
    assert_same_text(r->tags[0], TEXT("canary"));
    assert_same_text(r->tags[1], TEXT("v2"));
    assert_int_equal(r->metadata_count, 1);
    assert_same_text(r->metadata[0].key, TEXT("team"));
    assert_same_text(r->metadata[0].value, TEXT("checkout"));
    assert_null(record_fault(r));
}

static void the_others_of_version_1(void **state UNUSED)
{
    struct entry e;
    struct text key = TEXT("default/web/b");
    assert_int_equal(value_decode(STORE_INSTANCES, key, VALUE_OF(v1_grave), &e), VALUE_FINE);
    assert_int_equal(e.kind, ENTRY_GRAVE);
    assert_int_equal(e.grave.floor, 1795245098535);
    assert_int_equal(e.grave.until_ms, 1795245398535);
    assert_int_equal(value_decode(STORE_OVERRIDES, key, VALUE_OF(v1_override), &e), VALUE_FINE);
    assert_int_equal(e.kind, ENTRY_OVERRIDE);
    assert_true(e.override.drain && e.override.weight_set && e.override.status_set);
    assert_int_equal(e.override.weight, 5);
    assert_int_equal(e.override.status, STATUS_DOWN);
    assert_int_equal(value_decode(STORE_SERVICES, TEXT("default/web"), VALUE_OF(v1_service), &e),
                     VALUE_FINE);
    assert_int_equal(e.kind, ENTRY_SERVICE);
    assert_int_equal(e.until_ms, 1795331498534);
    assert_int_equal(value_decode(STORE_META, META_SERVER, VALUE_OF(v1_meta), &e), VALUE_FINE);
    assert_int_equal(e.kind, ENTRY_META);
    assert_int_equal(e.meta.boots, 41);
    assert_int_equal(e.meta.serial_ceiling, 2026112100);
    assert_int_equal(e.meta.alive_ms, 1795245098534);
    assert_int_equal(e.meta.index_ceiling, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(each_flipped_bit_is_noticed),
        cmocka_unit_test(a_body_that_is_cut_or_longer_is_refused),
        cmocka_unit_test(a_value_belongs_to_its_key_and_table),
        cmocka_unit_test(a_key_must_be_one),
        cmocka_unit_test(newer_values_are_known_as_such),
        cmocka_unit_test(the_largest_instance_fits),
        cmocka_unit_test(random_bytes_do_no_harm),
        cmocka_unit_test(instances_of_version_1),
        cmocka_unit_test(lists_of_version_1),
        cmocka_unit_test(the_others_of_version_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
