#include "server/metrics_text.h"

#include <stdarg.h>
#include <string.h>

#include "base/attr.h"

static void add(struct metrics *m, const char *format, ...) PRINTF(2, 3);

static void add(struct metrics *m, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (evbuffer_add_vprintf(m->out, format, args) < 0)
        m->failed = true;
    va_end(args);
}

/* The family's name as HELP and TYPE have it. */
static int family_size(const struct metrics *m, enum metric_kind kind)
{
    size_t n = strlen(m->name), suffix = sizeof "_total" - 1;
    return (int)(m->open_metrics && kind == METRIC_COUNTER && n > suffix ? n - suffix : n);
}

void metric(struct metrics *m, const char *name, enum metric_kind kind, const char *help)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    m->name = name;
    int n = family_size(m, kind);
    add(m, "# HELP %.*s %s\n# TYPE %.*s %s\n", n, name, help, n, name, kinds[kind]);
}

/* Backslash, quote and line end are escaped, as both formats want it. */
static void add_escaped(struct metrics *m, struct text t)
{
    for (size_t i = 0; i < t.n; i++) {
        if (t.s[i] == '\n')
            add(m, "\\n");
        else
            add(m, t.s[i] == '\\' || t.s[i] == '"' ? "\\%c" : "%c", t.s[i]);
    }
}

static void add_name(struct metrics *m, const char *label, struct text of)
{
    add(m, "%s", m->name);
    if (!label)
        return;
    add(m, "{%s=\"", label);
    add_escaped(m, of);
    add(m, "\"}");
}

void metric_value(struct metrics *m, const char *label, struct text of, uint64_t value)
{
    add_name(m, label, of);
    add(m, " %llu\n", (unsigned long long)value);
}

void metric_real(struct metrics *m, const char *label, struct text of, double value)
{
    add_name(m, label, of);
    add(m, " %.15g\n", value);
}

void metric_one(struct metrics *m, const char *name, enum metric_kind kind, const char *help,
                uint64_t value)
{
    metric(m, name, kind, help);
    metric_value(m, NULL, (struct text){0}, value);
}

void metric_one_real(struct metrics *m, const char *name, enum metric_kind kind, const char *help,
                     double value)
{
    metric(m, name, kind, help);
    metric_real(m, NULL, (struct text){0}, value);
}

void metric_histogram(struct metrics *m, const char *name, const char *help, const uint64_t *counts,
                      const double *bounds, unsigned n, double sum)
{
    uint64_t below = 0;
    metric(m, name, METRIC_HISTOGRAM, help);
    for (unsigned i = 0; i < n; i++) {
        below += counts[i];
        if (i + 1 < n)
            add(m, "%s_bucket{le=\"%.15g\"} %llu\n", name, bounds[i], (unsigned long long)below);
        else
            add(m, "%s_bucket{le=\"+Inf\"} %llu\n", name, (unsigned long long)below);
    }
    add(m, "%s_sum %.15g\n%s_count %llu\n", name, sum, name, (unsigned long long)below);
}
