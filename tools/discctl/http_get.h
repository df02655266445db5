/* One GET of the server's HTTP API, blocking. Used by the verbs that read. */
#ifndef DISCCTL_HTTP_GET_H
#define DISCCTL_HTTP_GET_H

#include <jansson.h>

#include "discctl.h"

/* Asks for `path` ("/v1/status?..."). Returns the exit code; EXIT_DONE with the JSON of a
 * 200 in `*out` (a new reference), else what went wrong was said on stderr. */
int http_get(const struct arguments *a, const char *path, json_t **out);

/* Percent-encodes for a path or a query; to be freed. NULL when memory lacks. */
char *http_quote(const char *text);

#endif
