/* What the registry's tests share: a registry at a fixed key, a plain record, two
 * principals, and time as numbers. Include after nothing: it brings cmocka. */
#ifndef DISC_TESTS_REGISTRY_FIXTURE_H
#define DISC_TESTS_REGISTRY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "registry/registry.h"

#define WALL 1700000000000u /* ms at lease time 0 */

static const struct hash_key fixture_key = {"0123456789abcdef"};
static const struct principal local = {.kind = PRINCIPAL_LOCAL};
static const struct principal deploy = {.kind = PRINCIPAL_KEY, .name = "deploy"};

UNUSED static struct moment at_ms(uint64_t ms)
{
    return (struct moment){.lease_ms = ms, .wall_ms = WALL + ms};
}

UNUSED static struct registry *registry_of(struct registry_config config)
{
    struct registry *r = registry_new(&config, &fixture_key);
    assert_non_null(r);
    return r;
}

UNUSED static struct registry *registry_plain(void)
{
    return registry_of(registry_config_default());
}

UNUSED static struct addr addr_of(const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(text_of(text), &a), ERR_OK);
    return a;
}

UNUSED static struct instance_key key_of(const char *service, const char *id)
{
    return (struct instance_key){TEXT("default"), text_of(service), text_of(id)};
}

/* 10.0.0.7:8080, up, default lease. */
UNUSED static struct record record_of(const char *service, const char *id)
{
    struct record record = {
        .ns = TEXT("default"),
        .service = text_of(service),
        .id = text_of(id),
        .address_count = 1,
        .ports = {{.number = 8080}},
        .port_count = 1,
        .ttl = TTL_UNSET,
    };
    record.addresses[0] = addr_of("10.0.0.7");
    return record;
}

UNUSED static struct granted put(struct registry *r, const struct record *record, uint64_t ms)
{
    struct granted granted;
    assert_int_equal(registry_register(r, record, &local, at_ms(ms), &granted), ERR_OK);
    return granted;
}

UNUSED static struct granted put_named(struct registry *r, const char *service, const char *id,
                                       uint64_t ms)
{
    struct record record = record_of(service, id);
    return put(r, &record, ms);
}

UNUSED static void drop(struct registry *r, const char *service, const char *id, uint64_t ms)
{
    uint64_t rev;
    assert_int_equal(registry_deregister(r, key_of(service, id), 0, &local, at_ms(ms), &rev),
                     ERR_OK);
}

UNUSED static struct instance_state state_of(const struct registry *r, const char *service,
                                             const char *id)
{
    const struct instance *i = registry_instance(r, key_of(service, id));
    assert_non_null(i);
    struct instance_state state;
    instance_state(i, &state);
    return state;
}

UNUSED static void expire_all(struct registry *r, uint64_t ms)
{
    while (registry_expire(r, at_ms(ms), 100, NULL, NULL))
        ;
}

UNUSED static void assert_text(struct text t, const char *wanted)
{
    assert_int_equal(t.n, strlen(wanted));
    assert_memory_equal(t.s ? t.s : "", wanted, t.n);
}

#endif
