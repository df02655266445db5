/* Any bytes as the JSON of an instance: it is refused in words, or registered; what GET then
 * shows, less what is not the instance's to say, registers the very same again. */
#include <assert.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "http/instance.h"
#include "http/record_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct moment now = {.lease_ms = 1000, .wall_ms = 1700000000000};

/* One line that can be sent as JSON. */
static void check_words(const char *fault)
{
    json_t *words = json_string(fault);
    assert(words && fault[0]);
    for (const char *c = fault; *c; c++)
        assert((unsigned char)*c >= 0x20);
    json_decref(words);
}

/* False: it was refused, and why was said. */
static bool read_record(struct record_body *b, const json_t *json)
{
    *b = (struct record_body){
        .record = {.ttl = TTL_UNSET, .ns = TEXT("default"), .service = TEXT("web")}};
    if (!record_body_read(b, json)) {
        check_words(b->fault);
        return false;
    }
    if (!b->record.address_count) {
        assert(addr_parse(TEXT("10.0.0.7"), &b->record.addresses[0]) == ERR_OK);
        b->record.address_count = 1;
    }
    if (!b->record.id.n)
        b->record.id = TEXT("one");
    if (record_body_check(b)) {
        assert(!record_fault(&b->record));
        return true;
    }
    check_words(b->fault);
    return false;
}

static void strip(json_t *json)
{
    static const char *const shown[] = {"live",          "stale",    "owner",    "override",
                                        "expires_in_ms", "said",     "up_ms",    "registered_ms",
                                        "renewed_ms",    "dirty_ms", "latest_ms"};
    json_t *weight = json_object_get(json_object_get(json, "said"), "weight");
    if (json_is_null(weight))
        json_object_set_new(json, "weight", json_null());
    for (size_t n = 0; n < sizeof(shown) / sizeof(shown[0]); n++)
        json_object_del(json, shown[n]);
}

static void register_twice(struct registry *r, const struct record *record)
{
    static const struct principal who = {.kind = PRINCIPAL_LOCAL};
    struct granted granted;
    struct record_body again;
    char room[RECORD_TEXT_MAX];
    struct record held = *record;

    assert(record_hold(&held, room) == ERR_OK);
    assert(registry_register(r, record, &who, now, &granted) == ERR_OK && granted.created);
    uint64_t index = registry_index(r);
    json_t *json = instance_json(granted.instance, now);
    assert(json);
    strip(json);
    assert(read_record(&again, json));
    assert(registry_register(r, &again.record, &who, now, &granted) == ERR_OK);
    assert(!granted.created && !granted.changed && registry_index(r) == index);
    json_decref(json);
    assert(registry_update(r, &held, &who, now, &granted) == ERR_OK && !granted.changed);
}

/* Merged into one that has everything. */
static void change(const json_t *json)
{
    struct record_body b = {.record = {.ttl = 5,
                                       .ns = TEXT("default"),
                                       .service = TEXT("web"),
                                       .id = TEXT("one"),
                                       .address_count = 1,
                                       .metadata = {{TEXT("a"), TEXT("1")}, {TEXT("b"), TEXT("2")}},
                                       .metadata_count = 2,
                                       .tags = {TEXT("x")},
                                       .tag_count = 1}};
    assert(addr_parse(TEXT("10.0.0.7"), &b.record.addresses[0]) == ERR_OK);
    if (!record_body_merge(&b, json) || !record_body_check(&b))
        check_words(b.fault);
    else
        assert(text_is(b.record.id, TEXT("one")) && !b.record.permanent && !b.record.lease_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct hash_key key = {"0123456789abcdef"};
    json_t *json = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    struct record_body b;

    if (json_is_object(json)) {
        if (read_record(&b, json)) {
            struct registry_config config = registry_config_default();
            struct registry *r = registry_new(&config, &key);
            assert(r);
            register_twice(r, &b.record);
            registry_free(r);
        }
        change(json);
    }
    json_decref(json);
    return 0;
}
