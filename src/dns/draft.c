#include "dns/draft.h"

#include <stdlib.h>
#include <string.h>

void *list_reserve(struct list *l, size_t count, size_t size)
{
    if (!l->items || l->count + count > l->capacity) { /* none is room, too, and not NULL */
        size_t capacity = l->capacity ? l->capacity * 2 : 16;
        if (capacity < l->count + count)
            capacity = l->count + count;
        void *grown = realloc(l->items, capacity * size);
        if (!grown)
            return NULL;
        l->items = grown;
        l->capacity = capacity;
    }
    return (uint8_t *)l->items + l->count * size;
}

void *list_add(struct list *l, size_t count, size_t size)
{
    void *at = list_reserve(l, count, size);
    if (!at)
        return NULL;
    memset(at, 0, count * size);
    l->count += count;
    return at;
}

static void intern_deinit(struct intern *in)
{
    free(in->entries.items);
    free(in->slots);
}

void draft_deinit(struct draft *d)
{
    struct list *lists[] = {&d->bytes,  &d->instances, &d->items,      &d->sums,
                            &d->groups, &d->addr_sums, &d->ids,        &d->live,
                            &d->ports,  &d->selectors, &d->port_notes, &d->pair_notes};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        free(lists[i]->items);
    struct intern *interns[] = {&d->txts, &d->v4s, &d->v6s, &d->port_names, &d->pairs};
    for (size_t i = 0; i < ARRAY_COUNT(interns); i++)
        intern_deinit(interns[i]);
}

enum err draft_append(struct draft *d, const void *bytes, size_t size, size_t *offset)
{
    uint8_t *to = list_reserve(&d->bytes, size, 1);
    if (!to)
        return ERR_MEMORY;
    if (size)
        memcpy(to, bytes, size);
    *offset = d->bytes.count;
    d->bytes.count += size;
    return ERR_OK;
}

/* At most half of the slots are used. */
static enum err intern_reserve(struct intern *in)
{
    if (in->slots && (in->entries.count + 1) * 2 <= in->mask + 1)
        return ERR_OK;
    size_t size = in->slots ? (in->mask + 1) * 2 : 16;
    uint32_t *slots = calloc(size, sizeof(*slots));
    if (!slots)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < in->entries.count; i++) {
        size_t at = intern_entry(in, i)->hash & (size - 1);
        while (slots[at])
            at = (at + 1) & (size - 1);
        slots[at] = i + 1;
    }
    free(in->slots);
    in->slots = slots;
    in->mask = size - 1;
    return ERR_OK;
}

enum err draft_intern(struct draft *d, struct intern *in, size_t offset, uint32_t *entry)
{
    if (intern_reserve(in))
        return ERR_MEMORY;
    const uint8_t *bytes = draft_bytes(d, offset);
    uint32_t size = (uint32_t)(d->bytes.count - offset);
    uint32_t hash = (uint32_t)hash_bytes(d->key, bytes, size);
    size_t at = hash & in->mask;
    for (; in->slots[at]; at = (at + 1) & in->mask) {
        const struct distinct *e = intern_entry(in, in->slots[at] - 1);
        if (e->hash == hash && e->size == size &&
            memcmp(draft_bytes(d, e->offset), bytes, size) == 0) {
            *entry = in->slots[at] - 1;
            d->bytes.count = offset;
            return ERR_OK;
        }
    }
    struct distinct *fresh = list_add(&in->entries, 1, sizeof(*fresh));
    if (!fresh)
        return ERR_MEMORY;
    fresh->offset = offset;
    fresh->size = size;
    fresh->hash = hash;
    *entry = (uint32_t)in->entries.count - 1;
    in->slots[at] = *entry + 1;
    return ERR_OK;
}

enum err draft_note(struct intern *in, struct list *notes, uint32_t entry, uint32_t instance,
                    uint16_t port)
{
    struct distinct *e = intern_entry(in, entry);
    if (e->last_instance == instance + 1)
        return ERR_OK;
    struct note *note = list_add(notes, 1, sizeof(*note));
    if (!note)
        return ERR_MEMORY;
    *note = (struct note){.of = entry, .instance = instance, .port = port};
    e->last_instance = instance + 1;
    e->count++;
    return ERR_OK;
}

struct note *draft_group_notes(const struct intern *in, const struct list *notes, size_t **starts)
{
    const struct note *from = notes->items;
    struct note *grouped = malloc((notes->count + 1) * sizeof(*grouped));
    size_t *at = malloc((in->entries.count + 1) * sizeof(*at));
    if (!grouped || !at) {
        free(grouped);
        free(at);
        return NULL;
    }
    size_t start = 0;
    for (uint32_t i = 0; i < in->entries.count; i++) {
        at[i] = start;
        start += intern_entry(in, i)->count;
    }
    for (size_t i = 0; i < notes->count; i++)
        grouped[at[from[i].of]++] = from[i];
    for (uint32_t i = 0; i < in->entries.count; i++)
        at[i] -= intern_entry(in, i)->count;
    *starts = at;
    return grouped;
}
