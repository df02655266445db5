/* An instance as clients write it in JSON, under the names that GET shows: into a record, and
 * what is wrong with it in words that name the member.
 * Used inside http/ only. */
#ifndef DISC_HTTP_RECORD_BODY_H
#define DISC_HTTP_RECORD_BODY_H

#include <jansson.h>

#include "registry/registry.h"

enum {
    RECORD_BODY_FAULT = 480,
    RECORD_BODY_ROOM = 1024, /* of names in lower case: tags, ports, labels */
    LEASE_WISH_MAX = 86400,  /* seconds; the registry brings it into its range */
};

struct record_body {
    struct record record;   /* its text lies in the JSON value, and in `room` */
    struct principal owner; /* whose it is to be, if has_owner */
    bool has_owner;
    char room[RECORD_BODY_ROOM];
    size_t room_used;
    char fault[RECORD_BODY_FAULT]; /* of the functions below when they return false */
};

/* Everything that an instance says of itself, into a record that is all empty but for its
 * service's name; `id` may be missing. */
bool record_body_read(struct record_body *b, const json_t *json);

/* Changes b->record: what is there is replaced, metadata is merged (null takes a pair away,
 * RFC 7396), null takes away what may be missing. The id, the lease, the group and the owner
 * stay. */
bool record_body_merge(struct record_body *b, const json_t *json);

/* What record_fault() finds, in JSON's words. */
bool record_body_check(struct record_body *b);

/* Who registers says where it listens, be it nowhere. */
bool record_body_has_ports(struct record_body *b, const json_t *json);

#endif
