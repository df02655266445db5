/* Of datagrams that came together: what each of them names is asked for from memory before
 * the first one is handled, as it lies far apart and is in no cache. Called by reg.c. Only
 * speed depends on it. */
#ifndef DISC_REG_AHEAD_H
#define DISC_REG_AHEAD_H

#include "reg/call.h"

/* After message_read. Nothing is checked yet: a name in another form than the stored one
 * comes to nothing. */
void ahead_begin(struct call *c);
/* Twice, each time for all of them. */
void ahead_closer(struct call *c);

/* The sight of this very name; NULL when another one, or none, was looked for. */
const struct sight *ahead_seen(const struct call *c, const struct instance_key *key);

#endif
