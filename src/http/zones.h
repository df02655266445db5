/* Instances sorted by their zone: the text of each zone's list grows aside until all are
 * there.
 * Used inside http/ only. */
#ifndef DISC_HTTP_ZONES_H
#define DISC_HTTP_ZONES_H

#include <event2/buffer.h>
#include <jansson.h>

#include "base/text.h"

struct zone;

struct zones {
    struct zone *items; /* sorted by name */
    size_t count, room;
    size_t at; /* of zones_write: which one is written */
    bool inside;
    size_t bytes; /* of memory, more or less */
};

/* The zone is there from now on, perhaps with nobody in it. `json` NULL: only that.
 * ERR_MEMORY. */
MUST_CHECK enum err zones_add(struct zones *z, struct text zone, const json_t *json);

/* Appends a part of {"zone":[...],...}, a few kB; *done with the last one. ERR_MEMORY. */
MUST_CHECK enum err zones_write(struct zones *z, struct evbuffer *out, bool *done);

void zones_deinit(struct zones *z);

#endif
