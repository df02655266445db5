#include "base/cells.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/pool.h"

struct cells {
    pthread_mutex_t lock; /* held for a record, or one call of the system */
    struct pool pool;
    bool released;
};

struct cells *cells_new(const char *what)
{
    struct cells *c = calloc(1, sizeof(*c));
    if (c && pool_reserve(&c->pool, what) && pthread_mutex_init(&c->lock, NULL) == 0)
        return c;
    if (c)
        pool_deinit(&c->pool);
    free(c);
    return NULL;
}

static void unlock(struct cells *c)
{
    bool last = c->released && c->pool.records == 0;
    pthread_mutex_unlock(&c->lock);
    if (!last)
        return;
    pool_deinit(&c->pool);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void cells_release(struct cells *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->released = true;
    unlock(c);
}

void *cells_take(struct cells *c, size_t size)
{
    pthread_mutex_lock(&c->lock);
    void *record = pool_new(&c->pool, size);
    unlock(c);
    return record;
}

void cells_give(struct cells *c, void *record)
{
    if (!record)
        return;
    pthread_mutex_lock(&c->lock);
    pool_free(&c->pool, record);
    unlock(c);
}
