/* The token bucket that paces evictions: full at first, refilled evenly.
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_BUCKET_H
#define DISC_REGISTRY_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

enum { BUCKET_TOKEN = 1000000 }; /* parts, so that a refill of a millisecond is some */

struct bucket {
    uint64_t parts;
    uint64_t filled_ms; /* lease ms of the last refill */
    uint64_t capacity;  /* tokens */
    uint64_t period_ms; /* in which it fills up once */
    bool used;          /* else it is full, whatever the capacity */
};                      /* zeroed = full */

/* Brings it up to now; both terms may differ from last time. */
void bucket_fill(struct bucket *b, uint64_t capacity, uint64_t period_ms, uint64_t now_ms);
bool bucket_has_token(const struct bucket *b);
void bucket_take(struct bucket *b); /* one that is there */
/* When there will be as many tokens as a wish for `wanted` is worth waking up for. */
uint64_t bucket_next(const struct bucket *b, uint64_t wanted);

#endif
