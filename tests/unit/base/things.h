/* Maps and what is put into them, for the tests of base/map.h. To be included behind cmocka.h. */
#ifndef DISC_TESTS_UNIT_BASE_THINGS_H
#define DISC_TESTS_UNIT_BASE_THINGS_H

#include <stdlib.h>

#include "base/map.h"
#include "base/map_part.h"
#include "base/rand.h"

enum { KEYS = 400, MANY = 60000 };

struct thing {
    unsigned key;
    uint64_t hash;
    bool in;
};

UNUSED static bool thing_has(const void *entry, const void *key)
{
    return ((const struct thing *)entry)->key == *(const unsigned *)key;
}

UNUSED static void *find(const struct map *m, const struct thing *t)
{
    return map_find(m, t->hash, thing_has, &t->key);
}

UNUSED static size_t walk(const struct map *m)
{
    size_t cursor = 0, n = 0;
    for (const struct thing *t; (t = map_next(m, &cursor)) != NULL; n++)
        assert_true(t->in);
    return n;
}

UNUSED static void check_all(const struct map *m, struct thing *things, size_t count)
{
    size_t in = 0;
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(find(m, &things[i]), things[i].in ? &things[i] : NULL);
        in += things[i].in;
    }
    assert_int_equal(m->count, in);
    assert_int_equal(walk(m), in);
}

UNUSED static struct thing *many_new(uint64_t seed)
{
    struct thing *things = calloc(MANY, sizeof(*things));
    struct rand r;
    assert_non_null(things);
    rand_seed(&r, seed);
    for (unsigned i = 0; i < MANY; i++)
        things[i] = (struct thing){.key = i, .hash = rand_next(&r)};
    return things;
}

UNUSED static void put_in(struct map *m, struct thing *things, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        assert_int_equal(map_insert(m, things[i].hash, &things[i]), ERR_OK);
        things[i].in = true;
    }
}

/* Slots of all parts but the spare one. */
UNUSED static size_t slots_of(const struct map *m)
{
    size_t slots = 0;
    const struct map_part *last = NULL;
    for (size_t n = 0; m->parts && n < (size_t)1 << m->depth; n++) {
        slots += m->parts[n] != last ? m->parts[n]->size : 0;
        last = m->parts[n];
    }
    return slots;
}

#endif
