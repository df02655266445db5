/* Are two records the same? Fails the test where not. */
#ifndef DISC_TESTS_SUPPORT_SAME_RECORD_H
#define DISC_TESTS_SUPPORT_SAME_RECORD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/text.h"
#include "registry/registry.h"

UNUSED static void assert_same_text(struct text a, struct text b)
{
    assert_int_equal(a.n, b.n);
    assert_true(text_is(a, b));
}

UNUSED static void assert_same_places(const struct record *a, const struct record *b)
{
    assert_int_equal(a->address_count, b->address_count);
    for (unsigned n = 0; n < a->address_count; n++)
        assert_true(addr_is(&a->addresses[n], &b->addresses[n]));
    assert_int_equal(a->port_count, b->port_count);
    for (unsigned n = 0; n < a->port_count; n++) {
        assert_int_equal(a->ports[n].number, b->ports[n].number);
        assert_int_equal(a->ports[n].protocol, b->ports[n].protocol);
        assert_same_text(a->ports[n].name, b->ports[n].name);
    }
}

/* All but the key (namespace, service, id) and the metadata. */
UNUSED static void assert_same_fields(const struct record *a, const struct record *b)
{
    assert_same_places(a, b);
    assert_int_equal(a->weight_set, b->weight_set);
    assert_int_equal(a->weight, b->weight);
    assert_int_equal(a->priority, b->priority);
    assert_int_equal(a->status, b->status);
    assert_same_text(a->version, b->version);
    assert_same_text(a->zone, b->zone);
    assert_same_text(a->region, b->region);
    assert_same_text(a->cluster, b->cluster);
    assert_int_equal(a->tag_count, b->tag_count);
    for (unsigned n = 0; n < a->tag_count; n++)
        assert_same_text(a->tags[n], b->tags[n]);
    assert_int_equal(a->lease_s, b->lease_s);
    assert_int_equal(a->permanent, b->permanent);
    assert_int_equal(a->ttl, b->ttl);
    assert_same_text(a->group, b->group);
    assert_int_equal(a->rev, b->rev);
}

/* All but the key; the metadata in the same order. */
UNUSED static void assert_same_record(const struct record *a, const struct record *b)
{
    assert_same_fields(a, b);
    assert_int_equal(a->metadata_count, b->metadata_count);
    for (unsigned n = 0; n < a->metadata_count; n++) {
        assert_same_text(a->metadata[n].key, b->metadata[n].key);
        assert_same_text(a->metadata[n].value, b->metadata[n].value);
    }
}

#endif
