/* The guards against mass eviction as JSON and in words. Used inside http/ only. */
#ifndef DISC_HTTP_GUARD_H
#define DISC_HTTP_GUARD_H

#include "http/state.h"

enum { GUARD_ZONES_MAX = 1000 }; /* zones in one reply, and looked through for one */

/* For /v1/status: mode, on, brownout, since, hosts, late_hosts, zones_on (of the first
 * GUARD_ZONES_MAX zones). A new reference; NULL when memory lacks. */
json_t *guard_summary(const struct http *http);

/* Finds a guard that is on: that for all, or that of `zone` (s == NULL: of any zone).
 * What it fills is valid until the registry changes. */
bool guard_find_closed(const struct http *http, struct text zone, struct guard_state *out);

#define GUARD_WORDS 160 /* room for guard_words */

/* "the guard (of zone eu1) is on since 2030-01-31T12:00:00Z: 7 of 9 hosts are late"; returns
 * `out`. */
const char *guard_words(const struct guard_state *g, char out[static GUARD_WORDS]);

#endif
