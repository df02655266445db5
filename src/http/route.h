/* The table of what can be asked for. A new request is a new row.
 * Used inside http/ only. */
#ifndef DISC_HTTP_ROUTE_H
#define DISC_HTTP_ROUTE_H

#include "http/state.h"

#define ROUTE_ALLOW_MAX 64

struct route {
    enum evhttp_cmd_type method; /* GET answers HEAD too */
    const char *pattern;         /* a segment '*' is captured, decoded */
    bool writes;
    void (*handle)(struct call *call);
};

enum route_result {
    ROUTE_FOUND,
    ROUTE_NO_PATH,
    ROUTE_NO_METHOD, /* the path is known */
    ROUTE_BAD_PATH,  /* an escape is wrong or stands for NUL */
};

/* `path` as it stands in the request. ROUTE_FOUND fills *route and `captured`. */
enum route_result route_find(enum evhttp_cmd_type method, const char *path,
                             const struct route **route, char captured[static SEGMENT_MAX + 1]);

/* The methods that the path knows, "GET, HEAD", for the header field Allow. */
void route_allowed(const char *path, char out[static ROUTE_ALLOW_MAX]);

#endif
