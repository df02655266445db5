/* What others learn of changes: who did what (the observer), which services changed (the
 * feed), and what changed in one of them (a delta). Part of the front header
 * registry/registry.h. */
#ifndef DISC_REGISTRY_CHANGES_H
#define DISC_REGISTRY_CHANGES_H

#include "registry/registry.h"

/* ---- the observer: who did what --------------------------------------------------- */

enum registry_deed_kind {
    DEED_REGISTERED,   /* was not there before */
    DEED_TAKEN_OVER,   /* is another principal's from now on: `before` says whose it was */
    DEED_MOVED,        /* other addresses; `before` is unused */
    DEED_DEREGISTERED, /* the goodbye; about to go */
};

struct registry_deed {
    enum registry_deed_kind kind;
    const struct instance *instance;
    const struct principal *who;    /* asked for it, or it was asked for in the name of */
    const struct principal *by;     /* asked in that name; NULL: `who` did */
    const struct principal *before; /* NULL but for DEED_TAKEN_OVER */
};

/* Told of each from inside the changing calls, once it cannot fail any more; may not call
 * anything that changes the registry. Not of what time does (registry_expire's visit), nor
 * of what a restart brings back. NULL = nobody, as at first. */
void registry_set_observer(struct registry *r,
                           void (*observe)(void *context, const struct registry_deed *deed),
                           void *context);

/* ---- the change feed ----------------------------------------------------------- */

struct change {
    struct text ns, service;
    uint64_t index;
    const struct service *known; /* NULL = the service was forgotten */
};

/* The services that changed after `since`, each once, oldest change first: fills
 * at most `max` entries, returns how many. Call again with the last entry's index.
 * A forgotten service is reported until registry_changes_trim. */
size_t registry_changes(const struct registry *r, uint64_t since, struct change *out, size_t max);

/* Nobody will ask for what lies at or before `index` any more: forgotten services
 * up to there are dropped from the feed. */
void registry_changes_trim(struct registry *r, uint64_t index);

/* The index of the last forgotten service that was dropped from the feed: who has seen less
 * may have missed that it went. */
uint64_t registry_changes_floor(const struct registry *r);

/* ---- what changed in a service ----------------------------------------------------- */

enum departure {
    DEPARTURE_NONE,         /* it is there: new, or changed */
    DEPARTURE_DEREGISTERED, /* its own goodbye */
    DEPARTURE_EXPIRED,      /* not heard of */
    DEPARTURE_EVICTED,      /* by an operator, or a probe */
};

const char *departure_text(enum departure why); /* "" "deregistered" "expired" "evicted" */

struct delta_item {
    struct text id;
    const struct instance *instance; /* NULL = gone */
    enum departure why;
};

enum { DELTA_MAX = 256 };

/* What of the service is other than it was at the index `since`: each instance once, in no
 * order; nothing when `since` is its index or a later one. What came and went meanwhile may be
 * among what has gone. `s` NULL (not known): nothing is listed, as an unknown service has no
 * instances whatever it had before. The registry remembers a bounded number of changes (of all
 * services together) and none of earlier runs.
 * ERR_NOT_FOUND: so far back is not remembered · ERR_SPACE: more than `max` changed, or changed
 * so often that it costs more to find out. Then the whole service is to be read anew. Both
 * leave *count 0. `max` is at most DELTA_MAX. */
MUST_CHECK enum err registry_delta(const struct registry *r, const struct service *s,
                                   uint64_t since, struct delta_item *out, size_t max,
                                   size_t *count);

/* The same; says how many changes were looked at, whatever came of it. */
MUST_CHECK enum err registry_delta_steps(const struct registry *r, const struct service *s,
                                         uint64_t since, struct delta_item *out, size_t max,
                                         size_t *count, size_t *looked_at);

#endif
