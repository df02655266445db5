/* The keys under which entries are stored: "ns/svc" and "ns/svc/inst". Names hold no
 * slash, so a key has one reading. Used inside store/ only. */
#ifndef DISC_STORE_KEY_H
#define DISC_STORE_KEY_H

#include "registry/registry.h"

enum { KEY_MAX = NAMESPACE_MAX + 1 + SERVICE_MAX + 1 + INSTANCE_ID_MAX };

/* Into `out`; `key.id` empty = the service's. Empty when the names are longer than names
 * may be. */
struct text key_join(struct instance_key key, char out[static KEY_MAX]);

/* Slices of `key`. False when the parts are not the names of an instance (`has_id`) or of
 * a service. */
bool key_split(struct text key, bool has_id, struct instance_key *out);

#endif
