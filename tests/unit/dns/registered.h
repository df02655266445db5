/* For tests that need registered services: a registry and one-line registrations.
 * Include after cmocka. */
#ifndef DISC_TESTS_DNS_REGISTERED_H
#define DISC_TESTS_DNS_REGISTERED_H

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "registry/registry.h"

static const struct hash_key test_key = {{42}};

UNUSED static struct registry *registry_empty(void)
{
    struct registry_config config = registry_config_default();
    struct registry *r = registry_new(&config, &test_key);
    assert_non_null(r);
    return r;
}

/* "name:port/protocol", name and protocol may be left out. */
static void record_add_port(struct record *r, struct text value)
{
    uint64_t number;
    struct port *port = &r->ports[r->port_count++];
    struct text number_text = text_cut(&value, '/');
    if (value.n)
        assert_true(protocol_parse(value, &port->protocol));
    struct text name = text_cut(&number_text, ':');
    if (number_text.n)
        port->name = name;
    else
        number_text = name;
    assert_int_equal(text_number(number_text, 65535, &number), ERR_OK);
    port->number = (uint16_t)number;
}

static void record_add(struct record *r, struct text key, struct text value)
{
    uint64_t number = 0;
    if (text_is(key, TEXT("addr"))) {
        assert_int_equal(addr_parse(value, &r->addresses[r->address_count++]), ERR_OK);
    } else if (text_is(key, TEXT("port"))) {
        record_add_port(r, value);
    } else if (text_is(key, TEXT("tag"))) {
        r->tags[r->tag_count++] = value;
    } else if (text_is(key, TEXT("version"))) {
        r->version = value;
    } else if (text_is(key, TEXT("zone"))) {
        r->zone = value;
    } else if (text_is(key, TEXT("region"))) {
        r->region = value;
    } else if (text_is(key, TEXT("cluster"))) {
        r->cluster = value;
    } else if (text_is(key, TEXT("status"))) {
        assert_true(status_parse(value, &r->status));
    } else if (key.n > 2 && memcmp(key.s, "m.", 2) == 0) {
        r->metadata[r->metadata_count++] = (struct pair){{key.s + 2, key.n - 2}, value};
    } else {
        assert_int_equal(text_number(value, 65535, &number), ERR_OK);
        if (text_is(key, TEXT("w"))) {
            r->weight_set = true;
            r->weight = (uint16_t)number;
        } else if (text_is(key, TEXT("priority"))) {
            r->priority = (uint16_t)number;
        } else if (text_is(key, TEXT("ttl"))) {
            r->ttl = (int)number;
        } else {
            fail_msg("unknown field %.*s", TEXT_ARG(key));
        }
    }
}

/* "service/id" of the namespace "default" with fields "key=value ..." */
static struct record record_of(const char *name, const char *fields)
{
    struct record record = {.ns = TEXT("default"), .ttl = TTL_UNSET};
    struct text rest = text_of(fields);
    record.id = text_of(name);
    record.service = text_cut(&record.id, '/');
    while (rest.n) {
        struct text value = text_cut(&rest, ' ');
        struct text key = text_cut(&value, '=');
        record_add(&record, key, value);
    }
    return record;
}

UNUSED static void reg(struct registry *r, const char *name, const char *fields, uint64_t ms)
{
    static const struct principal local = {.kind = PRINCIPAL_LOCAL};
    struct record record = record_of(name, fields);
    struct granted granted;
    enum err err =
        registry_register(r, &record, &local, (struct moment){ms, 1000000 + ms}, &granted);
    if (err)
        fail_msg("%s: %s", name, err_text(err));
}

/* The same as one that expired and is kept; not there before. */
UNUSED static void reg_stale(struct registry *r, const char *name, const char *fields, uint64_t ms)
{
    struct stored_instance stored = {.record = record_of(name, fields),
                                     .owner = {.kind = PRINCIPAL_LOCAL}};
    stored.record.rev = 1;
    enum err err = registry_restore(r, &stored, true, (struct moment){ms, 1000000 + ms});
    if (err)
        fail_msg("%s: %s", name, err_text(err));
}

UNUSED static void unreg(struct registry *r, const char *name, uint64_t ms)
{
    static const struct principal local = {.kind = PRINCIPAL_LOCAL};
    struct instance_key key = {.ns = TEXT("default"), .id = text_of(name)};
    uint64_t rev;
    key.service = text_cut(&key.id, '/');
    assert_int_equal(
        registry_deregister(r, key, 0, &local, (struct moment){ms, 1000000 + ms}, &rev), ERR_OK);
}

#endif
