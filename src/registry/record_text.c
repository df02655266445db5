/* What every protocol does with a record before it is registered or changed. */
#include <stdio.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "registry/registry.h"

static void hold(struct text *t, struct writer *w)
{
    uint8_t *at = t->n ? write_space(w, t->n) : NULL;
    if (at)
        memcpy(at, t->s, t->n);
    *t = (struct text){(const char *)at, at ? t->n : 0};
}

enum err record_hold(struct record *r, char room[static RECORD_TEXT_MAX])
{
    struct text *fields[] = {&r->ns,   &r->service, &r->id,      &r->version,
                             &r->zone, &r->region,  &r->cluster, &r->group};
    struct writer w = writer_of(room, RECORD_TEXT_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
        hold(fields[i], &w);
    for (unsigned i = 0; i < r->port_count; i++)
        hold(&r->ports[i].name, &w);
    for (unsigned i = 0; i < r->tag_count; i++)
        hold(&r->tags[i], &w);
    for (unsigned i = 0; i < r->metadata_count; i++) {
        hold(&r->metadata[i].key, &w);
        hold(&r->metadata[i].value, &w);
    }
    return w.full ? ERR_SPACE : ERR_OK;
}

struct text record_default_id(const struct record *record, char out[static INSTANCE_ID_MAX + 1])
{
    const struct addr *a = &record->addresses[0];
    bool has_port = record->port_count > 0;
    unsigned port = has_port ? record->ports[0].number : 0;
    int n;
    if (a->family == FAMILY_V4) {
        n = snprintf(out, INSTANCE_ID_MAX + 1, has_port ? "%u-%u-%u-%u-%u" : "%u-%u-%u-%u",
                     a->bytes[0], a->bytes[1], a->bytes[2], a->bytes[3], port);
    } else {
        uint8_t bytes[18];
        memcpy(bytes, a->bytes, 16);
        put_u16(bytes + 16, (uint16_t)port);
        uint64_t digest = hash_digest(bytes, has_port ? 18 : 16);
        n = snprintf(out, INSTANCE_ID_MAX + 1, "h%012llx", (unsigned long long)(digest >> 16));
    }
    return (struct text){out, (size_t)n};
}
