/* What can be asked for within a slice: selectors and named ports. */
#include "dns/draft.h"

#include <stdlib.h>
#include <string.h>

/* ---- selectors --------------------------------------------------------------------- */

static enum err note_pair(struct draft *d, unsigned place, struct text key, struct text value)
{
    char label[2 * 63 + 1];
    uint32_t entry;
    if (!value.n)
        return ERR_OK;
    size_t key_size = text_to_label(key, label);
    label[key_size] = '\0'; /* no label holds it, so the pair is one string */
    char value_label[63];
    size_t value_size = text_to_label(value, value_label);
    if (!key_size || !value_size)
        return ERR_OK;
    memcpy(label + key_size + 1, value_label, value_size);
    size_t offset = d->strings.count;
    if (!list_append(&d->strings, label, key_size + 1 + value_size, 1) ||
        draft_intern(d, &d->pairs, offset, place, &entry))
        return ERR_MEMORY;
    intern_entry(&d->pairs, entry)->split = (uint32_t)key_size;
    return ERR_OK;
}

static enum err note_metadata(struct draft *d, unsigned place, const struct record *r)
{
    for (char *const *key = d->c->selectors; key && *key; key++)
        for (unsigned i = 0; i < r->metadata_count; i++)
            if (text_is(r->metadata[i].key, text_of(*key)) &&
                note_pair(d, place, r->metadata[i].key, r->metadata[i].value))
                return ERR_MEMORY;
    return ERR_OK;
}

enum err draft_note_selectors(struct draft *d, unsigned place, const struct record *r)
{
    if (note_pair(d, place, TEXT("version"), r->version) ||
        note_pair(d, place, TEXT("zone"), r->zone) ||
        note_pair(d, place, TEXT("region"), r->region) ||
        note_pair(d, place, TEXT("cluster"), r->cluster))
        return ERR_MEMORY;
    for (unsigned i = 0; i < r->tag_count; i++)
        if (note_pair(d, place, TEXT("tag"), r->tags[i]))
            return ERR_MEMORY;
    return note_metadata(d, place, r);
}

static int compare_pairs(const void *left, const void *right, void *context)
{
    const struct draft *d = context;
    const struct distinct *a = intern_entry(&d->pairs, *(const uint32_t *)left);
    const struct distinct *b = intern_entry(&d->pairs, *(const uint32_t *)right);
    /* The NUL between them orders by key, then by value. */
    return text_compare((struct text){draft_string(d, a), a->size},
                        (struct text){draft_string(d, b), b->size});
}

/* ---- named ports ------------------------------------------------------------------- */

/* The entry is the name with the protocol's byte behind it. */
static enum err note_port(struct draft *d, unsigned place, const struct port *port)
{
    uint32_t entry;
    uint8_t protocol = (uint8_t)port->protocol;
    size_t offset = d->strings.count;
    if (!list_append(&d->strings, port->name.s, port->name.n, 1) ||
        !list_append(&d->strings, &protocol, 1, 1) ||
        draft_intern(d, &d->names, offset, place, &entry))
        return ERR_MEMORY;
    if (entry == d->ports.count) {
        struct draft_port *fresh = list_add(&d->ports, 1, sizeof(*fresh));
        if (!fresh)
            return ERR_MEMORY;
        memset(fresh, 0, sizeof(*fresh));
    }
    struct draft_port *there = (struct draft_port *)d->ports.items + entry;
    if (!there->ports[place]) /* the first of the name counts */
        there->ports[place] = port->number;
    return ERR_OK;
}

enum err draft_note_ports(struct draft *d, unsigned place, const struct record *r)
{
    struct view_instance *in = &d->instances[place];
    for (unsigned i = 0; i < r->port_count; i++) {
        const struct port *port = &r->ports[i];
        if (port->protocol <= PROTOCOL_UDP && !in->ports[port->protocol])
            in->ports[port->protocol] = port->number;
        if (!in->https_port && port->protocol == PROTOCOL_TCP && text_is(port->name, TEXT("https")))
            in->https_port = port->number;
        if (port->name.n && note_port(d, place, port))
            return ERR_MEMORY;
    }
    in->port = r->port_count ? r->ports[0].number : 0;
    return ERR_OK;
}

static int compare_names(const void *left, const void *right, void *context)
{
    const struct draft *d = context;
    const struct distinct *a = intern_entry(&d->names, *(const uint32_t *)left);
    const struct distinct *b = intern_entry(&d->names, *(const uint32_t *)right);
    const char *s = draft_string(d, a), *t = draft_string(d, b);
    int order = text_compare((struct text){s, a->size - 1}, (struct text){t, b->size - 1});
    return order ? order : s[a->size - 1] - t[b->size - 1];
}

/* ---- their order ------------------------------------------------------------------- */

static enum err order(struct draft *d, const struct intern *in, struct list *out,
                      int (*compare)(const void *left, const void *right, void *context))
{
    size_t count = in->entries.count;
    if (count == 0)
        return ERR_OK;
    uint32_t *entries = list_add(out, count, sizeof(*entries));
    if (!entries)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        entries[i] = i;
    if (count > 1)
        qsort_r(entries, count, sizeof(*entries), compare, d);
    return ERR_OK;
}

enum err draft_order(struct draft *d)
{
    if (order(d, &d->names, &d->name_order, compare_names))
        return ERR_MEMORY;
    return order(d, &d->pairs, &d->pair_order, compare_pairs);
}
