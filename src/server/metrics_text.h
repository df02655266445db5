/* Metrics as text, in Prometheus' format (text/plain version 0.0.4) or in OpenMetrics' 1.0,
 * which names counters without their `_total` in HELP and TYPE. The values of a family follow
 * upon its first line.
 *
 *     # HELP discd_dns_queries_total DNS messages that were read as queries.
 *     # TYPE discd_dns_queries_total counter
 *     discd_dns_queries_total{transport="udp"} 17
 *
 * Called by the files metrics*.c. Knows nothing of what is measured.
 */
#ifndef DISC_SERVER_METRICS_TEXT_H
#define DISC_SERVER_METRICS_TEXT_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/counter.h"
#include "base/text.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metrics {
    struct evbuffer *out;
    bool open_metrics;
    bool failed;      /* memory lacked: what was written is to be thrown away */
    const char *name; /* of the family begun last */
};

/* Begins a family. Names and help are ours: ASCII, without backslash or line end; a counter's
 * name ends with _total. Static storage. */
void metric(struct metrics *m, const char *name, enum metric_kind kind, const char *help);

/* A value of the family; `label` NULL = without. Any bytes may stand in `of`. */
void metric_value(struct metrics *m, const char *label, struct text of, uint64_t value);
void metric_real(struct metrics *m, const char *label, struct text of, double value);

/* A family with one value and no label. */
void metric_one(struct metrics *m, const char *name, enum metric_kind kind, const char *help,
                uint64_t value);
void metric_one_real(struct metrics *m, const char *name, enum metric_kind kind, const char *help,
                     double value);

/* A whole histogram. `counts[i]`: how many were above bounds[i - 1] and at most bounds[i]; the
 * last of the `n` buckets has no bound. `sum`: of all that was measured. */
void metric_histogram(struct metrics *m, const char *name, const char *help, const uint64_t *counts,
                      const double *bounds, unsigned n, double sum);

#endif
