/* What can be asked for within a service: selectors and named ports. */
#include "dns/draft.h"

#include <stdlib.h>
#include <string.h>

/* ---- selectors --------------------------------------------------------------------- */

static enum err note_pair(struct draft *d, uint32_t n, struct text key, struct text value)
{
    char label[2 * 63 + 1];
    size_t offset;
    uint32_t entry;
    size_t key_size = text_to_label(key, label);
    label[key_size] = '\0'; /* no label holds it, so the pair is one string */
    char value_label[63];
    size_t value_size = text_to_label(value, value_label);
    if (!key_size || !value_size)
        return ERR_OK;
    memcpy(label + key_size + 1, value_label, value_size);
    if (draft_append(d, label, key_size + 1 + value_size, &offset) ||
        draft_intern(d, &d->pairs, offset, &entry))
        return ERR_MEMORY;
    intern_entry(&d->pairs, entry)->split = (uint32_t)key_size;
    return draft_note(&d->pairs, &d->pair_notes, entry, n, 0);
}

static enum err note_metadata(struct draft *d, uint32_t n, const struct record *r)
{
    for (char *const *key = d->selector_keys; key && *key; key++)
        for (unsigned i = 0; i < r->metadata_count; i++)
            if (text_is(r->metadata[i].key, text_of(*key)) &&
                note_pair(d, n, r->metadata[i].key, r->metadata[i].value))
                return ERR_MEMORY;
    return ERR_OK;
}

enum err draft_note_selectors(struct draft *d, uint32_t n, const struct record *r)
{
    if (note_pair(d, n, TEXT("version"), r->version) || note_pair(d, n, TEXT("zone"), r->zone) ||
        note_pair(d, n, TEXT("region"), r->region) || note_pair(d, n, TEXT("cluster"), r->cluster))
        return ERR_MEMORY;
    for (unsigned i = 0; i < r->tag_count; i++)
        if (note_pair(d, n, TEXT("tag"), r->tags[i]))
            return ERR_MEMORY;
    return note_metadata(d, n, r);
}

static int compare_selectors(const void *left, const void *right, void *context)
{
    const struct draft *d = context;
    const struct draft_selector *a = left, *b = right;
    const struct distinct *x = intern_entry(&d->pairs, a->entry);
    const struct distinct *y = intern_entry(&d->pairs, b->entry);
    /* The NUL between them orders by key, then by value. */
    return text_compare((struct text){(const char *)draft_bytes(d, x->offset), x->size},
                        (struct text){(const char *)draft_bytes(d, y->offset), y->size});
}

/* The live ones among the notes of one pair. */
static enum err list_live(struct draft *d, const struct note *notes, uint32_t count,
                          struct draft_selector *s)
{
    s->first = (uint32_t)d->live.count;
    for (uint32_t i = 0; i < count; i++) {
        if (!draft_instance(d, notes[i].instance)->live)
            continue;
        uint32_t *to = list_add(&d->live, 1, sizeof(*to));
        if (!to)
            return ERR_MEMORY;
        *to = notes[i].instance;
        s->fresh += !draft_instance(d, notes[i].instance)->stale;
    }
    s->count = (uint32_t)d->live.count - s->first;
    return ERR_OK;
}

enum err draft_selectors(struct draft *d)
{
    uint32_t count = (uint32_t)d->pairs.entries.count;
    if (count == 0)
        return ERR_OK;
    size_t *starts;
    struct note *notes = draft_group_notes(&d->pairs, &d->pair_notes, &starts);
    if (!notes)
        return ERR_MEMORY;
    enum err err = ERR_OK;
    struct draft_selector *s = list_add(&d->selectors, count, sizeof(*s));
    if (!s)
        err = ERR_MEMORY;
    for (uint32_t i = 0; i < count && !err; i++) {
        s[i].entry = i;
        err = list_live(d, notes + starts[i], intern_entry(&d->pairs, i)->count, &s[i]);
    }
    if (!err)
        qsort_r(s, count, sizeof(*s), compare_selectors, d);
    free(notes);
    free(starts);
    return err;
}

/* ---- named ports ------------------------------------------------------------------- */

/* The entry is the name with the protocol's byte behind it. */
static enum err note_port(struct draft *d, uint32_t n, const struct port *port)
{
    size_t offset;
    uint32_t entry;
    uint8_t protocol = (uint8_t)port->protocol;
    if (port->name.n == 0)
        return ERR_OK;
    size_t protocol_at;
    if (draft_append(d, port->name.s, port->name.n, &offset) ||
        draft_append(d, &protocol, 1, &protocol_at) ||
        draft_intern(d, &d->port_names, offset, &entry))
        return ERR_MEMORY;
    return draft_note(&d->port_names, &d->port_notes, entry, n, port->number);
}

enum err draft_note_ports(struct draft *d, uint32_t n, const struct record *r)
{
    struct draft_instance *di = draft_instance(d, n);
    for (unsigned i = 0; i < r->port_count; i++) {
        const struct port *port = &r->ports[i];
        if (!di->port[port->protocol])
            di->port[port->protocol] = port->number;
        if (!di->https_port && port->protocol == PROTOCOL_TCP && text_is(port->name, TEXT("https")))
            di->https_port = port->number;
        if (note_port(d, n, port))
            return ERR_MEMORY;
    }
    di->default_port = r->port_count ? r->ports[0].number : 0;
    return ERR_OK;
}

static int compare_ports(const void *left, const void *right, void *context)
{
    const struct draft *d = context;
    const struct draft_port *a = left, *b = right;
    const struct distinct *x = intern_entry(&d->port_names, a->entry);
    const struct distinct *y = intern_entry(&d->port_names, b->entry);
    const char *s = (const char *)draft_bytes(d, x->offset);
    const char *t = (const char *)draft_bytes(d, y->offset);
    int order = text_compare((struct text){s, x->size - 1}, (struct text){t, y->size - 1});
    return order ? order : s[x->size - 1] - t[y->size - 1];
}

enum err draft_ports(struct draft *d)
{
    uint32_t count = (uint32_t)d->port_names.entries.count;
    if (count == 0)
        return ERR_OK;
    size_t *starts;
    struct note *notes = draft_group_notes(&d->port_names, &d->port_notes, &starts);
    if (!notes)
        return ERR_MEMORY;
    enum err err = ERR_OK;
    struct draft_port *ports = list_add(&d->ports, count, sizeof(*ports));
    if (!ports)
        err = ERR_MEMORY;
    for (uint32_t i = 0; i < count && !err; i++) {
        ports[i].entry = i;
        err =
            draft_set(d, notes + starts[i], intern_entry(&d->port_names, i)->count, &ports[i].set);
    }
    if (!err)
        qsort_r(ports, count, sizeof(*ports), compare_ports, d);
    free(notes);
    free(starts);
    return err;
}
