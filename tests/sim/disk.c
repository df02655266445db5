#include "sim/disk.h"

#include <stdlib.h>
#include <string.h>

enum { GROUP_CHANGES = 256, RETRY_US = 1000000, LOST_ONE_IN = 64 };

static const struct hash_key disk_key = {{1, 6, 1, 8}};

struct stored {
    struct text key, value;
    char bytes[];
};

static bool stored_is(const void *entry, const void *key)
{
    return text_is(((const struct stored *)entry)->key, *(const struct text *)key);
}

/* ---- the map ----------------------------------------------------------------------------- */

static struct stored *stored_new(struct text key, struct text value)
{
    struct stored *s = sim_alloc(sizeof(*s) + key.n + value.n);
    memcpy(s->bytes, key.s, key.n);
    memcpy(s->bytes + key.n, value.s, value.n);
    s->key = (struct text){s->bytes, key.n};
    s->value = (struct text){s->bytes + key.n, value.n};
    return s;
}

static void write_one(void *context, enum store_table table, struct text key, struct text value)
{
    struct disk *d = context;
    struct map *map = &d->tables[table];
    uint64_t hash = hash_bytes(&disk_key, key.s, key.n);
    if (d->options->mutant == SIM_LOSE_CHANGES && rand_below(&d->rand, LOST_ONE_IN) == 0) {
        d->lost++;
        return;
    }
    struct stored *old = map_find(map, hash, stored_is, &key);
    if (old) {
        map_remove(map, hash, old);
        free(old);
    }
    if (value.s && map_insert(map, hash, stored_new(key, value)))
        abort();
}

static int compare_keys(const void *a, const void *b)
{
    return text_compare((*(struct stored *const *)a)->key, (*(struct stored *const *)b)->key);
}

void disk_read(const struct disk *d,
               void (*visit)(void *, enum store_table, struct text, struct text), void *context)
{
    for (unsigned table = 0; table < STORE_TABLES; table++) {
        const struct map *map = &d->tables[table];
        struct stored **all = sim_alloc(map->count * sizeof(struct stored *));
        size_t at = 0, n = 0;
        for (struct stored *s; (s = map_next(map, &at));)
            all[n++] = s;
        qsort(all, n, sizeof(struct stored *), compare_keys);
        for (size_t i = 0; i < n; i++)
            visit(context, (enum store_table)table, all[i]->key, all[i]->value);
        free(all);
    }
}

/* ---- commits ------------------------------------------------------------------------------ */

static void gather(struct disk *d)
{
    size_t changes = 0;
    d->group = 0;
    while (d->group < d->count) {
        changes += store_batch_count(d->queue[d->group]);
        if (d->group && changes > GROUP_CHANGES)
            break;
        d->group++;
    }
}

static uint64_t commit_time_us(struct disk *d)
{
    if (d->slow_until_us > d->engine->now_us)
        return d->slow_us + between(&d->rand, 0, d->slow_us / 4);
    return d->options->disk.commit_us + between(&d->rand, 0, d->options->disk.spread_us);
}

static void begin(struct disk *d)
{
    if (d->committing || !d->count)
        return;
    gather(d);
    d->committing = true;
    event_set(d->engine, &d->done, d->engine->now_us + commit_time_us(d));
}

/* The group is on disk. */
static void write_group(struct disk *d)
{
    for (size_t i = 0; i < d->group; i++) {
        store_batch_visit(d->queue[i], write_one, d);
        d->committed = store_batch_last(d->queue[i]);
        store_batch_free(d->queue[i]);
    }
    d->count -= d->group;
    memmove(d->queue, d->queue + d->group, d->count * sizeof(struct store_batch *));
    d->group = 0;
}

static void on_done(void *context, struct event *event)
{
    struct disk *d = context;
    uint64_t now_us = d->engine->now_us;
    if (d->frozen_until_us > now_us) {
        event_set(d->engine, event, d->frozen_until_us);
        return;
    }
    d->failing = d->fail_until_us > now_us;
    if (d->failing) {
        d->failures++;
        gather(d); /* the next try takes along what came meanwhile */
        event_set(d->engine, event, now_us + RETRY_US);
    } else {
        d->commits++;
        write_group(d);
        d->committing = false;
        begin(d);
    }
    d->news(d->context);
}

void disk_push(struct disk *d, struct store_batch *batch)
{
    if (!batch)
        return;
    if (d->count == d->room) {
        d->room = d->room ? 2 * d->room : 8;
        d->queue = sim_grow(d->queue, d->room * sizeof(struct store_batch *));
    }
    d->queue[d->count++] = batch;
    begin(d);
}

void disk_push_now(struct disk *d, struct store_batch *batch)
{
    disk_push(d, batch);
    event_cancel(d->engine, &d->done);
    gather(d);
    write_group(d);
    d->committing = false;
}

void disk_crash(struct disk *d)
{
    if (d->committing && !d->failing && chance(&d->rand, 500000))
        write_group(d);
    event_cancel(d->engine, &d->done);
    while (d->count)
        store_batch_free(d->queue[--d->count]);
    d->committing = d->failing = false;
    d->group = 0;
    d->frozen_until_us = 0;
}

void disk_init(struct disk *d, struct engine *engine, const struct sim_options *options,
               uint64_t seed)
{
    *d = (struct disk){.engine = engine, .options = options};
    rand_for(&d->rand, seed, 'd', 0);
    event_init(&d->done, on_done, d);
}

void disk_deinit(struct disk *d)
{
    event_cancel(d->engine, &d->done);
    while (d->count)
        store_batch_free(d->queue[--d->count]);
    free(d->queue);
    for (unsigned table = 0; table < STORE_TABLES; table++) {
        size_t at = 0;
        for (struct stored *s; (s = map_next(&d->tables[table], &at));)
            free(s);
        map_deinit(&d->tables[table]);
    }
}
