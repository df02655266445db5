#include "server/events.h"

#include <stdio.h>

/* At info the first ones of a burst, by name. */
static void note_eviction(struct events_log *log, const struct instance *instance)
{
    struct instance_key key = instance_key(instance);
    log->evicted++;
    log_limited(&log->names, log->now_ms, LOG_LEVEL_INFO, "evicted %.*s/%.*s/%.*s: not heard of",
                TEXT_ARG(key.ns), TEXT_ARG(key.service), TEXT_ARG(key.id));
}

static void note_instance(const char *what, const struct instance *instance)
{
    struct instance_key key = instance_key(instance);
    log_debug("%s ns=%.*s svc=%.*s inst=%.*s", what, TEXT_ARG(key.ns), TEXT_ARG(key.service),
              TEXT_ARG(key.id));
}

/* "guard" or "guard of zone rack-1" */
static const char *guard_name(const struct guard_state *g, char *out, size_t size)
{
    snprintf(out, size, g->zone.n ? "guard of zone %.*s" : "guard", TEXT_ARG(g->zone));
    return out;
}

static void note_guard(const struct guard_state *g, bool on)
{
    char name[32 + SHORT_LABEL_MAX];
    guard_name(g, name, sizeof name);
    if (g->mode != GUARD_AUTO)
        log_warn("%s %s, set by hand", name, on ? "on" : "off");
    else if (on && g->late_hosts > g->late_hosts_max)
        log_warn("%s on: %u of %u hosts are late, more than %u: what expires is kept as stale",
                 name, g->late_hosts, g->hosts, g->late_hosts_max);
    else if (on)
        log_warn("%s on: all of %u hosts are late: what expires is kept as stale", name, g->hosts);
    else
        log_info("%s off: %u of %u hosts are late: what has expired is evicted", name,
                 g->late_hosts, g->hosts);
}

static void note_brownout(const struct guard_state *g, bool on)
{
    if (on)
        log_warn("brownout: %llu of %llu instances are late on hosts that are not: heartbeats are "
                 "being lost; leases run three times as long",
                 (unsigned long long)g->late, (unsigned long long)g->counted);
    else
        log_info("brownout over: leases run as granted");
}

void events_note(void *context, const struct registry_event *event)
{
    struct events_log *log = context;
    switch (event->kind) {
    case REGISTRY_EVICTED: note_eviction(log, event->instance); break;
    case REGISTRY_STALE:
        log->stale++;
        note_instance("stale", event->instance);
        break;
    case REGISTRY_LATE: note_instance("late", event->instance); break;
    case REGISTRY_GUARD_ON: note_guard(event->guard, true); break;
    case REGISTRY_GUARD_OFF: note_guard(event->guard, false); break;
    case REGISTRY_BROWNOUT_ON: note_brownout(event->guard, true); break;
    case REGISTRY_BROWNOUT_OFF: note_brownout(event->guard, false); break;
    }
}

void events_summary(struct events_log *log)
{
    if (log->evicted > 1)
        log_limited(&log->limit, log->now_ms, LOG_LEVEL_INFO, "evicted %u instance%s", log->evicted,
                    log->evicted == 1 ? "" : "s");
    if (log->stale)
        log_limited(&log->limit, log->now_ms, LOG_LEVEL_INFO,
                    "%u instance%s expired and kept as stale", log->stale,
                    log->stale == 1 ? "" : "s");
    log->evicted = log->stale = 0;
}
