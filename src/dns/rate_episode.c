#include "dns/rate_episode.h"

#include <inttypes.h>

#include "base/log.h"
#include "dns/rrl.h"

enum { OVER_MS = 10000, REMIND_MS = 60000 };

static struct network network_of(const struct addr *from)
{
    uint8_t bits = from->family == FAMILY_V4 ? RRL_V4_BITS : RRL_V6_BITS;
    return (struct network){addr_prefix(from, bits), bits};
}

void rate_episode_note(struct rate_episode *e, const struct addr *from, bool answered,
                       uint64_t now_ms)
{
    struct network network = network_of(from);
    char text[NETWORK_TEXT];
    uint64_t now = now_ms ? now_ms : 1;
    uint64_t answers = atomic_fetch_add_explicit(&e->answers, 1, memory_order_relaxed) + 1;
    bool begins = atomic_exchange_explicit(&e->last_ms, now, memory_order_relaxed) == 0;
    uint64_t told = atomic_load_explicit(&e->told_ms, memory_order_relaxed);
    if (begins) {
        atomic_store_explicit(&e->told_ms, now, memory_order_relaxed);
        log_info("dns: %s asks for more answers than dns.rrl allows: %s",
                 network_format(&network, text), answered ? "answered all the same" : "held back");
    } else if (now - told < UINT64_MAX / 2 && now - told >= REMIND_MS &&
               atomic_compare_exchange_strong(&e->told_ms, &told, now)) {
        log_info("dns: more answers than dns.rrl allows: %" PRIu64 " so far, the last to %s",
                 answers, network_format(&network, text));
    }
}

/* The workers' clocks may differ by a little: `now_ms` may be before what was noted. */
void rate_episode_look(struct rate_episode *e, uint64_t now_ms)
{
    uint64_t last = atomic_load_explicit(&e->last_ms, memory_order_relaxed);
    if (last == 0 || now_ms < last || now_ms - last < OVER_MS ||
        !atomic_compare_exchange_strong(&e->last_ms, &last, 0))
        return;
    log_info("dns: within dns.rrl again; answers that were over it: %" PRIu64,
             atomic_exchange(&e->answers, 0));
}
