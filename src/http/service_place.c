#include "http/service_place.h"

#include "http/instance.h"

bool service_is_behind(const struct service *s, const struct service_place *p)
{
    if (!p->set)
        return true;
    int by_namespace = text_compare(service_namespace(s), text_of(p->ns));
    return by_namespace ? by_namespace > 0 : text_compare(service_name(s), text_of(p->name)) > 0;
}

const struct service *service_step(const struct registry *r, struct text ns,
                                   struct service_place *p)
{
    const struct service *at =
        p->set ? registry_service(r, text_of(p->ns), text_of(p->name)) : NULL;
    const struct service *s = registry_service_next(r, ns, at);

    if (s)
        p->set = text_copy(service_namespace(s), p->ns, sizeof(p->ns)) == ERR_OK &&
                 text_copy(service_name(s), p->name, sizeof(p->name)) == ERR_OK;
    return s;
}

uint32_t service_live(const struct service *s, struct moment now)
{
    uint32_t live = 0;

    for (uint32_t n = 0; n < service_count(s); n++) {
        struct instance_state state;
        instance_state(service_instance(s, n), &state);
        live += instance_is_live(&state, now);
    }
    return live;
}
