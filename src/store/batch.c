#include "store/batch.h"

#include <stdlib.h>

/* Some hundred ordinary changes, which is what one commit holds; small enough to come
 * from the allocator's own store. */
#define BLOCK_SIZE ((size_t)64 * 1024)

struct block {
    struct block *next;
    size_t used, size;
    uint8_t bytes[];
};

struct store_batch {
    struct block *first, *last;
    size_t count;
    uint64_t last_number;
};

/* In front of key and value. */
struct head {
    uint8_t table, key_n;
    uint16_t value_n; /* 0 = removed */
};

_Static_assert(sizeof(struct head) == BATCH_CHANGE_OVERHEAD, "as promised");

struct store_batch *batch_new(void)
{
    return calloc(1, sizeof(struct store_batch));
}

void store_batch_free(struct store_batch *batch)
{
    if (!batch)
        return;
    for (struct block *b = batch->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(batch);
}

size_t store_batch_count(const struct store_batch *batch)
{
    return batch->count;
}

uint64_t store_batch_last(const struct store_batch *batch)
{
    return batch->last_number;
}

bool batch_has_room(const struct store_batch *b, size_t bytes)
{
    return b->last && b->last->size - b->last->used >= bytes;
}

enum err batch_reserve(struct store_batch *b, size_t bytes)
{
    if (batch_has_room(b, bytes))
        return ERR_OK;
    size_t size = bytes > BLOCK_SIZE ? bytes : BLOCK_SIZE;
    struct block *block = malloc(sizeof *block + size);
    if (!block)
        return ERR_MEMORY;
    block->next = NULL;
    block->used = 0;
    block->size = size;
    if (b->last)
        b->last->next = block;
    else
        b->first = block;
    b->last = block;
    return ERR_OK;
}

void batch_begin(struct store_batch *b, enum store_table table, struct text key, struct writer *w)
{
    struct head head = {(uint8_t)table, (uint8_t)key.n, 0};
    *w = b->last ? writer_of(b->last->bytes + b->last->used, b->last->size - b->last->used)
                 : writer_of(NULL, 0);
    write_bytes(w, &head, sizeof head);
    write_bytes(w, key.s, key.n);
}

void batch_end(struct store_batch *b, const struct writer *w, uint64_t number)
{
    struct head head;
    if (w->full)
        return;
    memcpy(&head, w->start, sizeof head);
    head.value_n = (uint16_t)(writer_used(w) - sizeof head - head.key_n);
    memcpy(w->start, &head, sizeof head);
    b->last->used += writer_used(w);
    b->count++;
    b->last_number = number;
}

bool batch_next(const struct store_batch *b, struct batch_place *place, struct batch_change *out)
{
    if (!place->begun)
        *place = (struct batch_place){.block = b->first, .begun = true};
    while (place->block && place->at == place->block->used)
        *place = (struct batch_place){.block = place->block->next, .begun = true};
    if (!place->block)
        return false;
    struct head head;
    const uint8_t *p = place->block->bytes + place->at;
    memcpy(&head, p, sizeof head);
    const char *key = (const char *)p + sizeof head;
    out->table = (enum store_table)head.table;
    out->key = (struct text){key, head.key_n};
    out->value = (struct text){head.value_n ? key + head.key_n : NULL, head.value_n};
    place->at += sizeof head + head.key_n + head.value_n;
    return true;
}

void store_batch_visit(const struct store_batch *batch,
                       void (*visit)(void *context, enum store_table table, struct text key,
                                     struct text value),
                       void *context)
{
    struct batch_place place = {0};
    struct batch_change change;
    while (batch_next(batch, &place, &change))
        visit(context, change.table, change.key, change.value);
}
