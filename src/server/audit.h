/* The audit log: one line for each deed that matters to who asks later "who did that":
 * registered, taken over, moved, deregistered, denied, overridden, evicted, guards, keys.
 *
 *     2030-01-31T12:00:00.000Z audit what=registered ns=default service=web instance=web-1 \
 *         who=key:deploy from=10.0.0.9 addr=10.0.0.7 lease=30
 *
 * Goes to stderr or to a file of its own, whatever the log's level. What a peer can cause is
 * limited for each kind apart; the next line of that kind says how many were left out.
 * Time is an argument. Control thread only. It never fails its callers: a line that cannot
 * be written is counted. */
#ifndef DISC_SERVER_AUDIT_H
#define DISC_SERVER_AUDIT_H

#include <jansson.h>
#include <sys/types.h>

#include "http/http.h"
#include "registry/registry.h"

enum audit_kind {
    AUDIT_REGISTERED,
    AUDIT_TAKEN_OVER,
    AUDIT_MOVED,
    AUDIT_DEREGISTERED,
    AUDIT_DENIED, /* a protected service, or a write over HTTP */
    AUDIT_OVERRIDE,
    AUDIT_EVICTED,
    AUDIT_GUARD,
    AUDIT_BROWNOUT,
    AUDIT_KEYS,
    AUDIT_KINDS
};

enum { AUDIT_RATE = 100 /* lines a second */, AUDIT_BURST = 1000 };

struct audit;
struct keys_change;

/* Where a file is made: by whom it is written later (-1 = by whoever makes it). `stamps`:
 * lines on stderr bear the time too. */
struct audit_options {
    const char *target; /* "stderr", "off", or a file's path; copied */
    uid_t uid;
    gid_t gid;
    bool stamps;
};

/* ERR_SYSTEM (logged), ERR_MEMORY. */
/* Looks whether `target` can be where it is wanted, without making or opening it. ERR_SYSTEM
 * (logged). */
MUST_CHECK enum err audit_check(const char *target);

MUST_CHECK enum err audit_new(const struct audit_options *options, struct audit **out);
void audit_free(struct audit *a); /* accepts NULL */

/* Opens the file anew: it may have been moved away. If that fails the old one is written on,
 * which is logged. */
void audit_reopen(struct audit *a);
/* Another target from now on; likewise. */
void audit_configure(struct audit *a, const char *target);

void audit_deed(struct audit *a, const struct registry_deed *deed, struct moment now);
void audit_event(struct audit *a, const struct registry_event *event, struct moment now);
/* Evicted because it refuses connections. */
void audit_probed(struct audit *a, struct instance_key key, struct moment now);
void audit_denied(struct audit *a, const struct principal *who, struct text ns, struct text service,
                  struct moment now);
void audit_http(struct audit *a, const struct http_deed *deed, struct moment now);
void audit_keys(struct audit *a, const struct keys_change *change, struct moment now);

/* {"to", "lines": {kind: n}, "left_out": {kind: n}, "failures": n}; NULL when memory lacks. */
json_t *audit_status(const struct audit *a);

#endif
