#include "dns/leaf.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static int order(const void *left, const void *right)
{
    const struct leaf_record *a = left, *b = right;
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    size_t least = a->size < b->size ? a->size : b->size;
    int bytes = least ? memcmp(a->rdata, b->rdata, least) : 0;
    return bytes ? bytes : (int)a->size - (int)b->size;
}

static bool is_same(const struct leaf_record *a, const struct leaf_record *b)
{
    return a->type == b->type && a->size == b->size &&
           (a->size == 0 || memcmp(a->rdata, b->rdata, a->size) == 0);
}

/* Sorted; records that are there twice become one (RFC 2181 section 5). */
static size_t arrange(struct leaf_record *records, size_t count)
{
    size_t kept = 0;
    qsort(records, count, sizeof(*records), order);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !is_same(&records[kept - 1], &records[i]))
            records[kept++] = records[i];
        else if (records[i].ttl < records[kept - 1].ttl)
            records[kept - 1].ttl = records[i].ttl;
    }
    return kept;
}

struct layout {
    size_t rrsets, pointers, sizes, data, end; /* offsets in the block */
    uint32_t rrset_count;
};

static struct layout lay_out(const struct leaf_record *records, size_t count)
{
    struct layout l = {.rrsets = sizeof(struct leaf)};
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        l.rrset_count += i == 0 || records[i].type != records[i - 1].type;
        bytes += records[i].size;
    }
    l.pointers = l.rrsets + l.rrset_count * sizeof(struct rrset);
    l.sizes = l.pointers + count * sizeof(uint8_t *);
    l.data = l.sizes + count * sizeof(uint16_t);
    l.end = l.data + bytes;
    return l;
}

static void fill(struct leaf *leaf, const struct layout *l, const struct leaf_record *records,
                 size_t count)
{
    uint8_t *block = (uint8_t *)leaf;
    struct rrset *set = (struct rrset *)(void *)(block + l->rrsets);
    const uint8_t **pointers = (const uint8_t **)(void *)(block + l->pointers);
    uint16_t *sizes = (uint16_t *)(void *)(block + l->sizes);
    uint8_t *data = block + l->data;
    for (size_t i = 0; i < count; i++) {
        const struct leaf_record *r = &records[i];
        if (i == 0 || r->type != records[i - 1].type)
            set[leaf->rrset_count++] = (struct rrset){
                .type = r->type, .ttl = r->ttl, .rdata = &pointers[i], .sizes = &sizes[i]};
        struct rrset *current = &set[leaf->rrset_count - 1];
        current->count++;
        if (r->ttl < current->ttl)
            current->ttl = r->ttl;
        if (r->size)
            memcpy(data, r->rdata, r->size);
        pointers[i] = data;
        sizes[i] = r->size;
        data += r->size;
    }
    leaf->rrsets = set;
}

enum err leaf_new(const struct name *owner, const struct leaf_record *records, size_t count,
                  struct leaf **out)
{
    struct leaf_record *sorted = malloc((count + 1) * sizeof(*sorted));
    if (!sorted)
        return ERR_MEMORY;
    if (count)
        memcpy(sorted, records, count * sizeof(*sorted));
    count = arrange(sorted, count);
    struct layout l = lay_out(sorted, count);
    struct leaf *leaf = calloc(1, l.end);
    if (leaf) {
        leaf->owner = *owner;
        atomic_init(&leaf->refs, 1);
        fill(leaf, &l, sorted, count);
    }
    free(sorted);
    *out = leaf;
    return leaf ? ERR_OK : ERR_MEMORY;
}

static bool is_same_set(const struct rrset *a, const struct rrset *b)
{
    bool same = a->type == b->type && a->ttl == b->ttl && a->count == b->count;
    for (uint32_t i = 0; same && i < a->count; i++)
        same = a->sizes[i] == b->sizes[i] && memcmp(a->rdata[i], b->rdata[i], a->sizes[i]) == 0;
    return same;
}

bool leaf_is(const struct leaf *a, const struct leaf *b)
{
    bool same = a->rrset_count == b->rrset_count && name_is(&a->owner, &b->owner);
    for (uint32_t i = 0; same && i < a->rrset_count; i++)
        same = is_same_set(&a->rrsets[i], &b->rrsets[i]);
    return same;
}

struct leaf *leaf_ref(struct leaf *leaf)
{
    atomic_fetch_add_explicit(&leaf->refs, 1, memory_order_relaxed);
    return leaf;
}

void leaf_unref(struct leaf *leaf)
{
    if (leaf && atomic_fetch_sub_explicit(&leaf->refs, 1, memory_order_acq_rel) == 1)
        free(leaf);
}

static void reclaim(struct rcu_late *late)
{
    leaf_unref((struct leaf *)((char *)late - offsetof(struct leaf, late)));
}

void leaf_retire(struct leaf *leaf)
{
    rcu_defer(&leaf->late, reclaim);
}
