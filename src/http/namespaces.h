/* GET /v1/namespaces: what is served, from the configuration.
 * Used inside http/ only. */
#ifndef DISC_HTTP_NAMESPACES_H
#define DISC_HTTP_NAMESPACES_H

#include "http/state.h"

/* Is there, or may there come, something of it? `ns` in lower case. What the server holds of a
 * namespace that is served no more can be read, too. */
bool namespace_is_served(const struct http *http, struct text ns);

#endif
