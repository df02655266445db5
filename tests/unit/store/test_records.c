/* DNS records: their values and keys, the journal's hooks for them, and reading them back. */
#include "base/log.h"
#include "store/crc.h"
#include "unit/store/common.h"

static const struct hash_key hash = {"0123456789abcdef"};
static const struct moment now = {.lease_ms = 1000, .wall_ms = 1795245098534};

#define ZONE ((const uint8_t *)"\1z")

static struct store_record record_of(const char *owner, const char *data)
{
    return (struct store_record){.zone = ZONE,
                                 .owner = (const uint8_t *)owner,
                                 .type = 16,
                                 .size = (uint16_t)strlen(data),
                                 .ttl = 60,
                                 .lease_s = 7,
                                 .rdata = (const uint8_t *)data,
                                 .key = TEXT("deploy.example")};
}

static size_t name_size(const uint8_t *wire)
{
    return strlen((const char *)wire) + 1; /* no label here has a NUL */
}

static void assert_same(const struct store_record *a, const struct store_record *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->ttl, b->ttl);
    assert_int_equal(a->lease_s, b->lease_s);
    assert_int_equal(a->size, b->size);
    assert_int_equal(name_size(a->zone), name_size(b->zone));
    assert_memory_equal(a->zone, b->zone, name_size(a->zone));
    assert_memory_equal(a->owner, b->owner, name_size(a->owner));
    if (a->size)
        assert_memory_equal(a->rdata, b->rdata, a->size);
    assert_true(text_is(a->key, b->key));
}

/* ---- values ------------------------------------------------------------------------------- */

static void any_name(struct rand *r, uint8_t out[static 256])
{
    size_t at = 0, most = 1 + rand_below(r, 254);
    while (at + 2 < most) {
        size_t label = 1 + rand_below(r, 63);
        if (at + label + 2 > most)
            label = most - at - 2;
        if (label == 0)
            break;
        out[at++] = (uint8_t)label;
        memset(out + at, 'a' + (int)rand_below(r, 26), label);
        at += label;
    }
    out[at] = 0;
}

struct any_record {
    struct store_record record;
    uint8_t zone[256], owner[256], rdata[STORE_RDATA_MAX];
    char key_name[STORE_KEY_NAME_MAX];
    char key[RECORD_KEY];
};

static void any(struct rand *r, struct any_record *out)
{
    any_name(r, out->zone);
    any_name(r, out->owner);
    uint32_t size = rand_below(r, 8) ? rand_below(r, 200) : rand_below(r, STORE_RDATA_MAX + 1);
    for (uint32_t n = 0; n < size; n++)
        out->rdata[n] = (uint8_t)rand_next(r);
    memset(out->key_name, 'k', sizeof(out->key_name));
    out->record = (struct store_record){
        .zone = out->zone,
        .owner = out->owner,
        .type = (uint16_t)rand_next(r),
        .size = (uint16_t)size,
        .ttl = (uint32_t)rand_next(r),
        .lease_s = (uint32_t)rand_next(r),
        .rdata = out->rdata,
        .key = {out->key_name, rand_below(r, STORE_KEY_NAME_MAX + 1)},
    };
    assert_true(record_key_make(&out->record, out->key));
}

static size_t encode(const struct any_record *a, uint8_t out[static VALUE_MAX])
{
    struct writer w = writer_of(out, VALUE_MAX);
    struct entry entry;
    entry.kind = ENTRY_RECORD;
    entry.record = a->record;
    value_encode(&w, STORE_RECORDS, (struct text){a->key, RECORD_KEY}, &entry);
    assert_false(w.full);
    return writer_used(&w);
}

static void what_is_written_is_read(void **state UNUSED)
{
    static struct any_record made;
    static struct entry back;
    uint8_t bytes[VALUE_MAX];
    struct rand r;
    rand_seed(&r, 7);
    for (unsigned n = 0; n < 2000; n++) {
        any(&r, &made);
        struct text key = {made.key, RECORD_KEY};
        size_t size = encode(&made, bytes);
        assert_int_equal(
            value_decode(STORE_RECORDS, key, (struct text){(char *)bytes, size}, &back),
            VALUE_FINE);
        assert_int_equal(back.kind, ENTRY_RECORD);
        assert_same(&made.record, &back.record);
        bytes[rand_below(&r, (uint32_t)size)] ^= (uint8_t)(1u << rand_below(&r, 8));
        assert_int_equal(
            value_decode(STORE_RECORDS, key, (struct text){(char *)bytes, size}, &back),
            VALUE_DAMAGED);
    }
}

/* With the right CRC, whatever is inside: never more than the bytes that are there. */
static void nonsense_is_refused(void **state UNUSED)
{
    static struct any_record made;
    static struct entry back;
    uint8_t bytes[VALUE_MAX];
    unsigned fine = 0;
    struct rand r;
    rand_seed(&r, 8);
    for (unsigned n = 0; n < 20000; n++) {
        any(&r, &made);
        size_t size = encode(&made, bytes) - VALUE_CRC;
        for (unsigned changes = rand_below(&r, 3); changes; changes--)
            bytes[1 + rand_below(&r, (uint32_t)(size < 60 ? size : 60) - 1)] =
                (uint8_t)rand_next(&r);
        if (rand_below(&r, 2))
            size = 1 + rand_below(&r, (uint32_t)size);
        uint8_t *exact = malloc(size);
        memcpy(exact, bytes, size);
        struct reader reader = reader_of(exact + 1, size - 1);
        fine += body_read_v1(&reader, STORE_RECORDS, &back);
        free(exact);
    }
    assert_in_range(fine, 1000, 19000);
}

static void keys_tell_records_apart(void **state UNUSED)
{
    struct store_record a = record_of("\1a\1z", "x"), b = a;
    char one[RECORD_KEY], two[RECORD_KEY];
    assert_true(record_key_make(&a, one));
    b.ttl = 1;
    b.lease_s = 0;
    b.key = TEXT("other");
    assert_true(record_key_make(&b, two));
    assert_memory_equal(one, two, RECORD_KEY);
    struct store_record others[] = {record_of("\1b\1z", "x"), record_of("\1a\1z", "y"),
                                    record_of("\1a\1z", "x"), record_of("\1a\1z", "x")};
    others[2].type = 15;
    others[3].zone = (const uint8_t *)"\1a\1z";
    for (size_t n = 0; n < ARRAY_COUNT(others); n++) {
        assert_true(record_key_make(&others[n], two));
        assert_memory_not_equal(one, two, RECORD_KEY);
    }
}

static void impossible_ones_have_no_key(void **state UNUSED)
{
    static uint8_t endless[300];
    char key[RECORD_KEY];
    struct store_record r = record_of("\1a\1z", "x");
    memset(endless, 1, sizeof(endless));
    r.owner = endless;
    assert_false(record_key_make(&r, key));
    r = record_of("\1a\1z", "x");
    r.zone = (const uint8_t *)"\100";
    assert_false(record_key_make(&r, key));
    r = record_of("\1a\1z", "x");
    r.size = STORE_RDATA_MAX + 1;
    assert_false(record_key_make(&r, key));
}

/* ---- the journal ---------------------------------------------------------------------------- */

static void hooks_wait_for_their_changes(void **state UNUSED)
{
    struct store_journal *j = store_journal_new();
    struct store_record a = record_of("\1a\1z", "x"), b = record_of("\1b\1z", "x");
    store_journal_begin(j);
    assert_int_equal(store_records_reserve(j, JOURNAL_PUT, 2), ERR_OK);
    store_records_put(j, &a);
    store_records_put(j, &b);
    assert_int_equal(store_journal_wait(j), 2);
    store_journal_begin(j);
    store_records_touch(j, &a);
    assert_int_equal(store_journal_wait(j), 1);
    store_records_touch(j, NULL);
    assert_int_equal(store_journal_wait(j), 2);
    store_journal_committed(j, 2);
    store_journal_begin(j);
    store_records_touch(j, &a);
    store_records_touch(j, NULL);
    assert_int_equal(store_journal_wait(j), 0);
    assert_int_equal(store_records_reserve(j, JOURNAL_WITHDRAW, 1), ERR_OK);
    store_records_remove(j, &a);
    assert_int_equal(store_journal_wait(j), 3);
    store_journal_begin(j);
    a.size = STORE_RDATA_MAX + 1; /* has no key: it could not be noted */
    store_records_put(j, &a);
    assert_true(store_journal_wait(j) == STORE_NEVER);
    store_journal_begin(j);
    store_records_remove(j, &a);
    assert_int_equal(store_journal_wait(j), 0);
    store_records_touch(j, &a); /* not told apart: whatever was told */
    assert_int_equal(store_journal_wait(j), 3);
    store_journal_free(j);
}

/* What a request reserved and did not use is not asked for again by all that follow. */
static void room_that_is_not_used_is_given_back(void **state UNUSED)
{
    struct store_journal *j = store_journal_new();
    struct store_record a = record_of("\1a\1z", "x");
    for (unsigned n = 0; n < 4000; n++) {
        store_journal_begin(j);
        assert_int_equal(store_records_reserve(j, JOURNAL_WITHDRAW, 1), ERR_OK);
        store_records_touch(j, &a);
    }
    for (unsigned n = 0; n < 1000; n++) {
        store_journal_begin(j);
        assert_int_equal(store_records_reserve(j, JOURNAL_PUT, 1), ERR_OK);
        store_records_remove(j, &a);
    }
    struct store_batch *b = store_journal_take(j);
    assert_false(batch_has_room(b, (size_t)128 * 1024));
    store_batch_free(b);
    store_journal_free(j);
}

static void nothing_is_put_while_nothing_can_be_stored(void **state UNUSED)
{
    struct store_journal *j = store_journal_new();
    store_journal_readonly(j, true);
    assert_int_equal(store_records_reserve(j, JOURNAL_PUT, 1), ERR_READONLY);
    assert_int_equal(store_records_reserve(j, JOURNAL_WITHDRAW, 1), ERR_OK);
    store_journal_free(j);
}

/* ---- the file -------------------------------------------------------------------------- */

struct seen {
    unsigned count;
    bool a, b, c;
    enum err err;
};

static enum err see(void *context, const struct store_record *record)
{
    struct seen *seen = context;
    struct store_record b = record_of("\1b\1z", "two");
    seen->count++;
    if (record->owner[1] == 'b')
        assert_same(record, &b);
    seen->a |= record->owner[1] == 'a';
    seen->b |= record->owner[1] == 'b';
    seen->c |= record->owner[1] == 'c';
    return seen->err;
}

static void commit_all(struct store *s, struct store_journal *j)
{
    char fault[STORE_FAULT_TEXT];
    struct store_batch *batch = store_journal_take(j);
    assert_non_null(batch);
    assert_int_equal(store_commit(s, &batch, 1, fault), ERR_OK);
    store_batch_free(batch);
}

static struct store_report read_into(struct store *s, struct seen *seen, enum err expected)
{
    struct registry_config config = registry_config_default();
    struct registry *r = registry_new(&config, &hash);
    struct store_report report;
    assert_int_equal(store_read(s, r, false, now, &report), ERR_OK);
    assert_int_equal(store_read_records(s, see, seen, &report), expected);
    registry_free(r);
    return report;
}

static void they_come_back(void **state)
{
    struct store_journal *j = store_journal_new();
    struct store *s = open_store(*state, NULL);
    struct store_record a = record_of("\1a\1z", "one"), b = record_of("\1b\1z", "two"),
                        c = record_of("\1c\1z", "");
    store_records_put(j, &a);
    store_records_put(j, &b);
    store_records_put(j, &c);
    commit_all(s, j);
    store_records_remove(j, &a);
    store_records_remove(j, &a);
    commit_all(s, j);
    store_close(s);
    s = open_store(*state, NULL);
    struct seen seen = {0};
    struct store_report report = read_into(s, &seen, ERR_OK);
    assert_int_equal(seen.count, 2);
    assert_true(!seen.a && seen.b && seen.c);
    assert_int_equal(report.records, 2);
    assert_int_equal(report.damaged, 0);
    seen = (struct seen){.err = ERR_VALUE};
    report = read_into(s, &seen, ERR_OK);
    assert_int_equal(seen.count, 2);
    assert_int_equal(report.records, 0);
    assert_int_equal(report.damaged, 2);
    seen = (struct seen){.err = ERR_MEMORY};
    report = read_into(s, &seen, ERR_MEMORY);
    assert_int_equal(seen.count, 1);
    store_close(s);
    store_journal_free(j);
}

static void damaged_ones_are_left_out(void **state)
{
    struct store_journal *j = store_journal_new();
    struct store *s = open_store(*state, NULL);
    char fault[STORE_FAULT_TEXT];
    struct store_record b = record_of("\1b\1z", "two");
    struct entry entry = {.kind = ENTRY_RECORD, .record = b};
    struct store_batch *batch = batch_new();
    struct writer w;
    struct text wrong = TEXT("0123456789abcdef0123456789abcdef");
    assert_int_equal(batch_reserve(batch, 1000), ERR_OK);
    batch_begin(batch, STORE_RECORDS, wrong, &w); /* not the digest of what is in it */
    value_encode(&w, STORE_RECORDS, wrong, &entry);
    batch_end(batch, &w, 1);
    assert_int_equal(store_commit(s, &batch, 1, fault), ERR_OK);
    store_batch_free(batch);
    store_records_put(j, &b);
    commit_all(s, j);
    struct seen seen = {0};
    struct store_report report = read_into(s, &seen, ERR_OK);
    assert_int_equal(seen.count, 1);
    assert_int_equal(report.records, 1);
    assert_int_equal(report.damaged, 1);
    store_close(s);
    store_journal_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(keys_tell_records_apart),
        cmocka_unit_test(impossible_ones_have_no_key),
        cmocka_unit_test(hooks_wait_for_their_changes),
        cmocka_unit_test(room_that_is_not_used_is_given_back),
        cmocka_unit_test(nothing_is_put_while_nothing_can_be_stored),
        IN_FOLDER(they_come_back),
        IN_FOLDER(damaged_ones_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
