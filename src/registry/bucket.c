#include "registry/bucket.h"

enum { SHARE = 100 }; /* a hundredth of it is worth waking up for */

void bucket_fill(struct bucket *b, uint64_t capacity, uint64_t period_ms, uint64_t now_ms)
{
    uint64_t full = capacity * BUCKET_TOKEN;
    uint64_t passed = now_ms > b->filled_ms ? now_ms - b->filled_ms : 0;
    b->capacity = capacity;
    b->period_ms = period_ms;
    b->filled_ms = now_ms;
    if (!b->used || passed >= period_ms) {
        b->parts = full;
        return;
    }
    b->parts += full / period_ms * passed + full % period_ms * passed / period_ms;
    if (b->parts > full)
        b->parts = full;
}

bool bucket_has_token(const struct bucket *b)
{
    return b->parts >= BUCKET_TOKEN;
}

void bucket_take(struct bucket *b)
{
    b->parts -= BUCKET_TOKEN;
    b->used = true;
}

uint64_t bucket_next(const struct bucket *b, uint64_t wanted)
{
    uint64_t worth = b->capacity / SHARE ? b->capacity / SHARE : 1;
    uint64_t parts = (wanted < worth ? wanted : worth) * BUCKET_TOKEN;
    if (parts <= b->parts)
        return b->filled_ms;
    uint64_t full = b->capacity * BUCKET_TOKEN, missing = parts - b->parts;
    return b->filled_ms + missing * b->period_ms / full + 1;
}
