/* Metrics of the registry: what is registered, by which requests, and who falls silent. */
#include "server/metrics.h"

/* ---- requests --------------------------------------------------------------------------- */

static void checks(const struct reg_counters *c, struct metrics *m)
{
    metric(m, "discd_registration_checks_total", METRIC_COUNTER,
           "How far requests came: a cookie was checked, a MAC, the fields.");
    metric_value(m, "check", TEXT("cookie"), counter_get(&c->cookies_checked));
    metric_value(m, "check", TEXT("mac"), counter_get(&c->macs_checked));
    metric_value(m, "check", TEXT("fields"), counter_get(&c->fields_parsed));
}

static void datagrams(const struct server *s, struct metrics *m)
{
    const struct udp_counters *udp = control_udp_counters(s->control);
    metric_one(m, "discd_registration_datagrams_total", METRIC_COUNTER,
               "Datagrams that came in for registration.", counter_get(&udp->received));
    metric_one(m, "discd_registration_replies_total", METRIC_COUNTER, "Datagrams that were sent.",
               counter_get(&udp->sent));
    metric_one(m, "discd_registration_send_failures_total", METRIC_COUNTER,
               "Datagrams that could not be sent.", counter_get(&udp->send_failed));
    metric_one(m, "discd_registration_kernel_drops_total", METRIC_COUNTER,
               "Datagrams that found the socket's buffer full.", listeners_drops(&s->registration));
}

void metrics_registration(const struct server *s, struct metrics *m)
{
    const struct reg_counters *c = reg_counters(s->reg);
    metric(m, "discd_registration_requests_total", METRIC_COUNTER,
           "Registration requests whose verb was understood.");
    for (int i = 0; i < REG_VERB_COUNT; i++)
        metric_value(m, "verb", text_of(reg_verb_text(i)), counter_get(&c->verbs[i]));
    metric(m, "discd_registration_results_total", METRIC_COUNTER,
           "What became of registration requests.");
    for (int i = 0; i < REG_OUT_COUNT; i++)
        metric_value(m, "result", text_of(reg_outcome_text(i)), counter_get(&c->outcomes[i]));
    checks(c, m);
    datagrams(s, m);
}

void metrics_subscriptions(const struct server *s, struct metrics *m)
{
    const struct reg_counters *c = reg_counters(s->reg);
    metric_one(m, "discd_subscriptions", METRIC_GAUGE, "Subscriptions over UDP that are in force.",
               reg_subscriptions(s->reg));
    metric_one(m, "discd_subscription_pushes_total", METRIC_COUNTER,
               "Datagrams pushed to subscribers, those sent again included.",
               counter_get(&c->pushes));
    metric_one(m, "discd_subscription_retransmits_total", METRIC_COUNTER,
               "Pushes that were sent again.", counter_get(&c->push_retries));
    metric_one(m, "discd_subscription_lags_total", METRIC_COUNTER,
               "How often a subscriber was given up until it asks again.", counter_get(&c->lagged));
    metric_one(m, "discd_subscription_held_up_total", METRIC_COUNTER,
               "How often pushing stopped at a full socket.",
               counter_get(&push_counters(s->push)->held_up));
    metric_one(m, "discd_subscription_send_failures_total", METRIC_COUNTER,
               "Pushes that could not be sent.",
               counter_get(&push_udp_counters(s->push)->send_failed));
}

/* ---- what is registered ------------------------------------------------------------------- */

static void by_status(const struct registry_totals *t, struct metrics *m)
{
    metric(m, "discd_registry_instances", METRIC_GAUGE,
           "Instances that are registered, by the status in force.");
    for (int i = 0; i < STATUS_COUNT; i++)
        metric_value(m, "status", text_of(status_text(i)), t->by_status[i]);
    metric_one(m, "discd_registry_live_instances", METRIC_GAUGE,
               "Instances that are up and not stale.", t->live_up);
    metric_one(m, "discd_registry_stale_instances", METRIC_GAUGE,
               "Instances whose leases ran out and that are kept all the same.", t->stale);
}

static void changes(const struct registry_totals *t, struct metrics *m)
{
    metric_one(m, "discd_registry_registrations_total", METRIC_COUNTER,
               "Registrations that were taken.", t->registrations);
    metric_one(m, "discd_registry_renewals_total", METRIC_COUNTER, "Heartbeats that were taken.",
               t->renewals);
    metric_one(m, "discd_registry_deregistrations_total", METRIC_COUNTER,
               "Goodbyes that were taken.", t->deregistrations);
    metric_one(m, "discd_registry_evictions_total", METRIC_COUNTER,
               "Instances that were taken out without a goodbye.", t->evictions);
}

void metrics_registry(const struct server *s, struct metrics *m)
{
    struct registry_totals t = registry_totals(s->registry);
    metric_one(m, "discd_registry_services", METRIC_GAUGE, "Services that are known.", t.services);
    by_status(&t, m);
    metric_one(m, "discd_registry_leases", METRIC_GAUGE, "Leases that run; that of a group is one.",
               t.leases);
    metric_one(m, "discd_registry_groups", METRIC_GAUGE, "Lease groups.", t.groups);
    metric_one(m, "discd_registry_tombstones", METRIC_GAUGE, "Goodbyes that are remembered.",
               t.tombstones);
    metric_one(m, "discd_registry_overrides", METRIC_GAUGE,
               "Instances for which an operator's word is in force.", t.overrides);
    changes(&t, m);
}

void metrics_heartbeats(const struct server *s, struct metrics *m)
{
    struct registry_totals t = registry_totals(s->registry);
    double bounds[GAP_BUCKETS];
    for (unsigned i = 0; i < GAP_BUCKETS; i++)
        bounds[i] = (double)registry_gap_percent(i) / 100;
    metric_histogram(m, "discd_heartbeat_gap_ratio",
                     "Time between two heartbeats as a share of the lease.", t.gaps, bounds,
                     GAP_BUCKETS, t.gaps_sum);
    metric_one_real(m, "discd_lease_clock_held_back_seconds_total", METRIC_COUNTER,
                    "Time that leases did not see because the process was held up.",
                    (double)control_held_back_ms(s->control) / 1000);
}

/* ---- guards --------------------------------------------------------------------------------- */

static void modes(enum guard_mode mode, struct metrics *m)
{
    metric(m, "discd_guard_mode", METRIC_GAUGE,
           "1 for the mode in force: auto (by the rules), on and off (set by hand).");
    for (int i = 0; i < GUARD_MODE_COUNT; i++)
        metric_value(m, "mode", text_of(guard_mode_text((enum guard_mode)i)), i == (int)mode);
}

void metrics_guard(const struct server *s, struct metrics *m)
{
    struct guard_state g = registry_guard(s->registry);
    struct registry_totals t = registry_totals(s->registry);
    modes(g.mode, m);
    metric_one(m, "discd_guard_on", METRIC_GAUGE,
               "1 while the guard for all hosts keeps what falls silent.", g.on);
    metric_one(m, "discd_guard_hosts", METRIC_GAUGE, "Hosts whose heartbeats are watched.",
               g.hosts);
    metric_one(m, "discd_guard_late_hosts", METRIC_GAUGE, "Hosts that are late.", g.late_hosts);
    metric_one(m, "discd_guard_late_hosts_max", METRIC_GAUGE,
               "The guard goes on when more hosts than that are late.", g.late_hosts_max);
    metric_one(m, "discd_guard_leases", METRIC_GAUGE, "Leases that are watched.", g.counted);
    metric_one(m, "discd_guard_late_leases", METRIC_GAUGE, "Leases that are late.", g.late);
    metric_one(m, "discd_guard_activations_total", METRIC_COUNTER, "How often a guard went on.",
               t.guards_closed);
    metric_one(m, "discd_guard_brownout", METRIC_GAUGE,
               "1 while so many renewals are lost that leases last longer.", g.brownout);
    metric_one(m, "discd_guard_brownouts_total", METRIC_COUNTER, "How often that began.",
               t.brownouts);
}

void metrics_guard_zones(const struct server *s, struct metrics *m)
{
    struct guard_state zones[METRICS_ZONES];
    size_t n = registry_guard_zones(s->registry, (struct text){0}, zones, METRICS_ZONES);
    metric(m, "discd_guard_zone_on", METRIC_GAUGE,
           "1 while the guard of a locality zone keeps what falls silent; the first 64 zones.");
    for (size_t i = 0; i < n; i++)
        metric_value(m, "zone", zones[i].zone, zones[i].on);
    metric(m, "discd_guard_zone_hosts", METRIC_GAUGE, "Hosts of a zone that are watched.");
    for (size_t i = 0; i < n; i++)
        metric_value(m, "zone", zones[i].zone, zones[i].hosts);
    metric(m, "discd_guard_zone_late_hosts", METRIC_GAUGE, "Hosts of a zone that are late.");
    for (size_t i = 0; i < n; i++)
        metric_value(m, "zone", zones[i].zone, zones[i].late_hosts);
}
