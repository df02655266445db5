/* What a name of the zone can stand for, by its form alone. */
#include "dns/browse.h"
#include "dns/update_parts.h"

/* The first `count` labels as text with dots, the first `skip` bytes left out; empty when a
 * label is no text that a service's or an instance's name can hold, or memory lacks. */
static struct text labels_text(struct update *u, const struct name *name, unsigned first,
                               unsigned count, size_t skip)
{
    const uint8_t *at = name->wire;
    char room[NAME_MAX_WIRE];
    size_t size = 0;
    for (unsigned i = 0; i < first; i++)
        at += 1 + *at;
    for (unsigned i = 0; i < count; i++, at += 1 + *at) {
        if (memchr(at + 1, '.', *at))
            return (struct text){0};
        if (i)
            room[size++] = '.';
        memcpy(room + size, at + 1, *at);
        size += *at;
    }
    if (size <= skip)
        return (struct text){0};
    char *text = update_memory(u, size);
    if (!text)
        return (struct text){0};
    memcpy(text, room, size);
    return (struct text){text + skip, size - skip};
}

/* Labels above the apex; 0 when the zone serves no namespace. */
static unsigned labels_above(const struct update *u, const struct name *name)
{
    return u->zone->ns ? (unsigned)(name->labels - u->zone->apex.labels) : 0;
}

static bool label_is(const struct name *name, unsigned n, const char *label)
{
    const uint8_t *at = name->wire;
    while (n--)
        at += 1 + *at;
    return text_is((struct text){(const char *)at + 1, *at}, text_of(label));
}

enum update_form update_form(struct update *u, const struct name *name, struct text *service)
{
    unsigned labels = labels_above(u, name);
    enum update_form form = FORM_SERVICE;
    if (labels == 0)
        return FORM_OTHER;
    if (name->wire[1] == '_') {
        if (labels < 2 || labels > SERVICE_LABELS_MAX + 1)
            return FORM_OTHER;
        form = label_is(name, labels - 1, "_tcp")   ? FORM_TCP
               : label_is(name, labels - 1, "_udp") ? FORM_UDP
                                                    : FORM_OTHER;
        labels--;
    }
    if (form == FORM_OTHER || labels > SERVICE_LABELS_MAX)
        return FORM_OTHER;
    *service = labels_text(u, name, 0, labels, form != FORM_SERVICE);
    return service_name_is_valid(*service) ? form : FORM_OTHER;
}

bool update_is_instance(struct update *u, const struct name *name, struct text *service,
                        struct text *id)
{
    unsigned labels = labels_above(u, name);
    if (labels < 2 || labels > SERVICE_LABELS_MAX + 1 || name->wire[1] == '_')
        return false;
    *id = labels_text(u, name, 0, 1, 0);
    if (!text_is_label(*id, INSTANCE_ID_MAX))
        return false;
    *service = labels_text(u, name, 1, labels - 1, 0);
    return service_name_is_valid(*service);
}

bool update_name(const struct update *u, struct text service, enum update_form form,
                 struct name *out)
{
    if (form == FORM_SERVICE)
        return name_join(service, &u->zone->apex, out) == ERR_OK;
    return browse_service_name(service, form == FORM_TCP ? PROTOCOL_TCP : PROTOCOL_UDP, u->zone,
                               out);
}
