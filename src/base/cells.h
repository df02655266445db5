/* A pool (pool.h) for small records that one thread makes and another gives back, such as the one
 * that reclaims (rcu.h). They stay apart from what malloc() gives: where blocks come and go all the
 * time, small ones that stay would cut up the holes, and none of the large would fit any more.
 *
 * It lives until it was released and its last record given back. */
#ifndef DISC_BASE_CELLS_H
#define DISC_BASE_CELLS_H

#include <stddef.h>

struct cells;

/* NULL when memory or addresses lack. `what` it is for: see pool_reserve. */
struct cells *cells_new(const char *what);
void cells_release(struct cells *c); /* by its owner, who takes no more; accepts NULL */

/* Any thread. A zeroed record of so many bytes (1 to POOL_RECORD_MAX), aligned to POOL_STEP; NULL
 * when memory lacks. */
void *cells_take(struct cells *c, size_t size);
void cells_give(struct cells *c, void *record); /* any thread; NULL: does nothing */

#endif
