/* Which names this server answers to. A page of a foreign site can make a browser
 * send requests here under a name of its own that it lets point to this address (DNS
 * rebinding); it cannot choose the Host that the browser writes.
 * Used inside http/ only. */
#ifndef DISC_HTTP_HOST_H
#define DISC_HTTP_HOST_H

#include "http/http.h"

/* `host` is "name" or "name:port", an IPv6 address in brackets. Allowed are loopback
 * names and addresses with any port, the listen addresses (any address where we listen
 * on all), and the configured names, with any port unless one is configured. */
bool host_is_allowed(const struct http_config *config, struct text host);

/* It is one of the configured names, as it is written there. */
bool host_is_listed(const struct http_config *config, struct text host);

#endif
