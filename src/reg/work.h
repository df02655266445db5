/* How much may be spent on texts for subscribers: whoever asks for many different ones waits,
 * so that requests and heartbeats do not.
 *
 *     |<------ WORK_MAX ------>|   full after a few idle milliseconds
 *     [......left.............]  <- WORK_PER_MS lines with each millisecond: a quarter of the
 *                                   thread's time
 *
 * A line that is written counts one, about half a microsecond. A text is begun while anything
 * is left, and may take more than that: then the next one waits until it is earned. Called by
 * topic.c and subscription.c; time is lease ms.
 */
#ifndef DISC_REG_WORK_H
#define DISC_REG_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WORK_MAX = 2048,
    WORK_PER_MS = 512,
};

struct work {
    int64_t left;
    uint64_t at_ms;
};

static inline void work_turn(struct work *w, uint64_t now_ms)
{
    uint64_t passed = now_ms > w->at_ms ? now_ms - w->at_ms : 0;
    uint64_t missing = (uint64_t)(WORK_MAX - w->left);
    w->left = passed > missing / WORK_PER_MS ? WORK_MAX : w->left + (int64_t)passed * WORK_PER_MS;
    w->at_ms += passed;
}

static inline bool work_is_left(const struct work *w)
{
    return w->left > 0;
}

static inline void work_spend(struct work *w, size_t lines)
{
    w->left -= (int64_t)lines;
}

/* When there is something left again, if there is nothing now. */
static inline uint64_t work_due_ms(const struct work *w)
{
    return w->left > 0 ? w->at_ms : w->at_ms + (uint64_t)-w->left / WORK_PER_MS + 1;
}

#endif
