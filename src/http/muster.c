#include "http/muster.h"

#include <stdlib.h>

struct muster {
    const struct http *http;
    char ns[NAMESPACE_MAX + 1], service[SERVICE_MAX + 1];
    size_t size;
    uint32_t left;
    const char *at; /* the next id: a length byte, then the text */
    char ids[];
};

static void note(struct muster *m, const struct service *s)
{
    char *at = m->ids;

    m->left = service_count(s);
    for (uint32_t n = 0; n < m->left; n++) {
        struct text id = instance_key(service_instance(s, n)).id;
        *at++ = (char)id.n;
        memcpy(at, id.s, id.n);
        at += id.n;
    }
}

struct muster *muster_new(const struct http *http, struct text ns, struct text service)
{
    const struct service *s = registry_service(http->backend.registry, ns, service);
    size_t size = sizeof(struct muster);

    for (uint32_t n = 0; s && n < service_count(s); n++)
        size += 1 + instance_key(service_instance(s, n)).id.n;
    struct muster *m = calloc(1, size);
    if (!m)
        return NULL;
    m->http = http;
    m->size = size;
    m->at = m->ids;
    if (s && text_copy(ns, m->ns, sizeof(m->ns)) == ERR_OK &&
        text_copy(service, m->service, sizeof(m->service)) == ERR_OK)
        note(m, s);
    return m;
}

void muster_free(struct muster *m)
{
    free(m);
}

size_t muster_size(const struct muster *m)
{
    return m->size;
}

const struct instance *muster_next(struct muster *m, bool *end)
{
    *end = m->left == 0;
    if (*end)
        return NULL;
    struct text id = {m->at + 1, (unsigned char)m->at[0]};
    m->at += 1 + id.n;
    m->left--;
    return registry_instance(m->http->backend.registry,
                             (struct instance_key){text_of(m->ns), text_of(m->service), id});
}
