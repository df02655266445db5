/* What the clients of other registries read: the instances of a service, of several, of all;
 * produced in pieces (stream.h).
 * Used inside http/ only. */
#ifndef DISC_HTTP_FOREIGN_LIST_H
#define DISC_HTTP_FOREIGN_LIST_H

#include "http/foreign.h"

/* The form of a reply. */
enum foreign_form {
    FOREIGN_FLAT,  /* one service: {"instances":[...],"latest_timestamp":n} */
    FOREIGN_ZONED, /* one service: {"instances":{"zone":[...]},"latest_timestamp":n} */
    FOREIGN_MANY,  /* {"appid": as FOREIGN_ZONED, ...}; what is not found is left out */
};

/* What is around the data; texts in static storage. */
struct foreign_envelope {
    const char *head; /* in front of the data */
    const char *none; /* instead of all when a FLAT or ZONED service has nothing to show */
    bool bili;        /* instances with the keys of that dialect */
};

struct foreign_list;

/* `zone`: only instances of this one, empty = all. NULL when memory lacks. */
struct foreign_list *foreign_list_new(struct call *call, enum foreign_form form,
                                      const struct foreign_envelope *envelope, struct text ns,
                                      struct text zone, unsigned status_mask, size_t capacity);

/* One service, at most `capacity` of them; `given`: as the client wrote it. */
void foreign_list_add(struct foreign_list *list, struct text service, struct text given);

/* Behind the data and in front of the closing '}', may be NULL; the text is taken over, of
 * malloc(). */
void foreign_list_tail(struct foreign_list *list, char *tail);

/* Replies; takes `list`. */
void foreign_list_send(struct call *call, struct foreign_list *list);

/* Replies with each service of every namespace, {"appid":[...], ...}. */
void foreign_all_send(struct call *call, const struct foreign_envelope *envelope);

/* ---- ourselves -------------------------------------------------------------------- */

/* Their clients look up the registry's own nodes as if it were registered with itself. */
bool foreign_is_self(struct text service, bool bili);
/* The Host of a request, else the first address we listen on. */
struct text foreign_self_host(const struct call *call, char room[static ENDPOINT_TEXT]);

/* When a service last changed, ns; 0 = nobody is registered. Ourselves: when we started, if
 * that was later. */
int64_t foreign_latest(const struct http *http, struct text ns, struct text service, bool bili);

#endif
