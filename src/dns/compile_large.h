/* A service of many slices: what is the same for the whole view made anew and for one that
 * follows another. Used by compile*.c only. */
#ifndef DISC_DNS_COMPILE_LARGE_H
#define DISC_DNS_COMPILE_LARGE_H

#include "dns/compile_head.h"
#include "dns/draft.h"

enum {
    LARGE_FILL = 24,     /* instances of a slice, in the mean, that is made anew */
    LARGE_FILL_MIN = 10, /* below in the mean, fewer slices are made; above SLICE_FILL more */
};

/* What it took, see struct view_shared: compiled. */
static inline uint32_t slice_work(const struct slice *s)
{
    return (uint32_t)s->count + s->port_count;
}

/* The slice of this number, of these; sorts the list. ERR_MEMORY. */
MUST_CHECK enum err large_slice(struct draft *d, uint32_t number, struct ordered *list,
                                unsigned count, struct slice **out);

#endif
