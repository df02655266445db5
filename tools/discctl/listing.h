/* Lists that the server gives out in pages. Used by the verbs that read.
 */
#ifndef DISCCTL_LISTING_H
#define DISCCTL_LISTING_H

#include <jansson.h>

#include "discctl.h"

enum { LISTING_MAY_BE_GONE = 1 }; /* 404 is an empty list */

/* Calls `page` with each page of what `path` lists ("/v1/services?ns=x"), until it returns
 * another code than EXIT_DONE; returns that, or the exit code of what went wrong (said). */
int listing_each(const struct arguments *a, const char *path, unsigned flags,
                 int (*page)(void *context, const json_t *page), void *context);

/* All pages as one: the first, with the arrays `name` of the others behind its own. */
int listing_whole(const struct arguments *a, const char *path, const char *name, json_t **out);

/* Is a->ns a namespace that the server serves? EXIT_DONE (also where the server cannot say), or
 * EXIT_REFUSED, said so with those that are. */
int listing_namespace(const struct arguments *a);

#endif
