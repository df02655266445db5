/* Records in wire form, uncompressed, one behind the other. */
#ifndef DISC_DNS_WIRE_LIST_H
#define DISC_DNS_WIRE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "dns/rr.h"

struct wire_list {
    uint8_t *bytes;
    size_t size, room, count;
};

MUST_CHECK bool wire_list_add(struct wire_list *list, const struct rr *rr); /* false: memory */
void wire_list_empty(struct wire_list *list); /* gives back what is much more than was used */
void wire_list_free(struct wire_list *list);

/* The record at `at`; returns its size. The list is our own: it is not checked. */
size_t wire_rr(const uint8_t *at, struct rr *out);

/* Takes out of both what is in both, pair by pair. False: memory lacks, and nothing is done. */
MUST_CHECK bool wire_lists_cancel(struct wire_list *a, struct wire_list *b);

#endif
