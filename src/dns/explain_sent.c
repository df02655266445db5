#include "dns/explain_sent.h"

#include <string.h>

/* Behind the name at `at`, whose end may be a pointer. */
static const uint8_t *skip(const uint8_t *at)
{
    while (*at && *at < 0xc0)
        at += 1 + *at;
    return at + (*at ? 2 : 1);
}

static bool has_address(const uint8_t *list, unsigned count, const uint8_t *rdata, size_t size)
{
    for (unsigned n = 0; n < count; n++)
        if (memcmp(list + n * size, rdata, size) == 0)
            return true;
    return false;
}

static bool names(const struct view *v, const struct view_instance *i, const uint8_t *rdata,
                  size_t before, size_t size)
{
    uint8_t target[NAME_MAX_WIRE];
    size_t target_size = view_target(v, i, target);
    return size >= before + target_size && memcmp(rdata + before, target, target_size) == 0;
}

static bool is_of(const struct view *v, const struct view_instance *i, uint16_t type,
                  const uint8_t *rdata, size_t size)
{
    switch (type) {
    case TYPE_A: return has_address(instance_v4(i), i->v4_count, rdata, 4);
    case TYPE_AAAA: return has_address(instance_v6(i), i->v6_count, rdata, 16);
    case TYPE_SRV: return names(v, i, rdata, 6, size); /* priority, weight, port */
    case TYPE_SVCB:
    case TYPE_HTTPS: return names(v, i, rdata, 2, size); /* priority */
    case TYPE_PTR: return memcmp(rdata, instance_wire_label(i), 1u + instance_label(i).n) == 0;
    case TYPE_TXT: return size == instance_txt_size(i) && memcmp(rdata, instance_txt(i), size) == 0;
    default: return false;
    }
}

bool explain_is_sent(const struct respond *r, const struct view_instance *i)
{
    const struct answer *a = &r->answer;
    const uint8_t *at = a->out + a->query->question_end;
    for (uint16_t n = 0; n < a->counts[SECTION_ANSWER]; n++) {
        at = skip(at);
        uint16_t type = get_u16(at), size = get_u16(at + 8); /* between: class, TTL */
        at += 10;
        if ((type == r->type || r->type == TYPE_ANY) && is_of(r->found.view, i, type, at, size))
            return true;
        at += size;
    }
    return false;
}
