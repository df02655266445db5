#include "dns/svcb.h"

#include <string.h>

#include "base/bytes.h"
#include "dns/wire.h"

enum { /* SvcParamKeys (RFC 9460 section 14.3.2), in the order in which they go out */
       KEY_ALPN = 1,
       KEY_PORT = 3,
       KEY_IPV4HINT = 4,
       KEY_IPV6HINT = 6,
       HTTPS_PORT = 443, /* section 9.1: what clients use where none is said */
};

_Static_assert(2 + 255 + 4 + METADATA_VALUE_MAX + 1 + 4 + 2 + 4 + ADDRESSES_MAX * 16 + 4 <=
                   SVCB_RDATA_MAX,
               "all that an instance has fits");

bool svcb_has(const struct view_instance *i, uint16_t type)
{
    return i->port && (type == TYPE_SVCB || i->alpn || i->https_port);
}

uint16_t svcb_priority(const struct view_instance *i, uint16_t priority)
{
    if (i->weight == 0 && priority < STALE_PRIORITY)
        return STALE_PRIORITY;
    return priority < UINT16_MAX ? priority + 1 : UINT16_MAX;
}

static uint16_t port_of(const struct view_instance *i, uint16_t type)
{
    return type == TYPE_HTTPS && i->https_port ? i->https_port : i->port;
}

/* The value of metadata `alpn`, from the strings of the TXT record; empty = none. */
static struct text alpn_of(const struct view_instance *i)
{
    static const char key[] = "alpn=";
    const size_t size = sizeof(key) - 1;
    const uint8_t *at = instance_txt(i), *end = at + instance_txt_size(i);
    for (; i->alpn && at < end; at += 1 + *at)
        if (*at > size && memcmp(at + 1, key, size) == 0)
            return (struct text){(const char *)at + 1 + size, *at - size};
    return (struct text){NULL, 0};
}

/* "h2,http/1.1" as length-prefixed protocol ids (section 7.1.1). */
static void write_alpn(struct writer *w, struct text value)
{
    if (!value.n)
        return;
    write_u16(w, KEY_ALPN);
    uint8_t *size = write_space(w, 2);
    size_t start = writer_used(w);
    while (value.n) {
        struct text id = text_cut(&value, ',');
        if (!id.n)
            continue;
        write_u8(w, (uint8_t)id.n);
        write_bytes(w, id.s, id.n);
    }
    if (size)
        put_u16(size, (uint16_t)(writer_used(w) - start));
}

static void write_hint(struct writer *w, uint16_t key, const uint8_t *bytes, size_t size)
{
    if (!size)
        return;
    write_u16(w, key);
    write_u16(w, (uint16_t)size);
    write_bytes(w, bytes, size);
}

size_t svcb_rdata(const struct view *v, const struct view_instance *i, uint16_t type,
                  uint8_t out[static SVCB_RDATA_MAX])
{
    if (!svcb_has(i, type))
        return 0;
    struct writer w = writer_of(out, SVCB_RDATA_MAX);
    uint16_t port = port_of(i, type);
    write_u16(&w, svcb_priority(i, i->priority));
    const uint8_t *id = instance_wire_label(i);
    write_bytes(&w, id, 1u + *id);
    write_bytes(&w, v->suffix, v->suffix_size); /* not compressed: section 2.2 */
    write_alpn(&w, alpn_of(i));
    if (type != TYPE_HTTPS || port != HTTPS_PORT) {
        write_u16(&w, KEY_PORT);
        write_u16(&w, 2);
        write_u16(&w, port);
    }
    write_hint(&w, KEY_IPV4HINT, instance_v4(i), (size_t)i->v4_count * 4);
    write_hint(&w, KEY_IPV6HINT, instance_v6(i), (size_t)i->v6_count * 16);
    return writer_used(&w);
}
