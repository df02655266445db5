/* The DNS server's part of /v1/status. Called by status.c only. */
#ifndef DISC_SERVER_STATUS_DNS_H
#define DISC_SERVER_STATUS_DNS_H

#include <jansson.h>

#include "server/sockets.h"

struct server;

json_t *status_dns(const struct server *s);                  /* a new reference */
json_t *status_listening(const struct listeners *listeners); /* likewise: its addresses */

#endif
