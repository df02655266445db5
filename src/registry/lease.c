#include "registry/lease.h"

static void set_deadline(struct lease *lease, struct moment now)
{
    lease->deadline_ms =
        lease->seconds ? now.lease_ms + (uint64_t)lease->seconds * 1000 : LEASE_NEVER;
    lease->renewed_ms = now.wall_ms;
}

enum err lease_start(struct heap *leases, struct lease *lease, enum lease_holder holder,
                     uint32_t seconds, struct moment now)
{
    *lease = (struct lease){.seconds = seconds, .holder = (uint8_t)holder};
    heap_node_init(&lease->node);
    set_deadline(lease, now);
    return heap_add(leases, &lease->node, lease->deadline_ms);
}

void lease_renew(struct heap *leases, struct lease *lease, struct moment now)
{
    set_deadline(lease, now);
    if (lease->deadline_ms < lease->node.key)
        heap_move(leases, &lease->node, lease->deadline_ms);
}

void lease_end(struct heap *leases, struct lease *lease)
{
    heap_remove(leases, &lease->node);
}

struct lease *lease_first_due(struct heap *leases, uint64_t lease_ms)
{
    for (;;) {
        struct heap_node *first = heap_first(leases);
        if (!first || first->key > lease_ms || first->key == LEASE_NEVER)
            return NULL;
        struct lease *lease = (struct lease *)first; /* its first member */
        if (lease->deadline_ms == first->key)
            return lease;
        heap_move(leases, first, lease->deadline_ms);
    }
}
