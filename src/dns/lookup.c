#include "dns/lookup.h"

#include <string.h>

#include "dns/state.h"
#include "dns/view_ports.h"

static bool protocol_label(struct text label, uint8_t *protocol)
{
    static const struct {
        struct text label;
        uint8_t protocol;
    } known[] = {
        {{"_tcp", 4}, PROTOCOL_TCP}, {{"_udp", 4}, PROTOCOL_UDP}, {{"_sctp", 5}, PROTOCOL_SCTP}};
    for (size_t i = 0; i < ARRAY_COUNT(known); i++)
        if (text_is(label, known[i].label)) {
            *protocol = known[i].protocol;
            return true;
        }
    return false;
}

/* Pairs in labels[0..count), the value before its key; false when one of them is not
 * registered at all. */
static bool find_pairs(const struct dns *dns, const struct view *v, const struct text *labels,
                       unsigned count, struct found *out)
{
    out->pair_count = 0;
    for (unsigned i = 0; i < count; i += 2) {
        out->pairs[out->pair_count] = (struct pair){labels[i + 1], labels[i]};
        if (!view_has_pair(v, &dns->key, &out->pairs[out->pair_count++]))
            return false;
    }
    return true;
}

/* An odd label in front is a key under which values exist. */
static enum found_kind in_selection(const struct dns *dns, const struct view *v,
                                    const struct text *labels, unsigned count, struct found *out)
{
    unsigned odd = count % 2;
    if (!find_pairs(dns, v, labels + odd, count - odd, out))
        return FOUND_NO_NAME;
    if (!odd)
        return FOUND_SUBSET;
    return view_has_selector_key(v, &dns->key, labels[0]) ? FOUND_EMPTY : FOUND_NO_NAME;
}

/* labels[count - 1] is the one next to the service. */
static enum found_kind in_view(const struct dns *dns, const struct view *v,
                               const struct text *labels, unsigned count, struct found *out)
{
    uint8_t protocol;
    if (count == 1) {
        out->instance = view_instance(v, &dns->key, labels[0], &out->place);
        if (out->instance)
            return FOUND_INSTANCE;
        if (protocol_label(labels[0], &protocol))
            return view_names_protocol(v, protocol) ? FOUND_EMPTY : FOUND_NO_NAME;
    }
    if (count == 2 && labels[0].s[0] == '_' && protocol_label(labels[1], &protocol)) {
        struct text name = {labels[0].s + 1, labels[0].n - 1};
        const struct named_port *port = view_port(v, &dns->key, name, protocol);
        if (!port)
            return FOUND_NO_NAME;
        out->set = &port->set;
        return FOUND_PORT;
    }
    return in_selection(dns, v, labels, count, out);
}

/* The labels of `name` that lie between label `from` and the service above `count` of them. */
static unsigned labels_of(const struct name *name, unsigned from, unsigned count,
                          struct text labels[static LABELS_INSIDE_MAX])
{
    uint8_t size;
    const uint8_t *at = name_tail(name, from, &size);
    for (unsigned i = from; i < count; i++, at += 1 + *at)
        labels[i - from] = (struct text){(const char *)at + 1, *at};
    return count - from;
}

/* The name without its first `from` labels, which stands `count - from` labels below the
 * service. */
static enum found_kind below_service(const struct dns *dns, const struct node *service,
                                     const struct name *name, unsigned from, unsigned count,
                                     struct found *out)
{
    struct text labels[LABELS_INSIDE_MAX];
    out->view = RCU_READ(service->slot->view);
    if (count - from > LABELS_INSIDE_MAX)
        return FOUND_NO_NAME;
    unsigned inside = labels_of(name, from, count, labels);
    return in_view(dns, out->view, labels, inside, out);
}

/* Where an empty non-terminal (of a longer service name, say) stands inside a service, the
 * service may still have something there: that service, `*inside` labels below it. NULL =
 * the node is not inside of one. */
static const struct node *service_above(const struct dns *dns, const struct node *n,
                                        const struct name *name, unsigned left, unsigned *inside)
{
    for (; n && n->kind == NODE_EMPTY && left < name->labels; left++) {
        uint8_t size;
        const uint8_t *tail = name_tail(name, left + 1, &size);
        n = table_find(dns->table, tail, size);
    }
    *inside = left;
    return n && n->kind == NODE_SERVICE ? n : NULL;
}

/* Below it are its instances, as DNS-SD names them. */
static enum found_kind at_protocol(const struct dns *dns, const struct node *n,
                                   const struct name *name, unsigned left, struct found *out)
{
    out->view = RCU_READ(n->slot->view);
    out->protocol = n->kind == NODE_SERVICE_TCP ? PROTOCOL_TCP : PROTOCOL_UDP;
    out->set = out->view->by_protocol[out->protocol];
    if (left != 1)
        return left ? FOUND_NO_NAME : FOUND_PROTOCOL;
    struct text label = {(const char *)name->wire + 1, name->wire[0]};
    out->instance = view_instance(out->view, &dns->key, label, &out->place);
    return out->instance && out->instance->ports[out->protocol] ? FOUND_BROWSED : FOUND_NO_NAME;
}

static enum found_kind at_service(const struct dns *dns, const struct node *n,
                                  const struct name *name, unsigned left, struct found *out)
{
    if (left)
        return below_service(dns, n, name, 0, left, out);
    out->view = RCU_READ(n->slot->view);
    return FOUND_SERVICE;
}

static enum found_kind at_empty(const struct dns *dns, const struct node *n,
                                const struct name *name, unsigned left, struct found *out)
{
    unsigned inside;
    const struct node *service = service_above(dns, n, name, left, &inside);
    enum found_kind kind = FOUND_NO_NAME;
    if (service)
        kind = below_service(dns, service, name, 0, inside, out);
    return kind == FOUND_NO_NAME && !left ? FOUND_EMPTY : kind;
}

/* ---- what is above decides --------------------------------------------------------------- */

/* A delegation or DNAME at the node or above it. Of several the topmost counts: it is the
 * one that no other occludes. */
static bool is_covered(const struct dns *dns, const struct name *name, struct found *out)
{
    const struct node *n = out->node;
    unsigned left = out->left;
    while (node_traits(n) & NODE_OCCLUDED) {
        uint8_t size;
        const uint8_t *tail = name_tail(name, ++left, &size);
        const struct node *up = table_find(dns->table, tail, size);
        if (!up) /* it is being taken away just now */
            return false;
        n = up;
    }
    uint8_t traits = node_traits(n);
    if (traits & NODE_CUT)
        out->kind = FOUND_CUT;
    else if (traits & NODE_DNAME && left)
        out->kind = FOUND_DNAME;
    else
        return false;
    out->node = n;
    out->left = left;
    return true;
}

/* Does a name between the asked one and the node exist inside a service? Then that is the
 * closest encloser, which has no wildcard. */
static bool has_virtual_encloser(const struct dns *dns, const struct name *name,
                                 const struct found *f)
{
    unsigned inside;
    const struct node *n = f->node;
    struct found ignored;
    if (n->kind == NODE_SERVICE_TCP || n->kind == NODE_SERVICE_UDP) {
        struct name instance;
        uint8_t size;
        name_from_wire(name_tail(name, f->left - 1, &size), &instance);
        return f->left > 1 && at_protocol(dns, n, &instance, 1, &ignored) != FOUND_NO_NAME;
    }
    const struct node *service = service_above(dns, n, name, f->left, &inside);
    for (unsigned from = 1; service && from < f->left; from++)
        if (below_service(dns, service, name, from, inside, &ignored) != FOUND_NO_NAME)
            return true;
    return false;
}

/* The name does not exist, and the node is its closest encloser: the source of synthesis
 * is "*" below that (RFC 4592 section 3.3.1). */
static void try_wildcard(const struct dns *dns, const struct name *name, struct found *out)
{
    uint8_t wire[2 + NAME_MAX_WIRE] = {1, '*'};
    const struct node *n = out->node;
    if (n->size > NAME_MAX_WIRE - 2 || has_virtual_encloser(dns, name, out))
        return;
    memcpy(wire + 2, n->name, n->size);
    const struct node *wild = table_find(dns->table, wire, (uint8_t)(n->size + 2));
    if (!wild)
        return;
    out->kind = wild->kind == NODE_EMPTY ? FOUND_EMPTY : FOUND_STATIC;
    out->node = wild;
    out->wildcard = true;
    out->view = NULL;
}

/* ---- all ------------------------------------------------------------------------------------ */

static enum found_kind at_node(const struct dns *dns, const struct name *name, struct found *out)
{
    const struct node *n = out->node;
    unsigned left = out->left;
    switch ((enum node_kind)n->kind) {
    case NODE_EMPTY: return at_empty(dns, n, name, left, out);
    case NODE_STATIC:
    case NODE_LEAF: return left ? FOUND_NO_NAME : FOUND_STATIC;
    case NODE_SERVICE: return at_service(dns, n, name, left, out);
    case NODE_SERVICE_TCP:
    case NODE_SERVICE_UDP: return at_protocol(dns, n, name, left, out);
    case NODE_TYPES: return left ? FOUND_NO_NAME : FOUND_TYPES;
    }
    return FOUND_NO_NAME;
}

/* The deepest node of the name that exists; NULL = there is none. */
static const struct node *deepest(const struct dns *dns, const struct name *name,
                                  const struct ahead *ahead, unsigned *left)
{
    uint8_t size;
    if (!ahead)
        return table_closest(dns->table, name, left);
    if (!ahead->node)
        return table_closest_from(dns->table, name, ahead->left, left);
    *left = ahead->left;
    const uint8_t *tail = name_tail(name, ahead->left, &size);
    if (table_is(ahead->node, tail, size))
        return ahead->node;
    return table_closest(dns->table, name, left);
}

void lookup_ahead(const struct dns *dns, const struct name *name, const struct ahead *ahead,
                  struct found *out)
{
    const struct node *n = deepest(dns, name, ahead, &out->left);
    out->node = n;
    out->zone = n ? n->zone : NULL;
    out->view = NULL;
    out->pair_count = 0;
    out->wildcard = false;
    if (!n) {
        out->kind = FOUND_FOREIGN;
        return;
    }
    uint8_t traits = node_traits(n);
    if (traits & (NODE_CUT | NODE_DNAME | NODE_OCCLUDED) && is_covered(dns, name, out))
        return;
    out->kind = at_node(dns, name, out);
    if (out->kind == FOUND_NO_NAME && traits & NODE_WILD)
        try_wildcard(dns, name, out);
}

void lookup(const struct dns *dns, const struct name *name, struct found *out)
{
    lookup_ahead(dns, name, NULL, out);
}
