/* Validation of records: everything that enters the registry has passed here, so
 * nothing behind it checks lengths, names or ranges again. */
#include "registry/registry.h"

static bool is_lower(struct text t)
{
    for (size_t n = 0; n < t.n; n++)
        if (t.s[n] != ascii_lower(t.s[n]))
            return false;
    return true;
}

static bool is_name(struct text t, size_t max)
{
    return text_is_label(t, max) && is_lower(t);
}

static bool is_empty_or_name(struct text t, size_t max)
{
    return t.n == 0 || is_name(t, max);
}

static bool is_in_range(struct text t, unsigned char low, unsigned char high)
{
    for (size_t n = 0; n < t.n; n++)
        if ((unsigned char)t.s[n] < low || (unsigned char)t.s[n] > high)
            return false;
    return true;
}

/* A host name's label, but '_' may stand anywhere except in front: names that
 * begin with it are the underscore forms of the DNS. */
static bool is_service_label(struct text t)
{
    if (t.n == 0 || t.n > 63 || t.s[0] == '-' || t.s[0] == '_' || t.s[t.n - 1] == '-')
        return false;
    for (size_t n = 0; n < t.n; n++) {
        char c = t.s[n];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return true;
}

bool service_name_is_valid(struct text t)
{
    if (t.n == 0 || t.n > SERVICE_MAX || t.s[t.n - 1] == '.')
        return false;
    unsigned labels = 0;
    for (struct text rest = t; rest.n; labels++)
        if (!is_service_label(text_cut(&rest, '.')))
            return false;
    return labels <= SERVICE_LABELS_MAX;
}

/* RFC 6335 section 5.1: letters, digits, single inner hyphens, at least one letter. */
static bool is_port_name(struct text t)
{
    if (!is_name(t, PORT_NAME_MAX))
        return false;
    bool letter = false;
    for (size_t n = 0; n < t.n; n++) {
        letter = letter || (t.s[n] >= 'a' && t.s[n] <= 'z');
        if (t.s[n] == '-' && t.s[n + 1] == '-') /* a label does not end with '-' */
            return false;
    }
    return letter;
}

static bool is_usable_address(const struct addr *a)
{
    return addr_size(a) && !addr_is_unspecified(a) && !addr_is_multicast(a) &&
           !addr_is_link_local(a);
}

static bool addresses_are_fine(const struct record *r)
{
    if (r->address_count == 0 || r->address_count > ADDRESSES_MAX)
        return false;
    for (unsigned n = 0; n < r->address_count; n++) {
        if (!is_usable_address(&r->addresses[n]))
            return false;
        for (unsigned before = 0; before < n; before++)
            if (addr_is(&r->addresses[n], &r->addresses[before]))
                return false;
    }
    return true;
}

/* Two ports may share a number when they have different names, but a name stands
 * for one number of a protocol. */
static bool ports_collide(const struct port *a, const struct port *b)
{
    return a->protocol == b->protocol && text_is(a->name, b->name) &&
           (a->name.n || a->number == b->number);
}

static bool ports_are_fine(const struct record *r)
{
    if (r->port_count > PORTS_MAX)
        return false;
    for (unsigned n = 0; n < r->port_count; n++) {
        const struct port *p = &r->ports[n];
        if (p->number == 0 || (unsigned)p->protocol >= PROTOCOL_COUNT)
            return false;
        if (p->name.n && !is_port_name(p->name))
            return false;
        for (unsigned before = 0; before < n; before++)
            if (ports_collide(p, &r->ports[before]))
                return false;
    }
    return true;
}

static bool tags_are_fine(const struct record *r)
{
    if (r->tag_count > TAGS_MAX)
        return false;
    for (unsigned n = 0; n < r->tag_count; n++) {
        if (!is_name(r->tags[n], SHORT_LABEL_MAX))
            return false;
        for (unsigned before = 0; before < n; before++)
            if (text_is(r->tags[n], r->tags[before]))
                return false;
    }
    return true;
}

/* RFC 1464 and RFC 6763 section 6.4: printable, no '='. No blanks either: keys are
 * written in datagrams and command lines. */
static bool is_metadata_key(struct text t)
{
    return t.n && t.n <= METADATA_KEY_MAX && is_in_range(t, 0x21, 0x7e) && !memchr(t.s, '=', t.n);
}

/* The length of the UTF-8 sequence at the front of t (RFC 3629 section 4), or 0. */
static size_t utf8_length(struct text t)
{
    const unsigned char *s = (const unsigned char *)t.s;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] > 0xf4 || n > t.n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

/* NUL and line ends would cut lines in logs, terminals and transfers; JSON needs UTF-8. */
static bool is_metadata_value(struct text t)
{
    if (t.n > METADATA_VALUE_MAX)
        return false;
    while (t.n) {
        size_t n = utf8_length(t);
        if (n == 0 || *t.s == '\0' || *t.s == '\n' || *t.s == '\r')
            return false;
        t = (struct text){t.s + n, t.n - n};
    }
    return true;
}

static bool metadata_is_fine(const struct record *r)
{
    if (r->metadata_count > METADATA_MAX)
        return false;
    size_t bytes = 0;
    for (unsigned n = 0; n < r->metadata_count; n++) {
        const struct pair *p = &r->metadata[n];
        if (!is_metadata_key(p->key) || !is_metadata_value(p->value))
            return false;
        for (unsigned before = 0; before < n; before++)
            if (text_is(p->key, r->metadata[before].key))
                return false;
        bytes += p->key.n + p->value.n;
    }
    return bytes <= METADATA_BYTES_MAX;
}

static const char *name_fault(const struct record *r)
{
    if (!is_name(r->ns, NAMESPACE_MAX))
        return "ns";
    if (!service_name_is_valid(r->service))
        return "svc";
    return is_name(r->id, INSTANCE_ID_MAX) ? NULL : "inst";
}

static const char *label_fault(const struct record *r)
{
    if (r->version.n > VERSION_MAX || !is_in_range(r->version, 0x20, 0x7e))
        return "ver";
    if (!is_empty_or_name(r->zone, SHORT_LABEL_MAX))
        return "zone";
    if (!is_empty_or_name(r->region, SHORT_LABEL_MAX))
        return "region";
    if (!is_empty_or_name(r->cluster, SHORT_LABEL_MAX))
        return "cluster";
    return tags_are_fine(r) ? NULL : "tags";
}

static const char *number_fault(const struct record *r)
{
    if (r->priority > PRIORITY_MAX)
        return "prio";
    if ((unsigned)r->status >= STATUS_COUNT)
        return "st";
    return r->ttl == TTL_UNSET || (r->ttl >= 0 && r->ttl <= TTL_MAX) ? NULL : "ttl";
}

const char *record_fault(const struct record *record)
{
    const char *fault = name_fault(record);
    if (fault)
        return fault;
    if (!addresses_are_fine(record))
        return "addr";
    if (!ports_are_fine(record))
        return "port";
    if ((fault = number_fault(record)) || (fault = label_fault(record)))
        return fault;
    if (record->group.n > GROUP_MAX || !is_in_range(record->group, 0x21, 0x7e))
        return "grp";
    return metadata_is_fine(record) ? NULL : "m.x";
}
