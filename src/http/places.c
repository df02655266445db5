#include "http/places.h"

#include <stdio.h>

struct place {
    struct text scheme, host;
    uint16_t port; /* 0 = none */
};

/* ---- reading --------------------------------------------------------------------- */

static size_t find(struct text t, const char *any)
{
    size_t n = 0;

    while (n < t.n && !strchr(any, t.s[n] ? t.s[n] : '\1'))
        n++;
    return n;
}

static struct text behind(struct text t, size_t n)
{
    return (struct text){t.s + n, t.n - n};
}

/* The host, and what stands behind its ':'. An IPv6 address may stand without brackets where
 * no port follows. */
static void cut_port(struct text authority, struct place *out, struct text *port)
{
    struct addr addr;
    size_t colon = authority.n;

    out->host = authority;
    *port = (struct text){NULL, 0};
    if (addr_parse(authority, &addr) == ERR_OK)
        return;
    while (colon && authority.s[colon - 1] != ':' && authority.s[colon - 1] != ']')
        colon--;
    if (!colon || authority.s[colon - 1] != ':')
        return;
    out->host.n = colon - 1;
    *port = behind(authority, colon);
}

static uint16_t usual_port(struct text scheme)
{
    if (text_is_nocase(scheme, TEXT("http")))
        return 80;
    return text_is_nocase(scheme, TEXT("https")) ? 443 : 0;
}

/* RFC 3986 section 3.2, as far as it says where to connect to. */
static struct place parse(struct text t)
{
    struct place place = {0};
    struct text port;
    uint64_t number = 0;

    for (size_t n = 0; n + 3 <= t.n; n++)
        if (memcmp(t.s + n, "://", 3) == 0) {
            place.scheme = (struct text){t.s, n};
            t = behind(t, n + 3);
            break;
        }
    t.n = find(t, "/?#");
    size_t at = find(t, "@");
    if (at < t.n)
        t = behind(t, at + 1);
    cut_port(t, &place, &port);
    if (!port.n)
        place.port = usual_port(place.scheme);
    else if (text_number(port, UINT16_MAX, &number) == ERR_OK)
        place.port = (uint16_t)number;
    return place;
}

/* A port's name, or nothing when too little is left (RFC 6335 section 5.1). */
static size_t port_name(struct text scheme, char out[static PORT_NAME_MAX + 1])
{
    char label[63];
    size_t n = text_to_label(scheme, label), used = 0;
    bool letter = false;

    for (size_t i = 0; i < n && used < PORT_NAME_MAX; i++) {
        if (label[i] == '-' && used && out[used - 1] == '-')
            continue;
        letter |= label[i] >= 'a' && label[i] <= 'z';
        out[used++] = label[i];
    }
    while (used && out[used - 1] == '-')
        used--;
    used = letter ? used : 0;
    out[used] = '\0';
    return used;
}

static const char *add_address(const struct place *place, const struct addr *own,
                               struct record *record)
{
    struct addr addr;

    if (addr_parse(place->host, &addr) != ERR_OK || addr_is_unspecified(&addr))
        addr = *own;
    if (!addr_size(&addr))
        return "name an address in addrs: this server knows none that could stand for yours";
    if (addr_is_multicast(&addr) || addr_is_link_local(&addr))
        return "an address of addrs is multicast or link-local";
    for (unsigned n = 0; n < record->address_count; n++)
        if (addr_is(&record->addresses[n], &addr))
            return NULL;
    if (record->address_count == ADDRESSES_MAX)
        return "addrs may hold 8 different addresses at most";
    record->addresses[record->address_count++] = addr;
    return NULL;
}

/* A name stands for one port: a second one of that name has none. */
static bool is_there(const struct record *record, struct port *port)
{
    for (unsigned n = 0; n < record->port_count; n++) {
        const struct port *p = &record->ports[n];
        if (p->protocol == port->protocol && p->number == port->number &&
            text_is(p->name, port->name))
            return true;
    }
    for (unsigned n = 0; n < record->port_count; n++)
        if (port->name.n && record->ports[n].protocol == port->protocol &&
            text_is(record->ports[n].name, port->name)) {
            port->name = (struct text){NULL, 0};
            return is_there(record, port);
        }
    return false;
}

static const char *add_port(const struct place *place, struct places_room *room,
                            struct record *record)
{
    char name[PORT_NAME_MAX + 1];
    struct port port = {.number = place->port, .protocol = PROTOCOL_TCP};
    enum protocol protocol;

    if (!place->port)
        return NULL;
    port.name = (struct text){name, port_name(place->scheme, name)};
    if (protocol_parse(port.name, &protocol))
        port.protocol = protocol;
    if (is_there(record, &port))
        return NULL;
    if (record->port_count == PORTS_MAX)
        return "addrs may hold 8 different ports at most";
    char *kept = room->names[record->port_count];
    if (port.name.n)
        memcpy(kept, name, sizeof(name));
    port.name.s = kept;
    record->ports[record->port_count++] = port;
    return NULL;
}

const char *places_add(struct text text, const struct addr *own, struct places_room *room,
                       struct record *record)
{
    struct place place = parse(text);
    const char *fault = add_address(&place, own, record);

    return fault ? fault : add_port(&place, room, record);
}

/* ---- writing --------------------------------------------------------------------- */

static json_t *write_place(const struct addr *addr, const struct port *port)
{
    struct endpoint where = {.addr = *addr, .port = port ? port->number : 0};
    char text[ENDPOINT_TEXT];

    if (!port)
        return json_string(addr_format(addr, text));
    struct text scheme = port->name.n ? port->name : text_of(protocol_text(port->protocol));
    return json_sprintf("%.*s://%s", TEXT_ARG(scheme), endpoint_format(&where, text));
}

json_t *places_json(const struct record *record)
{
    json_t *all = json_array();
    unsigned ports = record->port_count ? record->port_count : 1;

    for (unsigned p = 0; p < ports; p++)
        for (unsigned a = 0; a < record->address_count; a++) {
            const struct port *port = record->port_count ? &record->ports[p] : NULL;
            if (json_array_append_new(all, write_place(&record->addresses[a], port)) < 0) {
                json_decref(all);
                return NULL;
            }
        }
    return all;
}
