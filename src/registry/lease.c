#include "registry/lease.h"

enum {
    MS = 1000,
    REPEATED = 16, /* a 16th of the lease: what comes so soon is the same message again */
};

void lease_start(struct agenda *agenda, struct lease *lease, enum lease_holder holder,
                 uint32_t seconds, struct moment now)
{
    *lease = (struct lease){.heard_ms = now.lease_ms,
                            .renewed_ms = now.wall_ms,
                            .seconds = seconds,
                            .holder = (uint8_t)holder};
    agenda_add(agenda, &lease->node, lease_due_ms(lease));
}

void lease_measure(struct lease *lease, struct moment now)
{
    uint64_t gap = now.lease_ms - lease->heard_ms, term = (uint64_t)lease->seconds * MS;
    if (!lease_is(lease, LEASE_UNMEASURED) && gap < term && gap >= term / REPEATED)
        lease->gap_ms = (uint32_t)gap;
}

/* 1.5 x max(0.30 x lease, the last gap), but no more than the lease. Who has not shown
 * two heartbeats yet may be one that sends every half lease. */
uint64_t lease_late_ms(const struct lease *lease)
{
    if (lease->seconds == 0)
        return LEASE_NEVER;
    uint64_t term = (uint64_t)lease->seconds * MS, interval = term * 3 / 10;
    uint64_t gap = lease->gap_ms ? lease->gap_ms : term / 2;
    uint64_t late = (gap > interval ? gap : interval) * 3 / 2;
    return lease->heard_ms + (late < term ? late : term);
}

uint64_t lease_due_ms(const struct lease *lease)
{
    return lease->seconds ? lease->heard_ms + (uint64_t)lease->seconds * MS : LEASE_NEVER;
}

uint64_t lease_expired_ms(const struct lease *lease)
{
    unsigned terms = lease_is(lease, LEASE_STRETCHED) ? LEASE_STRETCH : 1;
    return lease->heard_ms + (uint64_t)lease->seconds * MS * terms;
}
