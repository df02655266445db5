#include "registry/gaps.h"

/* Fine where heartbeats should be (a third to a half of the lease), and where they are late. */
static const uint32_t percents[GAP_BUCKETS] = {10, 20, 30,  40,  50,  60,
                                               75, 90, 100, 150, 300, UINT32_MAX};

uint32_t registry_gap_percent(unsigned bucket)
{
    return percents[bucket];
}

void gaps_note(struct gaps *gaps, const struct lease *lease, struct moment now)
{
    if (lease->seconds == 0 || lease_is(lease, LEASE_UNMEASURED))
        return;
    uint64_t gap = now.lease_ms - lease->heard_ms;
    unsigned bucket = 0;
    while (bucket < GAP_BUCKETS - 1 && gap > (uint64_t)lease->seconds * 10 * percents[bucket])
        bucket++; /* a percent of a second is 10 ms */
    gaps->counts[bucket]++;
    gaps->sum += (double)gap / (lease->seconds * 1000.0);
}
