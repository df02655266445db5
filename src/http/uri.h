/* What a client wrote into the request target: path segments and query parameters,
 * percent-decoded (RFC 3986 section 2.1). A NUL, plain or encoded, is refused: it
 * would cut the text for whoever takes it as a C string.
 * Used inside http/ only. */
#ifndef DISC_HTTP_URI_H
#define DISC_HTTP_URI_H

#include "base/text.h"

enum {
    SEGMENT_MAX = 255, /* bytes of one decoded path segment */
    QUERY_MAX = 160,   /* parameters; the long polls of other registries' clients name 64 services
                          and a time of each */
};

struct parameter {
    struct text name, value;
};

struct uri_query {
    char *storage;
    struct parameter items[QUERY_MAX];
    unsigned count;
};

/* Decodes into `out` with a terminating NUL. `plus`: a '+' is a blank, as HTML forms
 * write it. ERR_SYNTAX for '%' without two hexadecimal digits and for NUL;
 * ERR_SPACE. */
MUST_CHECK enum err uri_decode(struct text t, bool plus, char *out, size_t size);

/* `raw` is what stands behind '?' (or a form's body), may be NULL. ERR_SYNTAX as above, and
 * for a parameter that is given twice and is not `repeats` (NULL = none may; "*" = all may);
 * ERR_SPACE for too many; ERR_MEMORY. The caller calls uri_query_deinit in every case. */
MUST_CHECK enum err uri_query_parse(const char *raw, const char *repeats, struct uri_query *out);
void uri_query_deinit(struct uri_query *q);

/* The value, terminated by NUL; s == NULL when the parameter was not given. */
struct text uri_query_get(const struct uri_query *q, const char *name);
/* The n-th value of that name; s == NULL when there are fewer. */
struct text uri_query_nth(const struct uri_query *q, const char *name, unsigned n);
/* How many there are of that name. */
unsigned uri_query_count(const struct uri_query *q, const char *name);

#endif
