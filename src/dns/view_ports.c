#include "dns/view_ports.h"

#include <string.h>

/* ---- by name ------------------------------------------------------------------------------- */

static const struct named_port *find_sorted(const struct view *v, struct text name,
                                            uint8_t protocol)
{
    uint32_t low = 0, high = v->port_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct named_port *p = &v->ports[middle];
        int order = text_compare(p->name, name);
        if (order == 0)
            order = (int)p->protocol - (int)protocol;
        if (order == 0)
            return p;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* As a slice has it: struct slice_port. */
static uint32_t port_hash(const struct hash_key *key, struct text name, uint8_t protocol)
{
    uint8_t bytes[PORT_NAME_MAX + 1];
    memcpy(bytes, name.s, name.n);
    bytes[name.n] = protocol;
    return (uint32_t)hash_bytes(key, bytes, name.n + 1);
}

const struct named_port *port_in_parts(const struct block_list *ports, uint32_t hash,
                                       struct text name, uint8_t protocol)
{
    const struct port_part *part = port_part_at(ports, slice_of_hash(ports->count, hash));
    for (uint32_t i = 0; i < part->count; i++) {
        const struct named_port *p = &part->ports[i];
        if (p->hash == hash && p->protocol == protocol && text_is(p->name, name))
            return p;
    }
    return NULL;
}

/* What a part has, or NULL. */
static const struct named_port *with_set(const struct view *v, const struct named_port *p)
{
    return p && p->by_default ? find_sorted(v, p->name, p->protocol) : p;
}

const struct named_port *view_port(const struct view *v, const struct hash_key *key,
                                   struct text name, uint8_t protocol)
{
    if (!v->shared)
        return find_sorted(v, name, protocol);
    if (!v->shared->ports || name.n == 0 || name.n > PORT_NAME_MAX)
        return NULL;
    return with_set(
        v, port_in_parts(v->shared->ports, port_hash(key, name, protocol), name, protocol));
}

bool view_names_protocol(const struct view *v, uint8_t protocol)
{
    if (v->shared)
        return v->shared->port_protocols >> protocol & 1;
    return v->slices[0]->port_protocols >> protocol & 1;
}

/* ---- by number ----------------------------------------------------------------------------- */

uint32_t view_port_numbers(const struct view *v)
{
    if (!v->shared)
        return v->port_count;
    return v->shared->ports ? v->shared->ports->count * PORT_PART_MAX : 0;
}

const struct named_port *view_port_at(const struct view *v, uint32_t number)
{
    if (!v->shared)
        return &v->ports[number];
    const struct port_part *part = port_part_at(v->shared->ports, number / PORT_PART_MAX);
    number %= PORT_PART_MAX;
    return number < part->count ? with_set(v, &part->ports[number]) : NULL;
}

static uint32_t next_part(uint32_t number)
{
    return (number / PORT_PART_MAX + 1) * PORT_PART_MAX;
}

bool view_port_next(const struct view *v, uint32_t *number)
{
    while (*number < view_port_numbers(v)) {
        if (view_port_at(v, *number))
            return true;
        *number = next_part(*number);
    }
    return false;
}

uint32_t view_ports_shared(const struct view *a, const struct view *b, uint32_t number)
{
    const struct block_list *x = a->shared ? a->shared->ports : NULL;
    const struct block_list *y = b->shared ? b->shared->ports : NULL;
    uint32_t n = number / PORT_PART_MAX;
    if (!x || !y || x->count != y->count)
        return number;
    uint32_t bundle = n / BUNDLE_MAX;
    if (x->bundles[bundle] == y->bundles[bundle]) {
        uint32_t end = (bundle + 1) * BUNDLE_MAX;
        return (end < x->count ? end : x->count) * PORT_PART_MAX;
    }
    return block_at(x, n) == block_at(y, n) ? next_part(number) : number;
}

bool view_port_next_unshared(const struct view *a, const struct view *b, uint32_t *number)
{
    while (*number < view_port_numbers(a)) {
        uint32_t until = view_ports_shared(a, b, *number);
        if (until == *number && view_port_at(a, *number))
            return true;
        *number = until > *number ? until : next_part(*number);
    }
    return false;
}
