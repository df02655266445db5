/* What a client of another registry wrote, where the registry's model does not keep it letter
 * by letter: a host name that is no label, a URL that is no address and port. Kept as one JSON
 * object in the instance's hidden metadata, only as far as it cannot be told from the record;
 * what the record says otherwise since then counts more.
 * Used inside http/ only. */
#ifndef DISC_HTTP_ORIGIN_H
#define DISC_HTTP_ORIGIN_H

#include <jansson.h>

#include "registry/registry.h"

enum {
    ORIGIN_PIECES = 24, /* METADATA_BYTES_MAX in values of METADATA_VALUE_MAX, and some */
    ORIGIN_KEY = 4,     /* "~00" and NUL */
};

/* What the pairs of a record point to. */
struct origin_room {
    char *text; /* to be freed with origin_room_deinit */
    char keys[ORIGIN_PIECES][ORIGIN_KEY];
};

/* Adds `origin`, an object, to the record's metadata; an empty one adds nothing.
 * ERR_SPACE: too much for a record · ERR_MEMORY. */
MUST_CHECK enum err origin_write(const json_t *origin, struct origin_room *room,
                                 struct record *record);
void origin_room_deinit(struct origin_room *room);

/* A new reference; NULL when the record has none (or memory lacks). */
json_t *origin_read(const struct record *record);

/* Names as the model has them. Each is a function of the client's text alone. */

/* A label: `hostname` itself where it is one, else what is left of it and a digest, so that
 * two host names are not one. Returns the length. */
size_t origin_label(struct text hostname, char out[static INSTANCE_ID_MAX + 1]);
/* A zone or region; empty when nothing is left of it. */
struct text origin_locality(struct text given, char out[static 64]);
/* Printable ASCII, cut. */
struct text origin_version(struct text given, char out[static VERSION_MAX + 1]);

#endif
