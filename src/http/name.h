/* Names as clients write them. Used inside http/ only. */
#ifndef DISC_HTTP_NAME_H
#define DISC_HTTP_NAME_H

#include "base/text.h"

/* Names are stored in lower case: `t` so, in `out`. What does not fit is cut, which makes
 * it no name that is known when `size` is larger than the longest one. */
static inline struct text name_lower(struct text t, char *out, size_t size)
{
    size_t n = t.n < size ? t.n : size;

    for (size_t i = 0; i < n; i++)
        out[i] = ascii_lower(t.s[i]);
    return (struct text){out, n};
}

#endif
