/* The table of what can be asked for. A new request is a new row.
 * Used inside http/ only. */
#ifndef DISC_HTTP_ROUTE_H
#define DISC_HTTP_ROUTE_H

#include "http/state.h"

#define ROUTE_ALLOW_MAX 64

enum route_access {
    ROUTE_READS,
    ROUTE_WRITES,  /* token or loopback, JSON, our own pages, limited rate */
    ROUTE_CLIENTS, /* other registries' clients: backend.admit decides, asked by the handler */
};

struct route {
    enum evhttp_cmd_type method; /* GET answers HEAD too */
    const char *pattern;         /* segments '*', at most CAPTURES_MAX, are captured, decoded */
    enum route_access access;
    void (*handle)(struct call *call);
    const char *repeats;    /* the query parameter that may be given several times; NULL = none */
    const char *parameters; /* the query parameters that it knows, blanks between them; others are
                               refused. NULL = whatever comes */
};

enum route_result {
    ROUTE_FOUND,
    ROUTE_NO_PATH,
    ROUTE_NO_METHOD, /* the path is known */
    ROUTE_BAD_PATH,  /* an escape is wrong or stands for NUL */
};

/* `path` as it stands in the request. ROUTE_FOUND fills *route and `captured`. */
enum route_result route_find(enum evhttp_cmd_type method, const char *path,
                             const struct route **route,
                             char captured[static CAPTURES_MAX][SEGMENT_MAX + 1]);

/* Does it know this query parameter? */
bool route_takes(const struct route *route, struct text name);

/* The patterns with commas between them, for people; returns `out`. */
#define ROUTE_LIST_MAX 400
const char *route_list(char out[static ROUTE_LIST_MAX]);

/* The methods that the path knows, "GET, HEAD", for the header field Allow. */
void route_allowed(const char *path, char out[static ROUTE_ALLOW_MAX]);

#endif
