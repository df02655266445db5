#include "pace.h"

uint64_t pace_due(const struct pace *pace, uint64_t now_ns)
{
    if (pace->rate <= 0)
        return UINT64_MAX;
    if (now_ns < pace->start_ns)
        return 0;
    /* The first is due at the start. */
    uint64_t due = (uint64_t)((double)(now_ns - pace->start_ns) / 1e9 * pace->rate) + 1;
    return due > pace->taken ? due - pace->taken : 0;
}

uint64_t pace_next_ns(const struct pace *pace, uint64_t now_ns)
{
    if (pace->rate <= 0)
        return now_ns;
    return pace->start_ns + (uint64_t)((double)pace->taken / pace->rate * 1e9);
}
