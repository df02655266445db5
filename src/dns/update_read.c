/* The sections of the message, record by record. query_parse has seen to it that the records
 * are whole, and their owners names. */
#include <stdlib.h>

#include "base/bytes.h"
#include "dns/query.h"
#include "dns/update_parts.h"

/* SOA, the largest that grows: two names in place of two pointers. */
enum { GROWTH = 2 * NAME_MAX_WIRE };

struct memory {
    struct memory *next;
    size_t used, size; /* of bytes */
    max_align_t bytes[];
};

enum { CHUNK = 1024, ALIGN = sizeof(max_align_t) };

void *update_memory(struct update *u, size_t size)
{
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    struct memory *m = u->memory;
    if (!m || m->size - m->used < size) {
        size_t room = size > CHUNK ? size : CHUNK;
        m = calloc(1, sizeof(*m) + room);
        if (!m) {
            update_fail(u, RCODE_SERVFAIL, EDE_OTHER, "out of memory", NULL);
            return NULL;
        }
        m->size = room;
        m->next = u->memory;
        u->memory = m;
    }
    void *p = (uint8_t *)m->bytes + m->used;
    m->used += size;
    return p;
}

struct update_mark update_mark(const struct update *u)
{
    return (struct update_mark){u->memory, u->memory ? u->memory->used : 0};
}

void update_release(struct update *u, struct update_mark mark)
{
    while (u->memory != mark.memory) {
        struct memory *m = u->memory;
        u->memory = m->next;
        free(m);
    }
    if (!u->memory)
        return;
    memset((uint8_t *)u->memory->bytes + mark.used, 0, u->memory->used - mark.used);
    u->memory->used = mark.used;
}

void update_deinit(struct update *u)
{
    map_deinit(&u->names);
    map_deinit(&u->instances);
    update_release(u, (struct update_mark){0});
}

static bool read_rdata(struct update *u, const struct query *q, size_t at, struct update_rr *rr)
{
    uint8_t room[UINT16_MAX + GROWTH];
    struct writer w = writer_of(room, sizeof(room));
    if (rr->class == CLASS_ANY)
        return true; /* there should be none */
    rr->bad = !update_rdata(q->bytes, q->size, at, rr->sent_size, rr->type, &w) ||
              writer_used(&w) > UINT16_MAX;
    if (rr->bad)
        return true;
    uint8_t *rdata = update_memory(u, writer_used(&w) + 1);
    if (!rdata)
        return false;
    memcpy(rdata, room, writer_used(&w));
    rr->rdata = rdata;
    rr->size = (uint16_t)writer_used(&w);
    return true;
}

static bool read_rr(struct update *u, const struct query *q, size_t *at, struct update_rr *rr)
{
    if (!query_name(q->bytes, q->size, at, &rr->owner) || q->size - *at < 10)
        return update_fail(u, RCODE_FORMERR, EDE_OTHER, "a record that is none", NULL);
    const uint8_t *p = q->bytes + *at;
    rr->type = get_u16(p);
    rr->class = get_u16(p + 2);
    rr->ttl = get_u32(p + 4);
    rr->sent_size = get_u16(p + 8);
    *at += 10;
    if (q->size - *at < rr->sent_size)
        return update_fail(u, RCODE_FORMERR, EDE_OTHER, "a record that is none", NULL);
    size_t rdata = *at;
    *at += rr->sent_size;
    return read_rdata(u, q, rdata, rr);
}

static bool read_section(struct update *u, const struct query *q, size_t *at, size_t count,
                         struct update_rr **out)
{
    struct update_rr *rrs = update_memory(u, count * sizeof(*rrs));
    if (!rrs)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!read_rr(u, q, at, &rrs[i]))
            return false;
    *out = rrs;
    return true;
}

bool update_read(struct update *u, const struct query *q)
{
    size_t at = q->question_end;
    u->required_count = q->counts[1];
    u->change_count = q->counts[2];
    return read_section(u, q, &at, u->required_count, &u->required) &&
           read_section(u, q, &at, u->change_count, &u->changes);
}
