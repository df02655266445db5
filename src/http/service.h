/* GET /v1/services/S, for whoever answers it later: a long poll.
 * Used inside http/ only. */
#ifndef DISC_HTTP_SERVICE_H
#define DISC_HTTP_SERVICE_H

#include "http/state.h"

/* The service that the path and ?ns= name; NULL: not known. */
const struct service *service_asked(const struct call *call);

/* Replies as to a GET that does not wait. */
void service_read(struct call *call);

/* What is wrong with the filters and the page that are asked for, or NULL. */
const char *service_fault(const struct call *call);

/* The body of that for one who filters nothing. ERR_SPACE: it is more than `max` bytes, of which
 * a part is in *out · ERR_MEMORY. */
MUST_CHECK enum err service_body(struct http *http, const struct service *s, size_t max,
                                 struct evbuffer *out);

/* GET /v1/services: the same. */
void services_read(struct call *call);
const char *services_fault(const struct call *call);

#endif
