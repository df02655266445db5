/* reg_format_instance: a stored record as the parameters that would register it. */
#include "reg/pieces.h"

/* " key=" (the first without the space) */
static void write_key(struct writer *w, struct text key)
{
    if (writer_used(w))
        write_u8(w, ' ');
    write_bytes(w, key.s, key.n);
    write_u8(w, '=');
}

static void write_text(struct writer *w, struct text key, struct text value)
{
    if (value.n == 0)
        return;
    write_key(w, key);
    piece_encoded(w, value);
}

static void write_number(struct writer *w, struct text key, uint64_t value)
{
    write_key(w, key);
    piece_format(w, "%llu", (unsigned long long)value);
}

static void write_addresses(struct writer *w, const struct record *r)
{
    write_key(w, TEXT("addr"));
    piece_addresses(w, r);
}

static void write_ports(struct writer *w, const struct record *r)
{
    write_key(w, TEXT("port"));
    piece_ports(w, r);
}

static void write_tags(struct writer *w, const struct record *r)
{
    if (r->tag_count == 0)
        return;
    write_key(w, TEXT("tags"));
    piece_tags(w, r);
}

static void write_attributes(struct writer *w, const struct record *r)
{
    if (r->weight_set)
        write_number(w, TEXT("w"), r->weight);
    if (r->priority)
        write_number(w, TEXT("prio"), r->priority);
    if (r->status != STATUS_UP)
        write_text(w, TEXT("st"), text_of(status_text(r->status)));
    write_text(w, TEXT("zone"), r->zone);
    write_text(w, TEXT("region"), r->region);
    write_text(w, TEXT("ver"), r->version);
    write_text(w, TEXT("cluster"), r->cluster);
    write_tags(w, r);
    if (r->ttl != TTL_UNSET)
        write_number(w, TEXT("ttl"), (uint64_t)r->ttl);
    write_text(w, TEXT("grp"), r->group);
}

/* Other protocols may store keys that a datagram cannot carry. */
static bool write_metadata(struct writer *w, const struct record *r)
{
    for (unsigned i = 0; i < r->metadata_count; i++) {
        if (writer_used(w))
            write_u8(w, ' ');
        if (!piece_pair(w, &r->metadata[i]))
            return false;
    }
    return true;
}

static void write_state(struct writer *w, const struct instance *instance, const struct record *r)
{
    struct instance_state state;
    instance_state(instance, &state);
    if (r->permanent)
        write_text(w, TEXT("lease"), TEXT("static"));
    else
        write_number(w, TEXT("lease"), r->lease_s);
    write_number(w, TEXT("rev"), r->rev);
    if (state.status != r->status)
        write_text(w, TEXT("now"), text_of(status_text(state.status)));
}

size_t reg_format_instance(const struct instance *instance, bool state, char *out, size_t size)
{
    struct record r;
    struct writer w = writer_of(out, size);
    instance_read(instance, &r);
    if (!text_is(r.ns, TEXT("default")))
        write_text(&w, TEXT("ns"), r.ns);
    write_text(&w, TEXT("svc"), r.service);
    write_text(&w, TEXT("inst"), r.id);
    write_addresses(&w, &r);
    write_ports(&w, &r);
    write_attributes(&w, &r);
    bool sayable = write_metadata(&w, &r);
    if (state)
        write_state(&w, instance, &r);
    return w.full || !sayable ? 0 : writer_used(&w);
}
