#include "dns/bundle.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void *block_new(size_t size)
{
    if (size > UINT32_MAX)
        return NULL;
    struct block *b = malloc(size);
    if (!b)
        return NULL;
    atomic_init(&b->refs, 1);
    b->size = (uint32_t)size;
    return b;
}

void block_ref(struct block *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
}

/* True: that was the last. Who is alone need not tell the others. */
static bool drop(struct block *b)
{
    return atomic_load_explicit(&b->refs, memory_order_acquire) == 1 ||
           atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1;
}

void block_unref(struct block *b)
{
    if (b && drop(b))
        free(b);
}

static void bundle_unref(struct bundle *bundle)
{
    if (!bundle || !drop(&bundle->block))
        return;
    for (uint32_t i = 0; i < bundle->count; i++)
        block_unref(bundle->blocks[i]);
    free(bundle);
}

/* Takes the references over; NULL (and they are the caller's) when memory lacks. */
static struct bundle *bundle_new(struct block *const *blocks, uint32_t count)
{
    size_t size = sizeof(struct bundle) + count * sizeof(*blocks);
    struct bundle *bundle = block_new(size);
    if (!bundle)
        return NULL;
    bundle->count = count;
    bundle->bytes = size;
    for (uint32_t i = 0; i < count; i++) {
        bundle->blocks[i] = blocks[i];
        bundle->bytes += blocks[i]->size;
    }
    return bundle;
}

static struct block_list *list_new(uint32_t count)
{
    uint32_t bundles = bundle_count_of(count);
    struct block_list *l = calloc(1, sizeof(*l) + bundles * sizeof(struct bundle *));
    if (!l)
        return NULL;
    l->count = count;
    l->bundle_count = bundles;
    return l;
}

static enum err give_up(struct block_list *l)
{
    block_list_free(l);
    return ERR_MEMORY;
}

enum err block_list_new(struct block *const *blocks, uint32_t count, struct block_list **out)
{
    struct block_list *l = list_new(count);
    uint32_t done = 0;
    for (uint32_t b = 0; l && b < l->bundle_count; b++) {
        uint32_t size = count - done < BUNDLE_MAX ? count - done : BUNDLE_MAX;
        l->bundles[b] = bundle_new(blocks + done, size);
        if (!l->bundles[b])
            break;
        done += size;
    }
    if (l && done == count) {
        *out = l;
        return ERR_OK;
    }
    for (; done < count; done++)
        block_unref(blocks[done]);
    return give_up(l);
}

/* Its blocks but for `count` changed ones, whose references are given to it if it succeeds. */
static struct bundle *bundle_next(const struct bundle *old, const struct block_change *changes,
                                  uint32_t count)
{
    struct block *blocks[BUNDLE_MAX];
    uint32_t c = 0;
    for (uint32_t i = 0; i < old->count; i++)
        blocks[i] =
            c < count && changes[c].number % BUNDLE_MAX == i ? changes[c++].block : old->blocks[i];
    struct bundle *bundle = bundle_new(blocks, old->count);
    for (uint32_t i = 0; bundle && i < old->count; i++)
        if (blocks[i] == old->blocks[i])
            block_ref(blocks[i]);
    return bundle;
}

enum err block_list_next(const struct block_list *old, const struct block_change *changes,
                         uint32_t count, struct block_list **out)
{
    struct block_list *l = list_new(old->count);
    uint32_t done = 0;
    for (uint32_t b = 0; l && b < l->bundle_count; b++) {
        uint32_t end = done;
        while (end < count && changes[end].number / BUNDLE_MAX == b)
            end++;
        if (end == done) {
            block_ref(&old->bundles[b]->block);
            l->bundles[b] = old->bundles[b];
            continue;
        }
        l->bundles[b] = bundle_next(old->bundles[b], changes + done, end - done);
        if (!l->bundles[b])
            break;
        done = end;
    }
    if (l && done == count && (!l->bundle_count || l->bundles[l->bundle_count - 1])) {
        *out = l;
        return ERR_OK;
    }
    for (; done < count; done++)
        block_unref(changes[done].block);
    return give_up(l);
}

void block_list_free(struct block_list *l)
{
    for (uint32_t b = 0; l && b < l->bundle_count; b++)
        bundle_unref(l->bundles[b]);
    free(l);
}

size_t block_list_bytes(const struct block_list *l)
{
    if (!l)
        return 0;
    size_t bytes = sizeof(*l) + l->bundle_count * sizeof(*l->bundles);
    for (uint32_t b = 0; b < l->bundle_count; b++)
        bytes += l->bundles[b]->bytes;
    return bytes;
}
