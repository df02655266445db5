/* reg_format_instance: a stored record as the parameters that would register it. */
#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "reg/message.h"

static void write_format(struct writer *w, const char *format, ...) PRINTF(2, 3);

static void write_format(struct writer *w, const char *format, ...)
{
    char text[64];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    write_bytes(w, text, (size_t)n);
}

static void write_encoded(struct writer *w, struct text value)
{
    size_t n = message_encode(value, (char *)w->at, writer_left(w));
    (void)write_space(w, n);
}

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
    write_encoded(w, value);
}

static void write_number(struct writer *w, struct text key, uint64_t value)
{
    write_key(w, key);
    write_format(w, "%llu", (unsigned long long)value);
}

static void write_addresses(struct writer *w, const struct record *r)
{
    char one[ADDR_TEXT];
    write_key(w, TEXT("addr"));
    for (unsigned i = 0; i < r->address_count; i++)
        write_format(w, "%s%s", i ? "," : "", addr_format(&r->addresses[i], one));
}

static void write_ports(struct writer *w, const struct record *r)
{
    write_key(w, TEXT("port"));
    if (r->port_count == 0)
        write_u8(w, '-');
    for (unsigned i = 0; i < r->port_count; i++) {
        const struct port *p = &r->ports[i];
        write_format(w, "%s%.*s%s%u", i ? "," : "", TEXT_ARG(p->name), p->name.n ? ":" : "",
                     p->number);
        if (p->protocol != PROTOCOL_TCP)
            write_format(w, "/%s", protocol_text(p->protocol));
    }
}

static void write_tags(struct writer *w, const struct record *r)
{
    for (unsigned i = 0; i < r->tag_count; i++) {
        if (i == 0)
            write_key(w, TEXT("tags"));
        else
            write_u8(w, ',');
        write_encoded(w, r->tags[i]);
    }
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
        char word[MESSAGE_KEY_MAX + 2];
        struct param param;
        int n = snprintf(word, sizeof(word), "m.%.*s=", TEXT_ARG(r->metadata[i].key));
        struct text rest = {word, (size_t)n}, key = {word, (size_t)n - 1};
        if ((size_t)n >= sizeof(word) || message_param(&rest, &param) || rest.n ||
            !text_is(param.key, key))
            return false;
        write_key(w, key);
        write_encoded(w, r->metadata[i].value);
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
