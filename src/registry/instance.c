#include "registry/instance.h"

#include <stdlib.h>

#include "registry/override.h"
#include "registry/owner.h"
#include "registry/service.h"
#include "registry/state.h"

enum { ID_USUAL = 8 /* bytes of most ids: where they end another cache line may begin */ };

/* Behind the id, at an even place. */
static size_t room_at(size_t id_size)
{
    return offsetof(struct instance, id) + (id_size + 1) / 2 * 2;
}

/* Where the content lies, or the pointer to it. */
static void *room_of(struct instance *i)
{
    return (char *)i + room_at(i->id_size);
}

static const void *room_in(const struct instance *i)
{
    return (const char *)i + room_at(i->id_size);
}

static void set_outgrown(struct instance *i, const struct content *c)
{
    memcpy(room_of(i), &c, sizeof(c));
    i->outgrown = true;
}

static struct instance *block_new(struct pool *pool, struct text id, size_t wanted)
{
    size_t block = pool_taken(room_at(id.n) + wanted); /* what is left over becomes room */
    struct instance *i = pool_new(pool, block);
    if (!i)
        return NULL;
    i->room = (uint16_t)(block - room_at(id.n));
    i->id_size = (uint8_t)id.n;
    memcpy(i->id, id.s, id.n);
    return i;
}

static struct instance *instance_new_large(struct pool *pool, struct text id, const uint8_t *packed,
                                           size_t size)
{
    struct content *c = content_new(packed, size);
    struct instance *i = c ? block_new(pool, id, sizeof(c)) : NULL;
    if (i)
        set_outgrown(i, c);
    else
        free(c);
    return i;
}

struct instance *instance_new(struct pool *pool, struct text id, const uint8_t *packed, size_t size)
{
    if (room_at(id.n) + content_size(size) > POOL_RECORD_MAX)
        return instance_new_large(pool, id, packed, size);
    struct instance *i = block_new(pool, id, content_size(size));
    if (i)
        content_set(room_of(i), packed, size);
    return i;
}

/* The content that has a block of its own; NULL = it lies in the room. */
static struct content *outgrown(const struct instance *i)
{
    struct content *c = NULL;
    if (i->outgrown)
        memcpy(&c, room_in(i), sizeof(c));
    return c;
}

void instance_free(struct pool *pool, struct instance *i)
{
    if (!i)
        return;
    free(outgrown(i));
    pool_free(pool, i);
}

const struct content *instance_content(const struct instance *i)
{
    return i->outgrown ? outgrown(i) : room_in(i);
}

_Static_assert(sizeof(struct content) + CONTENT_LEAST >= sizeof(struct content *),
               "the pointer has room everywhere");

void instance_set_content(struct instance *i, struct content *fresh)
{
    free(outgrown(i));
    if (content_size(fresh->size) > i->room) {
        set_outgrown(i, fresh);
        return;
    }
    i->outgrown = false;
    content_set(room_of(i), fresh->bytes, fresh->size);
    free(fresh);
}

struct owner *instance_owner(const struct registry *r, const struct instance *i)
{
    return pool_at(&r->pool, i->owner);
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
    __builtin_prefetch(&i->service, 1);
    __builtin_prefetch(i->id + ID_USUAL, 1);
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
    return override_apply(
        instance_override(i),
        (struct standing){content_status(instance_content(i)), i->weight, i->stale});
}

struct instance_key instance_key(const struct instance *i)
{
    return (struct instance_key){service_namespace(i->service), service_name(i->service), id_of(i)};
}

void instance_read(const struct instance *i, struct record *out)
{
    content_read(instance_content(i), out);
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
        .owner = instance_owner(i->service->registry, i)->principal,
    };
    if (out->owner.kind != PRINCIPAL_LOCAL)
        out->owner.addr = host_address(host_of(i->service->registry, lease));
}
