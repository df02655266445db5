/* A page of a long list in the order of (namespace, service) or (namespace, service, instance):
 * what ?ns=&after=&limit= ask for, and then how far the client's list is.
 * Used inside http/ only. */
#ifndef DISC_HTTP_PAGE_H
#define DISC_HTTP_PAGE_H

#include "http/service_place.h"
#include "http/uri.h"

struct page {
    char ns[NAMESPACE_MAX + 1];   /* "" = all */
    struct service_place after;   /* the last row told of: its service */
    char id[INSTANCE_ID_MAX + 1]; /* and instance, in a list of those */
    uint32_t left;                /* rows */
};

/* Fills an *out that is all zero. What is wrong with the question, or NULL. */
MUST_CHECK const char *page_read(const struct uri_query *query, bool of_instances,
                                 struct page *out);

#endif
