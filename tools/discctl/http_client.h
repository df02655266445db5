/* One request to the server's HTTP API, blocking. Used by the verbs that read, and by those
 * that steer the server. */
#ifndef DISCCTL_HTTP_CLIENT_H
#define DISCCTL_HTTP_CLIENT_H

#include <jansson.h>

#include "discctl.h"

/* Asks for `path` ("/v1/status?..."). Returns the exit code; EXIT_DONE with the JSON of a
 * 200 in `*out` (a new reference), else what went wrong was said on stderr. */
int http_get(const struct arguments *a, const char *path, json_t **out);

/* The same without a word on stderr. */
int http_get_quietly(const struct arguments *a, const char *path, json_t **out);

/* The same with a body, as POST. Takes the reference; NULL = memory lacked. Waits for
 * `patience_s` unless another timeout was given. */
int http_post(const struct arguments *a, const char *path, json_t *body, int patience_s,
              json_t **out);

/* Percent-encodes for a path or a query; to be freed. NULL when memory lacks. */
char *http_quote(const char *text);

#endif
