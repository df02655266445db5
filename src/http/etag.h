/* Whether a client has what it asks for already: the one comparison of entity tags.
 * Used inside http/ only. */
#ifndef DISC_HTTP_ETAG_H
#define DISC_HTTP_ETAG_H

#include <event2/http.h>
#include <stdbool.h>

#include "base/text.h"

/* Does If-None-Match name `tag` (with its quotes; W/ makes no difference)? RFC 9110 section
 * 13.1.2, weak comparison. */
bool etag_is_known(struct evhttp_request *request, const char *tag);

#endif
