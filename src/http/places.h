/* Where an instance listens, as clients of other registries write it: "http://10.0.0.7:8080",
 * "grpc://[2001:db8::7]:9090", "10.0.0.7:8080", to and from addresses and named ports (the
 * scheme is the port's name).
 * Used inside http/ only. */
#ifndef DISC_HTTP_PLACES_H
#define DISC_HTTP_PLACES_H

#include <jansson.h>

#include "registry/registry.h"

enum { PLACES_MAX = 32 }; /* texts of one instance */

/* What the names of a record's ports point to. */
struct places_room {
    char names[PORTS_MAX][PORT_NAME_MAX + 1];
};

/* Adds what one text says. Where it holds no address (a host name, 0.0.0.0, nothing at all)
 * `own` is taken. NULL, or what is wrong with it; static storage. */
const char *places_add(struct text place, const struct addr *own, struct places_room *room,
                       struct record *record);

/* The texts that say the same: for each port, each address. A new array; NULL when memory
 * lacks. */
json_t *places_json(const struct record *record);

#endif
