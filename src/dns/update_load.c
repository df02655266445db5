/* What there is of the names in question: plain records, and the records that instances
 * show. */
#include "base/bytes.h"
#include "dns/plain.h"
#include "dns/update_parts.h"

enum { SRV_FIXED = 6 };

/* ---- plain records -------------------------------------------------------------------- */

static bool load_plain(struct update *u, struct work_name *n)
{
    struct dns_record record;
    struct work_record **end = &n->first;
    for (size_t i = 0; records_at(u->dns->records, &u->zone->apex, &n->owner, i, &record); i++) {
        struct work_record *r = update_memory(u, sizeof(*r));
        if (!r)
            return false;
        *r = (struct work_record){.type = record.type,
                                  .size = record.size,
                                  .ttl = record.ttl,
                                  .lease_s = record.lease_s,
                                  .key = record.key,
                                  .rdata = record.rdata,
                                  .loaded = true};
        *end = r;
        end = &r->next;
    }
    return true;
}

static bool has_owner(const void *entry, const void *key)
{
    return name_is(&((const struct work_name *)entry)->owner, key);
}

static uint64_t hash_name(const struct update *u, const struct name *owner)
{
    return hash_bytes(&u->dns->key, owner->wire, owner->size);
}

struct work_name *work_name_find(const struct update *u, const struct name *owner)
{
    return map_find(&u->names, hash_name(u, owner), has_owner, owner);
}

struct work_name *work_name_plain(struct update *u, const struct name *owner)
{
    struct work_name *n = work_name_find(u, owner);
    if (n)
        return n;
    n = update_memory(u, sizeof(*n));
    if (!n)
        return NULL;
    n->owner = *owner;
    if (map_insert(&u->names, hash_name(u, owner), n)) {
        update_fail(u, RCODE_SERVFAIL, EDE_OTHER, "out of memory", NULL);
        return NULL;
    }
    return load_plain(u, n) ? n : NULL;
}

struct work_name *work_name_get(struct update *u, const struct name *owner)
{
    struct text service, id;
    struct work_name *n = work_name_plain(u, owner);
    if (!n)
        return NULL;
    if (update_is_instance(u, owner, &service, &id) && !work_instance_get(u, service, id))
        return NULL;
    return u->rcode == RCODE_NOERROR ? n : NULL;
}

/* ---- instances -------------------------------------------------------------------------- */

static bool has_key(const void *entry, const void *key)
{
    const struct work_instance *i = entry;
    const struct instance_key *k = key;
    return text_is(i->service, k->service) && text_is(i->id, k->id);
}

static uint64_t hash_instance(const struct update *u, struct text service, struct text id)
{
    return hash_bytes(&u->dns->key, service.s, service.n) * 31 +
           hash_bytes(&u->dns->key, id.s, id.n);
}

static bool instance_name(const struct update *u, struct text service, struct text id,
                          struct name *out)
{
    char room[INSTANCE_ID_MAX + 1 + SERVICE_MAX + 1];
    int n = snprintf(room, sizeof(room), "%.*s.%.*s", (int)id.n, id.s, (int)service.n, service.s);
    return name_join((struct text){room, (size_t)n}, &u->zone->apex, out) == ERR_OK;
}

struct work_instance *work_instance_find(const struct update *u, struct text service,
                                         struct text id)
{
    struct instance_key key = {.service = service, .id = id};
    return map_find(&u->instances, hash_instance(u, service, id), has_key, &key);
}

struct work_instance *work_instance_get(struct update *u, struct text service, struct text id)
{
    struct name at;
    struct work_instance *i = work_instance_find(u, service, id);
    if (i)
        return i;
    if (!instance_name(u, service, id, &at)) {
        update_fail(u, RCODE_REFUSED, EDE_OTHER, "a name would be too long", NULL);
        return NULL;
    }
    i = update_memory(u, sizeof(*i));
    if (!i)
        return NULL;
    i->service = service;
    i->id = id;
    i->at = at;
    STAILQ_INIT(&i->ties);
    i->stored =
        registry_instance(u->registry, (struct instance_key){text_of(u->zone->ns), service, id});
    if (map_insert(&u->instances, hash_instance(u, service, id), i)) {
        update_fail(u, RCODE_SERVFAIL, EDE_OTHER, "out of memory", NULL);
        return NULL;
    }
    return !i->stored || work_load(u, i) ? i : NULL;
}

static struct work_record *make(struct update *u, struct work_instance *i, uint16_t type,
                                const void *rdata, size_t size)
{
    uint8_t *copy = update_memory(u, size);
    struct work_record *r = copy ? update_memory(u, sizeof(*r)) : NULL;
    if (!r)
        return NULL;
    memcpy(copy, rdata, size);
    *r = (struct work_record){.type = type, .size = (uint16_t)size, .rdata = copy, .of = i};
    return r;
}

/* At the instance's own name. */
static bool show(struct update *u, struct work_instance *i, uint16_t type, const void *rdata,
                 size_t size)
{
    struct work_name *n = work_name_plain(u, &i->at);
    struct work_record *r = n ? make(u, i, type, rdata, size) : NULL;
    if (!r)
        return false;
    struct work_record **place = &n->first;
    while (*place)
        place = &(*place)->next;
    *place = r;
    return true;
}

_Static_assert((int)METADATA_KEY_MAX + 1 + METADATA_VALUE_MAX <= UINT8_MAX &&
                   (int)sizeof("version=") + VERSION_MAX <= UINT8_MAX &&
                   (int)sizeof("cluster=") + SHORT_LABEL_MAX <= UINT8_MAX,
               "each pair fits a string");

static bool show_pair(struct update *u, struct work_instance *i, struct text key, struct text value)
{
    uint8_t rdata[1 + UINT8_MAX];
    size_t n = key.n + 1 + value.n;
    rdata[0] = (uint8_t)n;
    memcpy(rdata + 1, key.s, key.n);
    rdata[1 + key.n] = '=';
    if (value.n)
        memcpy(rdata + 2 + key.n, value.s, value.n);
    return show(u, i, TYPE_TXT, rdata, 1 + n);
}

static bool show_texts(struct update *u, struct work_instance *i, const struct record *r)
{
    const struct pair known[] = {{TEXT("version"), r->version},
                                 {TEXT("zone"), r->zone},
                                 {TEXT("region"), r->region},
                                 {TEXT("cluster"), r->cluster}};
    bool fine = true;
    for (unsigned n = 0; n < ARRAY_COUNT(known) && fine; n++)
        fine = known[n].value.n == 0 || show_pair(u, i, known[n].key, known[n].value);
    for (unsigned n = 0; n < r->tag_count && fine; n++)
        fine = show_pair(u, i, TEXT("tags"), r->tags[n]);
    for (unsigned n = 0; n < r->metadata_count && fine; n++)
        fine = metadata_is_hidden(r->metadata[n].key) ||
               show_pair(u, i, r->metadata[n].key, r->metadata[n].value);
    return fine;
}

static enum update_form form_of(enum protocol protocol)
{
    return protocol == PROTOCOL_TCP ? FORM_TCP : protocol == PROTOCOL_UDP ? FORM_UDP : FORM_SERVICE;
}

static bool show_port(struct update *u, struct work_instance *i, const struct record *record,
                      struct port port)
{
    uint8_t rdata[SRV_FIXED + NAME_MAX_WIRE];
    struct name owner;
    enum update_form form = form_of(port.protocol);
    if (!update_name(u, i->service, form, &owner))
        return true; /* too long to be shown */
    put_u16(rdata, record->priority);
    put_u16(rdata + 2, record->weight);
    put_u16(rdata + 4, port.number);
    memcpy(rdata + SRV_FIXED, i->at.wire, i->at.size);
    struct work_name *n = work_name_plain(u, &owner);
    struct work_record *r = n ? make(u, i, TYPE_SRV, rdata, SRV_FIXED + i->at.size) : NULL;
    if (!r)
        return false;
    r->at = n;
    r->form = (uint8_t)form;
    LIST_INSERT_HEAD(&n->shown, r, shown);
    STAILQ_INSERT_TAIL(&i->ties, r, tie);
    return true;
}

static const struct port no_port = {.number = 0, .protocol = PROTOCOL_TCP};

bool work_load(struct update *u, struct work_instance *i)
{
    struct record r;
    instance_read(i->stored, &r);
    bool fine = show_texts(u, i, &r);
    for (unsigned n = 0; n < r.address_count && fine; n++) {
        const struct addr *a = &r.addresses[n];
        fine = show(u, i, a->family == FAMILY_V4 ? TYPE_A : TYPE_AAAA, a->bytes, addr_size(a));
    }
    for (unsigned n = 0; n < r.port_count && fine; n++)
        fine = show_port(u, i, &r, r.ports[n]);
    return fine && (r.port_count || show_port(u, i, &r, no_port));
}

static bool shows_at(const struct instance *i, enum update_form form)
{
    struct record r;
    instance_read(i, &r);
    bool shows = form == FORM_SERVICE || (r.port_count == 0 && form == form_of(no_port.protocol));
    for (unsigned n = 0; n < r.port_count; n++)
        shows |= form_of(r.ports[n].protocol) == form;
    return shows;
}

bool work_load_service(struct update *u, const struct service *s, struct text service,
                       enum update_form form)
{
    for (uint32_t n = 0; n < service_count(s); n++) {
        const struct instance *i = service_instance(s, n);
        if (shows_at(i, form) && !work_instance_get(u, service, instance_key(i).id))
            return false;
    }
    return true;
}

bool work_wire_name(const uint8_t *bytes, size_t size, struct name *out)
{
    size_t at = 0;
    while (at < size && bytes[at] && bytes[at] < 64)
        at += 1u + bytes[at];
    if (size > NAME_MAX_WIRE || at + 1 != size || bytes[at])
        return false;
    name_from_wire(bytes, out);
    return true;
}

bool work_target(struct update *u, const uint8_t *rdata, uint16_t size, struct text *service,
                 struct text *id)
{
    struct name target;
    return size > SRV_FIXED && work_wire_name(rdata + SRV_FIXED, size - SRV_FIXED, &target) &&
           name_is_below(&target, &u->zone->apex) && update_is_instance(u, &target, service, id);
}
