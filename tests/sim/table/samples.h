/* Many measurements of one thing: mean, percentiles, extremes. */
#ifndef DISC_TESTS_SIM_TABLE_SAMPLES_H
#define DISC_TESTS_SIM_TABLE_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

struct samples { /* zeroed = none yet */
    double *values;
    size_t count, capacity;
    bool sorted;
};

void samples_add(struct samples *s, double value);
void samples_deinit(struct samples *s);

/* All are 0 when there is none. */
double samples_percentile(struct samples *s, double percent); /* nearest rank */
double samples_max(struct samples *s);
double samples_min(struct samples *s);
double samples_mean(const struct samples *s);

#endif
