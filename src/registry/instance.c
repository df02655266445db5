#include "registry/instance.h"

#include <stdlib.h>

#include "registry/override.h"
#include "registry/owner.h"
#include "registry/service.h"
#include "registry/state.h"

enum {
    BLOCK = 16,     /* malloc's steps, ... */
    BLOCK_HEAD = 8, /* and what it keeps of each: what is left over becomes room */
};

/* Behind the id, at an even place. */
static size_t room_at(size_t id_size)
{
    return offsetof(struct instance, id) + (id_size + 1) / 2 * 2;
}

static size_t block_size(size_t id_size, size_t packed_size)
{
    size_t size = room_at(id_size) + content_size(packed_size) + BLOCK_HEAD;
    return (size + BLOCK - 1) / BLOCK * BLOCK - BLOCK_HEAD;
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

struct instance *instance_new(struct text id, const uint8_t *packed, size_t size)
{
    size_t block = block_size(id.n, size);
    struct instance *i = calloc(1, block);
    if (!i)
        return NULL;
    i->room = (uint16_t)(block - room_at(id.n));
    i->id_size = (uint8_t)id.n;
    memcpy(i->id, id.s, id.n);
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

void instance_free(struct instance *i)
{
    if (!i)
        return;
    free(outgrown(i));
    free(i);
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
    i->outgrown = content_size(fresh->size) > i->room;
    if (i->outgrown) {
        memcpy(room_of(i), &fresh, sizeof(fresh));
        return;
    }
    content_set(room_of(i), fresh->bytes, fresh->size);
    free(fresh);
}

struct owner *instance_owner(const struct instance *i)
{
    return instance_lease_of(i)->host->owner;
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
    __builtin_prefetch(&i->rev, 1);
    __builtin_prefetch(i->id, 1);
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
        .owner = instance_owner(i)->principal,
    };
    if (out->owner.kind != PRINCIPAL_LOCAL)
        out->owner.addr = host_address(lease->host);
}
