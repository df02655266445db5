/* A service of many slices, wholly anew. */
#include "dns/compile_large.h"

#include <stdlib.h>
#include <string.h>

#include "dns/compile_bag.h"
#include "dns/compile_ports.h"

void large_choose(const struct compile_context *c, const struct service *service,
                  struct large_parts *p)
{
    p->withdraws_stale = head_withdraws_stale(c, service);
    p->totals = head_total(p->slices, p->slice_count);
    for (enum bag_kind kind = BAG_V4; kind < BAG_KINDS; kind++)
        p->choices[kind] = head_choice(p->totals.classes, kind);
}

void large_parts_free(struct large_parts *p)
{
    block_list_free(p->blocks);
    if (p->pairs)
        block_unref(&p->pairs->block);
    for (enum bag_kind kind = BAG_V4; kind < BAG_KINDS; kind++)
        block_list_free(p->bags[kind]);
    block_list_free(p->ports);
    free(p->slices);
}

enum err large_slice(struct draft *d, uint32_t number, struct ordered *list, unsigned count,
                     struct slice **out)
{
    struct slice_plan plan;
    d->base = number * SLICE_MAX;
    if (draft_slice(d, list, count))
        return ERR_MEMORY;
    slice_measure(d, true, &plan);
    *out = block_new(plan.size);
    if (!*out)
        return ERR_MEMORY;
    slice_write(d, &plan, *out);
    return ERR_OK;
}

/* ---- who is in which slice ---------------------------------------------------------------------
 */

struct sorting {
    struct ordered *list; /* slice by slice */
    uint32_t *ends;       /* in the list, of each slice */
    uint32_t slices;
};

static void sorting_deinit(struct sorting *s)
{
    free(s->list);
    free(s->ends);
}

static struct text id_of(const struct service *service, uint32_t n)
{
    return instance_key(service_instance(service, n)).id;
}

/* How many are in each of so many slices; false: too many in one. */
static bool count_each(const uint32_t *hashes, uint32_t count, uint32_t slices, uint32_t *counts)
{
    memset(counts, 0, slices * sizeof(*counts));
    for (uint32_t n = 0; n < count; n++)
        if (++counts[slice_of_hash(slices, hashes[n])] > SLICE_MAX)
            return false;
    return true;
}

/* So many slices that all fit: s->slices, s->ends. */
static enum err choose_count(struct sorting *s, const uint32_t *hashes, uint32_t count)
{
    for (s->slices = (count + LARGE_FILL - 1) / LARGE_FILL;; s->slices *= 2) {
        uint32_t *counts = realloc(s->ends, s->slices * sizeof(*counts));
        if (!counts)
            return ERR_MEMORY;
        s->ends = counts;
        if (count_each(hashes, count, s->slices, counts))
            return ERR_OK;
    }
}

static enum err sort_hashed(struct sorting *s, const struct service *service,
                            const uint32_t *hashes, uint32_t count)
{
    if (choose_count(s, hashes, count))
        return ERR_MEMORY;
    s->list = malloc(count * sizeof(*s->list));
    if (!s->list)
        return ERR_MEMORY;
    uint32_t start = 0;
    for (uint32_t n = 0; n < s->slices; n++) {
        uint32_t here = s->ends[n];
        s->ends[n] = start;
        start += here;
    }
    for (uint32_t n = 0; n < count; n++)
        s->list[s->ends[slice_of_hash(s->slices, hashes[n])]++] =
            (struct ordered){id_of(service, n), service_instance(service, n)};
    return ERR_OK;
}

static enum err sort_instances(struct sorting *s, const struct service *service,
                               const struct hash_key *key)
{
    uint32_t count = service_count(service), *hashes = malloc(count * sizeof(*hashes));
    *s = (struct sorting){0};
    if (!hashes)
        return ERR_MEMORY;
    for (uint32_t n = 0; n < count; n++) {
        struct text id = id_of(service, n);
        hashes[n] = (uint32_t)(hash_bytes(key, id.s, id.n) >> 32);
    }
    enum err err = sort_hashed(s, service, hashes, count);
    free(hashes);
    return err;
}

/* ---- the view ----------------------------------------------------------------------------------
 */

/* All slices; p->slices and p->blocks. */
static enum err make_slices(struct draft *d, const struct sorting *s, struct large_parts *p)
{
    uint32_t made = 0, start = 0;
    enum err err = ERR_OK;
    p->slice_count = s->slices;
    p->slices = malloc(s->slices * sizeof(*p->slices));
    struct block **blocks = malloc(s->slices * sizeof(*blocks));
    if (!p->slices || !blocks)
        err = ERR_MEMORY;
    for (; made < s->slices && !err; start = s->ends[made++]) {
        struct slice *slice;
        err = large_slice(d, made, s->list + start, s->ends[made] - start, &slice);
        if (err)
            break;
        p->slices[made] = slice;
        p->compiled += slice_work(slice);
        blocks[made] = &slice->block;
    }
    if (!err)
        err = block_list_new(blocks, made, &p->blocks);
    else
        while (made)
            block_unref(blocks[--made]);
    free(blocks);
    return err;
}

static enum err compile_sorted(const struct compile_context *c, const struct service *service,
                               struct draft *d, const struct sorting *s, struct view **out)
{
    struct large_parts p = {.suffix = &d->owner};
    enum err err = make_slices(d, s, &p);
    if (!err)
        err = pair_filter_new(c->key, p.slices, p.slice_count, &p.pairs);
    if (!err)
        large_choose(c, service, &p);
    if (!err)
        err = ports_new(&p);
    for (enum bag_kind kind = BAG_V4; kind < BAG_KINDS && !err; kind++)
        err = bag_new(c->key, p.slices, p.slice_count, kind, &p.choices[kind], &p.bags[kind]);
    if (!err)
        err = compile_join(c, service, &p, out);
    if (!err) {
        free(p.slices);
        return ERR_OK;
    }
    large_parts_free(&p);
    return err;
}

enum err compile_large(const struct compile_context *c, const struct service *service,
                       struct view **out)
{
    struct draft d;
    struct sorting s;
    if (draft_init(&d, c, service))
        return compile_small(c, service, out);
    enum err err = sort_instances(&s, service, c->key);
    if (!err)
        err = compile_sorted(c, service, &d, &s, out);
    sorting_deinit(&s);
    draft_deinit(&d);
    return err;
}
