#include "registry/record.h"

static const char *const status_texts[STATUS_COUNT] = {
    [STATUS_UP] = "up",
    [STATUS_STARTING] = "starting",
    [STATUS_DRAINING] = "draining",
    [STATUS_DOWN] = "down",
};

static const char *const protocol_texts[PROTOCOL_COUNT] = {
    [PROTOCOL_TCP] = "tcp",
    [PROTOCOL_UDP] = "udp",
    [PROTOCOL_SCTP] = "sctp",
};

const char *status_text(enum status status)
{
    return (unsigned)status < STATUS_COUNT ? status_texts[status] : "unknown";
}

const char *protocol_text(enum protocol protocol)
{
    return (unsigned)protocol < PROTOCOL_COUNT ? protocol_texts[protocol] : "unknown";
}

bool status_parse(struct text t, enum status *out)
{
    for (unsigned n = 0; n < STATUS_COUNT; n++)
        if (text_is(t, text_of(status_texts[n]))) {
            *out = (enum status)n;
            return true;
        }
    return false;
}

bool protocol_parse(struct text t, enum protocol *out)
{
    for (unsigned n = 0; n < PROTOCOL_COUNT; n++)
        if (text_is(t, text_of(protocol_texts[n]))) {
            *out = (enum protocol)n;
            return true;
        }
    return false;
}

struct instance_key record_key(const struct record *record)
{
    return (struct instance_key){record->ns, record->service, record->id};
}

uint16_t record_weight(const struct record *record, const char *weight_key)
{
    if (record->weight_set)
        return record->weight;
    if (!weight_key)
        return WEIGHT_DEFAULT;
    for (unsigned n = 0; n < record->metadata_count; n++) {
        uint64_t weight;
        if (text_is(record->metadata[n].key, text_of(weight_key)))
            return text_number(record->metadata[n].value, UINT16_MAX, &weight) == ERR_OK
                       ? (uint16_t)weight
                       : WEIGHT_DEFAULT;
    }
    return WEIGHT_DEFAULT;
}

/* Its place; metadata_count: there is none. */
static unsigned find_pair(const struct record *record, struct text key)
{
    unsigned n = 0;
    while (n < record->metadata_count && !text_is(record->metadata[n].key, key))
        n++;
    return n;
}

enum err record_set_pair(struct record *record, struct pair pair)
{
    unsigned at = find_pair(record, pair.key);

    if (at == METADATA_MAX)
        return ERR_FULL;
    record->metadata_count += at == record->metadata_count;
    record->metadata[at] = pair;
    return ERR_OK;
}

void record_drop_pair(struct record *record, struct text key)
{
    unsigned at = find_pair(record, key);

    if (at < record->metadata_count)
        record->metadata[at] = record->metadata[--record->metadata_count];
}

static bool has_address(const struct record *record, const struct addr *wanted)
{
    for (unsigned n = 0; n < record->address_count; n++)
        if (addr_is(&record->addresses[n], wanted))
            return true;
    return false;
}

static bool port_is(const struct port *a, const struct port *b)
{
    return a->number == b->number && a->protocol == b->protocol && text_is(a->name, b->name);
}

/* The first port is the default one, so its place counts; of the others only
 * whether they are still there. */
static bool lacks_port(const struct record *now, const struct record *before)
{
    if (before->port_count && (!now->port_count || !port_is(&now->ports[0], &before->ports[0])))
        return true;
    for (unsigned b = 1; b < before->port_count; b++) {
        unsigned n = 0;
        while (n < now->port_count && !port_is(&now->ports[n], &before->ports[b]))
            n++;
        if (n == now->port_count)
            return true;
    }
    return false;
}

static bool lacks_address(const struct record *now, const struct record *before)
{
    for (unsigned n = 0; n < before->address_count; n++)
        if (!has_address(now, &before->addresses[n]))
            return true;
    return false;
}

bool record_is_weaker(const struct record *now, const struct record *before)
{
    return now->priority > before->priority || lacks_port(now, before) ||
           lacks_address(now, before);
}

bool record_is_at(const struct record *a, const struct record *b)
{
    return !lacks_address(a, b) && !lacks_address(b, a);
}
