#include "registry/instance.h"

#include <stdlib.h>

#include "registry/override.h"
#include "registry/owner.h"
#include "registry/service.h"
#include "registry/state.h"

struct instance *instance_new(struct text id, struct content *content)
{
    struct instance *i = calloc(1, offsetof(struct instance, id) + id.n);
    if (!i)
        return NULL;
    i->content = content;
    i->id_size = (uint8_t)id.n;
    memcpy(i->id, id.s, id.n);
    return i;
}

void instance_free(struct instance *i)
{
    if (!i)
        return;
    free(i->content);
    free(i);
}

static struct text id_of(const struct instance *i)
{
    return (struct text){i->id, i->id_size};
}

static bool entry_is(const void *entry, const void *key)
{
    const struct instance *i = entry;
    const struct path *path = key;
    struct text front = service_path(i->service);
    return path->size == front.n + i->id_size && memcmp(path->bytes, front.s, front.n) == 0 &&
           memcmp(path->bytes + front.n, i->id, i->id_size) == 0;
}

static bool entry_has_key(const void *entry, const void *key)
{
    const struct instance *i = entry;
    const struct instance_key *k = key;
    return text_is(id_of(i), k->id) && text_is(service_name(i->service), k->service) &&
           text_is(service_namespace(i->service), k->ns);
}

struct instance *instance_find_hashed(const struct map *instances, uint64_t hash,
                                      struct instance_key key)
{
    return map_find(instances, hash, entry_has_key, &key);
}

void instance_prefetch(const struct instance *i)
{
    __builtin_prefetch(&i->lease, 1);
    __builtin_prefetch(i->id);
}

struct instance *instance_find(const struct map *instances, const struct path *path)
{
    return map_find(instances, path->hash, entry_is, path);
}

void instance_path(const struct instance *i, struct path *out)
{
    struct text front = service_path(i->service);
    memcpy(out->bytes, front.s, front.n);
    memcpy(out->bytes + front.n, i->id, i->id_size);
    out->size = front.n + i->id_size;
    out->hash = 0;
}

uint64_t instance_hash(const struct instance *i)
{
    struct path path;
    instance_path(i, &path);
    return hash_bytes(&i->service->registry->key, path.bytes, path.size);
}

int instance_compare(const struct instance *a, const struct instance *b)
{
    /* Both paths have two '/', so one service's is never the other's beginning. */
    if (a->service != b->service)
        return text_compare(service_path(a->service), service_path(b->service));
    return text_compare(id_of(a), id_of(b));
}

const struct lease *instance_lease_of(const struct instance *i)
{
    return i->grouped ? &i->member.group->lease : &i->lease;
}

struct lease *instance_lease(struct instance *i)
{
    return i->grouped ? &i->member.group->lease : &i->lease;
}

uint32_t instance_lease_s(const struct instance *i)
{
    return i->grouped ? i->member.lease_s : i->lease.seconds;
}

struct override instance_override(const struct instance *i)
{
    if (!i->overridden)
        return (struct override){0};
    struct path path;
    instance_path(i, &path);
    const struct registry *r = i->service->registry;
    path.hash = hash_bytes(&r->key, path.bytes, path.size);
    return override_find(&r->overrides, &path)->value;
}

struct standing instance_standing(const struct instance *i)
{
    return override_apply(instance_override(i),
                          (struct standing){content_status(i->content), i->weight, i->stale});
}

struct instance_key instance_key(const struct instance *i)
{
    return (struct instance_key){service_namespace(i->service), service_name(i->service), id_of(i)};
}

void instance_read(const struct instance *i, struct record *out)
{
    content_read(i->content, out);
    out->ns = service_namespace(i->service);
    out->service = service_name(i->service);
    out->id = id_of(i);
    out->weight = i->weight;
    out->lease_s = instance_lease_s(i);
    out->permanent = out->lease_s == 0;
    out->lease_bounded = false; /* of a request, not of what is stored */
    out->group = i->grouped ? group_name(i->member.group) : (struct text){0};
    out->rev = i->rev;
}

void instance_state(const struct instance *i, struct instance_state *out)
{
    const struct lease *lease = instance_lease_of(i);
    struct standing standing = instance_standing(i);
    *out = (struct instance_state){
        .status = standing.status,
        .weight = standing.weight,
        .override = instance_override(i),
        .stale = standing.stale,
        .index = i->index,
        .deadline_ms = lease_due_ms(lease),
        .registered_ms = i->registered_ms,
        .up_ms = i->up_ms,
        .renewed_ms = lease->renewed_ms,
        .dirty_ms = i->rev, /* a revision is a time: the client's, or the one assigned */
        .latest_ms = i->latest_ms,
        .owner = i->owner->principal,
    };
    if (out->owner.kind != PRINCIPAL_LOCAL)
        out->owner.addr = lease->host->source;
}
