#include "dns/lookup.h"

#include "dns/state.h"

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

static bool has_protocol(const struct view *v, uint8_t protocol)
{
    for (uint32_t i = 0; i < v->port_count; i++)
        if (v->ports[i].protocol == protocol)
            return true;
    return false;
}

/* Pairs in labels[0..count), the value before its key; false when one of them is not
 * registered at all. */
static bool find_pairs(const struct view *v, const struct text *labels, unsigned count,
                       struct found *out)
{
    out->pair_count = 0;
    for (unsigned i = 0; i < count; i += 2) {
        const struct selector *s = view_selector(v, labels[i + 1], labels[i]);
        if (!s)
            return false;
        out->pairs[out->pair_count++] = s;
    }
    return true;
}

/* An odd label in front is a key under which values exist. */
static enum found_kind in_selection(const struct view *v, const struct text *labels, unsigned count,
                                    struct found *out)
{
    unsigned odd = count % 2;
    if (!find_pairs(v, labels + odd, count - odd, out))
        return FOUND_NO_NAME;
    if (!odd)
        return FOUND_SUBSET;
    return view_has_selector_key(v, labels[0]) ? FOUND_EMPTY : FOUND_NO_NAME;
}

/* labels[count - 1] is the one next to the service. */
static enum found_kind in_view(const struct dns *dns, const struct view *v,
                               const struct text *labels, unsigned count, struct found *out)
{
    uint8_t protocol;
    if (count == 1) {
        out->instance = view_instance(v, &dns->key, labels[0]);
        if (out->instance)
            return FOUND_INSTANCE;
        if (protocol_label(labels[0], &protocol))
            return has_protocol(v, protocol) ? FOUND_EMPTY : FOUND_NO_NAME;
    }
    if (count == 2 && labels[0].s[0] == '_' && protocol_label(labels[1], &protocol)) {
        struct text name = {labels[0].s + 1, labels[0].n - 1};
        const struct named_port *port = view_port(v, name, protocol);
        if (!port)
            return FOUND_NO_NAME;
        out->set = &port->set;
        return FOUND_PORT;
    }
    return in_selection(v, labels, count, out);
}

static enum found_kind below_service(const struct dns *dns, const struct node *service,
                                     const struct name *name, unsigned left, struct found *out)
{
    struct text labels[LABELS_INSIDE_MAX];
    out->view = RCU_READ(service->slot->view);
    if (left > LABELS_INSIDE_MAX)
        return FOUND_NO_NAME;
    const uint8_t *at = name->wire;
    for (unsigned i = 0; i < left; i++, at += 1 + *at)
        labels[i] = (struct text){(const char *)at + 1, *at};
    return in_view(dns, out->view, labels, left, out);
}

/* Where an empty non-terminal (of a longer service name, say) stands inside a service, the
 * service may still have something there. */
static enum found_kind at_empty(const struct dns *dns, const struct name *name, unsigned left,
                                struct found *out)
{
    enum found_kind without = left ? FOUND_NO_NAME : FOUND_EMPTY;
    for (unsigned skip = left + 1; skip <= name->labels; skip++) {
        uint8_t size;
        const uint8_t *tail = name_tail(name, skip, &size);
        const struct node *above = table_find(dns->table, tail, size);
        if (above && above->kind == NODE_EMPTY)
            continue;
        if (!above || above->kind != NODE_SERVICE)
            break;
        enum found_kind inside = below_service(dns, above, name, skip, out);
        return inside == FOUND_NO_NAME ? without : inside;
    }
    return without;
}

static enum found_kind at_protocol(const struct node *n, unsigned left, struct found *out)
{
    out->view = RCU_READ(n->slot->view);
    out->set = n->kind == NODE_SERVICE_TCP ? &out->view->by_tcp : &out->view->by_udp;
    return left ? FOUND_NO_NAME : FOUND_PROTOCOL;
}

static enum found_kind at_service(const struct dns *dns, const struct node *n,
                                  const struct name *name, unsigned left, struct found *out)
{
    if (left)
        return below_service(dns, n, name, left, out);
    out->view = RCU_READ(n->slot->view);
    return FOUND_SERVICE;
}

void lookup(const struct dns *dns, const struct name *name, struct found *out)
{
    unsigned left = 0;
    const struct node *n = table_find(dns->table, name->wire, name->size);
    if (!n)
        n = table_closest(dns->table, name, &left);
    out->node = n;
    out->zone = n ? n->zone : NULL;
    out->view = NULL;
    out->pair_count = 0;
    if (!n) {
        out->kind = FOUND_FOREIGN;
        return;
    }
    switch ((enum node_kind)n->kind) {
    case NODE_EMPTY: out->kind = at_empty(dns, name, left, out); break;
    case NODE_STATIC: out->kind = left ? FOUND_NO_NAME : FOUND_STATIC; break;
    case NODE_SERVICE: out->kind = at_service(dns, n, name, left, out); break;
    case NODE_SERVICE_TCP:
    case NODE_SERVICE_UDP: out->kind = at_protocol(n, left, out); break;
    }
}
