/* What the routes that change an instance have in common: its name, who asks, the replies.
 * Used inside http/ only. */
#ifndef DISC_HTTP_WRITE_H
#define DISC_HTTP_WRITE_H

#include "http/state.h"

/* Of ?ns= and the path, in lower case. What is longer than any name is cut one byte behind it:
 * it is the name of nothing. */
struct instance_names {
    char ns[NAMESPACE_MAX + 1], service[SERVICE_MAX + 1], id[INSTANCE_ID_MAX + 1];
    struct instance_key key; /* slices of these */
};

void instance_names_of(const struct call *call, struct instance_names *out);

/* The admin, or this machine. Only of a call that may write. */
struct principal write_principal(const struct call *call);

/* May this sender touch that service? False: the reply was sent, and the audit log told. */
MUST_CHECK bool write_is_allowed(struct call *call, struct instance_key key);

/* Replies with what the registry said; `rev`: the stored one, for ERR_STALE. */
void write_refuse(struct call *call, enum err err, uint64_t rev);

/* Replies 404: the service is not known, or it has no such instance. */
void write_not_found(struct call *call, struct instance_key key);

/* Replies with the instance as it is now, once it is on disk: 201 with its Location when it was
 * created, else 200. To be called before backend.changed. */
struct written {
    json_t *body; /* NULL = memory lacked */
    int status;
};
struct written written_of(struct call *call, const struct granted *granted);
/* That, and the end of the change: tells the backend, and replies once it is on disk. */
void write_finish(struct call *call, const struct granted *granted);

/* For the audit log. */
void write_tell(const struct call *call, enum http_deed_kind kind, struct instance_key key,
                const char *what);

#endif
