#include "http/record_body.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/attr.h"
#include "http/body.h"
#include "http/name.h"

static PRINTF(2, 3) bool fail(struct record_body *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(b->fault, sizeof(b->fault), format, args);
    va_end(args);
    return false;
}

/* ---- values --------------------------------------------------------------------- */

static struct text text_in(const json_t *value)
{
    return (struct text){json_string_value(value), json_string_length(value)};
}

/* Names are stored in lower case. False: it is no text, or longer than any name. */
static bool take_name(struct record_body *b, const json_t *value, struct text *out)
{
    struct text t = text_in(value);

    if (!json_is_string(value) || t.n > sizeof(b->room) - b->room_used)
        return false;
    char *to = b->room + b->room_used;
    *out = name_lower(t, to, sizeof(b->room) - b->room_used);
    b->room_used += t.n;
    return true;
}

static bool take_number(const json_t *value, uint64_t max, uint64_t *out)
{
    json_int_t n = json_integer_value(value);

    if (!json_is_integer(value) || n < 0 || (uint64_t)n > max)
        return false;
    *out = (uint64_t)n;
    return true;
}

/* ---- members: each returns false when the value is not what `members` says --------- */

static bool take_id(struct record_body *b, const json_t *value)
{
    return take_name(b, value, &b->record.id) && b->record.id.n;
}

static bool take_addresses(struct record_body *b, const json_t *value)
{
    size_t count = json_array_size(value);

    if (!json_is_array(value) || count > ADDRESSES_MAX)
        return false;
    for (size_t n = 0; n < count; n++)
        if (addr_parse(text_in(json_array_get(value, n)), &b->record.addresses[n]) != ERR_OK)
            return false;
    b->record.address_count = (unsigned)count;
    return true;
}

/* {"name", "number", "protocol"}: no other members, the number is required. */
static bool take_port_object(struct record_body *b, const json_t *value, struct port *out)
{
    const json_t *name = json_object_get(value, "name"), *number = json_object_get(value, "number"),
                 *protocol = json_object_get(value, "protocol");
    struct text word;
    uint64_t n;

    if (json_object_size(value) != (size_t)(name != NULL) + (number != NULL) + (protocol != NULL) ||
        !take_number(number, UINT16_MAX, &n) || (name && !take_name(b, name, &out->name)))
        return false;
    out->number = (uint16_t)n;
    return !protocol || (take_name(b, protocol, &word) && protocol_parse(word, &out->protocol));
}

static bool take_ports(struct record_body *b, const json_t *value)
{
    size_t count = json_array_size(value);
    uint64_t number;

    if (!json_is_array(value) || count > PORTS_MAX)
        return false;
    for (size_t n = 0; n < count; n++) {
        const json_t *one = json_array_get(value, n);
        struct port *port = &b->record.ports[n];
        *port = (struct port){0};
        if (take_number(one, UINT16_MAX, &number))
            port->number = (uint16_t)number;
        else if (!json_is_object(one) || !take_port_object(b, one, port))
            return false;
    }
    b->record.port_count = (unsigned)count;
    return true;
}

static bool take_weight(struct record_body *b, const json_t *value)
{
    uint64_t n = 0;

    b->record.weight_set = !json_is_null(value);
    if (b->record.weight_set && !take_number(value, UINT16_MAX, &n))
        return false;
    b->record.weight = (uint16_t)n;
    return true;
}

static bool take_priority(struct record_body *b, const json_t *value)
{
    uint64_t n;

    if (!take_number(value, PRIORITY_MAX, &n))
        return false;
    b->record.priority = (uint16_t)n;
    return true;
}

static bool take_status(struct record_body *b, const json_t *value)
{
    struct text word;
    return take_name(b, value, &word) && status_parse(word, &b->record.status);
}

static bool take_version(struct record_body *b, const json_t *value)
{
    b->record.version = text_in(value);
    return json_is_string(value);
}

static bool take_zone(struct record_body *b, const json_t *value)
{
    return take_name(b, value, &b->record.zone);
}

static bool take_region(struct record_body *b, const json_t *value)
{
    return take_name(b, value, &b->record.region);
}

static bool take_cluster(struct record_body *b, const json_t *value)
{
    return take_name(b, value, &b->record.cluster);
}

static bool take_tags(struct record_body *b, const json_t *value)
{
    size_t count = json_array_size(value);

    if (!json_is_array(value) || count > TAGS_MAX)
        return false;
    for (size_t n = 0; n < count; n++)
        if (!take_name(b, json_array_get(value, n), &b->record.tags[n]))
            return false;
    b->record.tag_count = (unsigned)count;
    return true;
}

/* jansson's iteration is not const. */
static json_t *members_of(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

static void drop_pairs(struct record *r, const json_t *value)
{
    json_t *all = members_of(value), *one;
    const char *key;

    json_object_foreach(all, key, one)
    {
        if (json_is_null(one))
            record_drop_pair(r, text_of(key));
    }
}

static bool set_pairs(struct record *r, const json_t *value)
{
    json_t *all = members_of(value), *one;
    const char *key;

    json_object_foreach(all, key, one)
    {
        if (json_is_null(one))
            continue;
        if (!json_is_string(one) ||
            record_set_pair(r, (struct pair){text_of(key), text_in(one)}) != ERR_OK)
            return false;
    }
    return true;
}

static bool take_metadata(struct record_body *b, const json_t *value)
{
    if (!json_is_object(value))
        return false;
    drop_pairs(&b->record, value); /* which makes room */
    return set_pairs(&b->record, value);
}

static bool take_lease(struct record_body *b, const json_t *value)
{
    uint64_t n;

    /* null: as GET shows it. */
    if (json_is_null(value) || (json_is_string(value) && text_is(text_in(value), TEXT("static")))) {
        b->record.permanent = true;
        return true;
    }
    if (!take_number(value, LEASE_WISH_MAX, &n) || n == 0)
        return false;
    b->record.lease_s = (uint32_t)n;
    return true;
}

static bool take_ttl(struct record_body *b, const json_t *value)
{
    uint64_t n;

    b->record.ttl = TTL_UNSET;
    if (json_is_null(value))
        return true;
    if (!take_number(value, TTL_MAX, &n))
        return false;
    b->record.ttl = (int)n;
    return true;
}

static bool take_group(struct record_body *b, const json_t *value)
{
    b->record.group = text_in(value);
    return json_is_string(value);
}

static bool take_rev(struct record_body *b, const json_t *value)
{
    if (json_is_string(value))
        return text_number(text_in(value), UINT64_MAX, &b->record.rev) == ERR_OK;
    return take_number(value, INT64_MAX, &b->record.rev);
}

static bool take_owner(struct record_body *b, const json_t *value)
{
    b->has_owner = json_is_string(value) && principal_parse(text_in(value), &b->owner) == ERR_OK;
    return b->has_owner;
}

/* ---- the table ---------------------------------------------------------------------- */

static const struct member {
    const char *name, *field; /* as record_fault() calls it */
    bool (*take)(struct record_body *b, const json_t *value);
    bool fixed; /* cannot be changed, only registered anew */
    const char *expected;
} members[] = {
    {"id", "inst", take_id, true,
     "a label of at most 63 letters, digits and inner hyphens, such as \"web-1\""},
    {"addresses", "addr", take_addresses, false,
     "an array of 1 to 8 different IP addresses that others can reach, such as [\"10.0.0.7\"]"},
    {"ports", "port", take_ports, false,
     "an array of at most 8 ports, the default one first: numbers from 1 to 65535, or "
     "{\"name\": \"http\", \"number\": 8080, \"protocol\": \"tcp\" | \"udp\" | \"sctp\"}, each "
     "name once"},
    {"weight", "w", take_weight, false, "a whole number from 0 to 65535, or null"},
    {"priority", "prio", take_priority, false, "a whole number from 0 to 32767"},
    {"status", "st", take_status, false, "\"up\", \"starting\", \"draining\" or \"down\""},
    {"version", "ver", take_version, false, "a text of at most 32 printable ASCII characters"},
    {"zone", "zone", take_zone, false,
     "a label of at most 32 letters, digits and inner hyphens, or \"\""},
    {"region", "region", take_region, false,
     "a label of at most 32 letters, digits and inner hyphens, or \"\""},
    {"cluster", "cluster", take_cluster, false,
     "a label of at most 32 letters, digits and inner hyphens, or \"\""},
    {"tags", "tags", take_tags, false,
     "an array of at most 16 different labels, each of at most 32 letters, digits and inner "
     "hyphens"},
    {"metadata", "m.x", take_metadata, false,
     "an object of at most 64 texts and 4096 bytes: keys of at most 32 printable ASCII characters "
     "without '=' and blanks, values of at most 200 bytes without line ends"},
    {"lease", "lease", take_lease, true,
     "a whole number of seconds from 1 to 86400; \"static\" or null: it never expires"},
    {"ttl", "ttl", take_ttl, false, "a whole number of seconds from 0 to 300, or null"},
    {"group", "grp", take_group, true,
     "a name of at most 63 printable ASCII characters without blanks, or \"\""},
    {"rev", "rev", take_rev, false, "a whole number, or its digits as a text"},
    {"owner", "owner", take_owner, true,
     "whose it is to be, as GET shows it: \"local\", \"addr:IP\", \"key:ID\", \"name:NAME\" or "
     "\"token:admin\""},
};

/* What GET shows beside: somebody may send that back. */
static const char *const shown[] = {
    "live",          "said",    "stale",      "override",   "expires_in_ms",
    "registered_ms", "up_ms",   "renewed_ms", "dirty_ms",   "latest_ms",
    "namespace",     "service", "index",      "durability", "renew_ms",
};

static const struct member *find(const char *name)
{
    for (size_t n = 0; n < ARRAY_COUNT(members); n++)
        if (strcmp(members[n].name, name) == 0)
            return &members[n];
    return NULL;
}

static bool refuse_name(struct record_body *b, const char *name)
{
    for (size_t n = 0; n < ARRAY_COUNT(shown); n++)
        if (strcmp(shown[n], name) == 0)
            return fail(b, "\"%s\" is not the instance's to say: leave it out", name);
    char unknown[BODY_LIST_MAX] = "", known[BODY_LIST_MAX] = "";
    body_list_add(unknown, name);
    for (size_t n = 0; n < ARRAY_COUNT(members); n++)
        body_list_add(known, members[n].name);
    return fail(b, "unknown member %s; known here: %s", unknown, known);
}

static bool expect(struct record_body *b, const struct member *m)
{
    return fail(b, "\"%s\": expected %s", m->name, m->expected);
}

static bool read_all(struct record_body *b, const json_t *json, bool changes)
{
    json_t *all = members_of(json), *value;
    const char *name;

    json_object_foreach(all, name, value)
    {
        const struct member *m = find(name);
        if (!m)
            return refuse_name(b, name);
        if (changes && m->fixed)
            return fail(b, "\"%s\" cannot be changed: register the instance anew with PUT", name);
        if (!m->take(b, value))
            return expect(b, m);
    }
    return true;
}

bool record_body_read(struct record_body *b, const json_t *json)
{
    return read_all(b, json, false);
}

bool record_body_merge(struct record_body *b, const json_t *json)
{
    return read_all(b, json, true);
}

bool record_body_has_ports(struct record_body *b, const json_t *json)
{
    return json_object_get(json, "ports") != NULL ||
           fail(b,
                "\"ports\": missing: give an array of ports, the default one first, [] for none");
}

bool record_body_check(struct record_body *b)
{
    const char *fault = record_fault(&b->record);

    if (!fault)
        return true;
    if (strcmp(fault, "ns") == 0)
        return fail(b, "ns: expected the name of a namespace, such as default");
    if (strcmp(fault, "svc") == 0)
        return fail(b, "the service's name: expected 1 to 4 labels of letters, digits, inner "
                       "hyphens and underscores, with dots between them, at most 127 characters");
    for (size_t n = 0; n < ARRAY_COUNT(members); n++)
        if (strcmp(members[n].field, fault) == 0)
            return expect(b, &members[n]);
    return fail(b, "\"%s\" is not valid", fault);
}
