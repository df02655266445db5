/* What a name was found to be and who could stand in the answer, as JSON. Part of
 * explain.c. */
#ifndef DISC_DNS_EXPLAIN_VIEW_H
#define DISC_DNS_EXPLAIN_VIEW_H

#include <jansson.h>

#include "dns/respond.h"

/* Adds zone, namespace, service, node, rule, filters, the asker's place and candidates to `out`; 0
 * = done, else memory lacks. */
int explain_found(struct respond *r, json_t *out);

#endif
