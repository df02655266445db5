/* Overrides: what the operator says of an instance, beside what it says of itself.
 * Kept by name, so one stays while its instance is away; it goes with its service.
 *
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_OVERRIDE_H
#define DISC_REGISTRY_OVERRIDE_H

#include <sys/queue.h>

#include "registry/instance.h"

struct override_entry {
    LIST_ENTRY(override_entry) link; /* of the service */
    struct override value;
    uint64_t hash;
    struct service *service;
    uint8_t id_size;
    char id[];
};

struct override_entry *override_find(const struct map *overrides, const struct path *path);
/* The entry for this id of this service, made when there is none; NULL when memory
 * lacks. `path` is its full name. */
struct override_entry *override_get(struct map *overrides, struct service *s, struct text id,
                                    const struct path *path);
void override_drop(struct map *overrides, struct override_entry *entry);

bool override_is_empty(struct override o);
bool override_is(struct override a, struct override b);
/* What is in force. The operator's status replaces the instance's own; draining
 * applies to what would otherwise be up or starting. */
struct standing override_apply(struct override o, struct standing own);

#endif
