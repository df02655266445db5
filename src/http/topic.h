/* Who waits for news of what: a topic is a service, or the list of services (of a namespace,
 * or of all), that somebody has subscribed to. After a publication the topics with news are
 * noted, and their subscribers told one by one, a slice of them in each turn of the loop:
 *
 *     published -> the topic is dirty -> run() of each subscriber -> clean
 *
 * Subscribers are run round robin, and a topic that has news again while its subscribers are
 * told begins anew behind the others: who is told sees the state of that moment, so nobody
 * is told twice of one change, and nobody waits for the slowest.
 * Used inside http/ only. */
#ifndef DISC_HTTP_TOPIC_H
#define DISC_HTTP_TOPIC_H

#include "http/gone.h"
#include "http/rendering.h"
#include "http/state.h"

struct topic;

struct subscription {
    TAILQ_ENTRY(subscription) link, ready;
    struct topic *topic; /* NULL = not subscribed */
    uint64_t told;       /* of which of the topic's news */
    bool is_ready;
    /* There may be news; or topics_poke. May unsubscribe and free, itself too. */
    void (*run)(struct subscription *s);
};

struct topics;

struct topics *topics_new(struct http *http);
void topics_free(struct topics *t); /* nobody is subscribed any more */

/* `s->run` is set, the rest zeroed. `service` empty: the list of services of `ns`, all when
 * that is empty too. Names in lower case; copied. */
MUST_CHECK enum err topics_subscribe(struct topics *t, struct text ns, struct text service,
                                     struct subscription *s);
void topics_unsubscribe(struct topics *t, struct subscription *s); /* fine when it is not */

/* Runs this one in the next turn. */
void topics_poke(struct topics *t, struct subscription *s);

/* To be called after each publication, before forgotten services leave the registry's feed. */
void topics_published(struct topics *t);

/* NULL: nobody is subscribed to it. */
const struct topic *topics_find(const struct topics *t, struct text ns, struct text service);

struct text topic_namespace(const struct topic *topic);
struct text topic_service(const struct topic *topic);
/* Of the registry, now; NULL when it is not known, or the topic is a list. */
const struct service *topic_find(const struct http *http, const struct topic *topic);

/* The registry's index at the last publication: up to there forgotten services are in... */
uint64_t topics_seen(const struct topics *t);
const struct gone *topics_gone(const struct topics *t); /* ... these */

/* ---- renderings that the subscribers of a topic share for a moment ---------------- */

enum shared_kind { SHARED_BODY, SHARED_STATE, SHARED_CHANGE };

struct shared_key {
    const struct topic *topic;
    enum shared_kind kind;
    uint64_t from, to; /* indexes */
    uint64_t reached;  /* for the subscribers' own use; not compared, filled by topics_shared */
};

/* A user of its own for the caller; NULL when there is none, or it is too old: what leases
 * have left is in it. */
struct rendering *topics_shared(struct topics *t, struct shared_key *key);
void topics_share(struct topics *t, const struct shared_key *key, struct rendering *r);

#endif
